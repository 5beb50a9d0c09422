#include "kiln/executor/routines/differential.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace kiln::differential {

namespace {

// A random order of n things.
template <class Random>
std::vector<int> shuffled(int n, Random& random) {
  std::vector<int> order(static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) order[static_cast<size_t>(i)] = i;
  std::shuffle(order.begin(), order.end(), random);
  return order;
}

// Steps from one value of the dtype to another, for finite values of 2 or 4 bytes.
int64_t ordinal(Bits bits, int64_t bytes) {
  const int shift = 32 - static_cast<int>(bytes * 8);
  const auto pattern = static_cast<int32_t>(bits << shift);
  const int64_t magnitude = (static_cast<int64_t>(pattern) & 0x7FFFFFFF) >> shift;
  return pattern < 0 ? -magnitude : magnitude;
}

}  // namespace

uint32_t chosen_seed() {
  const char* seed = std::getenv("KILN_TEST_SEED");
  return seed == nullptr ? 1 : static_cast<uint32_t>(std::strtoul(seed, nullptr, 10));
}

int chosen_iterations(int all) {
  const char* percent = std::getenv("KILN_TEST_PERCENT");
  if (percent == nullptr) return all;
  return std::max(20, all * static_cast<int>(std::strtol(percent, nullptr, 10)) / 100);
}

int64_t Scene::size(int64_t max) {
  if (chance(0.15)) return 1;
  int64_t n = number(1, chance(0.5) ? 20 : max);
  if (chance(0.3)) {
    n = int64_t{1} << number(0, 10);
    n += number(-1, 1);
  }
  return std::clamp<int64_t>(n, 1, max);
}

DType Scene::arithmetic_dtype() {
  if (chance(0.4)) return DType::float32;
  if (chance(0.4)) return DType::bfloat16;
  return static_cast<DType>(number(0, static_cast<int64_t>(DType::float4_e2m1fn)));
}

DType Scene::integer_dtype() { return static_cast<DType>(number(0, 6)); }

ViewId Scene::tile(const Wanted& wanted) {
  std::vector<int64_t> shape = wanted.shape;
  if (shape.empty()) {
    int64_t rest = wanted.elements;
    for (int64_t divisor = 2; divisor < 8 && shape.size() < 3; ++divisor) {
      if (rest % divisor == 0 && rest > divisor && chance(0.3)) {
        shape.push_back(divisor);
        rest /= divisor;
      }
    }
    shape.push_back(rest);
    std::shuffle(shape.begin(), shape.end(), random_);
  }
  const bool plain = chance(0.5);
  const int free_rank = static_cast<int>(shape.size());
  View view;
  view.layout.dtype = wanted.dtype;
  const bool on_chip = is_on_chip(wanted.memory);
  const int first = on_chip ? 1 : 0;
  view.layout.rank = static_cast<uint8_t>(free_rank + first);
  int64_t step = plain ? 1 : number(1, 3);
  std::vector<int> order = shuffled(free_rank, random_);
  if (plain) std::sort(order.begin(), order.end(), std::greater<>());
  for (int i : order) {
    const int64_t size = shape[static_cast<size_t>(i)];
    view.layout.shape[i + first] = size;
    const bool repeats = wanted.may_repeat && chance(0.1);
    view.layout.stride[i + first] = repeats ? 0 : step;
    if (!repeats) step = step * size + (plain ? 0 : number(0, 3));
  }
  view.offset = chance(0.5) ? 0 : number(0, 5);
  Storage storage{.name = "t", .memory = wanted.memory, .dtype = wanted.dtype};
  const int64_t row = view.offset + step + number(0, 4);
  if (on_chip) {
    const int64_t quadrant = wanted.partitions > 64 ? 128 : wanted.partitions > 32 ? 64 : 32;
    const int64_t start =
        chance(0.6) ? 0 : std::min<int64_t>(number(0, 3) * quadrant, 128 - quadrant);
    view.partition = static_cast<int32_t>(start);
    view.layout.shape[0] = wanted.partitions;
    view.layout.stride[0] = 1;
    storage.rank = 2;
    storage.shape[0] = std::min<int64_t>(128, start + wanted.partitions + number(0, 2));
    storage.shape[1] = row;
  } else {
    storage.rank = 1;
    storage.shape[0] = row;
  }
  view.storage = tiles_.add(storage);
  return tiles_.add(view);
}

ViewId Scene::tile_near(ViewId other, const Wanted& wanted) {
  const View view = tiles_.view(other);
  const bool same_dtype = wanted.dtype == view.layout.dtype;
  const bool same_count = tiles_.tile(other).partitions() == wanted.partitions &&
                          tiles_.tile(other).free_elements() == wanted.elements;
  if (!same_dtype || !same_count || tiles_.tile(other).memory() != wanted.memory || chance(0.6)) {
    return tile(wanted);
  }
  View near = view;
  // A little to the side it overlaps, and may still be within the storage's row.
  if (chance(0.4)) {
    near.offset += number(-2, 2);
    const Storage& storage = tiles_.storage(view.storage);
    int64_t last = near.offset;
    for (int i = 1; i < near.layout.rank; ++i) {
      last += (near.layout.shape[i] - 1) * near.layout.stride[i];
    }
    if (near.offset < 0 || last >= storage.row_elements()) near.offset = view.offset;
  }
  return tiles_.add(near);
}

float Scene::constant() {
  if (chance(0.5)) return static_cast<float>(number(-4, 4));
  return std::uniform_real_distribution<float>(-3, 3)(random_);
}

InOrScalar Scene::constant_or_column(int64_t partitions, DType dtype) {
  if (chance(0.3)) return constant();
  if (chance(0.2)) return static_cast<int32_t>(number(-3, 40));
  return tile({.dtype = dtype, .partitions = partitions});
}

void Scene::fill(bool only_moderate) {
  contents_.clear();
  for (uint32_t id = 0; id < tiles_.storage_count(); ++id) {
    const Storage& storage = tiles_.storage({id});
    const int64_t bytes = size_bytes(storage.dtype), count = storage.elements();
    std::vector<std::byte>& data = contents_.emplace_back(static_cast<size_t>(count * bytes));
    const bool patterns = is_packed(storage.dtype) || (!only_moderate && chance(0.3));
    std::uniform_real_distribution<float> wide(-8, 8);
    for (int64_t i = 0; i < count; ++i) {
      auto bits = static_cast<Bits>(random_());
      if (storage.dtype == DType::bool_) bits &= 1;
      if (!patterns) {
        float value = wide(random_);
        if (only_moderate && is_integer(storage.dtype)) value = std::round(value);
        if (chance(0.2)) value = static_cast<float>(number(-2, 2)) * (chance(0.5) ? 1.f : -1.f);
        if (!only_moderate && chance(0.02)) {
          value = one_of({INFINITY, -INFINITY, NAN, -0.0f, 1e-40f, 3e38f, -1e10f, 2147483648.0f});
        }
        bits = from_float32(storage.dtype, value);
      }
      store_bits(storage.dtype, data.data() + i * bytes, bits);
    }
  }
}

void Scene::set_bits(ViewId view, const std::function<Bits(int64_t, int64_t)>& value) {
  const StorageId id = tiles_.storage_of(view);
  TileMemory memory(tiles_, 0);
  memory.buffer(id) = {contents_[id.value].data(), tiles_.storage(id).row_bytes()};
  const TileAccess a = memory.access(view);
  for (int64_t p = 0; p < a.partitions; ++p) {
    for (int64_t i = 0; i < a.elements; ++i) a.set_bits(p, i, value(p, i));
  }
}

void Scene::set(ViewId view, const std::function<float(int64_t, int64_t)>& value) {
  const DType dtype = tiles_.tile(view).dtype();
  set_bits(view, [&](int64_t p, int64_t i) { return from_float32(dtype, value(p, i)); });
}

Image::Image(const Scene& scene)
    : scene_(scene), bytes_(scene.contents_), memory_(scene.tiles_, 0) {
  for (uint32_t id = 0; id < bytes_.size(); ++id) {
    const Storage& storage = scene.tiles_.storage({id});
    memory_.buffer({id}) = {bytes_[id].data(), storage.on_chip() ? storage.row_bytes() : 0};
  }
  for (Engine engine : {Engine::scalar, Engine::vector}) {
    int i = 0;
    for (float& total : memory_.accumulators(engine)) total = static_cast<float>(++i % 7);
  }
}

bool close(DType dtype, Bits a, Bits b, float ulps) {
  if (a == b) return true;
  if (is_packed(dtype)) return false;
  const float x = to_float32(dtype, a), y = to_float32(dtype, b);
  if (is_floating(dtype) && std::isnan(x) && std::isnan(y)) return true;
  // A NaN, whose sign is open, narrows to a zero with a sign.
  if (dtype == DType::float4_e2m1fn && x == 0 && y == 0) return true;
  if (ulps == 0) return false;
  if (!is_floating(dtype)) return std::fabs(x - y) <= 1 + ulps * 0x1p-23f * std::fabs(x);
  if (x == y) return true;
  if (std::isnan(x) || std::isnan(y)) return false;
  const int64_t bytes = size_bytes(dtype);
  const int64_t steps = std::abs(ordinal(a, bytes) - ordinal(b, bytes));
  if (dtype == DType::float32) return static_cast<float>(steps) <= ulps;
  return steps <= (dtype == DType::tfloat32 ? 1 << 13 : 1);
}

std::string Image::difference(Image& reference, float ulps) {
  for (uint32_t id = 0; id < bytes_.size(); ++id) {
    const Storage& storage = scene_.tiles_.storage({id});
    const int64_t size = size_bytes(storage.dtype);
    for (int64_t i = 0; i < storage.elements(); ++i) {
      const Bits got = load_bits(storage.dtype, bytes_[id].data() + i * size);
      const Bits want = load_bits(storage.dtype, reference.bytes_[id].data() + i * size);
      if (close(storage.dtype, got, want, ulps)) continue;
      return fmt::format("storage {} ({}) partition {} element {}: {:#x} instead of {:#x}", id,
                         name_of(storage.dtype), i / storage.row_elements(),
                         i % storage.row_elements(), got, want);
    }
  }
  for (Engine engine : {Engine::scalar, Engine::vector}) {
    for (size_t p = 0; p < 128; ++p) {
      const float got = memory_.accumulators(engine)[p];
      const float want = reference.memory_.accumulators(engine)[p];
      if (close(DType::float32, std::bit_cast<Bits>(got), std::bit_cast<Bits>(want), ulps)) {
        continue;
      }
      return fmt::format("{} accumulator {}: {} instead of {}", name_of(engine), p, got, want);
    }
  }
  return "";
}

}  // namespace kiln::differential
