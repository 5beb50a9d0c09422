#include "kiln/checker/footprint.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace kiln {

Footprint footprint(const Tile& tile) {
  const Layout& layout = *tile.layout;
  const int64_t size = size_bytes(layout.dtype);
  Footprint f{.storage = tile.storage_id, .byte = tile.offset * size, .run_bytes = size};
  int first_free = 0;
  if (tile.on_chip()) {
    first_free = 1;
    f.partition = tile.partition;
    f.partitions = layout.shape[0];
    f.partition_step = layout.stride[0];
  }
  int dim = layout.rank;
  while (dim > first_free &&
         (layout.shape[dim - 1] == 1 || layout.stride[dim - 1] * size == f.run_bytes)) {
    f.run_bytes *= layout.shape[--dim];
  }
  // The longest steps first, whatever the order of the dimensions: it is the same set of bytes.
  for (int i = first_free; i < dim; ++i) {
    const int64_t count = layout.shape[i], stride = layout.stride[i] * size;
    // What is broadcast touches the same bytes again.
    if (count == 1 || stride == 0) continue;
    int at = f.rank++;
    for (; at > 0 && std::abs(f.stride[at - 1]) < std::abs(stride); --at) {
      f.shape[at] = f.shape[at - 1];
      f.stride[at] = f.stride[at - 1];
    }
    f.shape[at] = count;
    f.stride[at] = stride;
  }
  int kept = 0;
  for (int i = 1; i < f.rank; ++i) {
    if (f.stride[kept] == f.shape[i] * f.stride[i]) {
      f.shape[kept] *= f.shape[i];
    } else {
      f.shape[++kept] = f.shape[i];
    }
    f.stride[kept] = f.stride[i];
  }
  if (f.rank > 0) f.rank = kept + 1;
  // Steps of a run's length make it longer.
  if (f.rank > 0 && f.stride[f.rank - 1] == f.run_bytes) {
    f.run_bytes *= f.shape[--f.rank];
  }
  return f;
}

int64_t Footprint::bytes() const {
  int64_t runs = partitions;
  for (int i = 0; i < rank; ++i) runs *= shape[i];
  return runs * run_bytes;
}

Region Footprint::region() const {
  const int64_t reach = (partitions - 1) * partition_step;
  int64_t low = byte, high = byte;
  for (int i = 0; i < rank; ++i) {
    const int64_t far = (shape[i] - 1) * stride[i];
    (far < 0 ? low : high) += far;
  }
  return {partition + std::min<int64_t>(reach, 0), partition + std::max<int64_t>(reach, 0) + 1, low,
          high + run_bytes};
}

namespace {

std::vector<std::pair<int64_t, int64_t>> sorted_runs(const Footprint& f) {
  std::vector<std::pair<int64_t, int64_t>> runs;
  for_each_run(f, [&](int64_t first, int64_t end) { runs.emplace_back(first, end); });
  std::ranges::sort(runs);
  return runs;
}

}  // namespace

// Of footprints of several partitions' steps, the boxes around their partitions are compared.
bool Footprint::overlaps(const Footprint& other) const {
  if (!region().overlaps(other.region())) return false;
  if (rank == 0 && other.rank == 0) return true;
  const auto mine = sorted_runs(*this), others = sorted_runs(other);
  size_t i = 0, j = 0;
  while (i < mine.size() && j < others.size()) {
    if (mine[i].first < others[j].second && others[j].first < mine[i].second) return true;
    mine[i].second <= others[j].second ? ++i : ++j;
  }
  return false;
}

}  // namespace kiln
