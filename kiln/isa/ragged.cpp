#include "kiln/isa/ragged.h"

#include <cstring>

namespace kiln {

namespace {

// Rows of the metadata.
enum Row : int64_t { send_count, send_displacement, recv_count, recv_displacement };

uint32_t word(const Bytes& bytes, size_t index) {
  uint32_t value;
  std::memcpy(&value, bytes.data() + index * sizeof value, sizeof value);
  return value;
}

}  // namespace

void Ragged::check(const Context& c, Report& report) const {
  const int64_t ranks = rules::replica_groups(c, report, replica_group);
  rules::collective_tensors(c, report, srcs, dsts, {.sbuf = false, .coalesced = false});
  const NamedTile m{"metadata_tensor", c.tile(metadata)};
  rules::dma_tile(c, report, m);
  rules::dtype_is(report, m, {DType::uint32});
  const int64_t rows = has_rdispls ? 4 : 3;
  const int rank = m.tile.rank();
  const int first = m.tile.in_sbuf() ? 1 : 0;
  const bool fits = rank == first + 2 && (first == 0 || m.tile.shape(0) == 1) &&
                    m.tile.shape(first) == rows && m.tile.shape(first + 1) == ranks;
  if (!fits && ranks > 0) {
    report.add(diag::bad_shape, "metadata_tensor is {}; for {} ranks it is ({}{}, {})",
               view_ops::shape_text(*m.tile.layout), ranks, first == 1 ? "1, " : "", rows, ranks);
  }
}

// The metadata, then the source.
Bytes Ragged::bring(TileMemory& memory) const {
  Bytes all = pack(memory.access(metadata));
  const Bytes source = collective::bring(memory, srcs);
  all.insert(all.end(), source.begin(), source.end());
  return all;
}

void Ragged::take(TileMemory& memory, const Contributions& all) const {
  const size_t ranks = all.of.size();
  const size_t header = static_cast<size_t>(has_rdispls ? 4 : 3) * ranks * sizeof(uint32_t);
  const TileAccess dst = memory.access(memory.tiles().list(dsts.list)[0]);
  TileAccess counts = memory.access(metadata);
  const size_t size = static_cast<size_t>(size_bytes(dst.dtype));
  Bytes bytes = pack(dst);
  const size_t slot = static_cast<size_t>(dst.partitions * dst.elements) / ranks;
  for (size_t sender = 0; sender < ranks; ++sender) {
    const Bytes& brought = all.of[sender];
    const size_t column = one_chunk ? 0 : all.self;
    const size_t count = word(brought, send_count * ranks + column);
    const size_t from = word(brought, send_displacement * ranks + column);
    const size_t to =
        has_rdispls ? word(all.of[all.self], recv_displacement * ranks + sender) : slot * sender;
    const size_t sent = (brought.size() - header) / size, room = bytes.size() / size;
    if (from + count > sent || to + count > room || (!has_rdispls && count > slot)) {
      memory.fault(
          fmt::format("rank number {} of the group sends {} elements from {} on, of {}; "
                      "they go to {} of {}, in slots of {}",
                      sender, count, from, sent, to, room, slot));
      return;
    }
    if (count > 0) {
      std::memcpy(bytes.data() + to * size, brought.data() + header + from * size, count * size);
    }
    if (!recv_counts_known) {
      counts.set_bits(static_cast<int64_t>(recv_count * ranks + sender), static_cast<Bits>(count));
    }
  }
  unpack(bytes, dst);
}

}  // namespace kiln
