#include "kiln/isa/ring.h"

#include <algorithm>

namespace kiln::ring {

int32_t origin(std::span<const int32_t> group, int32_t rank, int32_t steps) {
  const auto size = static_cast<int64_t>(group.size());
  const int64_t self = std::ranges::find(group, rank) - group.begin();
  return group[static_cast<size_t>(((self - steps) % size + size) % size)];
}

void check(const Context& c, Report& report, const TileListOperand& srcs,
           const TileListOperand& dsts, SmallSet channel_ids) {
  const std::span<const ViewId> from = c.tiles.list(srcs.list), to = c.tiles.list(dsts.list);
  const size_t channels = channel_ids.list().size();
  const bool consecutive = channel_ids.bits == (1 << channels) - 1;
  if (!consecutive || channels == 0 || channels > channels_max) {
    report.add(diag::bad_argument, "channel_ids are {}; they are 0, 1, … up to {}",
               fmt::join(channel_ids.list(), ", "), channels_max - 1);
  }
  if (from.size() != channels || to.size() != channels) {
    report.add(diag::bad_argument, "there are {} srcs and {} dsts for {} channels", from.size(),
               to.size(), channels);
    return;
  }
  for (size_t i = 0; i < from.size(); ++i) {
    const NamedTile s{"srcs", c.tile(from[i])}, d{"dsts", c.tile(to[i])};
    for (const NamedTile& t : {s, d}) {
      rules::dma_tile(c, report, t);
      rules::no_vector_index(c, report, t);
    }
    rules::same_dtype(report, d, s);
    rules::same_elements(report, d, s);
  }
}

void take(TileMemory& memory, const Bytes& bytes, const TileListOperand& dsts) {
  size_t at = 0;
  for (ViewId id : memory.tiles().list(dsts.list)) {
    const TileAccess dst = memory.access(id);
    const size_t size = static_cast<size_t>(dst.partitions * dst.elements * size_bytes(dst.dtype));
    unpack(std::span(bytes).subspan(at, size), dst);
    at += size;
  }
}

}  // namespace kiln::ring
