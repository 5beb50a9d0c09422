// Random valid programs give the same bits by routines, on any CPU level and number of threads, as
// by the reference meaning of their instructions. The input bytes are the choices: tiles, views,
// and for each instruction the values of its fields, made by the field's type, so that no
// instruction is named here. What an instruction's check refuses is left out. Instructions whose
// routines have a tolerance are left out too.
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <optional>

#include "kiln/base/check.h"
#include "kiln/executor/routines/routine.h"
#include "kiln/program/text.h"
#include "kiln/session/run.h"

namespace kiln {

namespace {

constexpr int tiles_max = 6, instructions_max = 24, tries_max = 40, depth_max = 2;

// The choices that the input makes. After its end they follow from its bytes.
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : data_(data), size_(size) {
    for (size_t i = 0; i < size; ++i) state_ = (state_ ^ data[i]) * 1099511628211u;
  }

  uint8_t byte() {
    if (at_ < size_) return data_[at_++];
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint8_t>(state_ >> 56);
  }
  int64_t number(int64_t low, int64_t high) {
    const auto wide = static_cast<int64_t>(byte()) << 8 | byte();
    return low + wide % (high - low + 1);
  }
  bool chance(int percent) { return byte() % 100 < percent; }

 private:
  const uint8_t* data_;
  size_t size_, at_ = 0;
  uint64_t state_ = 14695981039346656037u;
};

constexpr DType dtypes[] = {DType::float32, DType::float32,     DType::bfloat16, DType::float16,
                            DType::int32,   DType::uint32,      DType::int8,     DType::uint8,
                            DType::uint16,  DType::float8_e5m2, DType::int16};

template <class T>
bool has_tolerance() {
  for (const RoutineEntry<T>& entry : routines_of<T>()) {
    if (entry.tolerance.ulps > 0) return true;
  }
  return false;
}

class Generator {
 public:
  Generator(const uint8_t* data, size_t size)
      : choices_(data, size),
        recorder_("fuzz", static_cast<Generation>(choices_.number(0, 2))),
        context_{recorder_.target(), recorder_.tiles()} {}

  std::shared_ptr<const Program> program() {
    make_tiles();
    for (int i = 0; i < 4; ++i) registers_.push_back(set_register());
    const int count = static_cast<int>(choices_.number(1, instructions_max));
    for (int i = 0; i < count; ++i) step();
    while (depth_ > 0) end_loop();
    for (ViewId tile : tiles_) save(tile);
    // What is refused is not recorded, so nothing is wrong with what is.
    for (const Diagnostic& d : recorder_.report().diagnostics()) {
      KILN_CHECK(d.kind->severity != Severity::error);
    }
    return recorder_.finish();
  }

 private:
  // A tile, and what fills it: a constant with random bits, in the tile's type.
  void make_tiles() {
    const int count = static_cast<int>(choices_.number(2, tiles_max));
    for (int i = 0; i < count; ++i) {
      const DType dtype = dtypes[choices_.number(0, std::size(dtypes) - 1)];
      const int64_t shape[] = {choices_.chance(60) ? 32 : choices_.number(1, 128),
                               choices_.chance(50) ? 16 : choices_.number(1, 80)};
      const Memory memory = choices_.chance(25) ? Memory::psum : Memory::sbuf;
      const ViewId tile = recorder_.allocate({shape, dtype, memory});
      tiles_.push_back(tile);
      std::vector<std::byte> bytes(static_cast<size_t>(shape[0] * shape[1] * size_bytes(dtype)));
      uint32_t state = static_cast<uint32_t>(choices_.number(1, 65535));
      for (std::byte& b : bytes) {
        state = state * 1664525u + 1013904223u;
        b = static_cast<std::byte>(state >> 24);
      }
      const ViewId contents =
          recorder_.constant({shape, dtype, Memory::shared_hbm}, std::move(bytes));
      const ViewId staged = recorder_.allocate({shape, dtype, Memory::sbuf});
      recorder_.record(DmaCopy{.dst = staged, .src = contents});
      recorder_.record(TensorCopy{.dst = tile, .src = staged});
    }
  }

  void save(ViewId tile) {
    const Tile t = recorder_.tile(tile);
    const int64_t shape[] = {t.shape(0), t.shape(1)};
    const ViewId staged = recorder_.allocate({shape, t.dtype(), Memory::sbuf});
    const ViewId out = recorder_.allocate({shape, t.dtype(), Memory::shared_hbm});
    recorder_.record(TensorCopy{.dst = staged, .src = tile});
    recorder_.record(DmaCopy{.dst = out, .src = staged});
    recorder_.output(out);
  }

  RegisterId set_register() {
    const RegisterId id = recorder_.new_register();
    recorder_.record(RegisterMove{id, static_cast<int32_t>(choices_.number(0, 3))});
    return id;
  }

  void end_loop() {
    recorder_.record(EndLoop{});
    --depth_;
  }

  void step() {
    if (choices_.chance(6) && depth_ < depth_max) {
      recorder_.record(
          Loop{recorder_.new_register(), 0, static_cast<int32_t>(choices_.number(0, 3))});
      ++depth_;
    } else if (choices_.chance(10) && depth_ > 0) {
      end_loop();
    } else {
      const auto kind = static_cast<size_t>(choices_.number(0, AllInstructions::size - 1));
      size_t i = 0;
      AllInstructions::for_each([&](auto tag) {
        if (i++ == kind) record<typename decltype(tag)::type>();
      });
    }
  }

  // Tries values for the fields until the instruction's check has nothing to say.
  template <class T>
  void record() {
    if constexpr (!is_control<T> && !is_meeting<T>) {
      if (has_tolerance<T>() || T::spec.since > recorder_.target().generation) return;
      for (int attempt = 0; attempt < tries_max; ++attempt) {
        partitions_ = choices_.chance(70) ? 32 : choices_.number(1, 128);
        elements_ = choices_.chance(70) ? 8 << choices_.number(0, 2) : choices_.number(1, 64);
        T made;
        for_each_field<T>([&](const auto& field) {
          if (!field.is_argument() && !field.is_result) return;
          if (field.optional && choices_.chance(60)) return;
          choose(made.*field.member);
        });
        if (!complete(made)) continue;
        Report report;
        made.check(context_, report);
        if (report.has_errors()) continue;
        recorder_.record(made);
        return;
      }
    }
  }

  template <class T>
  bool complete(const T& made) {
    bool all = true;
    for_each_field<T>([&](const auto& field) {
      using M = typename std::decay_t<decltype(field)>::Member;
      if constexpr (requires(const M& m) { m.given(); }) {
        if (!field.optional && !std::is_same_v<M, InOrScalar>) {
          all &= (made.*field.member).given();
        }
      }
    });
    return all;
  }

  // A view of a tile: mostly as large as the others of the instruction, with its own strides.
  ViewId view() {
    const ViewId whole = tiles_[static_cast<size_t>(choices_.number(0, std::ssize(tiles_) - 1))];
    const Tile t = recorder_.tile(whole);
    const bool column = choices_.chance(15);
    const int64_t partitions = std::min(partitions_, t.shape(0));
    const int64_t elements = std::min(column ? 1 : elements_, t.shape(1));
    const int64_t first_max = (t.shape(0) - partitions) / 32;
    const int64_t first = 32 * choices_.number(0, std::max<int64_t>(0, first_max));
    const int64_t step_max = elements > 1 ? (t.shape(1) - 1) / (elements - 1) : 1;
    const int64_t step =
        choices_.chance(70) ? 1 : choices_.number(1, std::max<int64_t>(1, step_max));
    const int64_t reach = (elements - 1) * step + 1;
    const int64_t start = choices_.number(0, t.shape(1) - reach);
    const Index indices[] = {{.start = first, .stop = first + partitions},
                             {.start = start, .stop = start + reach, .step = step}};
    const ViewId flat = recorder_.index(whole, indices);
    if (elements % 2 != 0 || !choices_.chance(20)) return flat;
    const Result<View> folded =
        view_ops::reshape_dim(recorder_.tile(flat), 1, std::array<int64_t, 2>{2, elements / 2});
    return folded ? recorder_.derive("reshape_dim", flat, folded, {}) : flat;
  }

  void choose(TileOperand& v) { v.view = view(); }
  void choose(TileListOperand& v) {
    std::vector<ViewId> list;
    for (int64_t i = choices_.number(1, 3); i > 0; --i) list.push_back(view());
    v.list = recorder_.add_list(list);
  }
  void choose(NumberList& v) {
    const float ones[] = {1, 1, 1};
    v.list = recorder_.add_list(std::span(ones).first(static_cast<size_t>(choices_.number(1, 3))));
  }
  void choose(RankGroups& v) { v = recorder_.add(RankLists{{0}}); }
  void choose(InOrScalar& v) {
    if (choices_.chance(40)) {
      v = InOrScalar(view());
    } else if (choices_.chance(50)) {
      v = InOrScalar(choices_.number(-3, 40));
    } else {
      v = InOrScalar(static_cast<double>(choices_.number(-4000, 4000)) / 256);
    }
  }
  void choose(Register& v) {
    v.id = registers_[static_cast<size_t>(choices_.number(0, std::ssize(registers_) - 1))];
  }
  void choose(RegisterOrInt& v) { v.value = static_cast<int32_t>(choices_.number(0, 3)); }
  void choose(Pattern& v) {
    v = {};
    v.dims[v.rank++] = {static_cast<int32_t>(choices_.number(-3, 3)),
                        static_cast<int32_t>(elements_)};
  }
  void choose(ShuffleMask& v) {
    for (uint8_t& source : v.source) {
      source =
          choices_.chance(10) ? ShuffleMask::keep : static_cast<uint8_t>(choices_.number(0, 31));
    }
  }
  void choose(Axes& v) { v.bits = choices_.chance(70) ? 2 : static_cast<uint8_t>(choices_.byte()); }
  void choose(SmallSet& v) { v.bits = 1; }
  void choose(Permutation&) {}
  void choose(RowColumn&) {}
  void choose(bool& v) { v = choices_.chance(50); }
  void choose(int32_t& v) { v = static_cast<int32_t>(choices_.number(-2, 40)); }
  void choose(float& v) { v = static_cast<float>(choices_.number(-2000, 2000)) / 128; }
  template <NamedEnum E>
  void choose(E& v) {
    v = static_cast<E>(choices_.number(0, EnumNames<E>::names.size() - 1));
  }

  Choices choices_;
  Recorder recorder_;
  const Context context_;
  std::vector<ViewId> tiles_;
  std::vector<RegisterId> registers_;
  int64_t partitions_ = 0, elements_ = 0;  // of the instruction that is being made
  int depth_ = 0;
};

// The same bits, or both NaN.
bool same(const HostTensor& a, const HostTensor& b) {
  const int64_t size = size_bytes(a.dtype);
  for (int64_t at = 0; at < a.buffer.bytes; at += size) {
    const std::byte *x = a.buffer.data.get() + at, *y = b.buffer.data.get() + at;
    if (std::memcmp(x, y, static_cast<size_t>(size)) == 0) continue;
    if (!is_floating(a.dtype)) return false;
    if (!std::isnan(load_float32(a.dtype, x)) || !std::isnan(load_float32(b.dtype, y)))
      return false;
  }
  return true;
}

void check_same(const std::shared_ptr<const Program>& program, const Result<CallResult>& reference,
                const ExecuteOptions& options) {
  const Result<CallResult> result = run(program, {}, options);
  const auto fail = [&](std::string_view what) {
    fmt::print(stderr, "{} on {} with {} threads\n{}\n", what, name_of(*options.cpu),
               options.threads, to_text(*program));
    KILN_CHECK(false);
  };
  if (reference.ok() != result.ok()) fail("faults differ");
  if (!reference) return;
  for (size_t i = 0; i < reference->outputs.size(); ++i) {
    if (!same(reference->outputs[i], result->outputs[i])) fail(fmt::format("output {} differs", i));
  }
}

}  // namespace
}  // namespace kiln

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kiln;
  const std::shared_ptr<const Program> program = Generator(data, size).program();
  if (std::getenv("KILN_FUZZ_SHOW") != nullptr) fmt::print("{}", to_text(*program));
  const Result<CallResult> reference =
      run(program, {}, {.threads = 1, .cpu = CpuLevel::scalar, .reference_only = true});
  for (CpuLevel level : {CpuLevel::scalar, CpuLevel::neon, CpuLevel::avx2, CpuLevel::avx512}) {
    if (!is_available(level)) continue;
    check_same(program, reference, {.threads = 1, .cpu = level});
    check_same(program, reference, {.threads = 3, .cpu = level});
  }
  return 0;
}
