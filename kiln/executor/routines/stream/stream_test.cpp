// Every stored pattern and many float32 through the conversions of each level, as tensor_copy does
// them.
#include "kiln/executor/routines/differential.h"

namespace kiln {

namespace {

using differential::Image;
using differential::Scene;

constexpr int64_t row = 512;

// `count` elements from `first` on of type `from`, counted through their patterns, become `to`.
void convert_all(DType from, DType to, uint64_t first, uint64_t step) {
  CAPTURE(name_of(from));
  CAPTURE(name_of(to));
  CAPTURE(first);
  Scene scene(1);
  TensorCopy t{.dst = scene.tile({.dtype = to, .partitions = 128, .shape = {row}}),
               .src = scene.tile({.dtype = from, .partitions = 128, .shape = {row}})};
  scene.fill(true);
  scene.set_bits(t.src.view, [&](int64_t p, int64_t i) {
    return static_cast<Bits>(first + step * static_cast<uint64_t>(p * row + i));
  });
  Image reference(scene);
  t.execute(reference.memory());
  for (const RoutineEntry<TensorCopy>& entry : routines_of<TensorCopy>()) {
    if (!is_available(entry.level)) continue;
    CAPTURE(entry.name);
    Image result(scene);
    REQUIRE(entry.run(t, result.memory()));
    REQUIRE(result.difference(reference, 0) == "");
  }
}

}  // namespace

TEST_CASE("every pattern of a narrow type widens as in the reference") {
  for (int i = 0; i <= static_cast<int>(DType::float4_e2m1fn); ++i) {
    const auto dtype = static_cast<DType>(i);
    if (dtype == DType::float32) continue;
    const uint64_t step = size_bytes(dtype) == 4 ? 65537 : 1;
    convert_all(dtype, DType::float32, 0, step);
  }
}

TEST_CASE("float32 of every size narrow as in the reference") {
  for (int i = 0; i <= static_cast<int>(DType::float4_e2m1fn); ++i) {
    const auto dtype = static_cast<DType>(i);
    if (dtype == DType::float32) continue;
    // The upper half counts through everything; the lower half holds ties and their neighbours.
    for (uint64_t low :
         {0x0000u, 0x0001u, 0x0FFFu, 0x1000u, 0x1001u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu}) {
      convert_all(DType::float32, dtype, low, 0x10000);
    }
  }
}

}  // namespace kiln
