// ncc: the instructions of nki.collectives, as functions; see nisa.h.
#pragma once

#include "kiln/dsl/nisa.h"

namespace kiln::dsl::ncc {

inline constexpr RecordInstruction<AllGather> all_gather;
inline constexpr RecordInstruction<AllGatherV> all_gather_v;
inline constexpr RecordInstruction<AllReduce> all_reduce;
inline constexpr RecordInstruction<AllToAll> all_to_all;
inline constexpr RecordInstruction<AllToAllV> all_to_all_v;
inline constexpr RecordInstruction<CollectivePermute> collective_permute;
inline constexpr RecordInstruction<CollectivePermuteImplicit> collective_permute_implicit;
inline constexpr RecordInstruction<CollectivePermuteImplicitReduce>
    collective_permute_implicit_reduce;
inline constexpr RecordResult<CollectivePermuteImplicitCurrentProcessingRankId>
    collective_permute_implicit_current_processing_rank_id;
inline constexpr RecordResult<RankId> rank_id;
inline constexpr RecordInstruction<ReduceScatter> reduce_scatter;

// Groups of ranks, as the argument replica_group takes them.
inline RankGroups replica_group(RankLists groups) { return recorder().add(std::move(groups)); }

}  // namespace kiln::dsl::ncc
