#include "kiln/executor/routines/differential.h"

namespace kiln {

namespace {

using differential::Scene;

DType any_dtype(Scene& scene) {
  return static_cast<DType>(scene.number(0, static_cast<int64_t>(DType::float4_e2m1fn_x4)));
}

Memory any_memory(Scene& scene) {
  return scene.one_of({Memory::sbuf, Memory::shared_hbm, Memory::private_hbm});
}

Memory any_hbm(Scene& scene) { return scene.one_of({Memory::shared_hbm, Memory::private_hbm}); }

// Rows of a table in HBM, each with an index of its own.
struct IndexedRows {
  ViewId view, index;
  int64_t table_rows, elements;

  // After the scene was filled. Returns whether some may be out of bounds.
  bool set_indices(Scene& scene) const {
    const int64_t out_of_bounds = scene.chance(0.3) ? 2 : 0;
    scene.set(index, [&](int64_t, int64_t) {
      return static_cast<float>(scene.number(0, table_rows - 1 + out_of_bounds));
    });
    return out_of_bounds > 0;
  }
};

IndexedRows indexed_rows(Scene& scene, int64_t rows, DType dtype) {
  IndexedRows r{.table_rows = scene.size(200), .elements = scene.size(300)};
  r.index = scene.tile({.dtype = DType::int32, .partitions = rows});
  Storage table{.name = "table", .memory = Memory::shared_hbm, .dtype = dtype, .rank = 2};
  table.shape[0] = r.table_rows;
  table.shape[1] = r.elements;
  View view = whole_view(scene.tiles().add(table), table);
  view.layout.shape[0] = rows;
  view.layout.stride[0] = 0;
  view.dynamic = scene.tiles().add(Dynamic{.kind = Dynamic::Kind::vector_tile,
                                           .index = r.index,
                                           .stride = r.elements,
                                           .limit = r.table_rows});
  r.view = scene.tiles().add(view);
  return r;
}

}  // namespace

TEST_CASE("tensor_copy routines agree with the reference") {
  differential::run<TensorCopy>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(3000);
        const DType from = any_dtype(scene), to = scene.chance(0.5) ? from : any_dtype(scene);
        const auto memory = [&] { return scene.chance(0.2) ? Memory::psum : Memory::sbuf; };
        TensorCopy t;
        t.src = scene.tile({.dtype = from,
                            .partitions = partitions,
                            .elements = elements,
                            .memory = memory(),
                            .may_repeat = true});
        t.dst = scene.tile_near(
            t.src.view,
            {.dtype = to, .partitions = partitions, .elements = elements, .memory = memory()});
        scene.fill(false);
        return t;
      },
      {.iterations = 1500, .covered_min = 0.8});
}

TEST_CASE("dma_copy routines agree with the reference") {
  differential::run<DmaCopy>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(800);
        const DType from = any_dtype(scene), to = scene.chance(0.7) ? from : any_dtype(scene);
        // In HBM the partitions are an outer dimension, or not seen at all.
        const auto operand = [&](DType dtype, bool may_repeat) {
          const Memory memory = any_memory(scene);
          if (memory == Memory::sbuf) {
            return scene.tile({.dtype = dtype,
                               .partitions = partitions,
                               .elements = elements,
                               .may_repeat = may_repeat});
          }
          differential::Wanted wanted{.dtype = dtype, .memory = memory, .may_repeat = may_repeat};
          if (scene.chance(0.5)) {
            wanted.elements = partitions * elements;
          } else {
            wanted.shape = {partitions, elements};
          }
          return scene.tile(wanted);
        };
        DmaCopy t{.dst = operand(to, false), .src = operand(from, true)};
        scene.fill(false);
        return t;
      },
      {.iterations = 1000});
}

TEST_CASE("dma_copy routines follow row indices as the reference does") {
  differential::run<DmaCopy>(
      [](Scene& scene) {
        const int64_t rows = scene.size(128);
        const DType dtype = scene.one_of({DType::float32, DType::bfloat16, DType::uint8});
        const IndexedRows table = indexed_rows(scene, rows, dtype);
        const ViewId plain =
            scene.tile({.dtype = dtype, .partitions = rows, .elements = table.elements});
        scene.fill(true);
        const bool outside = table.set_indices(scene);
        DmaCopy t{.oob_mode = outside ? OobMode::skip : OobMode::error};
        const bool gather = scene.chance(0.5);
        t.dst = gather ? plain : table.view;
        t.src = gather ? table.view : plain;
        return t;
      },
      {.iterations = 200});
}

TEST_CASE("dma_compute routines agree with the reference") {
  differential::run<DmaCompute>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = scene.size(800);
        const auto wanted = [&] {
          const DType dtype = scene.chance(0.4) ? DType::float32 : scene.arithmetic_dtype();
          if (scene.chance(0.5)) {
            return differential::Wanted{
                .dtype = dtype, .elements = partitions * elements, .memory = any_hbm(scene)};
          }
          return differential::Wanted{
              .dtype = dtype, .partitions = partitions, .elements = elements};
        };
        std::vector<ViewId> sources;
        for (int64_t n = scene.size(16); n > 0; --n) sources.push_back(scene.tile(wanted()));
        DmaCompute t{.dst = scene.tile(wanted()), .reduce_op = AluOp::add};
        if (scene.chance(0.5)) {
          const Tile first = scene.tiles().tile(sources[0]);
          const bool on_chip = first.on_chip();
          t.dst =
              scene.tile_near(sources[0], {.dtype = first.dtype(),
                                           .partitions = on_chip ? partitions : 1,
                                           .elements = on_chip ? elements : partitions * elements,
                                           .memory = first.memory()});
        }
        t.srcs = scene.tiles().add_list(sources);
        scene.fill(scene.chance(0.6));
        return t;
      },
      {.iterations = 500, .covered_min = 0.8});
}

TEST_CASE("dma_compute routines add rows as the reference does") {
  differential::run<DmaCompute>(
      [](Scene& scene) {
        const int64_t rows = scene.size(128);
        const DType dtype = scene.one_of({DType::float32, DType::bfloat16, DType::int16});
        const IndexedRows table = indexed_rows(scene, rows, dtype);
        const ViewId plain = scene.tile({.dtype = scene.chance(0.5) ? dtype : DType::float32,
                                         .partitions = rows,
                                         .elements = table.elements});
        scene.fill(true);
        const bool outside = table.set_indices(scene);
        DmaCompute t{.dst = scene.chance(0.5) ? plain : table.view,
                     .reduce_op = AluOp::add,
                     .oob_mode = outside ? OobMode::skip : OobMode::error};
        std::vector<ViewId> sources{plain, table.view};
        if (scene.chance(0.5)) std::swap(sources[0], sources[1]);
        t.srcs = scene.tiles().add_list(sources);
        return t;
      },
      {.iterations = 200});
}

TEST_CASE("memset routines agree with the reference") {
  differential::run<Memset>([](Scene& scene) {
    const DType dtype = any_dtype(scene);
    Memset t{.dst = scene.tile({.dtype = dtype,
                                .partitions = scene.size(128),
                                .elements = scene.size(1500),
                                .memory = scene.chance(0.2) ? Memory::psum : Memory::sbuf})};
    t.value = scene.constant();
    if (scene.chance(0.3)) t.value = static_cast<int>(scene.number(-300, 300));
    if (is_packed(dtype)) t.value = 0;
    scene.fill(false);
    return t;
  });
}

}  // namespace kiln
