#include "kiln/checker/byte_set.h"

#include <random>
#include <vector>

#include <doctest/doctest.h>

namespace kiln {

namespace {

// The same, byte by byte.
struct Plain {
  int64_t partitions, row_bytes;
  std::vector<bool> in = std::vector<bool>(static_cast<size_t>(partitions * row_bytes));

  template <class Fn>
  void each(const Footprint& f, Fn&& fn) {
    for (int64_t p = 0; p < f.partitions; ++p) {
      for_each_run(f, [&](int64_t first, int64_t end) {
        for (int64_t byte = first; byte < end; ++byte) {
          fn(static_cast<size_t>((f.partition + p * f.partition_step) * row_bytes + byte));
        }
      });
    }
  }
  void add(const Footprint& f) {
    each(f, [&](size_t i) { in[i] = true; });
  }
  int64_t missing(const Footprint& f) {
    int64_t count = 0;
    each(f, [&](size_t i) { count += in[i] ? 0 : 1; });
    return count;
  }
  int64_t bytes() const { return std::count(in.begin(), in.end(), true); }
};

Storage bytes(bool on_chip, int64_t rows, int64_t columns) {
  Storage storage{
      .memory = on_chip ? Memory::sbuf : Memory::private_hbm, .dtype = DType::uint8, .rank = 2};
  storage.shape[0] = rows;
  storage.shape[1] = columns;
  return storage;
}

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  int64_t between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  // One that lies in a storage of this size.
  Footprint footprint(int64_t partitions, int64_t row_bytes, int64_t columns) {
    Footprint f;
    f.partition_step = between(1, 2);
    f.partitions = between(1, (partitions + f.partition_step - 1) / f.partition_step);
    f.partition = between(0, partitions - 1 - (f.partitions - 1) * f.partition_step);
    f.run_bytes = between(1, between(1, row_bytes));
    // Often the rows of an HBM tensor.
    const int64_t width = between(0, 1) == 0 ? row_bytes : columns;
    f.run_bytes = std::min(f.run_bytes, width);
    int64_t left = row_bytes - f.run_bytes;
    f.byte = between(0, left);
    left -= f.byte;
    for (int dim = 0; dim < 2; ++dim) {
      const int64_t stride = between(0, 1) == 0 ? columns : between(1, row_bytes);
      const int64_t count = between(1, 1 + left / stride);
      if (count == 1) continue;
      f.shape[f.rank] = count;
      f.stride[f.rank++] = stride;
      left -= (count - 1) * stride;
    }
    return f;
  }

 private:
  std::mt19937 engine_;
};

}  // namespace

TEST_CASE("a set of bytes is what a set byte by byte is") {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const bool on_chip = random.between(0, 1) == 0;
    const Storage storage = bytes(on_chip, random.between(1, 12), random.between(1, 700));
    const int64_t partitions = storage.partitions(), row_bytes = storage.row_bytes();
    ByteSet set(storage);
    Plain plain{partitions, row_bytes};
    for (int step = 0; step < 60; ++step) {
      const Footprint f = random.footprint(partitions, row_bytes, storage.shape[1]);
      const ByteSet::Missing missing = set.missing(f);
      // A footprint may name a byte twice; each is then counted twice, or the bits once.
      CHECK((missing.bytes == 0) == (plain.missing(f) == 0));
      if (missing.bytes > 0) CHECK(!set.contains(missing.partition, missing.byte));
      set.add(f);
      plain.add(f);
      REQUIRE(set.bytes() == plain.bytes());
      REQUIRE(set.missing(f).bytes == 0);
    }
    CHECK(set.full() == (plain.bytes() == partitions * row_bytes));
    CHECK(set.missing().bytes == partitions * row_bytes - plain.bytes());
    set.clear();
    CHECK(set.empty());
  }
}

TEST_CASE("what is missing is told with its place") {
  ByteSet set(bytes(true, 4, 100));
  set.add({.partition = 0, .partitions = 4, .run_bytes = 60});
  set.add({.partition = 1, .partitions = 2, .byte = 60, .run_bytes = 40});
  const ByteSet::Missing missing = set.missing({.partition = 1, .partitions = 3, .run_bytes = 100});
  CHECK(missing.bytes == 40);
  CHECK(missing.partition == 3);
  CHECK(missing.byte == 60);
}

}  // namespace kiln
