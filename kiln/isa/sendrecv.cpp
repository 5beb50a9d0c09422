#include "kiln/isa/sendrecv.h"

#include <algorithm>

#include "kiln/isa/rules.h"

namespace kiln {

void Sendrecv::check(const Context& c, Report& report) const {
  const NamedTile s{"src", c.tile(src.view)}, d{"dst", c.tile(dst.view)};
  for (const NamedTile& t : {s, d}) {
    rules::in_sbuf(c, report, t);
    rules::no_vector_index(c, report, t);
  }
  rules::same_dtype(report, d, s);
  rules::same_partitions(report, d, s);
  rules::same_free_elements(report, d, s);
  for (const auto& [name, rank] :
       {std::pair("send_to_rank", send_to_rank), std::pair("recv_from_rank", recv_from_rank)}) {
    if (rank < 0 || rank >= c.machine.cores_sharing_hbm) {
      report.add(diag::bad_argument, "{} is {}; the cores that share an HBM stack are 0 to {}",
                 name, rank, c.machine.cores_sharing_hbm - 1);
    }
  }
  if (dma_engine == DmaEngine::gpsimd_dma) {
    const int64_t limit = 256 * size_bytes(s.tile.dtype());
    const int64_t bytes = s.tile.free_elements() * size_bytes(s.tile.dtype());
    if (bytes > limit) {
      report.add(diag::tile_too_large, "src has {} bytes in a partition; gpsimd_dma takes {} of {}",
                 bytes, limit, name_of(s.tile.dtype()));
    }
  }
}

Result<Meeting> Sendrecv::meeting(const Tiles&, Member self) const {
  Meeting m{.channel = pipe_id, .text = fmt::format("pipe {}", pipe_id)};
  for (int32_t core : {self.core, send_to_rank, recv_from_rank}) {
    const Member member{self.rank, core};
    if (std::ranges::find(m.members, member) == m.members.end()) m.members.push_back(member);
  }
  std::ranges::sort(m.members);
  return m;
}

Bytes Sendrecv::bring(TileMemory& memory) const { return pack(memory.access(src)); }

void Sendrecv::take(TileMemory& memory, const Contributions& all) const {
  const Result<Meeting> m = meeting(memory.tiles(), memory.member());
  const auto from = std::ranges::find(m->members, recv_from_rank, &Member::core);
  const Bytes& bytes = all.of[static_cast<size_t>(from - m->members.begin())];
  const TileAccess to = memory.access(dst);
  const auto wanted = static_cast<size_t>(to.partitions * to.elements * size_bytes(to.dtype));
  if (bytes.size() != wanted) {
    memory.fault(
        fmt::format("core {} sent {} bytes; dst has {}", recv_from_rank, bytes.size(), wanted));
    return;
  }
  unpack(bytes, to);
}

}  // namespace kiln
