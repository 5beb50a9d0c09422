// What the instructions of nki.collectives share: their groups of ranks, their lists of tensors,
// their rules. A collective is a meeting of the ranks of one group, on the same core of each.
#pragma once

#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/meeting.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/rules.h"
#include "kiln/isa/spec.h"

namespace kiln {

inline constexpr std::string_view collectives_module = "nki.collectives";

namespace collective {

// The group that the rank is in, or an Error if it is in none.
Result<std::span<const int32_t>> group_of(const Tiles& tiles, RankGroups groups, int32_t rank);

// The meeting of self's group.
Result<Meeting> meet_group(const Tiles& tiles, RankGroups groups, Member self, int32_t channel = 0);

// The tensors' elements, one tensor after the other.
Bytes bring(TileMemory& memory, const TileListOperand& srcs);

// All contributions combined by op, element by element in the order of the members: what `count`
// elements of `dtype` from element `first` on become. 32-bit integers are exact; all else is
// combined in float32 and rounded once.
Bytes reduce(const Contributions& all, DType dtype, size_t first_byte, int64_t count, AluOp op);

}  // namespace collective

namespace rules {

// Ranks are in one group each and all groups have the same size, which is returned (0: they are
// wrong).
int64_t replica_groups(const Context& context, Report& report, RankGroups groups);

// As many srcs as dsts, at least one; all in HBM or all, then only one, in SBUF; each pair of one
// type. `sbuf` says whether the collective works in SBUF, `coalesced` whether on several tensors.
struct CollectiveForm {
  bool sbuf = true;
  bool coalesced = true;
};
bool collective_tensors(const Context& context, Report& report, const TileListOperand& srcs,
                        const TileListOperand& dsts, CollectiveForm form);

// dst is `factor` times src along `dim` (src times -factor, if that is negative) and the same
// otherwise.
void collective_shapes(const Context& context, Report& report, const TileListOperand& srcs,
                       const TileListOperand& dsts, int dim, int64_t factor);

// add, minimum or maximum.
void collective_op(Report& report, AluOp op);

// The generation has the priority asked for.
void collective_priority(const Context& context, Report& report, int32_t priority);

}  // namespace rules
}  // namespace kiln
