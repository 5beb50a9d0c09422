#include "kiln/isa/collective.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "kiln/isa/dma_access.h"

namespace kiln {

namespace collective {

Result<std::span<const int32_t>> group_of(const Tiles& tiles, RankGroups groups, int32_t rank) {
  for (const std::vector<int32_t>& group : tiles.rank_groups(groups.id)) {
    if (std::ranges::find(group, rank) != group.end()) return std::span<const int32_t>(group);
  }
  return Error{fmt::format("rank {} is in no group", rank)};
}

Result<Meeting> meet_group(const Tiles& tiles, RankGroups groups, Member self, int32_t channel) {
  const Result<std::span<const int32_t>> group = group_of(tiles, groups, self.rank);
  if (!group) return group.error();
  Meeting meeting{.channel = channel};
  for (int32_t rank : *group) meeting.members.push_back({rank, self.core});
  return meeting;
}

Bytes bring(TileMemory& memory, const TileListOperand& srcs) {
  Bytes all;
  for (ViewId id : memory.tiles().list(srcs.list)) {
    const Bytes bytes = pack(memory.access(id));
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return all;
}

Bytes reduce(const Contributions& all, DType dtype, size_t first_byte, int64_t count, AluOp op) {
  const auto size = static_cast<size_t>(size_bytes(dtype));
  Bytes result(static_cast<size_t>(count) * size);
  const bool integers = dtype == DType::int32 || dtype == DType::uint32;
  for (size_t at = 0; at < result.size(); at += size) {
    const auto element = [&](size_t member) { return all.of[member].data() + first_byte + at; };
    if (integers) {
      Bits total = load_bits(dtype, element(0));
      for (size_t i = 1; i < all.of.size(); ++i) {
        total = apply_integer(op, total, load_bits(dtype, element(i)), dtype == DType::int32);
      }
      store_bits(dtype, result.data() + at, total);
    } else {
      float total = load_float32(dtype, element(0));
      for (size_t i = 1; i < all.of.size(); ++i) {
        total = apply(op, total, load_float32(dtype, element(i)));
      }
      store_float32(dtype, result.data() + at, total);
    }
  }
  return result;
}

}  // namespace collective

namespace rules {

int64_t replica_groups(const Context& c, Report& report, RankGroups groups) {
  const RankLists& lists = c.tiles.rank_groups(groups.id);
  if (lists.empty() || lists[0].empty()) {
    report.add(diag::bad_argument, "the replica group is empty");
    return 0;
  }
  std::set<int32_t> seen;
  for (const std::vector<int32_t>& list : lists) {
    if (list.size() != lists[0].size()) {
      report.add(diag::bad_argument, "groups have {} and {} ranks; all have as many",
                 lists[0].size(), list.size());
      return 0;
    }
    for (int32_t rank : list) {
      if (rank < 0 || !seen.insert(rank).second) {
        report.add(diag::bad_argument, "rank {} is {}", rank,
                   rank < 0 ? "negative" : "in the groups twice");
        return 0;
      }
    }
  }
  return static_cast<int64_t>(lists[0].size());
}

bool collective_tensors(const Context& c, Report& report, const TileListOperand& srcs,
                        const TileListOperand& dsts, CollectiveForm form) {
  const std::span<const ViewId> from = c.tiles.list(srcs.list), to = c.tiles.list(dsts.list);
  const size_t before = report.error_count();
  if (from.empty() || from.size() != to.size()) {
    report.add(diag::bad_argument, "there are {} srcs and {} dsts; there are as many, 1 or more",
               from.size(), to.size());
    return false;
  }
  const bool in_sbuf = c.tile(from[0]).in_sbuf();
  if (from.size() > 1 && (in_sbuf || !form.coalesced)) {
    report.add(diag::bad_argument, "there are {} srcs; {} takes one", from.size(),
               form.coalesced ? "a collective in sbuf" : "this collective");
  }
  for (size_t i = 0; i < from.size(); ++i) {
    const NamedTile s{"srcs", c.tile(from[i])}, d{"dsts", c.tile(to[i])};
    for (const NamedTile& t : {s, d}) {
      if (!(form.sbuf ? rules::dma_tile(c, report, t)
                      : !t.tile.on_chip() || rules::broken::memory(report, t, "hbm"))) {
        continue;
      }
      if (t.tile.in_sbuf() != in_sbuf) {
        report.add(diag::wrong_memory, "{} are in {} and in {}; all are in hbm or all in sbuf",
                   t.name, name_of(c.tile(from[0]).memory()), name_of(t.tile.memory()));
      }
      rules::no_vector_index(c, report, t);
    }
    rules::same_dtype(report, d, s);
  }
  return report.error_count() == before;
}

void collective_shapes(const Context& c, Report& report, const TileListOperand& srcs,
                       const TileListOperand& dsts, int dim, int64_t factor) {
  const std::span<const ViewId> from = c.tiles.list(srcs.list), to = c.tiles.list(dsts.list);
  for (size_t i = 0; i < from.size(); ++i) {
    const Tile s = c.tile(from[i]), d = c.tile(to[i]);
    const int dim_max = s.in_sbuf() ? 1 : 0;
    if (dim < 0 || dim > dim_max) {
      report.add(diag::bad_argument, "collective_dim is {}; in {} it is 0{}", dim,
                 s.in_sbuf() ? "sbuf" : "hbm", dim_max > 0 ? " or 1" : "");
      return;
    }
    Extents wanted = s.layout->shape;
    wanted[dim] = factor > 0 ? wanted[dim] * factor : wanted[dim] / -factor;
    const bool divides = factor > 0 || s.shape(dim) % -factor == 0;
    if (!divides || d.rank() != s.rank() || !(wanted == d.layout->shape)) {
      report.add(diag::size_mismatch, "dst is {}, src is {}; along dimension {} {} is {} times {}",
                 view_ops::shape_text(*d.layout), view_ops::shape_text(*s.layout), dim,
                 factor > 0 ? "dst" : "src", factor > 0 ? factor : -factor,
                 factor > 0 ? "src" : "dst");
    }
  }
}

void collective_op(Report& report, AluOp op) {
  if (op == AluOp::add || op == AluOp::minimum || op == AluOp::maximum) return;
  report.add(diag::bad_operator, "op is {}; ranks are combined by add, minimum or maximum",
             name_of(op));
}

void collective_priority(const Context& c, Report& report, int32_t priority) {
  dma_mode(c, report, DgeMode::unknown, priority);
}

}  // namespace rules
}  // namespace kiln
