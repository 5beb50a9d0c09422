// dma_compute: reference meaning and rules; and the lists of tiles that instructions name.
#include "kiln/isa/dma_compute.h"

#include <random>

#include "kiln/isa/roles.h"
#include "tests/tile_fixture.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

using Ids = std::vector<std::string_view>;

// Any number of [2, 3] tensors.
struct Sum {
  TileFixture f;

  ViewListId list(const std::vector<ViewId>& views) { return f.tiles.add_list(views); }
  NumberListId numbers(const std::vector<float>& values) { return f.tiles.add_list(values); }
  Ids problems(const DmaCompute& instruction) { return f.problems(instruction); }
};

// A table of 4 rows, a tile of 2, and the rows of the table that `index` says.
struct Rows : Sum {
  ViewId table = f.hbm(DType::float32, {4, 3});
  ViewId tile = f.sbuf(DType::float32, {2, 3});
  ViewId index = f.sbuf(DType::uint32, {2, 1});

  Rows() {
    f.fill(table, [](int64_t n) { return static_cast<float>(10 * (n / 3) + n % 3); });
    f.set(tile, {100, 200, 300, 400, 500, 600});
    f.set_bits(index, {3, 1});
  }
  ViewId picked() {
    const ViewId rows = f.changed(table, [](View& view) { view.layout.shape[0] = 2; });
    return f.indexed(rows,
                     {.kind = Dynamic::Kind::vector_tile, .index = index, .stride = 3, .limit = 4});
  }
  void run(const DmaCompute& instruction) {
    CHECK(problems(instruction) == no_problems);
    instruction.execute(f.memory());
  }
};

}  // namespace

TEST_CASE("dma_compute adds in float32, in the order of the list, and rounds once") {
  Sum s;
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> distribution(-4, 4);
  const ViewId out = s.f.sbuf(DType::bfloat16, {2, 3});
  const ViewId a = s.f.hbm(DType::float32, {6}), b = s.f.sbuf(DType::bfloat16, {2, 3});
  const ViewId c = s.f.hbm(DType::int32, {3, 2});
  s.f.fill(a, [&](int64_t) { return distribution(random); });
  s.f.fill(b, [&](int64_t) { return distribution(random); });
  s.f.set_bits(c, {1, 2, 3, static_cast<Bits>(-4), 16777217, 0});
  const DmaCompute sum{.dst = out,
                       .srcs = s.list({a, b, c}),
                       .reduce_op = AluOp::add,
                       .scales = s.numbers({1, 1, 1})};
  REQUIRE(s.problems(sum) == no_problems);
  sum.execute(s.f.memory());
  const std::vector<float> x = s.f.get(a), y = s.f.get(b);
  const std::vector<float> z{1, 2, 3, -4, 16777216, 0};
  for (size_t i = 0; i < 6; ++i) {
    const float total = (x[i] + y[i]) + z[i];
    CHECK(s.f.bits(out)[i] == from_float32(DType::bfloat16, total));
  }
}

TEST_CASE("dma_compute of one source copies it") {
  Sum s;
  const ViewId a = s.f.hbm(DType::float32, {2, 2}), out = s.f.hbm(DType::float32, {4});
  s.f.set(a, {1, -0.0f, 3, 4});
  const DmaCompute copy{.dst = out, .srcs = s.list({a}), .reduce_op = AluOp::add};
  REQUIRE(s.problems(copy) == no_problems);
  copy.execute(s.f.memory());
  CHECK(s.f.bits(out) == s.f.bits(a));
}

TEST_CASE("dma_compute adds a tile to rows, and rows to a tile") {
  Rows r;
  SUBCASE("scatter") {
    r.run({.dst = r.picked(),
           .srcs = r.list({r.picked(), r.tile}),
           .reduce_op = AluOp::add,
           .oob_mode = OobMode::skip});
    CHECK(r.f.get(r.table) ==
          std::vector<float>{0, 1, 2, 410, 511, 612, 20, 21, 22, 130, 231, 332});
  }
  SUBCASE("gather, the tile named first") {
    r.run({.dst = r.tile, .srcs = r.list({r.tile, r.picked()}), .reduce_op = AluOp::add});
    CHECK(r.f.get(r.tile) == std::vector<float>{130, 231, 332, 410, 511, 612});
  }
}

TEST_CASE("a row out of bounds is skipped, or a fault") {
  Rows r;
  r.f.set_bits(r.index, {4, 1});
  DmaCompute gather{.dst = r.tile, .srcs = r.list({r.picked(), r.tile}), .reduce_op = AluOp::add};
  SUBCASE("skipped") {
    gather.oob_mode = OobMode::skip;
    r.run(gather);
    CHECK(r.f.get(r.tile) == std::vector<float>{100, 200, 300, 410, 511, 612});
    CHECK_FALSE(r.f.memory().fault());
  }
  SUBCASE("a fault") {
    gather.execute(r.f.memory());
    CHECK(r.f.memory().fault().value_or("").find("is 4") != std::string::npos);
  }
}

TEST_CASE("dma_compute refuses what the DMA engines do not do") {
  Sum s;
  const ViewId a = s.f.sbuf(DType::float32, {2, 3}), b = s.f.hbm(DType::float32, {6});
  const ViewId small = s.f.hbm(DType::float32, {5}), psum = s.f.psum(DType::float32, {2, 3});
  const ViewId packed = s.f.hbm(DType::float8_e4m3fn_x4, {6});
  const ViewId moved =
      s.f.indexed(s.f.changed(b, [](View& v) { v.layout.shape[0] = 3; }),
                  {.kind = Dynamic::Kind::scalar_register, .reg = {0}, .stride = 1, .limit = 3});
  const DmaCompute good{.dst = a, .srcs = s.list({b, a}), .reduce_op = AluOp::add};
  CHECK(s.problems(good) == no_problems);
  const auto with = [&](auto change) {
    DmaCompute changed = good;
    change(changed);
    return s.problems(changed);
  };
  using I = DmaCompute;
  CHECK(with([&](I& i) { i.srcs = s.list({}); }) == Ids{"bad_argument"});
  CHECK(with([&](I& i) { i.srcs = s.list(std::vector<ViewId>(16, b)); }) == no_problems);
  CHECK(with([&](I& i) { i.srcs = s.list(std::vector<ViewId>(17, b)); }) == Ids{"bad_argument"});
  CHECK(with([&](I& i) { i.srcs = s.list({b, small}); }) == Ids{"size_mismatch"});
  CHECK(with([&](I& i) { i.srcs = s.list({psum, b}); }) == Ids{"wrong_memory"});
  CHECK(with([&](I& i) { i.srcs = s.list({b, packed}); }) == Ids{"dtype_mismatch"});
  CHECK(with([&](I& i) { i.reduce_op = AluOp::maximum; }) == Ids{"bad_operator"});
  CHECK(with([&](I& i) { i.scales = s.numbers({1}); }) == Ids{"bad_argument"});
  CHECK(with([&](I& i) { i.scales = s.numbers({1, 0.5f}); }) == Ids{"bad_argument"});
  CHECK(with([&](I& i) { i.unique_indices = false; }) == no_problems);
  CHECK(s.problems({.dst = s.f.sbuf(DType::float32, {1, 3}),
                    .srcs = s.list({moved}),
                    .reduce_op = AluOp::add}) == Ids{"bad_argument"});
}

TEST_CASE("adding to rows takes dst itself and one tile in sbuf") {
  Rows r;
  const ViewId in_hbm = r.f.hbm(DType::float32, {2, 3}), psum = r.f.psum(DType::float32, {2, 3});
  const auto of = [&](ViewId dst, const std::vector<ViewId>& srcs, bool unique = true) {
    return r.problems(
        {.dst = dst, .srcs = r.list(srcs), .reduce_op = AluOp::add, .unique_indices = unique});
  };
  CHECK(of(r.picked(), {r.tile, r.picked()}) == no_problems);
  CHECK(of(r.picked(), {r.tile, r.picked()}, false) == Ids{"bad_argument"});
  CHECK(of(r.picked(), {r.tile}) == Ids{"bad_argument"});
  CHECK(of(r.picked(), {r.tile, r.tile}) == Ids{"bad_argument"});
  CHECK(of(r.picked(), {r.picked(), r.picked()}) == Ids{"bad_argument", "wrong_memory"});
  CHECK(of(r.picked(), {r.picked(), in_hbm}) == Ids{"wrong_memory"});
  CHECK(of(in_hbm, {r.picked(), in_hbm}) == Ids{"wrong_memory"});
  CHECK(of(psum, {r.picked(), psum}) == Ids{"wrong_memory", "wrong_memory", "wrong_memory"});
  CHECK(of(r.tile, {r.picked(), in_hbm}) == Ids{"bad_argument"});
}

TEST_CASE("every member of a list is an access, with its runtime index") {
  Rows r;
  const ViewId rows = r.picked();
  const DmaCompute scatter{.dst = rows, .srcs = r.list({rows, r.tile}), .reduce_op = AluOp::add};
  std::vector<std::pair<ViewId, Access>> seen;
  for_each_access(scatter, r.f.tiles,
                  [&](ViewId id, Access access) { seen.push_back({id, access}); });
  const std::vector<std::pair<ViewId, Access>> expected{{rows, Access::write},
                                                        {r.index, Access::read},
                                                        {rows, Access::read},
                                                        {r.index, Access::read},
                                                        {r.tile, Access::read}};
  CHECK(seen == expected);
}

}  // namespace kiln
