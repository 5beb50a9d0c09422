// max8, nc_find_index8 and nc_match_replace8: reference meaning and rules.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "kiln/isa/max8.h"
#include "kiln/isa/nc_find_index8.h"
#include "kiln/isa/nc_match_replace8.h"
#include "tests/tile_fixture.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

using Ids = std::vector<std::string_view>;
using Floats = std::vector<float>;
using Words = std::vector<Bits>;

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr Bits none = 0xFFFFFFFF;

// Numbers with many repetitions.
Floats drawn(size_t count, int kinds, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> kind(0, kinds - 1);
  Floats values;
  while (values.size() < count) values.push_back(static_cast<float>(kind(random)) * 0.5f - 3.0f);
  return values;
}

Floats part(const Floats& all, size_t first, size_t count) {
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

// One row and the eight values to look for in it.
struct Row {
  TileFixture f;
  ViewId data, vals, out, index;

  Row(const Floats& elements, const Floats& values) {
    const auto n = static_cast<int64_t>(elements.size());
    data = f.sbuf(DType::float32, {1, n});
    vals = f.sbuf(DType::float32, {1, 8});
    out = f.sbuf(DType::float32, {1, n});
    index = f.sbuf(DType::uint32, {1, 8});
    f.set(data, elements);
    f.set(vals, values);
  }
  Words find(Compat compat = Compat::nki_0_6) {
    const auto find8 = in_release(NcFindIndex8{.dst = index, .data = data, .vals = vals}, compat);
    CHECK(f.problems(find8) == no_problems);
    find8.execute(f.memory());
    return f.bits(index);
  }
  Words replace(float imm, Compat compat = Compat::nki_0_6) {
    const auto replace8 = in_release(
        NcMatchReplace8{.dst = out, .data = data, .vals = vals, .imm = imm, .dst_idx = index},
        compat);
    CHECK(f.problems(replace8) == no_problems);
    replace8.execute(f.memory());
    return f.bits(index);
  }
};

const Floats with_repetitions{1, 2, 3, 4, 8, 8, 8, 8, 8, 8, 8};
const Floats with_equal_values{3, 8, 8, 8, 8, 8, 8, 8};

}  // namespace

TEST_CASE("max8 gives the largest values of each partition, descending") {
  for (const int kinds : {3, 1000}) {
    for (const int64_t n : {8, 9, 100}) {
      TileFixture f;
      const ViewId src = f.sbuf(DType::float32, {3, n}), dst = f.sbuf(DType::float32, {3, 8});
      const Floats all = drawn(static_cast<size_t>(3 * n), kinds, static_cast<uint32_t>(n));
      f.set(src, all);
      const Max8 max8{.dst = dst, .src = src};
      CHECK(f.problems(max8) == no_problems);
      max8.execute(f.memory());
      Floats expected;
      for (size_t p = 0; p < 3; ++p) {
        Floats row = part(all, p * static_cast<size_t>(n), static_cast<size_t>(n));
        std::sort(row.begin(), row.end(), std::greater<>());
        expected.insert(expected.end(), row.begin(), row.begin() + 8);
      }
      CHECK(f.get(dst) == expected);
    }
  }
}

TEST_CASE("max8 works in float32, takes all free dimensions and may write over src") {
  TileFixture f;
  const ViewId src = f.sbuf(DType::int32, {1, 2, 6}), half = f.sbuf(DType::bfloat16, {1, 8});
  f.set(src, {5, -7, 259, 3, 0, 1, 2, -1, -2, -3, 4, 1000});
  Max8{.dst = half, .src = src}.execute(f.memory());
  CHECK(f.get(half) == Floats{1000, 260, 5, 4, 3, 2, 1, 0});
  const ViewId over = f.changed(src, [](View& view) {
    view.layout.rank = 2;
    view.layout.shape[1] = 8;
    view.layout.stride[1] = 1;
  });
  Max8{.dst = over, .src = src}.execute(f.memory());
  CHECK(f.get(over) == Floats{1000, 259, 5, 4, 3, 2, 1, 0});
}

TEST_CASE("max8 puts NaN last") {
  TileFixture f;
  const ViewId src = f.sbuf(DType::float32, {1, 10}), dst = f.sbuf(DType::float32, {1, 8});
  f.set(src, {nan, 1, nan, -inf, inf, 2, nan, 3, nan, -4});
  Max8{.dst = dst, .src = src}.execute(f.memory());
  const Floats got = f.get(dst);
  CHECK(part(got, 0, 6) == Floats{inf, 3, 2, 1, -4, -inf});
  CHECK(std::isnan(got[6]));
  CHECK(std::isnan(got[7]));
}

TEST_CASE("max8 checks shapes and sizes") {
  TileFixture f;
  const ViewId dst = f.sbuf(DType::float32, {2, 8}), src = f.psum(DType::float32, {2, 2, 4});
  const auto problems = [&](ViewId to, ViewId from) {
    return f.problems(Max8{.dst = to, .src = from});
  };
  CHECK(problems(dst, src) == no_problems);
  CHECK(problems(dst, f.sbuf(DType::float32, {2, 7})) == Ids{"size_mismatch"});
  CHECK(problems(dst, f.sbuf(DType::int8, {2, 16384})) == no_problems);
  CHECK(problems(dst, f.sbuf(DType::int8, {2, 16385})) == Ids{"tile_too_large"});
  CHECK(problems(dst, f.sbuf(DType::float32, {2, 2, 2, 2})) == Ids{"bad_shape"});
  CHECK(problems(dst, f.sbuf(DType::float32, {3, 8})) == Ids{"partition_mismatch"});
  CHECK(problems(dst, f.sbuf(DType::float8_e5m2_x4, {2, 8})) == Ids{"dtype_mismatch"});
  CHECK(problems(dst, f.hbm(DType::float32, {16})) == Ids{"wrong_memory"});
  CHECK(problems(f.sbuf(DType::float32, {2, 9}), src) == Ids{"size_mismatch"});
  CHECK(problems(f.sbuf(DType::float32, {2, 1, 8}), src) == Ids{"bad_shape"});
}

TEST_CASE("nc_find_index8 gives equal values successive occurrences, and all ones for none") {
  Row row({7, 5, 7, 1, 2, 7, 9, 5, 0, 1}, {7, 5, 7, 4, 7, 7, 0, 5});
  CHECK(row.find() == Words{0, 1, 2, none, 5, none, 8, 7});
  CHECK(row.find(Compat::nki_0_3) == Words{0, 1, 2, 0, 5, 0, 8, 7});
}

TEST_CASE("nc_find_index8 compares as float32, whatever the types") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::int32, {2, 2, 4}), vals = f.sbuf(DType::uint8, {2, 8}),
               index = f.sbuf(DType::uint16, {2, 8});
  f.set(data, {0, 1, 2, 3, 4, 5, 6, 7, 7, 6, 5, 4, 3, 2, 1, 0});
  f.set(vals, {7, 6, 5, 4, 3, 2, 1, 99, 0, 1, 2, 3, 4, 5, 6, 99});
  const NcFindIndex8 find{.dst = index, .data = data, .vals = vals};
  CHECK(f.problems(find) == no_problems);
  find.execute(f.memory());
  CHECK(f.bits(index) == Words{7, 6, 5, 4, 3, 2, 1, 0xFFFF, 7, 6, 5, 4, 3, 2, 1, 0xFFFF});

  Row row({-0.0f, nan, 3, inf, -inf, 1, 2, 4}, {0.0f, nan, inf, -inf, nan, 0.0f, 3, 4});
  CHECK(row.find() == Words{0, none, 3, 4, none, none, 2, 7});
}

TEST_CASE("nc_find_index8 checks shapes and types") {
  TileFixture f;
  const ViewId dst = f.sbuf(DType::uint32, {2, 8}), data = f.sbuf(DType::float32, {2, 16}),
               vals = f.sbuf(DType::float32, {2, 8});
  const auto problems = [&](ViewId to, ViewId from, ViewId what) {
    return f.problems(NcFindIndex8{.dst = to, .data = from, .vals = what});
  };
  CHECK(problems(dst, data, vals) == no_problems);
  CHECK(problems(f.sbuf(DType::int32, {2, 8}), data, vals) == Ids{"dtype_mismatch"});
  CHECK(problems(f.sbuf(DType::uint16, {2, 4}), data, vals) == Ids{"size_mismatch"});
  CHECK(problems(f.sbuf(DType::uint16, {2, 2, 4}), data, vals) == Ids{"bad_shape"});
  CHECK(problems(dst, f.sbuf(DType::float32, {2, 7}), vals) == Ids{"size_mismatch"});
  CHECK(problems(dst, f.sbuf(DType::int8, {2, 16385}), vals) == Ids{"tile_too_large"});
  CHECK(problems(dst, data, f.sbuf(DType::float32, {2, 7})) == Ids{"size_mismatch"});
  CHECK(problems(dst, data, f.sbuf(DType::float32, {4, 8})) == Ids{"partition_mismatch"});
  CHECK(problems(dst, data, f.sbuf(DType::float32, {2, 2, 2, 2})) == Ids{"bad_shape"});
}

TEST_CASE("nc_match_replace8 pairs equal values from the last column on") {
  Row row(with_repetitions, with_equal_values);
  CHECK(row.replace(-1) == Words{2, 10, 9, 8, 7, 6, 5, 4});
  CHECK(row.f.get(row.out) == Floats{1, 2, -1, 4, -1, -1, -1, -1, -1, -1, -1});
  CHECK(row.replace(-1, Compat::nki_0_3) == Words{2, 4, 5, 6, 7, 8, 9, 10});
  CHECK(row.f.get(row.out) == Floats{1, 2, -1, 4, -1, -1, -1, -1, -1, -1, -1});
}

TEST_CASE("nc_match_replace8 replaces an element once, even by a value it looks for") {
  Row row({5, 7, 5, 5, 1, 2, 3, 4}, {5, 7, 7, 5, 6, 6, 6, 6});
  CHECK(row.replace(7) == Words{2, none, 1, 0, none, none, none, none});
  CHECK(row.f.get(row.out) == Floats{7, 7, 7, 5, 1, 2, 3, 4});
  CHECK(row.replace(7, Compat::nki_0_3) == Words{0, 1, 0, 2, 0, 0, 0, 0});
}

TEST_CASE("nc_match_replace8 works in place and without indices") {
  Row row(with_repetitions, with_equal_values);
  const NcMatchReplace8 in_place{.dst = row.data, .data = row.data, .vals = row.vals, .imm = -inf};
  CHECK(row.f.problems(in_place) == no_problems);
  in_place.execute(row.f.memory());
  CHECK(row.f.get(row.data) == Floats{1, 2, -inf, 4, -inf, -inf, -inf, -inf, -inf, -inf, -inf});
}

TEST_CASE("nc_match_replace8 keeps the bits of the same type and converts others") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::int32, {1, 4}), vals = f.sbuf(DType::int32, {1, 8}),
               half = f.sbuf(DType::bfloat16, {1, 4});
  f.set_bits(data, {(1 << 24) + 1, 5, 259, 6});
  f.set(vals, {6, 0, 0, 0, 0, 0, 0, 0});
  NcMatchReplace8{.dst = half, .data = data, .vals = vals, .imm = -259}.execute(f.memory());
  CHECK(f.get(half) == Floats{1 << 24, 5, 260, -260});
  NcMatchReplace8{.dst = data, .data = data, .vals = vals, .imm = -259}.execute(f.memory());
  CHECK(f.bits(data) == Words{(1 << 24) + 1, 5, 259, static_cast<Bits>(-259)});
}

TEST_CASE("max8 and nc_match_replace8 together sort") {
  constexpr int64_t n = 64;
  TileFixture f;
  const ViewId data = f.sbuf(DType::float32, {2, n}), values = f.sbuf(DType::float32, {2, 8}),
               index = f.sbuf(DType::uint32, {2, 8});
  const Floats all = drawn(2 * n, 12, 5);
  f.set(data, all);
  std::vector<Floats> sorted(2);
  std::vector<std::vector<bool>> taken(2, std::vector<bool>(n));
  for (int pass = 0; pass < n / 8; ++pass) {
    Max8{.dst = values, .src = data}.execute(f.memory());
    NcMatchReplace8{.dst = data, .data = data, .vals = values, .imm = -inf, .dst_idx = index}
        .execute(f.memory());
    const Floats largest = f.get(values);
    const Words places = f.bits(index);
    for (size_t i = 0; i < 16; ++i) {
      const size_t p = i / 8;
      REQUIRE(places[i] < n);
      CHECK_FALSE(taken[p][places[i]]);
      taken[p][places[i]] = true;
      CHECK(all[p * n + places[i]] == largest[i]);
      sorted[p].push_back(largest[i]);
    }
  }
  for (size_t p = 0; p < 2; ++p) {
    Floats expected = part(all, p * n, n);
    std::sort(expected.begin(), expected.end(), std::greater<>());
    CHECK(sorted[p] == expected);
  }
}

TEST_CASE("nc_match_replace8 checks shapes and types") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::float32, {2, 16}), vals = f.sbuf(DType::float32, {2, 8}),
               index = f.sbuf(DType::uint16, {2, 8});
  const NcMatchReplace8 good{.dst = data, .data = data, .vals = vals, .imm = 0, .dst_idx = index};
  CHECK(f.problems(good) == no_problems);
  const auto with = [&](const std::function<void(NcMatchReplace8&)>& change) {
    NcMatchReplace8 changed = good;
    change(changed);
    return f.problems(changed);
  };
  CHECK(with([&](auto& t) { t.dst = f.sbuf(DType::float32, {2, 17}); }) == Ids{"size_mismatch"});
  CHECK(with([&](auto& t) { t.dst = f.sbuf(DType::float32, {2, 4, 4}); }) == no_problems);
  CHECK(with([&](auto& t) { t.vals = f.sbuf(DType::float32, {2, 16}); }) == Ids{"size_mismatch"});
  CHECK(with([&](auto& t) { t.vals = f.sbuf(DType::float32, {1, 8}); }) ==
        Ids{"partition_mismatch"});
  CHECK(with([&](auto& t) { t.dst_idx = f.sbuf(DType::float32, {2, 8}); }) ==
        Ids{"dtype_mismatch"});
  CHECK(with([&](auto& t) { t.dst_idx = f.sbuf(DType::uint32, {2, 9}); }) == Ids{"size_mismatch"});
  CHECK(with([&](auto& t) {
          const ViewId large = f.sbuf(DType::int8, {2, 16385});
          t.dst = large;
          t.data = large;
        }) == Ids{"tile_too_large"});
}

}  // namespace kiln
