// Random programs: what holds for every timeline.
#include <array>
#include <numeric>
#include <random>

#include "kiln/program/recorder.h"
#include "kiln/timing/profile.h"
#include "tests/timed_program.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

class RandomKernel {
 public:
  RandomKernel(uint32_t seed, Generation target) : random_(seed), recorder_("random", target) {
    for (int i = 0; i < 3; ++i) hbm_.push_back(hbm(DType::float32));
    for (int i = 0; i < 4; ++i) {
      sbuf_.push_back(tile(Memory::sbuf, 1024));
      recorder_.record(Memset{.dst = sbuf_.back(), .value = 1.0f});
    }
  }

  std::shared_ptr<const Program> record(int instructions) {
    for (int i = 0; i < instructions; ++i) {
      recorder_.at({recorder_.add_literal("random.py"), static_cast<uint32_t>(pick(1, 20))});
      add();
    }
    for (const Diagnostic& d : recorder_.report().diagnostics()) {
      FAIL_CHECK(to_string(d, recorder_.program().files));
    }
    return recorder_.finish();
  }

 private:
  int64_t pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
  ViewId any(const std::vector<ViewId>& tiles) {
    return tiles[static_cast<size_t>(pick(0, static_cast<int64_t>(tiles.size()) - 1))];
  }

  ViewId hbm(DType dtype) {
    return recorder_.input({.shape = shape(1024), .dtype = dtype, .memory = Memory::shared_hbm});
  }
  // Now and then at an address that others may have, too.
  ViewId tile(Memory memory, int64_t columns) {
    std::optional<Address> address;
    if (memory == Memory::sbuf && pick(0, 3) == 0) address = Address{0, pick(0, 15) * 2048};
    return recorder_.allocate({.shape = shape(columns), .memory = memory, .address = address});
  }
  std::array<int64_t, 2> shape(int64_t columns) { return {128, columns}; }

  // Some rows and columns of a tile, from its first partition on.
  ViewId part(ViewId of, int64_t rows, int64_t columns) {
    View view = recorder_.tile(of).view();
    const int64_t free = view.layout.shape[1] - columns;
    view.offset += pick(0, free);
    view.layout.shape[0] = rows;
    view.layout.shape[1] = columns;
    const std::array<int64_t, 2> smaller{rows, columns};
    return recorder_.derive("index", of, view, smaller);
  }
  ViewId destination() {
    if (pick(0, 2) == 0) sbuf_[static_cast<size_t>(pick(0, 3))] = tile(Memory::sbuf, 1024);
    return any(sbuf_);
  }

  void add() {
    const int64_t rows = pick(1, 128), columns = pick(1, 512);
    const auto source = [&] { return part(any(sbuf_), rows, columns); };
    const auto target = [&] { return part(destination(), rows, columns); };
    switch (pick(0, 8)) {
      case 0:
      case 1:
        recorder_.record(DmaCopy{.dst = target(), .src = part(any(hbm_), rows, columns)});
        break;
      case 2:
        recorder_.record(DmaCopy{.dst = part(any(hbm_), rows, columns), .src = source()});
        break;
      case 3:
        recorder_.record(DmaCopy{
            .dst = target(), .src = part(any(hbm_), rows, columns), .dge_mode = DgeMode::swdge});
        break;
      case 4:
        recorder_.record(TensorTensor{.dst = target(),
                                      .data1 = source(),
                                      .data2 = source(),
                                      .op = AluOp::add,
                                      .engine = pick(0, 1) == 0 ? Engine::vector : Engine::gpsimd});
        break;
      case 5:
        recorder_.record(Activation{.dst = target(),
                                    .op = pick(0, 1) == 0 ? ActivationOp::exp : ActivationOp::tanh,
                                    .data = source()});
        break;
      case 6:
        recorder_.record(TensorCopy{.dst = target(), .src = source(), .engine = Engine::vector});
        break;
      default:
        add_product(rows, columns);
    }
  }

  void add_product(int64_t rows, int64_t columns) {
    const ViewId product = tile(Memory::psum, 512);
    const int64_t outputs = pick(1, 128);
    for (int64_t n = pick(1, 3); n > 0; --n) {
      recorder_.record(NcMatmul{.dst = part_at_start(product, outputs, columns),
                                .stationary = part(any(sbuf_), rows, outputs),
                                .moving = part(any(sbuf_), rows, columns)});
    }
    recorder_.record(TensorCopy{.dst = part(destination(), outputs, columns),
                                .src = part_at_start(product, outputs, columns)});
  }
  ViewId part_at_start(ViewId of, int64_t rows, int64_t columns) {
    View view = recorder_.tile(of).view();
    view.layout.shape[0] = rows;
    view.layout.shape[1] = columns;
    const std::array<int64_t, 2> smaller{rows, columns};
    return recorder_.derive("index", of, view, smaller);
  }

  std::mt19937 random_;
  Recorder recorder_;
  std::vector<ViewId> hbm_, sbuf_;
};

double critical_sum(const Profile& p) {
  return std::accumulate(p.critical.begin(), p.critical.end(), 0.0,
                         [](double sum, const CriticalLine& line) { return sum + line.ns; });
}

void check_profile(const Profile& p) {
  const double work = p.total_ns - p.prologue_ns;
  for (const EngineProfile& e : p.engines) {
    const double waits = std::accumulate(e.waits_ns.begin(), e.waits_ns.end(), 0.0);
    if (e.engine != Engine::sync) CHECK(e.busy_ns + waits <= p.cores * work + 1e-3);
    CHECK(e.active_ns <= p.cores * work + 1e-3);
  }
  CHECK(p.bounds.memory_ns <= work);
  CHECK(p.bounds.compute_ns <= work);
  CHECK(p.bounds.useful_ns <= p.bounds.compute_ns);
  CHECK(p.dma.engine_ns <= 16 * p.dma.active_ns + 1e-3);
  CHECK(critical_sum(p) == doctest::Approx(work));
  CHECK(std::ranges::is_sorted(p.advice, std::greater{}, &Advice::gain_ns));
}

}  // namespace

TEST_CASE("random programs have timelines that can be") {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    const Generation target =
        std::array{Generation::gen2, Generation::gen3, Generation::gen4}[seed % 3];
    CAPTURE(seed);
    const auto program = RandomKernel(seed, target).record(300);
    const Timed one = timed({program});
    check_timeline(one);
    check_profile(make_profile(one.timeline));
    if (target == Generation::gen2) continue;
    const Timed two = timed({program, RandomKernel(seed + 1000, target).record(200)});
    check_timeline(two);
    CHECK(two.timeline.total_ns >= one.timeline.total_ns - 1e-6);
  }
}

TEST_CASE("random programs have the same timeline each time") {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    const Timed a = timed({RandomKernel(seed, Generation::gen3).record(300)});
    const Timed b = timed({RandomKernel(seed, Generation::gen3).record(300)});
    REQUIRE(a.steps().size() == b.steps().size());
    size_t different = 0;
    for (size_t i = 0; i < a.steps().size(); ++i) {
      different += a.steps()[i].start_ns != b.steps()[i].start_ns ||
                   a.steps()[i].end_ns != b.steps()[i].end_ns;
    }
    CHECK(different == 0);
  }
}

}  // namespace kiln
