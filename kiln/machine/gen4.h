// The figures of NeuronCore-v4 (Trainium3): what changed from gen3.
#pragma once

#include "kiln/machine/gen3.h"

namespace kiln {

inline constexpr Machine gen4 = [] {
  Machine m = gen3;
  m.generation = Generation::gen4;
  m.instance = "trn3";
  m.core = "NeuronCore-v4";

  m.cores_per_chip = {8, sources::gen4_guide};

  m.tensor.clock_ghz = {2.4, sources::gen4_guide};
  m.vector = {.clock_ghz = {1.2, sources::gen4_guide},
              .fast_elements_per_cycle = {512, sources::gen4_guide},
              .elements_per_cycle = {256, sources::gen4_guide}};
  m.scalar = {.clock_ghz = {1.2, sources::gen4_guide},
              .fast_elements_per_cycle = {256, sources::gen4_guide},
              .elements_per_cycle = {128, sources::gen4_guide}};
  m.gpsimd = {.clock_ghz = {1.2, sources::gen4_guide},
              .fast_elements_per_cycle = {128, sources::gen4_guide},
              .elements_per_cycle = {128, sources::gen4_guide}};
  m.tensor_tflops_bf16 = {79, sources::gen4_guide};
  m.tensor_tflops_fp32 = {20, sources::gen4_guide};
  m.tensor_tflops_fp8 = {315, sources::gen4_guide};  // MXFP8

  m.sbuf_bytes_per_partition = {256 * 1024, sources::gen4_guide};
  m.sbuf_reserved_bytes_per_partition = {16384 + 8, sources::klr};
  m.hbm_bytes = {int64_t{144} << 30, sources::gen4_guide};
  m.hbm_gb_per_s = {4700, sources::gen4_guide};  // the hardware page has 4.9 TB/s

  m.dma_gb_per_s_per_engine = {38.4, sources::dma_overview};
  m.hardware_dge_rings = {2, sources::dge_guide, Evidence::assumed};  // as gen3

  m.matmul_moving_free = {4096, sources::isa_reference};
  m.matmul_moving_free_bf16 = {8192, sources::isa_reference};

  m.bf16_matmul_output = {true, sources::gen4_guide};
  m.ocp_fp8_matmul = {true, sources::isa_reference};
  m.vector_random_state = {true, sources::gen4_guide};
  m.dma_priority = {true, sources::isa_reference};
  m.tensor_indirection = {true, sources::isa_reference};
  m.mx_matmul = {true, sources::gen4_guide};
  m.scalar_engine_any_scalar_op = {true, sources::gen4_guide};
  return m;
}();

}  // namespace kiln
