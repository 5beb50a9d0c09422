// The figures of NeuronCore-v3 (Trainium2): what changed from gen2.
#pragma once

#include "kiln/machine/gen2.h"

namespace kiln {

inline constexpr Machine gen3 = [] {
  Machine m = gen2;
  m.generation = Generation::gen3;
  m.instance = "trn2";
  m.aliases = "";
  m.core = "NeuronCore-v3";

  m.cores_per_chip = {8, sources::gen3_guide};
  m.cores_sharing_hbm = {2, sources::isa_reference};

  m.tensor.clock_ghz = {2.4, sources::gen3_guide};
  m.vector = {.clock_ghz = {0.96, sources::gen3_guide},
              .fast_elements_per_cycle = {512, sources::gen3_guide},
              .elements_per_cycle = {256, sources::gen3_guide}};
  m.scalar.clock_ghz = {1.2, sources::gen3_guide};
  m.gpsimd.clock_ghz = {1.2, sources::gen3_guide};
  m.tensor_tflops_bf16 = {79, sources::gen3_guide};
  m.tensor_tflops_fp32 = {20, sources::gen3_guide};
  m.tensor_tflops_fp8 = {158, sources::gen3_guide};

  m.sbuf_bytes_per_partition = {224 * 1024, sources::gen3_guide};
  m.sbuf_reserved_bytes_per_partition = {16384 + 8, sources::nki_library};
  m.hbm_bytes = {int64_t{96} << 30, sources::gen3_guide};
  m.hbm_gb_per_s = {2900, sources::trainium2_page};  // the guide rounds to 3 TB/s

  m.hardware_dge_rings = {2, sources::gen3_guide};

  m.scalar_engine_tensor_copy = {true, sources::gen3_guide};
  m.activation_immediate_bias = {true, sources::isa_reference};
  // The reference restricts NeuronCore-v2 alone.
  m.activation_reduces_any_op = {true, sources::isa_reference, Evidence::derived};
  m.bit_exact_transpose = {true, sources::gen3_guide};
  m.low_precision_psum_transpose = {true, sources::gen3_guide};
  m.matmul_double_row = {true, sources::gen3_guide};
  m.matmul_quarter_tiling = {true, sources::isa_reference};
  m.range_select = {true, sources::isa_reference};
  m.gpsimd_random = {true, sources::isa_reference};
  // Nobody says that it does not build.
  m.local_transposing_load = {true, sources::trnfft, Evidence::assumed};
  return m;
}();

}  // namespace kiln
