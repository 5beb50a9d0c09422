// The differential test of routines: random instructions on random memory, each executed by its
// reference meaning and by the routine at every available CPU level. Test support.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "kiln/base/diagnostic.h"
#include "kiln/executor/routines/routine.h"
#include "kiln/isa/context.h"

#include <doctest/doctest.h>

namespace kiln::differential {

// What a tile of a random instruction looks like.
struct Wanted {
  DType dtype = DType::float32;
  int64_t partitions = 1;
  int64_t elements = 1;             // per partition
  std::vector<int64_t> shape = {};  // the free dimensions; empty: some that make `elements`
  Memory memory = Memory::sbuf;
  bool may_repeat = false;  // dimensions may have stride 0
};

// Tiles, their contents, and the choices that make a random instruction.
class Scene {
 public:
  explicit Scene(uint32_t seed) : seed_(seed), random_(seed) {}

  // A whole number in [low, high].
  int64_t number(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
  bool chance(double probability) { return std::bernoulli_distribution(probability)(random_); }
  template <class T>
  T one_of(std::initializer_list<T> list) {
    return list.begin()[number(0, static_cast<int64_t>(list.size()) - 1)];
  }
  // A size up to `max`: often 1, a power of two or one beside it.
  int64_t size(int64_t max);
  DType arithmetic_dtype();
  DType integer_dtype();

  // A view of a new storage, with random strides, offset and start partition.
  ViewId tile(const Wanted& wanted);
  // As above, or a tile that shares the storage of `other`: the same elements, or some of them.
  ViewId tile_near(ViewId other, const Wanted& wanted);
  // The given constant, or a [partitions, 1] tile.
  InOrScalar constant_or_column(int64_t partitions, DType dtype);
  float constant();

  // Fills the storages with random contents: bit patterns, or numbers of moderate size.
  void fill(bool only_moderate);
  // After fill: sets the elements of a view to value(partition, element).
  void set(ViewId view, const std::function<float(int64_t, int64_t)>& value);
  void set_bits(ViewId view, const std::function<Bits(int64_t, int64_t)>& value);

  Tiles& tiles() { return tiles_; }
  uint32_t seed() const { return seed_; }

 private:
  friend class Image;

  uint32_t seed_;
  std::mt19937 random_;
  Tiles tiles_;
  std::vector<std::vector<std::byte>> contents_;  // by storage
};

// A memory with the scene's contents.
class Image {
 public:
  explicit Image(const Scene& scene);
  Image(const Image&) = delete;

  TileMemory& memory() { return memory_; }

  // The first difference to `reference`, or "". Floats differ by at most `ulps`.
  std::string difference(Image& reference, float ulps);

 private:
  const Scene& scene_;
  std::vector<std::vector<std::byte>> bytes_;
  TileMemory memory_;
};

// Distance in steps of the dtype that float32 values `ulps` apart can have.
bool close(DType dtype, Bits a, Bits b, float ulps);

// How many of a family's random instructions were legal, and of those covered by routines.
struct Coverage {
  int64_t made = 0, legal = 0, covered = 0, run = 0;
};

// The environment variable KILN_TEST_SEED, or 1.
uint32_t chosen_seed();

// The share of `all` that the environment variable KILN_TEST_PERCENT asks for, for builds in which
// everything takes ten times as long; at least 20.
int chosen_iterations(int all);

struct Options {
  int iterations = 400;
  uint32_t seed = chosen_seed();
  Generation target = Generation::gen4;
  double covered_min = 0.9;  // of the legal instructions
};

struct RoutineTolerance {
  template <class T>
  float operator()(const RoutineEntry<T>& entry, const T&) const {
    return entry.tolerance.ulps;
  }
};

// The instruction's enumerators and flags, and the types of its tiles.
template <class T>
std::string description(const T& instruction, const Tiles& tiles) {
  std::string text;
  const auto add = [&](std::string_view name, const auto& value) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  };
  for_each_field<T>([&](const auto& field) {
    const auto& member = instruction.*field.member;
    using Member = std::decay_t<decltype(member)>;
    if constexpr (NamedEnum<Member>) {
      add(field.name, name_of(member));
    } else if constexpr (std::is_arithmetic_v<Member>) {
      add(field.name, member);
    } else if constexpr (std::is_base_of_v<TileOperand, Member>) {
      if (member.given()) add(field.name, name_of(tiles.tile(member.view).dtype()));
    } else if constexpr (std::is_base_of_v<TileListOperand, Member>) {
      for (const ViewId id : tiles.list(member.list))
        add(field.name, name_of(tiles.tile(id).dtype()));
    } else if constexpr (std::is_same_v<Member, InOrScalar>) {
      if (member.is_tile()) add(field.name, name_of(tiles.tile(member.view).dtype()));
      if (member.is_scalar()) add(field.name, member.scalar());
    }
  });
  return text;
}

// `make(scene)` returns a random instruction; those that its check refuses are left out.
// `ulps(entry, instruction)` is how far its result may be from the reference.
template <class T, class Make, class Ulps = RoutineTolerance>
Coverage run(const Make& make, const Options& options = {}, const Ulps& ulps = {}) {
  Coverage coverage;
  const int iterations = chosen_iterations(options.iterations);
  for (int i = 0; i < iterations; ++i) {
    const uint32_t seed = options.seed + static_cast<uint32_t>(i) * 7919u;
    CAPTURE(seed);
    Scene scene(seed);
    const T instruction = make(scene);
    CAPTURE(description(instruction, scene.tiles()));
    Report report;
    instruction.check({machine(options.target), scene.tiles()}, report);
    ++coverage.made;
    if (report.has_errors()) continue;
    ++coverage.legal;
    Image reference(scene);
    instruction.execute(reference.memory());
    if (reference.memory().fault()) continue;

    std::vector<std::unique_ptr<Image>> results;
    for (const RoutineEntry<T>& entry : routines_of<T>()) {
      if (!is_available(entry.level)) continue;
      CAPTURE(entry.name);
      results.push_back(std::make_unique<Image>(scene));
      Image& result = *results.back();
      ++coverage.run;
      if (!entry.run(instruction, result.memory())) {
        REQUIRE(result.difference(*std::make_unique<Image>(scene), 0) == "");
        results.pop_back();
        continue;
      }
      ++coverage.covered;
      REQUIRE(result.difference(reference, ulps(entry, instruction)) == "");
      REQUIRE(result.difference(*results.front(), 0) == "");
    }
  }
  CHECK(coverage.legal > iterations / 4);
  CHECK(static_cast<double>(coverage.covered) >=
        options.covered_min * static_cast<double>(coverage.run));
  return coverage;
}

}  // namespace kiln::differential
