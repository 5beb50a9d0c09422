#include "kiln/executor/routines/differential.h"

namespace kiln {

namespace {

using differential::Scene;
using differential::Wanted;

Memory any_memory(Scene& scene) { return scene.chance(0.2) ? Memory::psum : Memory::sbuf; }

int64_t any_size(Scene& scene, int64_t least) {
  return scene.chance(0.05) ? scene.number(8000, 16384)
                            : std::max<int64_t>(least, scene.size(1500));
}

DType index_dtype(Scene& scene) { return scene.one_of({DType::uint16, DType::uint32}); }

Duplicates any_duplicates(Scene& scene) {
  return scene.one_of({Duplicates::ascending, Duplicates::descending});
}

// Contents with repetitions, runs of NaN or infinity, or anything.
void fill_row(Scene& scene, ViewId view) {
  const int64_t kind = scene.number(0, 4);
  const int64_t kinds = scene.one_of<int64_t>({2, 10, 300});
  if (kind == 0) return;
  scene.set(view, [&](int64_t p, int64_t i) {
    if (kind == 1) return static_cast<float>(i);
    if (kind == 2 && i > p * 10) return scene.one_of({NAN, -INFINITY, 0.0f, -0.0f});
    if (kind == 3 && scene.chance(0.9)) return NAN;
    return static_cast<float>(scene.number(-kinds, kinds));
  });
}

// Values of which most are in `data`.
void fill_values(Scene& scene, ViewId vals, ViewId data) {
  fill_row(scene, data);
  if (scene.chance(0.1)) return;
  differential::Image image(scene);
  const TileAccess a = image.memory().access(data);
  std::vector<float> values;
  for (int64_t i = 0; i < a.partitions * eight; ++i) {
    const int64_t p = i / eight;
    if (i % eight > 0 && scene.chance(0.3)) {
      values.push_back(values.back());
    } else if (scene.chance(0.1)) {
      values.push_back(scene.constant());
    } else {
      values.push_back(a.get(p, scene.number(0, a.elements - 1)));
    }
  }
  scene.set(vals, [&](int64_t p, int64_t i) { return values[static_cast<size_t>(p * eight + i)]; });
}

}  // namespace

TEST_CASE("max8 routines agree with the reference") {
  differential::run<Max8>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128);
        Max8 t{.src = scene.tile({.dtype = scene.arithmetic_dtype(),
                                  .partitions = partitions,
                                  .elements = any_size(scene, 8),
                                  .memory = any_memory(scene)})};
        t.dst = scene.tile({.dtype = scene.arithmetic_dtype(),
                            .partitions = partitions,
                            .shape = {8},
                            .memory = any_memory(scene)});
        scene.fill(false);
        fill_row(scene, t.src.view);
        return t;
      },
      {.iterations = 500});
}

TEST_CASE("nc_find_index8 routines agree with the reference") {
  differential::run<NcFindIndex8>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128);
        NcFindIndex8 t{.dst = scene.tile({.dtype = index_dtype(scene),
                                          .partitions = partitions,
                                          .shape = {8},
                                          .memory = any_memory(scene)}),
                       .data = scene.tile({.dtype = scene.arithmetic_dtype(),
                                           .partitions = partitions,
                                           .elements = any_size(scene, 8),
                                           .memory = any_memory(scene)}),
                       .vals = scene.tile({.dtype = scene.arithmetic_dtype(),
                                           .partitions = partitions,
                                           .elements = 8,
                                           .may_repeat = true}),
                       .missing = scene.one_of({-1, 0})};
        scene.fill(false);
        fill_values(scene, t.vals.view, t.data.view);
        return t;
      },
      {.iterations = 500});
}

TEST_CASE("nc_match_replace8 routines agree with the reference") {
  differential::run<NcMatchReplace8>(
      [](Scene& scene) {
        const int64_t partitions = scene.size(128), elements = any_size(scene, 1);
        const DType dtype = scene.arithmetic_dtype();
        const auto wanted = [&](DType type) {
          return Wanted{.dtype = type,
                        .partitions = partitions,
                        .elements = elements,
                        .memory = any_memory(scene)};
        };
        NcMatchReplace8 t{.data = scene.tile(wanted(dtype)),
                          .vals = scene.tile({.dtype = scene.chance(0.5) ? DType::float32
                                                                         : scene.arithmetic_dtype(),
                                              .partitions = partitions,
                                              .elements = 8}),
                          .imm = scene.chance(0.5) ? -INFINITY : scene.constant(),
                          .duplicates = any_duplicates(scene),
                          .missing = scene.one_of({-1, 0})};
        t.dst = scene.chance(0.3)
                    ? t.data.view
                    : scene.tile_near(t.data.view,
                                      wanted(scene.chance(0.6) ? dtype : scene.arithmetic_dtype()));
        if (scene.chance(0.7)) {
          t.dst_idx =
              scene.tile({.dtype = index_dtype(scene), .partitions = partitions, .elements = 8});
        }
        scene.fill(false);
        fill_values(scene, t.vals.view, t.data.view);
        return t;
      },
      {.iterations = 600, .covered_min = 0.8});
}

}  // namespace kiln
