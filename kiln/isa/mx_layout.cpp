#include "kiln/isa/mx_layout.h"

namespace kiln::mx {

namespace {

void check_scale_partitions(Report& report, const NamedTile& scale, const NamedTile& data) {
  const Tile& tile = scale.tile;
  if (tile.layout->stride[0] != 1 && tile.partitions() != 1) {
    report.add(diag::bad_view, "{} steps by {} in the partition dimension; engines step by 1",
               scale.name, tile.layout->stride[0]);
    return;
  }
  const int64_t needed = scale_row(data.tile.partitions() - 1) + 1;
  if (tile.partitions() < needed) {
    report.add(diag::partition_mismatch,
               "{} has {} partitions; {} has {}, whose scales reach over {}", scale.name,
               tile.partitions(), data.name, data.tile.partitions(), needed);
  }
  const int64_t start = rules::start_partition(tile);
  const int64_t first = rules::start_partition(data.tile) / quadrant * quadrant;
  const int64_t offset = start - first;
  if (offset < 0 || offset > 12 || offset % 4 != 0) {
    report.add(diag::start_partition,
               "{} starts at partition {}; with {} at {}, it starts at {}, {}, {} or {}",
               scale.name, start, data.name, rules::start_partition(data.tile), first, first + 4,
               first + 8, first + 12);
  }
}

}  // namespace

void check_data(const Context& c, Report& report, const NamedTile& data) {
  if (!rules::in_sbuf(c, report, data) || !rules::engine_tile(c, report, data)) return;
  if (data.tile.partitions() % quadrant != 0) {
    report.add(diag::size_mismatch, "{} has {} partitions; it takes a multiple of {}", data.name,
               data.tile.partitions(), quadrant);
  }
}

void check_scale(const Context& c, Report& report, const NamedTile& scale, const NamedTile& data,
                 int64_t columns) {
  rules::dtype_is(report, scale, {DType::float8_e8m0fnu, DType::uint8});
  if (!rules::in_sbuf(c, report, scale)) return;
  rules::no_vector_index(c, report, scale);
  rules::free_elements_are(report, scale, columns);
  if (data.tile.in_sbuf()) check_scale_partitions(report, scale, data);
}

}  // namespace kiln::mx
