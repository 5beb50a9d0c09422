// local_gather, nc_n_gather, nonzero_with_count, sequence_bounds, tensor_partition_reduce and topk:
// reference meaning and rules.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "kiln/isa/local_gather.h"
#include "kiln/isa/nc_n_gather.h"
#include "kiln/isa/nonzero_with_count.h"
#include "kiln/isa/sequence_bounds.h"
#include "kiln/isa/tensor_partition_reduce.h"
#include "kiln/isa/tensor_scalar.h"
#include "kiln/isa/topk.h"
#include "tests/tile_fixture.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

using Ids = std::vector<std::string_view>;
using Floats = std::vector<float>;
using Words = std::vector<Bits>;

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

float counting(int64_t n) { return static_cast<float>(n); }

Words random_words(int64_t count, Bits end, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<Bits> word(0, end - 1);
  Words words(static_cast<size_t>(count));
  std::generate(words.begin(), words.end(), [&] { return word(random); });
  return words;
}

// A group of 16 partitions as topk sees it.
struct Snake {
  TileFixture f;
  ViewId src, values, numbers;
  int32_t n;

  Snake(const Floats& elements, int64_t k, int64_t groups = 1)
      : n(static_cast<int32_t>(elements.size()) / static_cast<int32_t>(groups)) {
    const int64_t columns = (n + 15) / 16;
    src = f.sbuf(DType::bfloat16, {16 * groups, columns});
    values = f.sbuf(DType::bfloat16, {16 * groups, k});
    numbers = f.sbuf(DType::uint32, {16 * groups, k});
    f.fill(src, [&](int64_t at) {
      const int64_t p = at / columns, i = at % columns * 16 + p % 16;
      return i < n ? elements[static_cast<size_t>(p / 16 * n + i)] : 1e6f;
    });
    f.fill(values, [](int64_t) { return -1.0f; });
    const Topk topk{.val_dst = values, .idx_dst = numbers, .src = src, .n = n};
    CHECK(f.problems(topk) == no_problems);
    topk.execute(f.memory());
  }
  // Result j of a group.
  float value(int64_t group, int64_t j) {
    return f.memory().access(values).get(group * 16 + j % 16, j / 16);
  }
  Bits number(int64_t group, int64_t j) {
    return f.memory().access(numbers).bits(group * 16 + j % 16, j / 16);
  }
};

}  // namespace

TEST_CASE("local_gather takes a group's indices column by column") {
  TileFixture f;
  const ViewId src = f.sbuf(DType::float32, {32, 10}), index = f.sbuf(DType::uint16, {32, 2}),
               dst = f.sbuf(DType::float32, {32, 32});
  const Words offsets = random_words(64, 10, 3);
  f.fill(src, counting);
  f.set_bits(index, offsets);
  const LocalGather gather{.dst = dst, .src_buffer = src, .index = index};
  CHECK(f.problems(gather) == no_problems);
  gather.execute(f.memory());
  const Floats got = f.get(dst);
  for (size_t p = 0; p < 32; ++p) {
    Floats expected;
    for (size_t column = 0; column < 2; ++column) {
      for (size_t row = p / 16 * 16; row < p / 16 * 16 + 16; ++row) {
        expected.push_back(static_cast<float>(p * 10 + offsets[row * 2 + column]));
      }
    }
    CHECK(Floats(got.begin() + static_cast<std::ptrdiff_t>(p * 32),
                 got.begin() + static_cast<std::ptrdiff_t>(p * 32 + 32)) == expected);
  }
}

TEST_CASE("local_gather takes several elements from each of some indices") {
  TileFixture f;
  const ViewId src = f.sbuf(DType::uint8, {16, 3, 4}), index = f.sbuf(DType::uint16, {16, 1}),
               dst = f.sbuf(DType::uint8, {16, 3, 2});
  f.fill(src, counting);
  Words offsets(16, 60000);
  offsets[0] = 10;
  offsets[1] = 0;
  offsets[2] = 3;
  f.set_bits(index, offsets);
  LocalGather gather{
      .dst = dst, .src_buffer = src, .index = index, .num_elem_per_idx = 2, .num_valid_indices = 3};
  CHECK(f.problems(gather) == no_problems);
  gather.execute(f.memory());
  const Floats got = f.get(dst);
  for (size_t p = 0; p < 16; ++p) {
    for (size_t i = 0; i < 6; ++i) {
      const float element = Floats{10, 11, 0, 1, 3, 4}[i];
      CHECK(got[p * 6 + i] == static_cast<float>(p * 12) + element);
    }
  }
  offsets[2] = 11;
  f.set_bits(index, offsets);
  gather.execute(f.memory());
  CHECK(f.memory().fault().value().find("index 2 of partitions 0 to 15 is 11") !=
        std::string::npos);
}

TEST_CASE("local_gather checks its operands and counts") {
  TileFixture f;
  const LocalGather good{.dst = f.sbuf(DType::float32, {32, 64}),
                         .src_buffer = f.sbuf(DType::float32, {32, 10}),
                         .index = f.sbuf(DType::uint16, {32, 4})};
  CHECK(f.problems(good) == no_problems);
  const auto with = [&](const std::function<void(LocalGather&)>& change) {
    LocalGather changed = good;
    change(changed);
    return f.problems(changed);
  };
  CHECK(with([&](auto& t) { t.dst = f.sbuf(DType::float32, {32, 63}); }) == Ids{"size_mismatch"});
  CHECK(with([&](auto& t) { t.dst = f.sbuf(DType::bfloat16, {32, 64}); }) == Ids{"dtype_mismatch"});
  CHECK(with([&](auto& t) { t.dst = f.psum(DType::float32, {32, 64}); }) == Ids{"wrong_memory"});
  CHECK(with([&](auto& t) { t.index = f.sbuf(DType::uint32, {32, 4}); }) == Ids{"dtype_mismatch"});
  CHECK(with([&](auto& t) { t.index = f.sbuf(DType::uint16, {16, 4}); }) ==
        Ids{"partition_mismatch"});
  CHECK(with([&](auto& t) { t.num_elem_per_idx = 3; }) == Ids{"bad_argument"});
  CHECK(with([&](auto& t) { t.num_elem_per_idx = 64; }) == Ids{"bad_argument"});
  CHECK(with([&](auto& t) { t.num_elem_per_idx = 2; }) == Ids{"size_mismatch"});
  CHECK(with([&](auto& t) { t.num_valid_indices = 63; }) == Ids{"size_mismatch"});
  CHECK(with([&](auto& t) { t.num_valid_indices = 65; }) == Ids{"bad_argument"});
  CHECK(with([&](auto& t) { t.num_valid_indices = -1; }) == Ids{"bad_argument"});
  CHECK(with([&](auto& t) {
          t.dst = f.sbuf(DType::float32, {32, 4112});
          t.index = f.sbuf(DType::uint16, {32, 257});
        }) == Ids{"tile_too_large"});
  CHECK(f.problems(LocalGather{.dst = f.sbuf(DType::float32, {24, 64}),
                               .src_buffer = f.sbuf(DType::float32, {24, 10}),
                               .index = f.sbuf(DType::uint16, {24, 4})}) == Ids{"partition_count"});
}

TEST_CASE("nc_n_gather counts through all free dimensions") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::bfloat16, {3, 2, 5}), indices = f.sbuf(DType::uint32, {3, 7}),
               dst = f.sbuf(DType::bfloat16, {3, 7, 1});
  const Words offsets = random_words(21, 10, 4);
  f.fill(data, counting);
  f.set_bits(indices, offsets);
  const NcNGather gather{.dst = dst, .data = data, .indices = indices};
  CHECK(f.problems(gather) == no_problems);
  gather.execute(f.memory());
  Floats expected;
  for (size_t i = 0; i < 21; ++i) expected.push_back(static_cast<float>(i / 7 * 10 + offsets[i]));
  CHECK(f.get(dst) == expected);

  Words wrong = offsets;
  wrong[8] = 10;
  f.set_bits(indices, wrong);
  gather.execute(f.memory());
  CHECK(f.memory().fault().value().find("index 1 of partition 1 is 10") != std::string::npos);
}

TEST_CASE("nc_n_gather reads all before it writes") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::float32, {1, 4}), indices = f.sbuf(DType::uint32, {1, 4});
  f.set(data, {10, 11, 12, 13});
  f.set_bits(indices, {3, 2, 1, 0});
  NcNGather{.dst = data, .data = data, .indices = indices}.execute(f.memory());
  CHECK(f.get(data) == Floats{13, 12, 11, 10});
}

TEST_CASE("nc_n_gather checks its operands") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::float32, {4, 6}), indices = f.sbuf(DType::uint32, {4, 9}),
               dst = f.sbuf(DType::float32, {4, 9});
  const auto problems = [&](ViewId to, ViewId from, ViewId what) {
    return f.problems(NcNGather{.dst = to, .data = from, .indices = what});
  };
  CHECK(problems(dst, data, indices) == no_problems);
  CHECK(problems(dst, data, f.sbuf(DType::int32, {4, 9})) == Ids{"dtype_mismatch"});
  CHECK(problems(f.sbuf(DType::int32, {4, 9}), data, indices) == Ids{"dtype_mismatch"});
  CHECK(problems(f.sbuf(DType::float32, {4, 8}), data, indices) == Ids{"size_mismatch"});
  CHECK(problems(dst, f.sbuf(DType::float32, {5, 6}), indices) == Ids{"partition_mismatch"});
  CHECK(problems(dst, f.psum(DType::float32, {4, 6}), indices) == Ids{"wrong_memory"});
}

TEST_CASE("nonzero_with_count lists what is not 0, in every 16th partition") {
  TileFixture f;
  const ViewId src = f.sbuf(DType::float32, {17, 2, 4}), dst = f.sbuf(DType::int32, {17, 9});
  f.fill(src, [](int64_t n) {
    if (n < 8) return Floats{0, 1, 1, 0, -0.0f, 1, 0, 0}[static_cast<size_t>(n)];
    return n < 128 ? nan : 1e-40f;
  });
  f.fill(dst, [](int64_t) { return 77.0f; });
  const NonzeroWithCount nonzero{.dst = dst, .src = src, .index_offset = 16};
  CHECK(f.problems(nonzero) == no_problems);
  nonzero.execute(f.memory());
  const Floats got = f.get(dst);
  CHECK(Floats(got.begin(), got.begin() + 9) == Floats{17, 18, 21, -1, -1, -1, -1, -1, 3});
  CHECK(std::count(got.begin(), got.end(), 77.0f) == 15 * 9);
  CHECK(Floats(got.end() - 9, got.end()) == Floats{16, 17, 18, 19, 20, 21, 22, 23, 8});
}

TEST_CASE("nonzero_with_count reads integers as integers and checks its operands") {
  TileFixture f;
  const ViewId src = f.sbuf(DType::int32, {1, 4}), dst = f.sbuf(DType::int32, {1, 5});
  f.set_bits(src, {0x80000000, 0, 0, 1});
  NonzeroWithCount{.dst = dst, .src = src, .padding_val = 9}.execute(f.memory());
  CHECK(f.get(dst) == Floats{0, 3, 9, 9, 2});
  const auto problems = [&](ViewId to, ViewId from) {
    return f.problems(NonzeroWithCount{.dst = to, .src = from});
  };
  CHECK(problems(dst, src) == no_problems);
  CHECK(problems(f.sbuf(DType::int32, {1, 4}), src) == Ids{"size_mismatch"});
  CHECK(problems(f.sbuf(DType::uint32, {1, 5}), src) == Ids{"dtype_mismatch"});
  CHECK(problems(dst, f.sbuf(DType::bfloat16, {1, 4})) == Ids{"dtype_mismatch"});
  CHECK(problems(dst, f.psum(DType::float32, {1, 4})) == Ids{"wrong_memory"});
  CHECK(problems(dst, f.sbuf(DType::int32, {2, 4})) == Ids{"partition_mismatch"});
}

TEST_CASE("topk gives the largest of each group as an ascending snake") {
  constexpr int64_t n = 100, k = 20;
  Floats elements(2 * n);
  std::iota(elements.begin(), elements.end(), -50.0f);
  std::shuffle(elements.begin(), elements.end(), std::mt19937(7));
  Snake snake(elements, k, 2);
  for (int64_t group = 0; group < 2; ++group) {
    const auto begin = elements.begin() + group * n;
    Floats sorted(begin, begin + n);
    std::sort(sorted.begin(), sorted.end());
    for (int64_t j = 0; j < k; ++j) {
      const float expected = sorted[static_cast<size_t>(n - k + j)];
      CHECK(snake.value(group, j) == expected);
      CHECK(begin[snake.number(group, j)] == expected);
    }
  }
  const Floats values = snake.f.get(snake.values);
  CHECK(std::count(values.begin(), values.end(), -1.0f) >= 2 * (16 * k - k) - 1);
}

TEST_CASE("topk ranks the first of equal elements highest, and NaN lowest") {
  Snake snake({3, nan, 5, 5, 3, 3, nan, 5}, 7);
  const Words numbers{1, 5, 4, 0, 7, 3, 2};
  for (int64_t j = 0; j < 7; ++j) CHECK(snake.number(0, j) == numbers[static_cast<size_t>(j)]);
  CHECK(std::isnan(snake.value(0, 0)));
  CHECK(snake.value(0, 1) == 3);
  CHECK(snake.value(0, 6) == 5);
}

TEST_CASE("topk checks its operands and counts") {
  TileFixture f;
  const Topk good{.val_dst = f.sbuf(DType::bfloat16, {32, 8}),
                  .idx_dst = f.sbuf(DType::uint32, {32, 8}),
                  .src = f.sbuf(DType::bfloat16, {32, 3}),
                  .n = 42};
  CHECK(f.problems(good) == no_problems);
  const auto with = [&](const std::function<void(Topk&)>& change) {
    Topk changed = good;
    change(changed);
    return f.problems(changed);
  };
  CHECK(with([](auto& t) { t.n = 48; }) == no_problems);
  CHECK(with([](auto& t) { t.n = 49; }) == Ids{"size_mismatch"});
  CHECK(with([](auto& t) { t.n = 7; }) == Ids{"bad_argument"});
  CHECK(with([](auto& t) { t.n = 65536; }) == Ids{"bad_argument"});
  CHECK(with([&](auto& t) {
          t.val_dst = f.sbuf(DType::bfloat16, {32, 43});
          t.idx_dst = f.sbuf(DType::uint32, {32, 43});
        }) == Ids{"tile_too_large"});
  CHECK(with([&](auto& t) { t.idx_dst = f.sbuf(DType::uint32, {32, 9}); }) == Ids{"size_mismatch"});
  CHECK(with([&](auto& t) { t.idx_dst = f.sbuf(DType::int32, {32, 8}); }) == Ids{"dtype_mismatch"});
  CHECK(with([&](auto& t) { t.src = f.sbuf(DType::float32, {32, 3}); }) == Ids{"dtype_mismatch"});
  CHECK(with([&](auto& t) { t.src = f.psum(DType::bfloat16, {32, 3}); }) == Ids{"wrong_memory"});
  CHECK(f.problems(Topk{.val_dst = f.sbuf(DType::bfloat16, {8, 8}),
                        .idx_dst = f.sbuf(DType::uint32, {8, 8}),
                        .src = f.sbuf(DType::bfloat16, {8, 3}),
                        .n = 42}) == Ids{"partition_count"});
}

TEST_CASE("tensor_partition_reduce adds from the first partition to the last") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::float32, {128, 3, 5}), dst = f.sbuf(DType::float32, {1, 3, 5});
  Floats values(128 * 15);
  std::mt19937 random(11);
  std::normal_distribution<float> normal(0.0f, 100.0f);
  std::generate(values.begin(), values.end(), [&] { return normal(random); });
  f.set(data, values);
  const auto run = [&](AluOp op) {
    const TensorPartitionReduce reduce{.dst = dst, .op = op, .data = data};
    CHECK(f.problems(reduce) == no_problems);
    reduce.execute(f.memory());
    return f.get(dst);
  };
  Floats sum(15), largest(15), average;
  for (size_t i = 0; i < 15; ++i) largest[i] = sum[i] = values[i];
  for (size_t n = 15; n < values.size(); ++n) {
    sum[n % 15] += values[n];
    largest[n % 15] = std::max(largest[n % 15], values[n]);
  }
  for (const float s : sum) average.push_back(s / 128);
  CHECK(run(AluOp::add) == sum);
  CHECK(run(AluOp::maximum) == largest);
  CHECK(run(AluOp::average) == average);
}

TEST_CASE("tensor_partition_reduce takes bit patterns, and checks its operands") {
  TileFixture f;
  const ViewId data = f.sbuf(DType::uint16, {3, 2}), dst = f.sbuf(DType::uint16, {1, 2});
  f.set_bits(data, {0xF00F, 6, 0x0FF0, 3, 0xFFF0, 2});
  const auto reduce = [&](AluOp op, ViewId to, ViewId from) {
    return TensorPartitionReduce{.dst = to, .op = op, .data = from};
  };
  reduce(AluOp::bitwise_or, dst, data).execute(f.memory());
  CHECK(f.bits(dst) == Words{0xFFFF, 7});
  reduce(AluOp::bitwise_and, dst, data).execute(f.memory());
  CHECK(f.bits(dst) == Words{0, 2});

  const auto problems = [&](AluOp op, ViewId to, ViewId from) {
    return f.problems(reduce(op, to, from));
  };
  CHECK(problems(AluOp::bitwise_or, dst, data) == no_problems);
  CHECK(problems(AluOp::minimum, dst, data) == Ids{"bad_operator"});
  CHECK(problems(AluOp::bitwise_and, f.sbuf(DType::float32, {1, 2}), data) ==
        Ids{"dtype_mismatch"});
  CHECK(problems(AluOp::add, f.sbuf(DType::float32, {3, 2}), data) == Ids{"partition_mismatch"});
  CHECK(problems(AluOp::add, f.sbuf(DType::float32, {1, 3}), data) == Ids{"size_mismatch"});
  CHECK(problems(AluOp::add, dst, f.psum(DType::float32, {3, 2})) == Ids{"wrong_memory"});
}

TEST_CASE("the operator average is of tensor_partition_reduce alone") {
  TileFixture f;
  const ViewId tile = f.sbuf(DType::float32, {2, 2});
  CHECK(f.problems(TensorScalar{.dst = tile, .data = tile, .op0 = AluOp::average}) ==
        Ids{"bad_operator"});
}

TEST_CASE("sequence_bounds tells where each element's segment starts and ends") {
  for (const DType in : {DType::int32, DType::float32}) {
    for (const DType out : {DType::int32, DType::float32}) {
      TileFixture f;
      const ViewId ids = f.sbuf(in, {1, 9}), dst = f.sbuf(out, {1, 2, 9});
      f.set(ids, {0, 1, 1, 2, 2, 2, 0, 3, 3});
      const SequenceBounds bounds{.dst = dst, .segment_ids = ids};
      CHECK(f.problems(bounds) == no_problems);
      bounds.execute(f.memory());
      CHECK(f.get(dst) == Floats{9, 1, 1, 3, 3, 3, 9, 7, 7, -1, 3, 3, 6, 6, 6, -1, 9, 9});
    }
  }
}

TEST_CASE("sequence_bounds compares exactly, and checks its operands") {
  TileFixture f;
  const ViewId ids = f.sbuf(DType::int32, {1, 3}), dst = f.sbuf(DType::int32, {1, 2, 3});
  f.set_bits(ids, {1 << 24, (1 << 24) + 1, (1 << 24) + 1});
  SequenceBounds{.dst = dst, .segment_ids = ids}.execute(f.memory());
  CHECK(f.get(dst) == Floats{0, 1, 1, 1, 3, 3});
  const auto problems = [&](ViewId to, ViewId from) {
    return f.problems(SequenceBounds{.dst = to, .segment_ids = from});
  };
  CHECK(problems(f.sbuf(DType::int32, {1, 3}), ids) == Ids{"size_mismatch"});
  CHECK(problems(f.sbuf(DType::uint32, {1, 2, 3}), ids) == Ids{"dtype_mismatch"});
  CHECK(problems(dst, f.psum(DType::int32, {1, 3})) == Ids{"wrong_memory"});
  CHECK(problems(f.sbuf(DType::int32, {2, 2, 3}), f.sbuf(DType::int32, {2, 3})) ==
        Ids{"partition_count", "partition_count"});
}

}  // namespace kiln
