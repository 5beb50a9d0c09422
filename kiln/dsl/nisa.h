// nisa: the instructions, as functions. An instruction's struct is its argument list:
//   nisa::tensor_tensor({.dst = c, .data1 = a, .data2 = b, .op = nl::add});
#pragma once

#include <source_location>

#include "kiln/dsl/tensor.h"

namespace kiln::dsl {

// An instruction that has been recorded.
struct NkiInstruction {
  uint32_t index = Recorder::no_instruction;

  // Makes this instruction wait for earlier ones.
  const NkiInstruction& depends_on(
      std::initializer_list<NkiInstruction> producers,
      const std::source_location& where = std::source_location::current()) const {
    at(where);
    for (const NkiInstruction& producer : producers) recorder().depend(index, producer.index);
    return *this;
  }
};

template <class T>
struct RecordInstruction {
  NkiInstruction operator()(const T& instruction, const std::source_location& where =
                                                      std::source_location::current()) const {
    at(where);
    return {recorder().record(instruction)};
  }
};

// The same for an instruction that returns a register, its `dst`.
template <class T>
struct RecordResult {
  Register operator()(T instruction = {},
                      const std::source_location& where = std::source_location::current()) const {
    at(where);
    instruction.dst = recorder().new_register();
    recorder().record(instruction);
    return instruction.dst;
  }
};

namespace nisa {

inline constexpr RecordInstruction<Activate2> activate2;
inline constexpr RecordInstruction<Activation> activation;
inline constexpr RecordInstruction<ActivationReduce> activation_reduce;
inline constexpr RecordInstruction<AffineSelect> affine_select;
inline constexpr RecordInstruction<BnAggr> bn_aggr;
inline constexpr RecordInstruction<BnStats> bn_stats;
inline constexpr RecordInstruction<CoreBarrier> core_barrier;
inline constexpr RecordInstruction<DmaCompute> dma_compute;
inline constexpr RecordInstruction<DmaCopy> dma_copy;
inline constexpr RecordInstruction<DmaTranspose> dma_transpose;
inline constexpr RecordInstruction<Dropout> dropout;
inline constexpr RecordInstruction<Exponential> exponential;
inline constexpr RecordInstruction<Iota> iota;
inline constexpr RecordInstruction<LocalGather> local_gather;
inline constexpr RecordInstruction<Max8> max8;
inline constexpr RecordInstruction<Memset> memset;
inline constexpr RecordInstruction<NcFindIndex8> nc_find_index8;
inline constexpr RecordInstruction<NcMatchReplace8> nc_match_replace8;
inline constexpr RecordInstruction<NcMatmul> nc_matmul;
inline constexpr RecordInstruction<NcMatmulMx> nc_matmul_mx;
inline constexpr RecordInstruction<NcNGather> nc_n_gather;
inline constexpr RecordInstruction<NcStreamShuffle> nc_stream_shuffle;
inline constexpr RecordInstruction<NcTranspose> nc_transpose;
inline constexpr RecordInstruction<NonzeroWithCount> nonzero_with_count;
inline constexpr RecordInstruction<QuantizeMx> quantize_mx;
inline constexpr RecordInstruction<Rand2> rand2;
inline constexpr RecordInstruction<RandGetState> rand_get_state;
inline constexpr RecordInstruction<RandSetState> rand_set_state;
inline constexpr RecordInstruction<RangeSelect> range_select;
inline constexpr RecordInstruction<Reciprocal> reciprocal;
inline constexpr RecordInstruction<Rng> rng;
inline constexpr RecordInstruction<ScalarTensorTensor> scalar_tensor_tensor;
inline constexpr RecordInstruction<SelectReduce> select_reduce;
inline constexpr RecordInstruction<Sendrecv> sendrecv;
inline constexpr RecordInstruction<SequenceBounds> sequence_bounds;
inline constexpr RecordInstruction<SetRngSeed> set_rng_seed;
inline constexpr RecordInstruction<TensorCopy> tensor_copy;
inline constexpr RecordInstruction<TensorCopyPredicated> tensor_copy_predicated;
inline constexpr RecordInstruction<TensorPartitionReduce> tensor_partition_reduce;
inline constexpr RecordInstruction<TensorReduce> tensor_reduce;
inline constexpr RecordInstruction<TensorScalar> tensor_scalar;
inline constexpr RecordInstruction<TensorScalarCumulative> tensor_scalar_cumulative;
inline constexpr RecordInstruction<TensorScalarReduce> tensor_scalar_reduce;
inline constexpr RecordInstruction<TensorTensor> tensor_tensor;
inline constexpr RecordInstruction<TensorTensorScan> tensor_tensor_scan;
inline constexpr RecordInstruction<Topk> topk;
inline constexpr RecordInstruction<RegisterMove> register_move;
inline constexpr RecordResult<RegisterAlu> register_alu;
inline constexpr RecordInstruction<RegisterLoad> register_load;
inline constexpr RecordInstruction<RegisterStore> register_store;

using Engine = kiln::Engine;
using ReduceCmd = kiln::ReduceCmd;

}  // namespace nisa
}  // namespace kiln::dsl
