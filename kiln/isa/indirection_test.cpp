// Tensor indirection: where the elements of an indirect operand come from and go to, and its rules.
#include "kiln/isa/indirection.h"

#include <cmath>
#include <limits>

#include "tests/tile_fixture.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

using Values = std::vector<float>;

struct Bench : TileFixture {
  ViewId index(int64_t partitions, const std::vector<Bits>& offsets) {
    const ViewId id =
        sbuf(DType::uint16, {partitions, static_cast<int64_t>(offsets.size()) / partitions});
    set_bits(id, offsets);
    return id;
  }
  ViewId indirect(ViewId data, ViewId index, std::optional<int64_t> count = {}) {
    const auto made = view_ops::indirect(tiles.tile(data), index, tiles.tile(index), count);
    REQUIRE(made.ok());
    View view = made->view;
    view.dynamic = tiles.add(made->dynamic);
    return tiles.add(view);
  }
  ViewId rows(ViewId id, int64_t first, int64_t end) {
    return tiles.add(*view_ops::slice(tiles.tile(id), 0, first, end));
  }
  // Each element has its number in row-major order.
  ViewId numbered(ViewId id) {
    fill(id, [](int64_t n) { return static_cast<float>(n); });
    return id;
  }

  template <class T>
  void run(const T& instruction) {
    TileMemory& m = memory();
    gather_operands(instruction, m);
    if (m.fault()) return;
    instruction.execute(m);
    scatter_operands(instruction, m);
    m.drop_gathered();
  }

  template <class T>
  std::string said(const T& instruction, Generation generation = Generation::gen4) const {
    Report report;
    const Context context{machine(generation), tiles};
    instruction.check(context, report);
    check_indirection(instruction, context, report);
    std::string all;
    for (const Diagnostic& d : report.diagnostics()) {
      all += fmt::format("{}{}: {}", all.empty() ? "" : "; ", d.kind->id, d.message);
    }
    return all;
  }
};

// A copy of count columns of [partitions, columns].
struct Copy : Bench {
  ViewId data, index_tile, dst;
  int64_t count;

  explicit Copy(int64_t partitions = 32, int64_t columns = 40, int64_t offsets = 20)
      : data(sbuf(DType::float32, {partitions, columns})),
        index_tile(sbuf(DType::uint16, {partitions, 2})),
        dst(sbuf(DType::float32, {partitions, offsets})),
        count(offsets) {}
  TensorCopy gather() { return {.dst = dst, .src = indirect(data, index_tile, count)}; }
  TensorCopy scatter() { return {.dst = indirect(data, index_tile, count), .src = dst}; }
};

}  // namespace

TEST_CASE("partitions in groups of 16 read offsets from their own rows of the index") {
  Copy c;
  c.numbered(c.data);
  // Offset i of group g is (7 i + 3 g) % 40, in row 16 g + i % 16 and column i / 16.
  c.fill(c.index_tile, [](int64_t n) {
    const int64_t row = n / 2, i = n % 2 * 16 + row % 16;
    return static_cast<float>((7 * i + 3 * (row / 16)) % 40);
  });
  c.run(c.gather());
  const Values result = c.get(c.dst);
  for (int64_t p = 0; p < 32; ++p) {
    for (int64_t i = 0; i < 20; ++i) {
      const int64_t offset = (7 * i + 3 * (p / 16)) % 40;
      CHECK(result[static_cast<size_t>(p * 20 + i)] == static_cast<float>(p * 40 + offset));
    }
  }
}

TEST_CASE("a scattered destination keeps what no offset names, and of equal offsets the last") {
  Bench b;
  const ViewId table = b.numbered(b.sbuf(DType::float32, {4, 6}));
  const ViewId index = b.index(4, {5, 2, 0, 2});
  const ViewId src = b.numbered(b.psum(DType::float32, {4, 4}));
  b.run(TensorCopy{.dst = b.indirect(table, index), .src = src});
  CHECK(b.get(table) == Values{2,  1,  3,  3,  4,  0,  //
                               6,  7,  7,  9,  10, 4,  //
                               10, 13, 11, 15, 16, 8,  //
                               14, 19, 15, 21, 22, 12});
}

TEST_CASE("all is read before anything is written") {
  Bench b;
  const ViewId table = b.numbered(b.sbuf(DType::float32, {2, 3}));
  const ViewId from = b.index(2, {0, 1}), to = b.index(2, {1, 2});
  b.run(TensorCopy{.dst = b.indirect(table, to), .src = b.indirect(table, from)});
  CHECK(b.get(table) == Values{0, 0, 1, 3, 3, 4});
}

TEST_CASE("the tensor engine reads offsets in groups of 32 partitions") {
  Bench b;
  const ViewId stationary = b.sbuf(DType::bfloat16, {64, 1});
  const ViewId moving = b.numbered(b.sbuf(DType::bfloat16, {64, 3}));
  const ViewId dst = b.psum(DType::float32, {1, 2});
  // A sum of row 5, of the first group, and row 40, of the second.
  b.fill(stationary, [](int64_t n) { return n == 5 || n == 40 ? 1.0f : 0.0f; });
  const ViewId index = b.sbuf(DType::uint16, {64, 1});
  std::vector<Bits> offsets(64);
  offsets[0] = 2, offsets[1] = 0, offsets[32] = 1, offsets[33] = 2;
  b.set_bits(index, offsets);
  b.run(NcMatmul{.dst = dst, .stationary = stationary, .moving = b.indirect(moving, index, 2)});
  CHECK(b.get(dst) == Values{5 * 3 + 2 + 40 * 3 + 1, 5 * 3 + 0 + 40 * 3 + 2});
}

TEST_CASE("a scattered matmul accumulates where it has written before") {
  Bench b;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const ViewId stationary = b.sbuf(DType::float32, {1, 2}), moving = b.sbuf(DType::float32, {1, 2});
  b.set(stationary, {1, 10});
  b.set(moving, {3, 4});
  const ViewId bank = b.psum(DType::float32, {2, 4});
  b.fill(bank, [&](int64_t) { return nan; });
  const auto add_to = [&](std::vector<Bits> columns, Tristate accumulate) {
    b.run(NcMatmul{.dst = b.indirect(bank, b.index(2, columns)),
                   .stationary = stationary,
                   .moving = moving,
                   .accumulate = accumulate});
    const Values all = b.get(bank);
    return Values(all.begin(), all.begin() + 4);
  };
  const auto is = [&](const Values& got, const Values& wanted) {
    for (size_t i = 0; i < 4; ++i) {
      if (std::isnan(wanted[i]) ? !std::isnan(got[i]) : got[i] != wanted[i]) return false;
    }
    return true;
  };
  CHECK(is(add_to({3, 0}, Tristate::automatic), {4, nan, nan, 3}));
  CHECK(is(add_to({3, 1}, Tristate::automatic), {4, 4, nan, 6}));
  CHECK(is(add_to({0, 1}, Tristate::no), {3, 4, nan, 6}));
  CHECK(is(add_to({2, 2}, Tristate::automatic), {3, 4, 4, 6}));
  CHECK(is(add_to({2, 0}, Tristate::yes), {7, 4, 7, 6}));
  CHECK(b.get(bank)[4] == 70);
}

TEST_CASE("an offset out of bounds is a fault") {
  Bench b;
  const ViewId data = b.sbuf(DType::float32, {20, 8}), dst = b.sbuf(DType::float32, {20, 2});
  const ViewId index = b.index(20, std::vector<Bits>(20, 3));
  b.set_bits(index, {0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0, 7, 8});
  b.run(TensorCopy{.dst = dst, .src = b.indirect(data, index, 2)});
  REQUIRE(b.memory().fault());
  CHECK(*b.memory().fault() == "offset 1 of partitions 16 to 19 of 't' is 8; there are 8 elements");
}

TEST_CASE("rules of every index") {
  const auto kind = [](Copy& c) { return c.said(c.gather()); };
  Copy plain;
  CHECK(kind(plain) == "");
  CHECK(plain.said(plain.scatter()) == "");
  CHECK(plain.said(plain.gather(), Generation::gen3) ==
        "wrong_generation: src is a view made by indirect(), which NeuronCore-v3 does not have");
  Copy in_psum;
  TensorCopy copy = in_psum.gather();
  copy.src = in_psum.indexed(copy.src.view, {.kind = Dynamic::Kind::indirect_tile,
                                             .reg = {},
                                             .index = in_psum.psum(DType::uint16, {32, 2}),
                                             .stride = 1,
                                             .limit = 40});
  CHECK(in_psum.said(copy) == "wrong_memory: the index of src is in psum; it must be in sbuf");
  Copy words;
  words.index_tile = words.sbuf(DType::int32, {32, 2});
  CHECK(kind(words) == "dtype_mismatch: the index of src is int32; it must be uint16");
  Copy few(32, 40, 33);
  CHECK(kind(few) ==
        "size_mismatch: src takes 33 offsets; 16 rows of its index, 2 elements each, hold 32 of "
        "every 16 partitions");
  Copy part(24, 40, 9);
  CHECK(kind(part) ==
        "size_mismatch: src takes 9 offsets; 8 rows of its index, 2 elements each, hold 8 of every "
        "16 partitions");
  Copy late;
  late.index_tile = late.rows(late.sbuf(DType::uint16, {128, 2}), 16, 48);
  late.data = late.rows(late.sbuf(DType::float32, {128, 40}), 32, 64);
  CHECK(kind(late) ==
        "start_partition: the index of src starts at partition 16; it must be a multiple of 32; "
        "start_partition: the index of src starts at partition 16, src at 32; they must be the "
        "same");
}

TEST_CASE("an index lies beside what is computed from") {
  Copy c;
  const ViewId all = c.sbuf(DType::float32, {128, 40}), indices = c.sbuf(DType::uint16, {128, 2});
  c.data = c.rows(all, 32, 64);
  c.index_tile = c.rows(indices, 64, 96);
  CHECK(c.said(c.gather()) ==
        "start_partition: the index of src starts at partition 64, src at 32; they must be the "
        "same");
  // The partitions of dst are free; its index is beside src.
  c.dst = c.rows(c.sbuf(DType::float32, {128, 20}), 64, 96);
  CHECK(c.said(c.scatter()) == "");
  c.dst = c.rows(c.sbuf(DType::float32, {128, 20}), 0, 32);
  CHECK(c.said(c.scatter()) ==
        "start_partition: the index of dst starts at partition 64, src at 0; they must be the "
        "same");
  c.dst = c.rows(c.psum(DType::float32, {128, 20}), 0, 32);
  CHECK(c.said(c.scatter()) == "");
  // A storage that is not placed yet can still be placed beside the other.
  c.dst = c.sbuf(DType::float32, {32, 20});
  CHECK(c.said(c.scatter()) == "");
}

TEST_CASE("rules of single instructions") {
  Copy c;
  TensorCopy copy = c.gather();
  copy.engine = Engine::gpsimd;
  CHECK(c.said(copy) == "wrong_engine: engine is gpsimd; the instruction runs on scalar or vector");
  c.data = c.psum(DType::float32, {32, 40});
  copy = c.scatter();
  CHECK(c.said(copy) == "");
  copy.engine = Engine::scalar;
  CHECK(c.said(copy) == "wrong_memory: dst is in psum; the scalar engine scatters to sbuf only");
  CHECK(c.said(Activation{.dst = copy.dst, .op = ActivationOp::relu, .data = c.dst}) ==
        "wrong_memory: dst is in psum; the scalar engine scatters to sbuf only");
  const ViewId src = c.gather().src.view;
  CHECK(c.said(TensorTensor{.dst = c.dst, .data1 = c.dst, .data2 = src, .op = AluOp::add}) ==
        "bad_view: data2 is a view made by indirect(); operands that may be one: dst, data1");
  CHECK(c.said(Reciprocal{.dst = c.dst, .data = src}) ==
        "bad_view: data is a view made by indirect(); operands that may be one: none");
  c.data = c.sbuf(DType::int32, {32, 40});
  c.dst = c.sbuf(DType::uint32, {32, 20});
  TensorScalar scalar{
      .dst = c.dst, .data = c.gather().src.view, .op0 = AluOp::add, .operand0 = 1.0f};
  CHECK(c.said(scalar) ==
        "bad_view: data is a view made by indirect(); add of int32 to uint32 takes none");
  scalar.op0 = AluOp::maximum;
  CHECK(c.said(scalar) == "");
}

TEST_CASE("rules of matmuls on indirect operands") {
  Bench b;
  const ViewId index = b.sbuf(DType::uint16, {32, 1});
  const ViewId wide = b.sbuf(DType::bfloat16, {32, 64});
  const ViewId some = b.indirect(wide, index, 8), plain = b.sbuf(DType::bfloat16, {32, 8});
  const ViewId dst = b.psum(DType::float32, {8, 8});
  NcMatmul matmul{.dst = dst, .stationary = some, .moving = some};
  CHECK(b.said(matmul) == "");
  matmul.tile_position = {0, 0}, matmul.tile_size = {32, 32};
  CHECK(b.said(matmul) == "");
  matmul.tile_position = {32, 0};
  matmul.moving = plain;
  CHECK(b.said(matmul) ==
        "bad_argument: tile_position is (32, 0); stationary is a view made by indirect(), which "
        "needs (0, 0)");
  const ViewId transposed = b.psum(DType::bfloat16, {8, 8});
  CHECK(b.said(NcMatmul{
            .dst = transposed, .stationary = plain, .moving = some, .is_transpose = true}) ==
        "bad_view: moving is a view made by indirect(); is_transpose takes none");
  const ViewId floats = b.indirect(b.sbuf(DType::float32, {32, 64}), index, 8);
  CHECK(b.said(NcMatmul{.dst = dst, .stationary = floats, .moving = floats}).substr(0, 58) ==
        "dtype_mismatch: stationary is float32; it must be float16 ");

  const ViewId other = b.sbuf(DType::uint16, {32, 1});
  const ViewId data = b.sbuf(DType::float8_e4m3fn_x4, {32, 64});
  const ViewId scales = b.sbuf(DType::uint8, {32, 64}), few_scales = b.sbuf(DType::uint8, {32, 8});
  const ViewId s = b.indirect(data, index, 8);
  const auto mx = [&](ViewId stationary_scale) {
    return b.said(NcMatmulMx{.dst = dst,
                             .stationary = s,
                             .moving = s,
                             .stationary_scale = stationary_scale,
                             .moving_scale = b.indirect(scales, index, 8)});
  };
  CHECK(mx(b.indirect(scales, index, 8)) == "");
  CHECK(
      mx(b.indirect(scales, other, 8)) ==
      "bad_view: stationary and stationary_scale have different indices; they must have the same");
  CHECK(mx(few_scales) ==
        "bad_view: stationary is a view made by indirect() and stationary_scale is not; both or "
        "neither");
}

}  // namespace kiln
