// All instructions, named once. Everything that handles instructions iterates this list. How to add
// one: docs/how_to/add_an_instruction.md.
#pragma once

#include <type_traits>

#include "kiln/base/type_list.h"
#include "kiln/isa/activate2.h"
#include "kiln/isa/activation.h"
#include "kiln/isa/activation_reduce.h"
#include "kiln/isa/affine_select.h"
#include "kiln/isa/all_gather.h"
#include "kiln/isa/all_gather_v.h"
#include "kiln/isa/all_reduce.h"
#include "kiln/isa/all_to_all.h"
#include "kiln/isa/all_to_all_v.h"
#include "kiln/isa/bn_aggr.h"
#include "kiln/isa/bn_stats.h"
#include "kiln/isa/collective_permute.h"
#include "kiln/isa/collective_permute_implicit.h"
#include "kiln/isa/collective_permute_implicit_reduce.h"
#include "kiln/isa/control.h"
#include "kiln/isa/core_barrier.h"
#include "kiln/isa/dma_compute.h"
#include "kiln/isa/dma_copy.h"
#include "kiln/isa/dma_transpose.h"
#include "kiln/isa/dropout.h"
#include "kiln/isa/exponential.h"
#include "kiln/isa/iota.h"
#include "kiln/isa/local_gather.h"
#include "kiln/isa/max8.h"
#include "kiln/isa/memset.h"
#include "kiln/isa/nc_find_index8.h"
#include "kiln/isa/nc_match_replace8.h"
#include "kiln/isa/nc_matmul.h"
#include "kiln/isa/nc_matmul_mx.h"
#include "kiln/isa/nc_n_gather.h"
#include "kiln/isa/nc_stream_shuffle.h"
#include "kiln/isa/nc_transpose.h"
#include "kiln/isa/nonzero_with_count.h"
#include "kiln/isa/quantize_mx.h"
#include "kiln/isa/rand2.h"
#include "kiln/isa/rand_get_state.h"
#include "kiln/isa/rand_set_state.h"
#include "kiln/isa/range_select.h"
#include "kiln/isa/rank_id.h"
#include "kiln/isa/reciprocal.h"
#include "kiln/isa/reduce_scatter.h"
#include "kiln/isa/register_alu.h"
#include "kiln/isa/rng.h"
#include "kiln/isa/scalar_tensor_tensor.h"
#include "kiln/isa/select_reduce.h"
#include "kiln/isa/sendrecv.h"
#include "kiln/isa/sequence_bounds.h"
#include "kiln/isa/set_rng_seed.h"
#include "kiln/isa/tensor_copy.h"
#include "kiln/isa/tensor_copy_predicated.h"
#include "kiln/isa/tensor_partition_reduce.h"
#include "kiln/isa/tensor_reduce.h"
#include "kiln/isa/tensor_scalar.h"
#include "kiln/isa/tensor_scalar_cumulative.h"
#include "kiln/isa/tensor_scalar_reduce.h"
#include "kiln/isa/tensor_tensor.h"
#include "kiln/isa/tensor_tensor_scan.h"
#include "kiln/isa/topk.h"

namespace kiln {

using AllInstructions = TypeList<
    Activate2, Activation, ActivationReduce, AffineSelect, AllGather, AllGatherV, AllReduce,
    AllToAll, AllToAllV, BnAggr, BnStats, CollectivePermute, CollectivePermuteImplicit,
    CollectivePermuteImplicitCurrentProcessingRankId, CollectivePermuteImplicitReduce, CoreBarrier,
    DmaCompute, DmaCopy, DmaTranspose, Dropout, Exponential, Iota, LocalGather, Max8, Memset,
    NcFindIndex8, NcMatchReplace8, NcMatmul, NcMatmulMx, NcNGather, NcStreamShuffle, NcTranspose,
    NonzeroWithCount, QuantizeMx, Rand2, RandGetState, RandSetState, RangeSelect, RankId,
    Reciprocal, ReduceScatter, Rng, ScalarTensorTensor, SelectReduce, Sendrecv, SequenceBounds,
    SetRngSeed, TensorCopy, TensorCopyPredicated, TensorPartitionReduce, TensorReduce, TensorScalar,
    TensorScalarCumulative, TensorScalarReduce, TensorTensor, TensorTensorScan, Topk, RegisterAlu,
    RegisterMove, RegisterLoad, RegisterStore, Loop, EndLoop, WhileLoop, EndWhile>;

using Instruction = AllInstructions::Variant;

// Directs the sequencer instead of working on tiles.
template <class T>
inline constexpr bool is_control = TypeList<Loop, EndLoop, WhileLoop, EndWhile>::contains<T>;

// Executed together with other members of the launch.
template <class T>
inline constexpr bool is_meeting = MeetingInstruction<T>;

inline bool is_meeting_instruction(const Instruction& instruction) {
  return std::visit([](const auto& i) { return is_meeting<std::decay_t<decltype(i)>>; },
                    instruction);
}

namespace internal {

template <class T>
consteval bool complete() {
  static_assert(requires { T::spec.name; }, "the instruction has no spec");
  static_assert(
      requires { std::tuple_size_v<decltype(T::fields)>; }, "the instruction has no fields tuple");
  static_assert(
      requires(const T& t, const Context& c, Report& r) { t.check(c, r); },
      "the instruction has no check(const Context&, Report&) const");
  static_assert(
      is_control<T> || is_meeting<T> || requires(const T& t, TileMemory& m) { t.execute(m); },
      "the instruction has no execute(TileMemory&) const");
  static_assert(std::is_trivially_copyable_v<T>, "an instruction is plain data");
  static_assert(T::spec.summary.size() > 1 && T::spec.summary.back() == '.',
                "the summary is one sentence");
  for_each_field<T>([](const auto& field) {
    if (field.name.empty() || field.doc.empty()) throw "a field needs a name and a description";
  });
  return true;
}
template <class... Ts>
consteval bool all_complete(TypeList<Ts...>) {
  return (complete<Ts>() && ...);
}
static_assert(all_complete(AllInstructions{}));

}  // namespace internal

static_assert(sizeof(Instruction) <= 64, "an instruction is one cache line at most");

}  // namespace kiln
