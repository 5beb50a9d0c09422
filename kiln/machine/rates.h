// Rates: how fast one NeuronCore generation is, as data. Every figure carries its source and how it
// is known. The laws that use them stand beside the instructions (isa/law.h); the tables are in
// rates.cpp.
#pragma once

#include <vector>

#include "kiln/machine/machine.h"

namespace kiln {

// In cycles of the engine.
struct EngineRates {
  Fact<double> fixed_cycles;     // from start to result, beyond the elements
  Fact<double> interval_cycles;  // at least, from one instruction to the next
  Fact<double> overhead_cycles;  // that each instruction adds to the time of its elements
};

// Cycles for an element of a partition in the modes of the Vector engine.
struct VectorModes {
  Fact<double> copy_16_bit;  // one input; all in SBUF
  Fact<double> copy_32_bit;
  Fact<double> copy_widening;  // 16-bit input, 32-bit output
  Fact<double> psum_16_bit;    // one input, 16-bit, and one side in PSUM
  Fact<double> pair_16_bit;    // two inputs; all in SBUF
  Fact<double> pair_32_bit;
  Fact<double> pair_psum;  // one of the inputs is in PSUM
};

// In cycles of the Scalar engine, unless said.
struct ActivationRates {
  Fact<double> copy_fixed;  // from SBUF; without a table
  Fact<double> copy_psum_fixed;
  Fact<double> function_fixed;  // from SBUF
  Fact<double> function_psum_fixed;
  Fact<double> function_psum_element;  // for each
  Fact<double> pointer_fixed;          // more, with a scale or bias for each partition
  Fact<double> accumulator_read_interval;
  Fact<double> accumulator_read_fixed;
  Fact<double> table_load_ns;
};

struct TensorRates {
  Fact<double> fixed_ns;            // from the last column in to the results in PSUM
  Fact<double> instruction_cycles;  // that each MATMUL adds to its columns
  Fact<double> interval_cycles;     // at least, from one MATMUL to the next
  Fact<double> weights_cycles_max;  // loading a stationary matrix of one pass
  // An idle array starts slow: until more than `busy_share` of it has worked during one window,
  // everything takes `slow_factor` times as long.
  Fact<double> slow_factor;
  Fact<double> window_ns;
  Fact<double> busy_share;
};

// One way of making descriptors.
struct DmaQueueRates {
  Fact<double> issue_load_ns;  // the engine that starts a transfer is busy for so long
  Fact<double> issue_store_ns;
  Fact<double> issue_descriptor_ns;  // and so long for each descriptor
  Fact<double> spacing_ns;           // at least, from one transfer of the queue to the next
  Fact<double> dispatch_load_ns;     // from start to the first byte
  Fact<double> dispatch_store_ns;
  Fact<double> descriptor_ns;  // a DMA engine needs beside the bytes
};

struct DmaRates {
  DmaQueueRates hardware;  // descriptors made by the DGE block
  DmaQueueRates software;  // made by the GpSimd engine
  DmaQueueRates fixed;     // made when the kernel is built
  Fact<double> gb_per_s;   // that an engine moves
  Fact<double> descriptor_min_ns;
  Fact<double> base_load_ns;  // latency of the data path
  Fact<double> base_store_ns;
  Fact<double> notify_load_ns;  // from the last byte to the start of who waits
  Fact<double> notify_store_ns;
  Fact<double> transpose_share;  // of the rate, from HBM; and within SBUF
  Fact<double> transpose_sbuf_share;
  Fact<double> accumulate_share;
  Fact<double> hbm_gb_per_s;  // of the cores that share a memory, together
  Fact<int> partitions_per_engine;
  Fact<double> sendrecv_ns;  // of 4 KiB between the cores of a launch
};

struct CollectiveRates {
  Fact<double> hop_ns;         // from rank to rank
  Fact<double> link_gb_per_s;  // of one rank, each way
};

// What a call costs beside the kernel, on the host. In no timeline unless asked for.
struct HostRates {
  Fact<double> dispatch_ns;        // of a kernel that is loaded
  Fact<double> first_dispatch_ns;  // of one that was not run yet
  Fact<double> load_ns;            // of a compiled kernel
  Fact<double> compile_ns;         // at least
};

struct Rates {
  Generation generation;
  Fact<double> prologue_ns;  // of a kernel, before its first instruction
  Fact<double> handoff_ns;   // from an engine's result to another engine's start
  EngineRates vector, scalar, gpsimd;
  VectorModes vector_modes;
  ActivationRates activation;
  TensorRates tensor;
  DmaRates dma;
  CollectiveRates collective;
  HostRates host;
  // Memory ports that two engines cannot use at a time.
  Fact<bool> vector_gpsimd_exclusive;  // always; else only in the Vector engine's fast modes
  Fact<bool> vector_scalar_psum_exclusive;
};

const Rates& rates(Generation generation);

// For listings.
std::vector<FactRow> fact_rows(const Rates& rates);

}  // namespace kiln
