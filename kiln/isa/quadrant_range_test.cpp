// nc_stream_shuffle and range_select: reference meaning and rules.
#include <limits>

#include "kiln/isa/nc_stream_shuffle.h"
#include "kiln/isa/range_select.h"
#include "tests/tile_fixture.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

using Ids = std::vector<std::string_view>;
using Floats = std::vector<float>;

float counting(int64_t n) { return static_cast<float>(n); }

ShuffleMask mask_of(const std::function<int(int)>& source) {
  ShuffleMask mask;
  for (int i = 0; i < 32; ++i)
    mask.source[static_cast<size_t>(i)] = static_cast<uint8_t>(source(i));
  return mask;
}

// Columns 10 to 13 of two partitions, of which [11, 13) and [0, 11) are selected.
struct Ranges {
  TileFixture f;
  ViewId in = f.sbuf(DType::float32, {2, 4}), dst = f.sbuf(DType::float32, {2, 4}),
         low = f.sbuf(DType::float32, {2, 1}), high = f.sbuf(DType::float32, {2, 1}),
         top = f.sbuf(DType::float32, {2, 1});

  Ranges() {
    f.set(in, {1, 2, 3, 4, -5, 6, 7, 8});
    f.set(low, {11, 0});
    f.set(high, {13, 11});
  }
  RangeSelect select() const {
    return {.dst = dst,
            .on_true_tile = in,
            .comp_op0 = AluOp::greater_equal,
            .comp_op1 = AluOp::less,
            .bound0 = low,
            .bound1 = high,
            .reduce_res = top,
            .range_start = 10};
  }
};

}  // namespace

TEST_CASE("nc_stream_shuffle moves rows within each quadrant") {
  TileFixture f;
  const ViewId src = f.sbuf(DType::uint16, {64, 2}), dst = f.sbuf(DType::uint16, {64, 2});
  f.fill(src, counting);
  f.fill(dst, [](int64_t) { return 999.0f; });
  const NcStreamShuffle rotate{.dst = dst, .src = src, .shuffle_mask = mask_of([](int i) {
                                                         return i == 5 ? 255 : (i + 31) % 32;
                                                       })};
  CHECK(f.problems(rotate) == no_problems);
  rotate.execute(f.memory());
  const Floats result = f.get(dst);
  for (int64_t p = 0; p < 64; ++p) {
    const int64_t from = p % 32 == 0 ? p + 31 : p - 1;
    for (int64_t i = 0; i < 2; ++i) {
      CAPTURE(p);
      CHECK(result[static_cast<size_t>(p * 2 + i)] == (p % 32 == 5 ? 999 : counting(from * 2 + i)));
    }
  }
}

TEST_CASE("nc_stream_shuffle works in place and spreads one row") {
  TileFixture f;
  const ViewId tile = f.sbuf(DType::float32, {32, 1}), one = f.psum(DType::float32, {1, 1});
  f.fill(tile, counting);
  const NcStreamShuffle swap{
      .dst = tile, .src = tile, .shuffle_mask = mask_of([](int i) { return i ^ 1; })};
  CHECK(f.problems(swap) == no_problems);
  swap.execute(f.memory());
  for (int64_t p = 0; p < 32; ++p) CHECK(f.get(tile)[static_cast<size_t>(p)] == counting(p ^ 1));

  f.set_bits(one, {0x7FA00001});
  const NcStreamShuffle spread{
      .dst = tile, .src = one, .shuffle_mask = mask_of([](int) { return 0; })};
  CHECK(f.problems(spread) == no_problems);
  spread.execute(f.memory());
  CHECK(f.bits(tile) == std::vector<Bits>(32, 0x7FA00001));
}

TEST_CASE("nc_stream_shuffle checks mask, shapes and first partitions") {
  TileFixture f;
  const ViewId tile = f.sbuf(DType::float32, {32, 1});
  const auto shuffle = [&](ViewId dst, ViewId src, int source) {
    return NcStreamShuffle{
        .dst = dst, .src = src, .shuffle_mask = mask_of([source](int) { return source; })};
  };
  CHECK(f.problems(shuffle(tile, tile, 255)) == no_problems);
  CHECK(f.problems(shuffle(tile, tile, 32)) == Ids{"bad_argument"});
  CHECK(f.problems(shuffle(tile, f.sbuf(DType::float32, {1, 1}), 1)) == Ids{"bad_argument"});
  CHECK(f.problems(shuffle(f.sbuf(DType::float32, {64, 1}), tile, 0)) == Ids{"bad_argument"});
  CHECK(f.problems(shuffle(tile, f.sbuf(DType::int32, {32, 1}), 0)) == Ids{"dtype_mismatch"});
  CHECK(f.problems(shuffle(tile, f.sbuf(DType::float32, {32, 2}), 0)) == Ids{"size_mismatch"});
  const ViewId upper = f.changed(f.sbuf(DType::float32, {64, 1}), [](View& view) {
    view.partition = 32;
    view.layout.shape[0] = 32;
  });
  CHECK(f.problems(shuffle(tile, upper, 0)) == no_problems);
  CHECK(f.problems(shuffle(f.sbuf(DType::float32, {33, 1}), upper, 255)) == Ids{"start_partition"});
}

TEST_CASE("range_select fills outside the bounds and keeps the maximum") {
  Ranges r;
  const float fill = -std::numeric_limits<float>::max();
  CHECK(r.f.problems(r.select()) == no_problems);
  r.select().execute(r.f.memory());
  CHECK(r.f.get(r.dst) == Floats{fill, 2, 3, fill, -5, fill, fill, fill});
  CHECK(r.f.get(r.top) == Floats{3, -5});
}

TEST_CASE("range_select overflows to -inf in a small type, not in the maximum") {
  Ranges r;
  const ViewId small = r.f.sbuf(DType::bfloat16, {2, 4});
  r.f.set(r.low, {100, 100});
  RangeSelect select = r.select();
  select.dst = small;
  select.execute(r.f.memory());
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(r.f.get(small) == Floats(8, -infinity));
  CHECK(r.f.get(r.top) == Floats(2, -std::numeric_limits<float>::max()));
}

TEST_CASE("range_select keeps its maximum in the Vector engine's registers") {
  Ranges r;
  RangeSelect select = r.select();
  select.execute(r.f.memory());
  r.f.set(r.in, {0, 1, 9, 0, 3, 0, 0, 0});
  select.reduce_cmd = ReduceCmd::reduce;
  select.reduce_res = {};
  select.execute(r.f.memory());
  CHECK(r.f.get(r.top) == Floats{3, -5});
  select.reduce_res = r.top;
  select.reduce_cmd = ReduceCmd::idle;
  select.execute(r.f.memory());
  CHECK(r.f.get(r.top) == Floats{9, 3});
  CHECK(r.f.memory().accumulators(Engine::scalar)[0] == 0);
}

TEST_CASE("range_select checks its operands") {
  Ranges r;
  TileFixture& f = r.f;
  const auto with = [&](const std::function<void(RangeSelect&)>& change) {
    RangeSelect select = r.select();
    change(select);
    return select;
  };
  CHECK(f.problems(r.select(), Generation::gen2) == Ids{"wrong_generation"});
  CHECK(f.problems(with([](RangeSelect& s) { s.on_false_value = 0; })) == Ids{"bad_argument"});
  CHECK(f.problems(with([](RangeSelect& s) { s.comp_op0 = AluOp::not_equal; })) ==
        Ids{"bad_operator"});
  CHECK(f.problems(with([](RangeSelect& s) { s.reduce_op = AluOp::add; })) == Ids{"bad_operator"});
  CHECK(f.problems(with([](RangeSelect& s) { s.reduce_cmd = ReduceCmd::load_reduce; })) ==
        Ids{"bad_argument"});
  CHECK(f.problems(with([](RangeSelect& s) { s.range_start = 1 << 24; })) == Ids{"bad_argument"});
  CHECK(f.problems(with([&](RangeSelect& s) { s.bound0 = f.sbuf(DType::int32, {2, 1}); })) ==
        Ids{"dtype_mismatch"});
  CHECK(f.problems(with([&](RangeSelect& s) { s.bound1 = r.in; })) == Ids{"size_mismatch"});
  CHECK(f.problems(with([&](RangeSelect& s) { s.on_true_tile = f.sbuf(DType::int32, {2, 4}); })) ==
        Ids{"dtype_mismatch"});
}

}  // namespace kiln
