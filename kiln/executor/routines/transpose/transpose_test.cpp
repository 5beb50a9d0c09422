#include "kiln/executor/routines/differential.h"

namespace kiln {

namespace {

using differential::Scene;

DType any_dtype(Scene& scene) {
  return scene.one_of({DType::float32, DType::bfloat16, DType::uint8, DType::int32});
}

}  // namespace

TEST_CASE("nc_transpose routines agree with the reference") {
  differential::run<NcTranspose>([](Scene& scene) {
    const bool tensor_engine = scene.chance(0.7);
    const int64_t most = tensor_engine ? 128 : 32;
    const int64_t rows = scene.size(most), columns = scene.size(most);
    const DType dtype = any_dtype(scene);
    NcTranspose t{.dst = scene.tile({.dtype = dtype,
                                     .partitions = columns,
                                     .elements = rows,
                                     .memory = tensor_engine ? Memory::psum : Memory::sbuf}),
                  .data = scene.tile({.dtype = dtype, .partitions = rows, .elements = columns})};
    scene.fill(false);
    return t;
  });
}

TEST_CASE("dma_transpose routines agree with the reference") {
  differential::run<DmaTranspose>([](Scene& scene) {
    const int rank = static_cast<int>(scene.number(2, 4));
    const DType dtype = any_dtype(scene);
    std::vector<int64_t> shape{scene.size(100)};
    for (int i = 2; i < rank; ++i) shape.push_back(scene.size(4));
    shape.push_back(scene.size(128));
    std::vector<int64_t> transposed = shape;
    std::swap(transposed.front(), transposed.back());
    const bool from_hbm = scene.chance(0.7);
    const auto on_chip = [&](const std::vector<int64_t>& all) {
      return scene.tile(
          {.dtype = dtype, .partitions = all.front(), .shape = {all.begin() + 1, all.end()}});
    };
    DmaTranspose t{.dst = on_chip(transposed)};
    t.src = from_hbm ? scene.tile({.dtype = dtype, .shape = shape, .memory = Memory::shared_hbm})
                     : on_chip(shape);
    scene.fill(false);
    return t;
  });
}

}  // namespace kiln
