#include "kiln/executor/routines/differential.h"

namespace kiln {

using differential::Scene;

TEST_CASE("nc_stream_shuffle routines agree with the reference") {
  differential::run<NcStreamShuffle>([](Scene& scene) {
    const int64_t partitions = scene.one_of({1, 16, 32, 40, 64, 100, 128});
    const int64_t source_partitions = scene.chance(0.3) ? 1 : partitions;
    const int64_t elements = scene.size(700);
    const auto dtype = static_cast<DType>(scene.number(0, 18));
    NcStreamShuffle t;
    t.src = scene.tile({.dtype = dtype, .partitions = source_partitions, .elements = elements});
    t.dst = scene.tile_near(t.src.view,
                            {.dtype = dtype, .partitions = partitions, .elements = elements});
    const int64_t last = std::min<int64_t>(31, source_partitions - 1);
    for (uint8_t& source : t.shuffle_mask.source) {
      source = scene.chance(0.2) ? ShuffleMask::keep : static_cast<uint8_t>(scene.number(0, last));
    }
    scene.fill(false);
    return t;
  });
}

}  // namespace kiln
