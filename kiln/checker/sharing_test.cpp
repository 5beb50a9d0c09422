#include "kiln/checker/sharing.h"

#include <array>

#include <doctest/doctest.h>

namespace kiln {

namespace {

Footprint bytes(int64_t first, int64_t count) { return {.byte = first, .run_bytes = count}; }

constexpr std::array<size_t, 2> first_two{0, 1};
constexpr std::array<size_t, 2> last_two{1, 2};

}  // namespace

TEST_CASE("a write and a read of the same bytes race unless the members meet in between") {
  Sharing sharing(2);
  sharing.access(0, 7, bytes(0, 64), true, 1);
  sharing.access(1, 7, bytes(60, 64), false, 2);
  REQUIRE(sharing.races(10).size() == 1);
  CHECK(sharing.races(10)[0].access->instruction == 1);
  CHECK(sharing.races(10)[0].against->instruction == 2);

  Sharing met(2);
  met.access(0, 7, bytes(0, 64), true, 1);
  met.meet(first_two);
  met.access(1, 7, bytes(60, 64), false, 2);
  CHECK(met.races(10).empty());
  met.access(0, 7, bytes(100, 8), true, 3);
  CHECK(met.races(10).size() == 1);
}

TEST_CASE("reads, other bytes and other tensors do not race") {
  Sharing sharing(2);
  sharing.access(0, 1, bytes(0, 64), false, 1);
  sharing.access(1, 1, bytes(0, 64), false, 1);
  sharing.access(0, 2, bytes(0, 64), true, 2);
  sharing.access(1, 2, bytes(64, 64), true, 2);
  sharing.access(0, 3, bytes(0, 64), true, 3);
  sharing.access(1, 4, bytes(0, 64), true, 3);
  CHECK(sharing.races(10).empty());
}

TEST_CASE("columns that lie between each other do not race") {
  Footprint even{.run_bytes = 4, .rank = 1};
  even.shape[0] = 8;
  even.stride[0] = 8;
  Footprint odd = even;
  odd.byte = 4;
  Sharing sharing(2);
  sharing.access(0, 1, even, true, 1);
  sharing.access(1, 1, odd, true, 1);
  CHECK(sharing.races(10).empty());
  sharing.access(1, 1, even, true, 2);
  CHECK(sharing.races(10).size() == 1);
}

TEST_CASE("members are ordered through a third that both have met") {
  Sharing sharing(3);
  sharing.access(0, 1, bytes(0, 8), true, 1);
  sharing.meet(first_two);
  sharing.meet(last_two);
  sharing.access(2, 1, bytes(0, 8), true, 2);
  CHECK(sharing.races(10).empty());

  Sharing too_late(3);
  too_late.meet(last_two);
  too_late.access(0, 1, bytes(0, 8), true, 1);
  too_late.meet(first_two);
  too_late.access(2, 1, bytes(0, 8), true, 2);
  CHECK(too_late.races(10).size() == 1);
}

}  // namespace kiln
