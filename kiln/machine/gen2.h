// The figures of NeuronCore-v2 (Trainium1, Inferentia2), complete. Later generations start from
// this table.
#pragma once

#include "kiln/machine/machine.h"
#include "kiln/machine/sources.h"

namespace kiln {

inline constexpr Machine gen2{
    .generation = Generation::gen2,
    .instance = "trn1",
    .aliases = "inf2",
    .core = "NeuronCore-v2",

    .cores_per_chip = {2, sources::gen2_guide},
    // sendrecv and core_barrier need NeuronCore-v3.
    .cores_sharing_hbm = {1, sources::isa_reference},

    // One row of 128 results a cycle; float32 takes four passes.
    .tensor = {.clock_ghz = {2.8, sources::gen2_guide},
               .fast_elements_per_cycle = {128, sources::gen2_guide},
               .elements_per_cycle = {32, sources::gen2_guide, Evidence::derived}},
    .vector = {.clock_ghz = {1.12, sources::gen2_guide},
               .fast_elements_per_cycle = {128, sources::gen2_guide},
               .elements_per_cycle = {128, sources::gen2_guide}},
    .scalar = {.clock_ghz = {1.4, sources::gen2_guide},
               .fast_elements_per_cycle = {128, sources::gen2_guide},
               .elements_per_cycle = {128, sources::gen2_guide}},
    .gpsimd = {.clock_ghz = {1.4, sources::gen2_guide},
               .fast_elements_per_cycle = {128, sources::gen2_guide},
               .elements_per_cycle = {128, sources::gen2_guide}},
    .tensor_tflops_bf16 = {92, sources::gen2_guide},
    .tensor_tflops_fp32 = {23, sources::gen2_guide},
    .tensor_tflops_fp8 = {92, sources::gen2_guide},

    .partitions = {128, sources::gen2_guide},
    .sbuf_bytes_per_partition = {192 * 1024, sources::gen2_guide},
    .sbuf_reserved_bytes_per_partition = {16384, sources::klr},
    .psum_bytes_per_partition = {16 * 1024, sources::gen2_guide},
    .psum_banks = {8, sources::gen2_guide},
    // KLR has 1 for SBUF; 4, as in PSUM, is right for every type.
    .sbuf_alignment_bytes = {4, sources::klr, Evidence::assumed},
    .psum_alignment_bytes = {4, sources::klr},
    .hbm_bytes = {int64_t{32} << 30, sources::gen2_guide},
    .hbm_gb_per_s = {820, sources::gen2_guide},

    .dma_engines_per_core = {16, sources::gen2_guide},
    .dma_gb_per_s_per_engine = {27.2, sources::dma_overview},
    .hardware_dge_rings = {0, sources::gen3_guide},

    .matmul_stationary_free = {128, sources::gen2_guide},
    .matmul_moving_free = {512, sources::gen2_guide},
    .matmul_moving_free_bf16 = {0, sources::isa_reference},
    .bn_stats_free = {512, sources::gen2_guide},
    .vector_transpose_size = {32, sources::gen2_guide},
    .access_pattern_dims = {4, sources::gen2_guide},
    .access_pattern_elements = {64 * 1024, sources::gen2_guide},
    .access_pattern_step = {32767, sources::gen2_guide},

    .scalar_engine_tensor_copy = {false, sources::isa_reference},
    .scalar_engine_any_scalar_op = {false, sources::isa_reference},
    .activation_immediate_bias = {false, sources::isa_reference},
    .activation_reduces_any_op = {false, sources::isa_reference},
    .bit_exact_transpose = {false, sources::isa_reference},
    .low_precision_psum_transpose = {false, sources::gen3_guide},
    .bf16_matmul_output = {false, sources::isa_reference},
    .matmul_double_row = {false, sources::isa_reference},
    .ocp_fp8_matmul = {false, sources::isa_reference},
    .matmul_quarter_tiling = {false, sources::isa_reference},
    .range_select = {false, sources::isa_reference},
    .gpsimd_random = {false, sources::isa_reference},
    .vector_random_state = {false, sources::gen4_guide},
    .dma_priority = {false, sources::isa_reference},
    .local_transposing_load = {false, sources::trnfft, Evidence::measured},
    .tensor_indirection = {false, sources::isa_reference},
    .mx_matmul = {false, sources::isa_reference},
};

}  // namespace kiln
