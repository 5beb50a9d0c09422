// The random number generators and the instructions that use them: reference meaning and rules.
#include <set>

#include "kiln/isa/dropout.h"
#include "kiln/isa/rand2.h"
#include "kiln/isa/rand_get_state.h"
#include "kiln/isa/rand_set_state.h"
#include "kiln/isa/random_state.h"
#include "kiln/isa/rng.h"
#include "kiln/isa/set_rng_seed.h"
#include "tests/tile_fixture.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

using Ids = std::vector<std::string_view>;
using Words = std::vector<Bits>;

// Marsaglia's start values, and the numbers that follow, computed apart.
const Words example_state{123456789, 362436069, 521288629, 88675123, 5783321, 6615241};
const Words example_numbers{246875399, 3690007200, 1264581005, 3906711041, 1866187943};

// Four states for each of `lanes` lanes of the Vector engine; state s of lane p starts as the
// example, with s and p added to its counter.
Words vector_words(int64_t lanes) {
  Words words;
  for (uint32_t p = 0; p < lanes; ++p) {
    for (uint32_t s = 0; s < 4; ++s) {
      words.insert(words.end(), example_state.begin(), example_state.end());
      words.back() += s * 1000 + p;
    }
  }
  return words;
}

// What element i of lane p then is: the counter is added to the xorshift part.
Bits vector_number(uint32_t p, uint32_t i) { return example_numbers[i / 4] + (i % 4) * 1000 + p; }

float unit(Bits bits) { return static_cast<float>(bits / 256) / 16777216.0f; }

struct Seeded {
  TileFixture f;
  ViewId seeds = f.sbuf(DType::uint32, {2, 24});

  Seeded() { f.set_bits(seeds, vector_words(2)); }
  // As often as wanted the same numbers follow.
  void seed() { RandSetState{.src_seeds = seeds, .engine = Engine::vector}.execute(f.memory()); }
};

}  // namespace

TEST_CASE("xorwow gives the published sequence") {
  Xorwow generator;
  std::copy(example_state.begin(), example_state.end(), generator.words.begin());
  Words numbers;
  for (size_t i = 0; i < example_numbers.size(); ++i) numbers.push_back(generator.next());
  CHECK(numbers == example_numbers);
}

TEST_CASE("a seed fills the states with splitmix64") {
  TileFixture f;
  const ViewId seed = f.sbuf(DType::int32, {1, 1}), state = f.sbuf(DType::uint32, {128, 24});
  f.set_bits(seed, {1234567});
  SetRngSeed{.src_seeds = seed}.execute(f.memory());
  RandGetState{.dst = state, .engine = Engine::vector}.execute(f.memory());
  const Words words = f.bits(state);
  // The first numbers of splitmix64 from 1234567, as its reference implementation gives them.
  const std::vector<uint64_t> expected{6457827717110365317u, 3203168211198807973u,
                                       9817491932198370423u, 4593380528125082431u,
                                       16408922859458223821u};
  for (size_t i = 0; i < expected.size(); ++i) {
    CHECK((words[2 * i] | uint64_t{words[2 * i + 1]} << 32) == expected[i]);
  }
  CHECK(std::set<Bits>(words.begin(), words.end()).size() > words.size() - 5);
}

TEST_CASE("rng stores the low bits, and its states take turns") {
  Seeded s;
  const ViewId words = s.f.sbuf(DType::uint32, {2, 3, 4}), bytes = s.f.psum(DType::int8, {2, 7});
  s.seed();
  Rng{.dst = words}.execute(s.f.memory());
  for (uint32_t n = 0; n < 24; ++n) CHECK(s.f.bits(words)[n] == vector_number(n / 12, n % 12));
  s.seed();
  Rng{.dst = bytes}.execute(s.f.memory());
  for (uint32_t n = 0; n < 14; ++n) {
    CHECK(s.f.bits(bytes)[n] == (vector_number(n / 7, n % 7) & 255));
  }
}

TEST_CASE("the numbers go on from instruction to instruction") {
  Seeded s;
  const ViewId a = s.f.sbuf(DType::uint32, {1, 4}), b = s.f.sbuf(DType::uint32, {1, 4});
  s.seed();
  Rng{.dst = a}.execute(s.f.memory());
  Rng{.dst = b}.execute(s.f.memory());
  for (uint32_t i = 0; i < 4; ++i) {
    CHECK(s.f.bits(a)[i] == vector_number(0, i));
    CHECK(s.f.bits(b)[i] == vector_number(0, 4 + i));
  }
}

TEST_CASE("the GpSimd engine has one state a lane, apart from the Vector engine's") {
  TileFixture f;
  const ViewId seeds = f.sbuf(DType::uint32, {1, 6}), state = f.sbuf(DType::uint32, {2, 6});
  const ViewId before = f.sbuf(DType::uint32, {2, 24}), after = f.sbuf(DType::uint32, {2, 24});
  const ViewId numbers = f.sbuf(DType::uint32, {1, 5});
  f.set_bits(seeds, example_state);
  RandGetState{.dst = before, .engine = Engine::vector}.execute(f.memory());
  RandSetState{.src_seeds = seeds}.execute(f.memory());
  RandGetState{.dst = state}.execute(f.memory());
  CHECK(std::equal(example_state.begin(), example_state.end(), f.bits(state).begin()));
  Rng{.dst = numbers, .engine = Engine::gpsimd}.execute(f.memory());
  CHECK(f.bits(numbers) == example_numbers);
  RandGetState{.dst = after, .engine = Engine::vector}.execute(f.memory());
  CHECK(f.bits(after) == f.bits(before));
}

TEST_CASE("a state that was read and set again repeats the numbers") {
  TileFixture f;
  const ViewId state = f.sbuf(DType::uint32, {128, 24});
  const ViewId a = f.sbuf(DType::uint32, {128, 9}), b = f.sbuf(DType::uint32, {128, 9});
  RandGetState{.dst = state, .engine = Engine::vector}.execute(f.memory());
  Rng{.dst = a}.execute(f.memory());
  Rng{.dst = b}.execute(f.memory());
  CHECK(f.bits(a) != f.bits(b));
  RandSetState{.src_seeds = state, .engine = Engine::vector}.execute(f.memory());
  Rng{.dst = b}.execute(f.memory());
  CHECK(f.bits(a) == f.bits(b));
}

TEST_CASE("a tile's lanes are those of its partitions") {
  TileFixture f;
  const ViewId all = f.sbuf(DType::uint32, {128, 1}), whole = f.sbuf(DType::uint32, {128, 1});
  const ViewId state = f.sbuf(DType::uint32, {128, 24});
  const ViewId part = f.changed(all, [](View& v) {
    v.partition = 64;
    v.layout.shape[0] = 32;
  });
  RandGetState{.dst = state, .engine = Engine::vector}.execute(f.memory());
  Rng{.dst = whole}.execute(f.memory());
  RandSetState{.src_seeds = state, .engine = Engine::vector}.execute(f.memory());
  Rng{.dst = part}.execute(f.memory());
  for (size_t p = 64; p < 96; ++p) CHECK(f.bits(all)[p] == f.bits(whole)[p]);
}

TEST_CASE("rand2 spreads the numbers between min and max") {
  Seeded s;
  const ViewId d = s.f.sbuf(DType::float32, {2, 8}), low = s.f.sbuf(DType::float32, {2, 1});
  s.f.set(low, {-3, 1});
  s.seed();
  Rand2{.dst = d, .min = low, .max = 2.5f}.execute(s.f.memory());
  for (uint32_t n = 0; n < 16; ++n) {
    const float start = n < 8 ? -3.0f : 1.0f;
    const float expected = start + unit(vector_number(n / 8, n % 8)) * (2.5f - start);
    CHECK(s.f.get(d)[n] == expected);
  }
}

TEST_CASE("rand2 is uniform") {
  TileFixture f;
  const ViewId d = f.sbuf(DType::float32, {128, 1000});
  Rand2{.dst = d, .min = 0, .max = 1}.execute(f.memory());
  std::vector<int> bins(16);
  for (const float x : f.get(d)) {
    REQUIRE(x >= 0);
    REQUIRE(x < 1);
    ++bins[static_cast<size_t>(x * 16)];
  }
  // 8000 a bin with a standard deviation of 87.
  for (const int count : bins) CHECK(std::abs(count - 8000) < 400);
}

TEST_CASE("dropout writes zeros with the probability of the partition") {
  Seeded s;
  const ViewId in = s.f.sbuf(DType::float16, {2, 9}), d = s.f.sbuf(DType::float16, {2, 9});
  const ViewId prob = s.f.sbuf(DType::bfloat16, {2, 1});
  s.f.fill(in, [](int64_t n) { return static_cast<float>(n + 1); });
  s.f.set(prob, {0.5f, 0.25f});
  s.seed();
  Dropout{.dst = d, .data = in, .prob = prob}.execute(s.f.memory());
  for (uint32_t n = 0; n < 18; ++n) {
    const bool dropped = unit(vector_number(n / 9, n % 9)) < (n < 9 ? 0.5f : 0.25f);
    CHECK(s.f.get(d)[n] == (dropped ? 0.0f : static_cast<float>(n + 1)));
  }
  Dropout{.dst = d, .data = in, .prob = 0.0f}.execute(s.f.memory());
  CHECK(s.f.bits(d) == s.f.bits(in));
  Dropout{.dst = d, .data = in, .prob = 1.0f}.execute(s.f.memory());
  CHECK(s.f.bits(d) == Words(18, 0));
}

TEST_CASE("rng refuses types and engines that it does not have") {
  TileFixture f;
  const ViewId sbuf = f.sbuf(DType::uint16, {2, 4}), psum = f.psum(DType::int32, {2, 4});
  CHECK(f.problems(Rng{.dst = psum}) == no_problems);
  CHECK(f.problems(Rng{.dst = sbuf, .engine = Engine::gpsimd}) == no_problems);
  CHECK(f.problems(Rng{.dst = sbuf, .engine = Engine::gpsimd}, Generation::gen2) ==
        Ids{"wrong_generation"});
  CHECK(f.problems(Rng{.dst = psum, .engine = Engine::gpsimd}) == Ids{"wrong_memory"});
  CHECK(f.problems(Rng{.dst = sbuf, .engine = Engine::scalar}) == Ids{"wrong_engine"});
  CHECK(f.problems(Rng{.dst = f.sbuf(DType::float32, {2, 4})}) == Ids{"dtype_mismatch"});
  CHECK(f.problems(Rng{.dst = f.hbm(DType::uint8, {2, 4})}) == Ids{"wrong_memory"});
}

TEST_CASE("random states are uint32 tiles of two dimensions") {
  TileFixture f;
  const ViewId small = f.sbuf(DType::uint32, {128, 6}), large = f.sbuf(DType::uint32, {128, 24});
  const ViewId psum = f.psum(DType::uint32, {128, 24});
  constexpr Generation gen4 = Generation::gen4;
  CHECK(f.problems(RandGetState{.dst = small}) == no_problems);
  CHECK(f.problems(RandSetState{.src_seeds = small}) == no_problems);
  CHECK(f.problems(RandGetState{.dst = psum, .engine = Engine::vector}, gen4) == no_problems);
  CHECK(f.problems(RandSetState{.src_seeds = large, .engine = Engine::vector}, gen4) ==
        no_problems);
  CHECK(f.problems(RandGetState{.dst = large, .engine = Engine::vector}) ==
        Ids{"wrong_generation"});
  CHECK(f.problems(RandSetState{.src_seeds = large}) == Ids{"size_mismatch"});
  CHECK(f.problems(RandSetState{.src_seeds = psum, .engine = Engine::vector}, gen4) ==
        Ids{"wrong_memory"});
  CHECK(f.problems(RandGetState{.dst = f.sbuf(DType::int32, {128, 6})}) == Ids{"dtype_mismatch"});
  CHECK(f.problems(RandGetState{.dst = f.sbuf(DType::uint32, {128, 2, 3})}) == Ids{"bad_shape"});
  CHECK(f.problems(RandGetState{.dst = f.psum(DType::uint32, {128, 6})}) == Ids{"wrong_memory"});
  CHECK(f.problems(RandGetState{.dst = small, .engine = Engine::tensor}) == Ids{"wrong_engine"});
}

TEST_CASE("a seed is one 32-bit element") {
  TileFixture f;
  CHECK(f.problems(SetRngSeed{.src_seeds = f.psum(DType::uint32, {1, 1})}) == no_problems);
  CHECK(f.problems(SetRngSeed{.src_seeds = f.sbuf(DType::int32, {1, 2})}) == Ids{"size_mismatch"});
  CHECK(f.problems(SetRngSeed{.src_seeds = f.sbuf(DType::int16, {1, 1})}) == Ids{"dtype_mismatch"});
}

TEST_CASE("rand2 and dropout refuse bounds and types that they do not take") {
  TileFixture f;
  const ViewId d = f.sbuf(DType::float32, {4, 3}), half = f.sbuf(DType::float16, {4, 1});
  const ViewId column = f.sbuf(DType::float32, {4, 1}), counts = f.sbuf(DType::int32, {4, 3});
  CHECK(f.problems(Rand2{.dst = d, .min = 0, .max = column}) == no_problems);
  CHECK(f.problems(Rand2{.dst = d, .min = 1.0f, .max = 1.0f}) == Ids{"bad_argument"});
  CHECK(f.problems(Rand2{.dst = d, .min = half, .max = 1}) == Ids{"dtype_mismatch"});
  CHECK(f.problems(Rand2{.dst = d, .min = 0}) == Ids{"missing_argument"});
  CHECK(f.problems(Rand2{.dst = f.sbuf(DType::float8_e8m0fnu, {4, 3}), .min = 0, .max = 1}) ==
        Ids{"dtype_mismatch"});
  CHECK(f.problems(Dropout{.dst = d, .data = d, .prob = half}) == no_problems);
  CHECK(f.problems(Dropout{.dst = counts, .data = counts, .prob = half}) == Ids{"dtype_mismatch"});
  CHECK(f.problems(Dropout{.dst = counts, .data = d, .prob = 0.5f}) == Ids{"dtype_mismatch"});
  CHECK(f.problems(Dropout{.dst = d, .data = d}) == Ids{"missing_argument"});
}

}  // namespace kiln
