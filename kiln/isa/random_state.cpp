#include "kiln/isa/random_state.h"

namespace kiln {

namespace {

// Guy Steele, Doug Lea, Christine Flood, "Fast splittable pseudorandom number generators", 2014.
uint64_t splitmix64(uint64_t& state) {
  state += 0x9E3779B97F4A7C15u;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// The states one after the other take the words of one splitmix64 sequence, the lower half first.
void seed(std::span<Xorwow> states, uint64_t start) {
  for (Xorwow& state : states) {
    for (size_t i = 0; i < Xorwow::word_count; i += 2) {
      const uint64_t word = splitmix64(start);
      state.words[i] = static_cast<uint32_t>(word);
      state.words[i + 1] = static_cast<uint32_t>(word >> 32);
    }
  }
}

// Keeps the GpSimd engine's sequence apart from those of the Vector engine's 32-bit seeds.
constexpr uint64_t gpsimd_start = uint64_t{1} << 32;

}  // namespace

uint32_t Xorwow::next() {
  auto& [x, y, z, w, v, d] = words;
  const uint32_t t = x ^ (x >> 2);
  x = y;
  y = z;
  z = w;
  w = v;
  v = (v ^ (v << 4)) ^ (t ^ (t << 1));
  d += 362437;
  return d + v;
}

RandomState::RandomState() {
  seed_vector(0);
  seed(gpsimd_, gpsimd_start);
}

void RandomState::seed_vector(uint32_t seed_value) { seed(vector_, seed_value); }

std::span<Xorwow> RandomState::lane(Engine engine, int64_t lane) {
  const std::span<Xorwow> all =
      engine == Engine::vector ? std::span<Xorwow>(vector_) : std::span<Xorwow>(gpsimd_);
  const size_t count = all.size() / lanes;
  return all.subspan(static_cast<size_t>(lane) * count, count);
}

}  // namespace kiln
