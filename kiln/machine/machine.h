// Machine: one NeuronCore generation as data. Every figure carries its source. The tables are in
// gen2.h, gen3.h, gen4.h; code asks for a figure or a capability, never for a generation.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/enum_names.h"

namespace kiln {

enum class Generation : uint8_t { gen2, gen3, gen4 };

template <>
struct EnumNames<Generation> {
  static constexpr std::string_view type = "nc_version";
  static constexpr std::array<std::string_view, 3> names{"gen2", "gen3", "gen4"};
};

// Engines in NKI's words. `dma` stands for the DMA queues, `unknown` for "not chosen".
enum class Engine : uint8_t { unknown, tensor, scalar, gpsimd, dma, vector, sync };

template <>
struct EnumNames<Engine> {
  static constexpr std::string_view type = "engine";
  static constexpr std::array<std::string_view, 7> names{"unknown", "tensor", "scalar", "gpsimd",
                                                         "dma",     "vector", "sync"};
};

// A set of engines.
struct EngineSet {
  uint8_t bits = 0;

  constexpr EngineSet() = default;
  constexpr EngineSet(Engine engine) : bits(static_cast<uint8_t>(1u << static_cast<int>(engine))) {}

  constexpr bool contains(Engine engine) const { return (bits & EngineSet(engine).bits) != 0; }
  friend constexpr EngineSet operator|(EngineSet a, EngineSet b) {
    EngineSet both;
    both.bits = a.bits | b.bits;
    return both;
  }
};
constexpr EngineSet operator|(Engine a, Engine b) { return EngineSet(a) | EngineSet(b); }

// How a figure is known.
enum class Evidence : uint8_t { documented, measured, derived, assumed };

template <>
struct EnumNames<Evidence> {
  static constexpr std::string_view type = "evidence";
  static constexpr std::array<std::string_view, 4> names{"documented", "measured", "derived",
                                                         "assumed"};
};

// A number and where it comes from: a page of the public Neuron documentation (path inside
// aws-neuron/aws-neuron-sdk), or the publication of a measurement.
template <class T>
struct Fact {
  T value{};
  std::string_view source;
  Evidence evidence = Evidence::documented;

  constexpr operator T() const { return value; }
};

struct EngineFacts {
  Fact<double> clock_ghz;
  // Elements per cycle over all lanes; the first for 16-bit operands where the engine has a fast
  // mode, the second otherwise.
  Fact<int> fast_elements_per_cycle;
  Fact<int> elements_per_cycle;
};

struct Machine {
  Generation generation;
  std::string_view instance;  // "trn2"
  std::string_view aliases;   // other names users may give, space separated
  std::string_view core;      // "NeuronCore-v3"

  Fact<int> cores_per_chip;
  Fact<int> cores_sharing_hbm;  // at most: the cores of one launch that can meet

  EngineFacts tensor;
  EngineFacts vector;
  EngineFacts scalar;
  EngineFacts gpsimd;
  Fact<double> tensor_tflops_bf16;  // dense, one core
  Fact<double> tensor_tflops_fp32;
  Fact<double> tensor_tflops_fp8;

  Fact<int> partitions;
  Fact<int64_t> sbuf_bytes_per_partition;
  Fact<int64_t> sbuf_reserved_bytes_per_partition;  // not available to kernels
  Fact<int64_t> psum_bytes_per_partition;
  Fact<int> psum_banks;
  Fact<int> sbuf_alignment_bytes;
  Fact<int> psum_alignment_bytes;
  Fact<int64_t> hbm_bytes;    // one chip
  Fact<double> hbm_gb_per_s;  // one chip

  Fact<int> dma_engines_per_core;
  Fact<double> dma_gb_per_s_per_engine;
  Fact<int> hardware_dge_rings;  // 0: descriptors are generated in software only

  // Largest tiles of one instruction, in elements per partition unless said.
  Fact<int> matmul_stationary_free;
  Fact<int> matmul_moving_free;
  Fact<int> matmul_moving_free_bf16;  // with a bfloat16 destination
  Fact<int> bn_stats_free;
  Fact<int> vector_transpose_size;  // square tile
  // One access pattern of an engine.
  Fact<int> access_pattern_dims;      // free dimensions
  Fact<int> access_pattern_elements;  // of one partition
  Fact<int> access_pattern_step;      // elements from one to the next in a dimension, either way

  // Capabilities.
  Fact<bool> scalar_engine_tensor_copy;     // tensor_copy may run on the Scalar engine
  Fact<bool> scalar_engine_any_scalar_op;   // tensor_scalar has all operators on the Scalar engine
  Fact<bool> activation_immediate_bias;     // activation takes a constant as bias
  Fact<bool> activation_reduces_any_op;     // activation_reduce takes other operators than add
  Fact<bool> bit_exact_transpose;           // Tensor-engine transpose keeps NaN and Inf
  Fact<bool> low_precision_psum_transpose;  // Tensor-engine transpose writes 16-bit PSUM tiles
  Fact<bool> bf16_matmul_output;            // matmul may write bfloat16 to PSUM
  Fact<bool> matmul_double_row;             // fp8 double performance mode
  Fact<bool> ocp_fp8_matmul;                // matmul takes float8_e4m3fn
  Fact<bool> matmul_quarter_tiling;         // 4 row or column tiles of 32
  Fact<bool> range_select;                  // has nki.isa.range_select
  Fact<bool> gpsimd_random;                 // random numbers on the GpSimd engine
  Fact<bool> vector_random_state;           // the Vector engine's random states can be set
  Fact<bool> dma_priority;                  // DMA quality-of-service classes
  Fact<bool> local_transposing_load;        // load_transpose2d of what the kernel allocated
  Fact<bool> tensor_indirection;            // .indirect() operands
  Fact<bool> mx_matmul;                     // nc_matmul_mx and quantize_mx

  constexpr int64_t sbuf_usable_bytes_per_partition() const {
    return sbuf_bytes_per_partition - sbuf_reserved_bytes_per_partition;
  }
  constexpr int64_t psum_bank_bytes() const { return psum_bytes_per_partition / psum_banks; }
};

const Machine& machine(Generation generation);

// Accepts "trn2", "gen3", "NeuronCore-v3" and the other names in `aliases`; nothing else.
std::optional<Generation> find_generation(std::string_view name);

// One figure of a machine as text, for listings.
struct FactRow {
  std::string_view group;
  std::string_view name;
  std::string value;
  std::string_view unit;
  std::string_view source;
  Evidence evidence;
};
std::vector<FactRow> fact_rows(const Machine& machine);

// Whether the figures fit together (banks divide PSUM, and so on); "" if so.
std::string validate(const Machine& machine);

}  // namespace kiln
