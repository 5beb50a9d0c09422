// RandomState: the pseudo-random number generators of the Vector and GpSimd engines, one group of
// states for each lane (partition). What is documented and what is chosen:
// docs/decisions/0012_random_numbers.md.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "kiln/machine/machine.h"

namespace kiln {

// George Marsaglia, "Xorshift RNGs", 2003: five words of xorshift, and a counter.
struct Xorwow {
  static constexpr int word_count = 6;

  std::array<uint32_t, word_count> words{};

  uint32_t next();
};

class RandomState {
 public:
  static constexpr int lanes = 128;
  static constexpr int vector_states = 4;  // of one lane, which take turns
  static constexpr int gpsimd_states = 1;

  // As after seeding both engines with 0.
  RandomState();

  // Gives the states of all the Vector engine's lanes the values that belong to the seed.
  void seed_vector(uint32_t seed);

  // The states of one lane: of the Vector engine, or else of the GpSimd engine.
  std::span<Xorwow> lane(Engine engine, int64_t lane);

 private:
  std::array<Xorwow, lanes * vector_states> vector_;
  std::array<Xorwow, lanes * gpsimd_states> gpsimd_;
};

// Words of state of one lane.
constexpr int64_t random_state_words(Engine engine) {
  return Xorwow::word_count *
         (engine == Engine::vector ? RandomState::vector_states : RandomState::gpsimd_states);
}

// The random bits for elements 0, 1, 2, … of one partition: state i modulo their number gives
// element i. Every instruction begins with the first state.
class RandomBits {
 public:
  explicit RandomBits(std::span<Xorwow> states) : states_(states) {}

  uint32_t next() {
    const uint32_t bits = states_[turn_].next();
    turn_ = turn_ + 1 == states_.size() ? 0 : turn_ + 1;
    return bits;
  }

 private:
  std::span<Xorwow> states_;
  size_t turn_ = 0;
};

// The upper 24 bits as a float32 in [0, 1).
constexpr float uniform(uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

}  // namespace kiln
