// Addresses: what is alive at the same time never overlaps, and the bound is one.
#include "kiln/placement/placement.h"

#include <random>

#include "kiln/placement/memory_report.h"
#include "kiln/placement/occupancy.h"
#include "kiln/program/recorder.h"
#include "tests/program_text.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

using Random = std::mt19937;

int64_t pick(Random& random, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

struct RandomSpec {
  Memory memory = Memory::sbuf;
  int64_t columns_max = 512;  // of float32
  int alive_max = 20;
  bool explicit_addresses = false;
};

// Tiles that are written and read until as many are alive as may be; then one is read for the last
// time. Some die at once, some live long.
std::shared_ptr<const Program> random_program(Random& random, const RandomSpec& spec) {
  Recorder recorder("random", Generation::gen3);
  std::vector<ViewId> alive;
  for (int n = 0; n < 400; ++n) {
    const std::array<int64_t, 2> shape{pick(random, 1, 128), pick(random, 1, spec.columns_max)};
    const bool given = spec.explicit_addresses && pick(random, 0, 9) == 0;
    const ViewId tile = recorder.allocate(
        {.shape = shape,
         .memory = spec.memory,
         .address = given ? std::optional(Address{0, pick(random, 0, 7) * 2048}) : std::nullopt});
    recorder.record(Memset{.dst = tile, .value = 1.0f});
    alive.push_back(tile);
    while (alive.size() > static_cast<size_t>(pick(random, 0, spec.alive_max))) {
      const auto chosen = alive.begin() + pick(random, 0, static_cast<int64_t>(alive.size()) - 1);
      recorder.record(TensorCopy{.dst = *chosen, .src = *chosen});
      alive.erase(chosen);
    }
  }
  REQUIRE_FALSE(recorder.report().has_errors());
  return recorder.finish();
}

struct Found {
  size_t overlaps = 0, outside = 0, across_banks = 0, misaligned = 0;
  int64_t end_bytes = 0;
};

Found look_at(const Program& program, const Placement& placement, Memory memory) {
  const MemoryRules rules = memory_rules(machine(program.target), memory);
  Found found;
  std::vector<uint32_t> ids;
  for (uint32_t id = 0; id < program.tiles.storage_count(); ++id) {
    if (placement.addresses[id]) ids.push_back(id);
  }
  for (const uint32_t a : ids) {
    const Storage& s = program.tiles.storage({a});
    const int64_t begin = placement.addresses[a]->byte, end = begin + s.row_bytes();
    found.end_bytes = std::max(found.end_bytes, end);
    found.outside += begin < 0 || end > rules.bytes;
    found.misaligned += begin % rules.alignment != 0;
    if (rules.bank_bytes > 0) {
      const bool starts = begin % rules.bank_bytes == 0;
      const bool within = begin / rules.bank_bytes == (end - 1) / rules.bank_bytes;
      found.across_banks += !starts && !within;
    }
    for (const uint32_t b : ids) {
      const Storage& o = program.tiles.storage({b});
      if (b <= a || (s.address && o.address)) continue;
      const int64_t other = placement.addresses[b]->byte;
      found.overlaps += placement.ranges[a].overlaps(placement.ranges[b]) && other < end &&
                        begin < other + o.row_bytes();
    }
  }
  return found;
}

void check_random(uint32_t seed, const RandomSpec& spec) {
  CAPTURE(seed);
  Random random(seed);
  const auto program = random_program(random, spec);
  const Placement placement = place(*program);
  CHECK(placement.of(spec.memory).unplaced == 0);
  const Found found = look_at(*program, placement, spec.memory);
  CHECK(found.overlaps == 0);
  CHECK(found.outside == 0);
  CHECK(found.misaligned == 0);
  CHECK(found.across_banks == 0);
  CHECK(found.end_bytes == placement.of(spec.memory).extent_bytes);
  const MemoryReport report = memory_report(*program, placement);
  const MemoryUse& use = spec.memory == Memory::psum ? report.psum : report.sbuf;
  CHECK(use.bound_bytes <= use.peak_bytes + (spec.memory == Memory::psum ? 2048 * 8 : 0));
  CHECK(use.peak_bytes <= use.extent_bytes);
}

// The fewest columns that hold tiles of some quarters and columns, by trying all places.
struct Packing {
  struct Rectangle {
    int quarters;
    int columns;
  };
  std::vector<Rectangle> tiles;
  int width_max = 24;

  bool fits(size_t n, int width, std::vector<std::array<bool, 4>>& taken) const {
    if (n == tiles.size()) return true;
    const auto [quarters, columns] = tiles[n];
    for (int q = 0; q + quarters <= 4; ++q) {
      if ((quarters > 2 && q != 0) || (quarters == 2 && q % 2 != 0)) continue;
      for (int c = 0; c + columns <= width; ++c) {
        if (!set(taken, q, quarters, c, columns, false, true)) continue;
        if (fits(n + 1, width, taken)) return true;
        set(taken, q, quarters, c, columns, true, false);
      }
    }
    return false;
  }
  static bool set(std::vector<std::array<bool, 4>>& taken, int q, int quarters, int c, int columns,
                  bool from, bool to) {
    for (int pass = 0; pass < 2; ++pass) {
      for (int x = c; x < c + columns; ++x) {
        for (int y = q; y < q + quarters; ++y) {
          bool& cell = taken[static_cast<size_t>(x)][static_cast<size_t>(y)];
          if (pass == 0 && cell != from) return false;
          if (pass == 1) cell = to;
        }
      }
    }
    return true;
  }
  int least() const {
    for (int width = 0; width <= width_max; ++width) {
      std::vector<std::array<bool, 4>> taken(static_cast<size_t>(width_max));
      if (fits(0, width, taken)) return width;
    }
    return width_max + 1;
  }
};

int64_t bound_of_all(const Program& program, const Placement& placement) {
  int64_t bound = 0;
  follow_occupancy(program, placement, Memory::sbuf, &Life::range,
                   [&](uint32_t, const Occupancy& o) { bound = std::max(bound, o.bound()); });
  return bound;
}

}  // namespace

TEST_CASE("what is alive at the same time does not overlap") {
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    check_random(seed, {.columns_max = 512});
    check_random(seed, {.columns_max = 512, .explicit_addresses = true});
    check_random(seed, {.memory = Memory::psum, .columns_max = 512, .alive_max = 3});
    check_random(seed, {.memory = Memory::psum, .columns_max = 100, .alive_max = 20});
    check_random(seed, {.memory = Memory::psum, .columns_max = 1500, .alive_max = 1});
  }
}

TEST_CASE("placing at once needs little more than what is alive") {
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    // Three quarters of the memory at the peak, on average: going round fails sometimes.
    const auto program = random_program(random, {.columns_max = 8192, .alive_max = 9});
    const Placement placement = place(*program);
    const MemoryUse use = memory_report(*program, placement).sbuf;
    if (use.peak_bytes <= use.capacity_bytes * 4 / 5) CHECK(use.unplaced == 0);
    CHECK(look_at(*program, placement, Memory::sbuf).overlaps == 0);
  }
}

TEST_CASE("the bound is never more than the best placement needs") {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Packing packing;
    Recorder recorder("packing", Generation::gen3);
    std::vector<ViewId> tiles;
    for (int64_t n = pick(random, 1, 5); n > 0; --n) {
      const auto quarters = static_cast<int>(pick(random, 1, 4));
      const auto columns = static_cast<int>(pick(random, 1, 4));
      packing.tiles.push_back({quarters, columns});
      const std::array<int64_t, 2> shape{pick(random, quarters * 32 - 31, quarters * 32), columns};
      tiles.push_back(recorder.allocate({.shape = shape}));
    }
    for (int turn = 0; turn < 2; ++turn) {
      for (const ViewId tile : tiles) recorder.record(TensorCopy{.dst = tile, .src = tile});
    }
    const auto program = recorder.finish();
    const int64_t bound = bound_of_all(*program, place(*program));
    CHECK(bound <= packing.least() * 4);
    CHECK(bound * 4 >= packing.least() * 4);
  }
}

TEST_CASE("a place is used again as late as possible") {
  std::string text;
  for (int n = 0; n < 9; ++n) {
    text +=
        fmt::format("storage %{0} \"\" psum float32 [128, 128]\nmemset dst=%{0} value=1.0\n", n);
  }
  const Placement placement = place(*parsed_program(text));
  for (uint32_t n = 0; n < 9; ++n) CHECK(placement.addresses[n]->byte == n % 8 * 2048);
}

TEST_CASE("tensors are placed around explicit addresses") {
  const Placement placement =
      place(*parsed_program("storage %0 \"\" sbuf float32 [128, 512] at (0 0)\n"
                            "storage %1 \"\" sbuf float32 [128, 512]\n"
                            "storage %2 \"\" sbuf float32 [128, 512] at (0 6144)\n"
                            "storage %3 \"\" sbuf float32 [128, 1024]\n"
                            "memset dst=%0 value=1.0\nmemset dst=%1 value=1.0\n"
                            "memset dst=%2 value=1.0\nmemset dst=%3 value=1.0\n"));
  CHECK(placement.addresses[1]->byte == 2048);
  CHECK(placement.addresses[3]->byte == 8192);
}

TEST_CASE("what does not fit in the order of time is placed by size") {
  // In banks: 3, then 2 beside them, then 4 instead of the 3; there are 8.
  const Placement placement =
      place(*parsed_program("storage %0 \"\" psum float32 [128, 1536]\n"
                            "storage %1 \"\" psum float32 [128, 1024]\n"
                            "storage %2 \"\" psum float32 [128, 2048]\n"
                            "memset dst=%0 value=1.0\nmemset dst=%1 value=1.0\n"
                            "activation dst=%0 op=copy data=%0\n"
                            "memset dst=%2 value=1.0\nactivation dst=%1 op=copy data=%1\n"));
  CHECK(placement.of(Memory::psum).unplaced == 0);
  CHECK(placement.addresses[0]->byte == 0);
  CHECK(placement.addresses[1]->byte == 4 * 2048);
  CHECK(placement.addresses[2]->byte == 0);
}

TEST_CASE("tensors that are never alive together may share a place, even in turn") {
  // 60 tiles of 4 KiB are alive in turn, in two rounds: together they are more than the memory.
  std::string text, code;
  for (int n = 0; n < 60; ++n) {
    text += fmt::format("storage %{} \"\" sbuf float32 [128, 1024]\n", n);
  }
  for (int round = 0; round < 2; ++round) {
    for (int n = 0; n < 60; ++n) code += fmt::format("memset dst=%{} value=1.0\n", n);
  }
  CHECK(place(*parsed_program(text + code)).of(Memory::sbuf).unplaced == 0);
}

}  // namespace kiln
