// iota, affine_select, dma_copy and dma_transpose: reference meaning and rules.
#include <limits>

#include "kiln/isa/affine_select.h"
#include "kiln/isa/dma_copy.h"
#include "kiln/isa/dma_transpose.h"
#include "kiln/isa/iota.h"
#include "tests/tile_fixture.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

using Ids = std::vector<std::string_view>;
using Floats = std::vector<float>;

float counting(int64_t n) { return static_cast<float>(n); }

// A [4, 3] table in HBM, its rows 10r, 10r + 1, 10r + 2, and a [2, 3] tile to gather into.
struct Table {
  TileFixture f;
  ViewId table = f.hbm(DType::float32, {4, 3});
  ViewId tile = f.sbuf(DType::float32, {2, 3});
  ViewId index = f.sbuf(DType::uint32, {2, 1});

  Table() {
    f.fill(table, [](int64_t n) { return static_cast<float>(n / 3 * 10 + n % 3); });
    f.set(tile, {-1, -2, -3, -4, -5, -6});
  }
  // Two rows of the table, each with its own index.
  ViewId picked() {
    const ViewId rows = f.changed(table, [](View& view) { view.layout.shape[0] = 2; });
    return f.indexed(rows,
                     {.kind = Dynamic::Kind::vector_tile, .index = index, .stride = 3, .limit = 4});
  }
};

}  // namespace

TEST_CASE("iota counts by pattern, partition and offset") {
  TileFixture f;
  const ViewId dst = f.sbuf(DType::int32, {2, 2, 3});
  const Iota iota{
      .dst = dst, .pattern = {{100, 2}, {-1, 3}}, .offset = 7, .channel_multiplier = 10};
  CHECK(f.problems(iota) == no_problems);
  iota.execute(f.memory());
  CHECK(f.get(dst) == Floats{7, 6, 5, 107, 106, 105, 17, 16, 15, 117, 116, 115});
}

TEST_CASE("iota is exact in integers, wraps, and rounds only to a floating type") {
  TileFixture f;
  const ViewId wide = f.sbuf(DType::int32, {1, 2}), narrow = f.sbuf(DType::uint8, {1, 2}),
               half = f.sbuf(DType::bfloat16, {1, 2});
  const auto run = [&](ViewId dst, int32_t offset, int32_t step) {
    Iota{.dst = dst, .pattern = {{step, 2}}, .offset = offset}.execute(f.memory());
  };
  run(wide, (1 << 24) + 1, 1);
  CHECK(f.bits(wide) == std::vector<Bits>{(1 << 24) + 1, (1 << 24) + 2});
  run(wide, std::numeric_limits<int32_t>::max(), 1);
  CHECK(f.bits(wide) == std::vector<Bits>{0x7FFFFFFF, 0x80000000});
  run(narrow, 255, 1);
  CHECK(f.bits(narrow) == std::vector<Bits>{255, 0});
  run(half, -3, 260);
  CHECK(f.get(half) == Floats{-3, 256});
}

TEST_CASE("iota checks memory and pattern") {
  TileFixture f;
  const ViewId dst = f.sbuf(DType::int32, {4, 6});
  CHECK(f.problems(Iota{.dst = dst, .pattern = {{1, 2}, {1, 3}}}) == no_problems);
  CHECK(f.problems(Iota{.dst = dst, .pattern = {{1, 5}}}) == Ids{"size_mismatch"});
  CHECK(f.problems(Iota{.dst = dst, .pattern = {{1, 6}, {1, 0}}}) == Ids{"bad_argument"});
  CHECK(f.problems(Iota{.dst = dst, .pattern = {{1, 6}, {1, 1}, {1, 1}, {1, 1}, {1, 1}}}) ==
        Ids{"bad_argument"});
  CHECK(f.problems(Iota{.dst = f.psum(DType::int32, {4, 6}), .pattern = {{1, 6}}}) ==
        Ids{"wrong_memory"});
}

TEST_CASE("affine_select keeps a triangle") {
  TileFixture f;
  const ViewId in = f.sbuf(DType::float32, {3, 3}), dst = f.sbuf(DType::float32, {3, 3});
  f.fill(in, counting);
  const AffineSelect select{.dst = dst,
                            .pattern = {{-1, 3}},
                            .channel_multiplier = 1,
                            .on_true_tile = in,
                            .on_false_value = -9,
                            .cmp_op = AluOp::greater_equal};
  CHECK(f.problems(select) == no_problems);
  select.execute(f.memory());
  CHECK(f.get(dst) == Floats{0, -9, -9, 3, 4, -9, 6, 7, 8});
}

TEST_CASE("affine_select copies bits of the same type and converts others") {
  TileFixture f;
  const ViewId in = f.sbuf(DType::int32, {1, 2}), same = f.sbuf(DType::int32, {1, 2}),
               other = f.sbuf(DType::bfloat16, {1, 2});
  f.set_bits(in, {(1 << 24) + 1, 259});
  const auto select = [&](ViewId dst, AluOp op) {
    return AffineSelect{.dst = dst,
                        .pattern = {{1, 2}},
                        .on_true_tile = in,
                        .on_false_value = 1.5f,
                        .cmp_op = op,
                        .offset = -1};
  };
  select(same, AluOp::less).execute(f.memory());
  CHECK(f.bits(same) == std::vector<Bits>{(1 << 24) + 1, 2});
  select(other, AluOp::equal).execute(f.memory());
  CHECK(f.get(other) == Floats{1.5f, 260});
  CHECK(f.problems(select(same, AluOp::add)) == Ids{"bad_operator"});
  CHECK(f.problems(select(f.psum(DType::int32, {1, 2}), AluOp::less)) == Ids{"wrong_memory"});
  CHECK(f.problems(select(f.sbuf(DType::int32, {1, 3}), AluOp::less)) ==
        Ids{"size_mismatch", "size_mismatch"});
}

TEST_CASE("dma_copy moves elements in linear order, whatever the shapes") {
  TileFixture f;
  const ViewId table = f.hbm(DType::float32, {2, 6}), tile = f.sbuf(DType::float32, {4, 3});
  f.fill(table, counting);
  const DmaCopy load{.dst = tile, .src = table};
  CHECK(f.problems(load) == no_problems);
  load.execute(f.memory());
  CHECK(f.get(tile) == Floats{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});

  const ViewId transposed = f.changed(table, [](View& view) {
    view.layout.shape[0] = 6;
    view.layout.shape[1] = 2;
    view.layout.stride[0] = 1;
    view.layout.stride[1] = 6;
  });
  DmaCopy{.dst = tile, .src = transposed}.execute(f.memory());
  CHECK(f.get(tile) == Floats{0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11});
}

TEST_CASE("dma_copy is bit exact between equal types and goes through float32 otherwise") {
  TileFixture f;
  const ViewId a = f.hbm(DType::uint32, {1, 2}), b = f.sbuf(DType::uint32, {1, 2}),
               c = f.sbuf(DType::int32, {1, 2}), nan = f.hbm(DType::float32, {1}),
               copied = f.hbm(DType::float32, {1});
  f.set_bits(a, {(1 << 24) + 1, 5});
  f.set_bits(nan, {0x7FA00001});
  DmaCopy{.dst = b, .src = a}.execute(f.memory());
  CHECK(f.bits(b) == std::vector<Bits>{(1 << 24) + 1, 5});
  DmaCopy{.dst = c, .src = b}.execute(f.memory());
  CHECK(f.bits(c) == std::vector<Bits>{1 << 24, 5});
  DmaCopy{.dst = copied, .src = nan}.execute(f.memory());
  CHECK(f.bits(copied) == std::vector<Bits>{0x7FA00001});
}

TEST_CASE("dma_copy follows a register and an index tile") {
  Table t;
  const ViewId row = t.f.changed(t.table, [](View& view) { view.layout.shape[0] = 1; });
  const ViewId out = t.f.sbuf(DType::float32, {1, 3});
  const ViewId one = t.f.sbuf(DType::int32, {1, 1});
  const ViewId by_register = t.f.indexed(row, {.reg = RegisterId{2}, .stride = 3, .limit = 4});
  const ViewId by_tile =
      t.f.indexed(row, {.kind = Dynamic::Kind::scalar_tile, .index = one, .stride = 3, .limit = 4});
  t.f.memory().reg(RegisterId{2}) = 2;
  t.f.set_bits(one, {3});
  const DmaCopy from_register{.dst = out, .src = by_register};
  CHECK(t.f.problems(from_register) == no_problems);
  from_register.execute(t.f.memory());
  CHECK(t.f.get(out) == Floats{20, 21, 22});
  DmaCopy from_tile{.dst = out, .src = by_tile, .oob_mode = OobMode::skip};
  CHECK(t.f.problems(from_tile) == no_problems);
  from_tile.execute(t.f.memory());
  CHECK(t.f.get(out) == Floats{30, 31, 32});

  for (const Bits beyond : {Bits{4}, ~Bits{0}}) {
    t.f.set_bits(one, {beyond});
    from_tile.execute(t.f.memory());
    CHECK(t.f.get(out) == Floats{30, 31, 32});
    CHECK_FALSE(t.f.memory().fault().has_value());
  }
  from_tile.oob_mode = OobMode::error;
  from_tile.execute(t.f.memory());
  CHECK(t.f.memory().fault().value().find("is -1") != std::string::npos);
}

TEST_CASE("dma_copy gathers rows by a vector of indices") {
  Table t;
  const DmaCopy gather{.dst = t.tile, .src = t.picked(), .oob_mode = OobMode::skip};
  CHECK(t.f.problems(gather) == no_problems);
  t.f.set_bits(t.index, {3, 1});
  gather.execute(t.f.memory());
  CHECK(t.f.get(t.tile) == Floats{30, 31, 32, 10, 11, 12});
  t.f.set_bits(t.index, {4, 2});
  gather.execute(t.f.memory());
  CHECK(t.f.get(t.tile) == Floats{30, 31, 32, 20, 21, 22});
  CHECK_FALSE(t.f.memory().fault().has_value());
  DmaCopy strict = gather;
  strict.oob_mode = OobMode::error;
  strict.execute(t.f.memory());
  CHECK(t.f.memory().fault().has_value());
}

TEST_CASE("dma_copy gathers with the rest of the pattern, not with its first stride") {
  Table t;
  const ViewId columns = t.f.changed(t.picked(), [](View& view) {
    view.layout.shape[1] = 2;
    view.layout.stride[0] = 77;
    view.layout.stride[1] = 2;
  });
  const ViewId out = t.f.sbuf(DType::float32, {2, 2});
  t.f.set_bits(t.index, {2, 0});
  DmaCopy{.dst = out, .src = columns}.execute(t.f.memory());
  CHECK(t.f.get(out) == Floats{20, 22, 0, 2});
}

TEST_CASE("dma_copy scatters rows and leaves the others") {
  Table t;
  t.f.set_bits(t.index, {2, 9});
  DmaCopy{.dst = t.picked(), .src = t.tile, .oob_mode = OobMode::skip}.execute(t.f.memory());
  CHECK(t.f.get(t.table) == Floats{0, 1, 2, 10, 11, 12, -1, -2, -3, 30, 31, 32});
}

TEST_CASE("dma_copy checks its operands and options") {
  Table t;
  TileFixture& f = t.f;
  const ViewId six = f.hbm(DType::float32, {6});
  const DmaCopy good{.dst = t.tile, .src = six};
  CHECK(f.problems(good) == no_problems);
  const auto with = [&](const std::function<void(DmaCopy&)>& change) {
    DmaCopy copy = good;
    change(copy);
    return copy;
  };
  CHECK(f.problems(with([&](DmaCopy& d) { d.dst = f.psum(DType::float32, {2, 3}); })) ==
        Ids{"wrong_memory"});
  CHECK(f.problems(with([&](DmaCopy& d) { d.dst = f.sbuf(DType::float32, {2, 4}); })) ==
        Ids{"size_mismatch"});
  CHECK(f.problems(with([&](DmaCopy& d) { d.dst = f.sbuf(DType::float8_e5m2_x4, {2, 3}); })) ==
        Ids{"dtype_mismatch"});
  const auto hwdge = with([](DmaCopy& d) { d.dge_mode = DgeMode::hwdge; });
  CHECK(f.problems(hwdge) == no_problems);
  CHECK(f.problems(hwdge, Generation::gen2) == Ids{"wrong_generation"});
  const auto urgent = with([](DmaCopy& d) { d.priority = 0; });
  CHECK(f.problems(urgent) == Ids{"wrong_generation"});
  CHECK(f.problems(urgent, Generation::gen4) == no_problems);
  CHECK(f.problems(with([](DmaCopy& d) { d.priority = 4; }), Generation::gen4) ==
        Ids{"bad_argument"});
  CHECK(f.problems(with([](DmaCopy& d) { d.engine = Engine::scalar; })) == Ids{"bad_argument"});
  CHECK(f.problems(with([](DmaCopy& d) { d.engine = Engine::vector; })) == Ids{"wrong_engine"});

  CHECK(f.problems(with([&](DmaCopy& d) {
    d.src = t.picked();
    d.dge_mode = DgeMode::hwdge;
  })) == Ids{"bad_argument"});
  t.index = f.sbuf(DType::float32, {2, 1});
  CHECK(f.problems(with([&](DmaCopy& d) { d.src = t.picked(); })) == Ids{"dtype_mismatch"});
  t.index = f.sbuf(DType::int32, {1, 1});
  CHECK(f.problems(with([&](DmaCopy& d) { d.src = t.picked(); })) == Ids{"size_mismatch"});
  t.index = f.sbuf(DType::int32, {2, 2});
  CHECK(f.problems(with([&](DmaCopy& d) { d.src = t.picked(); })) == Ids{"size_mismatch"});
}

TEST_CASE("dma_transpose exchanges the axes of two, three and four dimensions") {
  TileFixture f;
  const ViewId a = f.hbm(DType::uint16, {2, 3}), at = f.sbuf(DType::uint16, {3, 2});
  f.fill(a, counting);
  CHECK(f.problems(DmaTranspose{.dst = at, .src = a}) == no_problems);
  DmaTranspose{.dst = at, .src = a}.execute(f.memory());
  CHECK(f.get(at) == Floats{0, 3, 1, 4, 2, 5});

  const ViewId b = f.sbuf(DType::float32, {2, 3, 4}), bt = f.sbuf(DType::float32, {4, 3, 2});
  f.fill(b, counting);
  const DmaTranspose reverse{.dst = bt, .src = b, .axes = {2, 1, 0}};
  CHECK(f.problems(reverse) == no_problems);
  reverse.execute(f.memory());
  const Floats reversed = f.get(bt);
  for (int64_t i = 0; i < 2; ++i) {
    for (int64_t j = 0; j < 3; ++j) {
      for (int64_t k = 0; k < 4; ++k) {
        CHECK(reversed[static_cast<size_t>((k * 3 + j) * 2 + i)] == counting((i * 3 + j) * 4 + k));
      }
    }
  }

  const ViewId c = f.hbm(DType::float32, {2, 3, 4, 5}), ct = f.sbuf(DType::float32, {5, 3, 4, 2});
  f.fill(c, counting);
  CHECK(f.problems(DmaTranspose{.dst = ct, .src = c}) == no_problems);
  DmaTranspose{.dst = ct, .src = c}.execute(f.memory());
  const Floats exchanged = f.get(ct);
  for (int64_t n = 0; n < 120; ++n) {
    const int64_t i = n / 60, j = n / 20 % 3, k = n / 5 % 4, l = n % 5;
    CHECK(exchanged[static_cast<size_t>(((l * 3 + j) * 4 + k) * 2 + i)] == counting(n));
  }
}

TEST_CASE("dma_transpose to a dst of lower rank, as NKI 0.3 has it") {
  TileFixture f;
  const ViewId src = f.hbm(DType::uint16, {3, 1, 2, 4}), flat = f.sbuf(DType::uint16, {4, 2, 3}),
               flatter = f.sbuf(DType::uint16, {4, 6});
  f.fill(src, counting);
  CHECK(f.problems(DmaTranspose{.dst = flat, .src = src}) == Ids{"size_mismatch"});
  const DmaTranspose padded = in_release(DmaTranspose{.dst = flat, .src = src}, Compat::nki_0_3);
  CHECK(f.problems(padded) == no_problems);
  padded.execute(f.memory());
  const Floats result = f.get(flat);
  for (int64_t n = 0; n < 24; ++n) {
    const int64_t i = n / 8, k = n / 4 % 2, l = n % 4;
    CHECK(result[static_cast<size_t>((l * 2 + k) * 3 + i)] == counting(n));
  }
  CHECK(f.problems(in_release(DmaTranspose{.dst = flatter, .src = src}, Compat::nki_0_3)) ==
        Ids{"size_mismatch"});
}

TEST_CASE("dma_transpose gathers rows, counting indices column by column") {
  TileFixture f;
  const ViewId table = f.hbm(DType::uint16, {300, 2}), index = f.sbuf(DType::uint32, {128, 2}),
               dst = f.sbuf(DType::uint16, {2, 256});
  f.fill(table, counting);
  f.fill(index, [](int64_t n) { return static_cast<float>(n % 2 * 128 + n / 2 + 40); });
  const ViewId rows = f.changed(table, [](View& view) { view.layout.shape[0] = 256; });
  const ViewId picked = f.indexed(
      rows, {.kind = Dynamic::Kind::vector_tile, .index = index, .stride = 2, .limit = 300});
  const DmaTranspose gather{.dst = dst, .src = picked, .oob_mode = OobMode::skip};
  CHECK(f.problems(gather) == no_problems);
  f.fill(dst, [](int64_t) { return 7.0f; });
  gather.execute(f.memory());
  const Floats result = f.get(dst);
  for (int64_t n = 0; n < 512; ++n) {
    const int64_t column = n / 256, row = n % 256 + 40;
    CHECK(result[static_cast<size_t>(n)] == (row < 300 ? counting(row * 2 + column) : 7.0f));
  }
  CHECK_FALSE(f.memory().fault().has_value());
}

TEST_CASE("dma_transpose checks shapes and modes") {
  TileFixture f;
  const auto transpose = [&](ViewId dst, ViewId src) {
    return DmaTranspose{.dst = dst, .src = src};
  };
  const ViewId src = f.hbm(DType::bfloat16, {16, 64}), dst = f.sbuf(DType::bfloat16, {64, 16});
  CHECK(f.problems(transpose(f.hbm(DType::bfloat16, {64, 16}), src)) == Ids{"wrong_memory"});
  CHECK(f.problems(transpose(f.sbuf(DType::float16, {64, 16}), src)) == Ids{"dtype_mismatch"});
  CHECK(f.problems(transpose(f.sbuf(DType::bfloat16, {64, 4, 4}), src)) == Ids{"size_mismatch"});
  CHECK(f.problems(transpose(f.sbuf(DType::bfloat16, {64, 8}), src)) == Ids{"size_mismatch"});
  CHECK(f.problems(transpose(dst, f.hbm(DType::bfloat16, {1024}))) == Ids{"bad_shape"});
  DmaTranspose t = transpose(dst, src);
  t.axes = {0, 1};
  CHECK(f.problems(t) == Ids{"bad_argument"});
  t.axes = {};
  t.oob_mode = OobMode::skip;
  CHECK(f.problems(t) == Ids{"bad_argument"});
  t.oob_mode = OobMode::error;
  t.dge_mode = DgeMode::swdge;
  CHECK(f.problems(t) == Ids{"bad_argument"});
  t.dge_mode = DgeMode::hwdge;
  CHECK(f.problems(t) == no_problems);
  CHECK(f.problems(t, Generation::gen2) == Ids{"wrong_generation"});
  t.src = f.hbm(DType::bfloat16, {32, 64});
  t.dst = f.sbuf(DType::bfloat16, {64, 32});
  CHECK(f.problems(t) == Ids{"bad_shape"});
  t.src = f.hbm(DType::float32, {8, 3, 64});
  t.dst = f.sbuf(DType::float32, {64, 3, 8});
  CHECK(f.problems(t) == Ids{"dtype_mismatch", "bad_shape"});
}

}  // namespace kiln
