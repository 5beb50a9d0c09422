// Access patterns: [[step, count], …] over a storage, as NkiTensor.ap takes them and get_pattern
// gives them. On-chip, a storage counts as its rows one after another: element e is in partition
// e / row, at e % row.

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "kiln/tile/view_ops.h"

namespace kiln::view_ops {

namespace {

template <class... Args>
Error error(fmt::format_string<Args...> message, Args&&... args) {
  return {fmt::format(message, std::forward<Args>(args)...)};
}

// More elements than any memory has.
constexpr int64_t beyond = int64_t{1} << 40;

// What a pattern's steps and offset count in.
struct Frame {
  int64_t row = 0;        // elements of a row on-chip
  int32_t partition = 0;  // where offset 0 is
  int64_t offset = 0;
  int64_t partition_step = 1;  // from one row to the next
  int64_t step = 1;            // from one element of a row to the next
};

// The one stride of an on-chip view's elements within a partition; nothing if they have several.
std::optional<int64_t> row_stride(const Layout& layout) {
  int64_t stride = 0, elements = 1;
  for (int i = layout.rank - 1; i > 0; --i) {
    if (layout.shape[i] == 1) continue;
    if (elements == 1) stride = layout.stride[i];
    if (layout.stride[i] != elements * stride) return std::nullopt;
    elements *= layout.shape[i];
  }
  return elements == 1 ? 1 : stride;
}

// The elements a view touches, over its dimensions from `first` on: all lie in low … high.
struct Reach {
  int64_t low, high;
};
Reach reach(const Layout& layout, int first, int64_t offset) {
  Reach r{offset, offset};
  for (int i = first; i < layout.rank; ++i) {
    const double distance =
        static_cast<double>(layout.shape[i] - 1) * static_cast<double>(layout.stride[i]);
    const int64_t steps = static_cast<int64_t>(std::clamp<double>(distance, -beyond, beyond));
    (steps < 0 ? r.low : r.high) += steps;
  }
  return r;
}

Result<View> hbm_pattern(const Tile& tile, View view) {
  const int64_t elements =
      tile.storage->elements() * size_bytes(tile.storage->dtype) / size_bytes(view.layout.dtype);
  const Reach r = reach(view.layout, 0, view.offset);
  if (r.low < 0 || r.high >= elements) {
    return error("the pattern reaches from element {} to {}; '{}' has {} of {}", r.low, r.high,
                 tile.storage->name, elements, name_of(view.layout.dtype));
  }
  return view;
}

// Which frame an on-chip pattern means. The documentation knows two: the storage, ignoring the view
// (then the first step is the storage's row), and the view as a tensor of its own (then the first
// step is the view's row). The step tells which one the kernel's author had in mind.
Result<Frame> on_chip_frame(const Tile& tile, Step partitions, DType dtype, bool has_offset) {
  const int64_t bytes = size_bytes(dtype);
  const int64_t row_bytes = tile.storage->row_bytes();
  const int64_t view_offset_bytes = tile.offset * size_bytes(tile.dtype());
  if (row_bytes % bytes != 0 || (!has_offset && view_offset_bytes % bytes != 0)) {
    return error("rows of {} bytes, from byte {} on, are not whole elements of {}", row_bytes,
                 view_offset_bytes, name_of(dtype));
  }
  if (partitions.step == 0) {
    return error("the first step is 0; on-chip it is the row of '{}', {} elements of {}",
                 tile.storage->name, row_bytes / bytes, name_of(dtype));
  }
  const int64_t row = row_bytes / bytes;
  const int64_t view_row = tile.free_elements() * size_bytes(tile.dtype()) / bytes;
  Frame frame{.row = row};
  if (partitions.step == row || (partitions.count == 1 && partitions.step != view_row)) {
    if (!has_offset) {
      frame.partition = tile.partition;
      frame.offset = view_offset_bytes / bytes;
    }
    return frame;
  }
  const std::optional<int64_t> stride = row_stride(*tile.layout);
  const bool same_size = bytes == size_bytes(tile.dtype());
  const bool is_expressible = stride && (same_size || *stride == 1);
  if (partitions.step != view_row || !is_expressible || view_offset_bytes % bytes != 0) {
    return error("the first step is {}; on-chip it is the row of '{}', {} elements of {}",
                 partitions.step, tile.storage->name, row, name_of(dtype));
  }
  return Frame{.row = view_row,
               .partition = tile.partition,
               .offset = view_offset_bytes / bytes,
               .partition_step = tile.layout->stride[0],
               .step = *stride};
}

Result<View> on_chip_pattern(const Tile& tile, View view, Step partitions,
                             std::optional<int64_t> offset) {
  Layout& layout = view.layout;
  const Result<Frame> found = on_chip_frame(tile, partitions, layout.dtype, offset.has_value());
  if (!found) return found.error();
  const Frame& frame = *found;
  const int64_t start = offset.value_or(0);
  for (int i = 1; i < layout.rank; ++i) layout.stride[i] *= frame.step;
  layout.stride[0] = partitions.count == 1 ? 1 : frame.partition_step;
  if (layout.rank == 1) {
    layout.shape[1] = layout.stride[1] = 1;
    layout.rank = 2;
  }

  const int64_t partition = frame.partition + start / frame.row * frame.partition_step;
  const int64_t last = partition + (partitions.count - 1) * layout.stride[0];
  if (last >= tile.storage->partitions()) {
    return error("the pattern reaches partition {}; '{}' has {}", last, tile.storage->name,
                 tile.storage->partitions());
  }
  view.partition = static_cast<int32_t>(partition);
  view.offset = frame.offset + start % frame.row * frame.step;
  const Reach r = reach(layout, 1, view.offset);
  const int64_t row = tile.storage->row_bytes() / size_bytes(layout.dtype);
  if (r.low < 0 || r.high >= row) {
    return error("the pattern reaches from element {} to {} of a row; '{}' has {} of {} in a row",
                 r.low, r.high, tile.storage->name, row, name_of(layout.dtype));
  }
  return view;
}

}  // namespace

Result<View> access_pattern(const Tile& tile, std::span<const Step> pattern,
                            std::optional<int64_t> offset, std::optional<DType> dtype) {
  if (tile.dynamic.valid())
    return error("the view has a runtime index, which a pattern would lose");
  if (pattern.empty() || pattern.size() > max_rank) {
    return error("the pattern has {} dimensions; 1 to {} are possible", pattern.size(), max_rank);
  }
  if (offset && (*offset < 0 || *offset > beyond)) {
    return error("the offset is {}; it is 0 to {}", *offset, beyond);
  }

  View view{.storage = tile.storage_id};
  view.layout.dtype = dtype.value_or(tile.dtype());
  view.layout.rank = static_cast<uint8_t>(pattern.size());
  for (int i = 0; i < view.layout.rank; ++i) {
    const Step& step = pattern[static_cast<size_t>(i)];
    if (step.count < 1 || step.count > beyond || step.step < -beyond || step.step > beyond) {
      return error("dimension {} has {} elements at step {}; it has 1 to {}", i, step.count,
                   step.step, beyond);
    }
    view.layout.shape[i] = step.count;
    view.layout.stride[i] = step.step;
  }
  if (tile.on_chip()) return on_chip_pattern(tile, view, pattern[0], offset);

  const int64_t bytes = size_bytes(view.layout.dtype);
  const int64_t offset_bytes = tile.offset * size_bytes(tile.dtype());
  if (!offset && offset_bytes % bytes != 0) {
    return error("the view starts at byte {}, which is inside an element of {}", offset_bytes,
                 name_of(view.layout.dtype));
  }
  view.offset = offset.value_or(offset_bytes / bytes);
  return hbm_pattern(tile, view);
}

std::vector<Step> pattern(const Tile& tile) {
  const Layout& layout = *tile.layout;
  std::vector<Step> steps;
  for (int i = 0; i < layout.rank; ++i) steps.push_back({layout.stride[i], layout.shape[i]});
  if (tile.on_chip()) steps[0].step *= tile.storage->row_bytes() / size_bytes(layout.dtype);
  return steps;
}

int64_t storage_offset(const Tile& tile) {
  if (!tile.on_chip()) return tile.offset;
  return tile.partition * (tile.storage->row_bytes() / size_bytes(tile.dtype())) + tile.offset;
}

}  // namespace kiln::view_ops
