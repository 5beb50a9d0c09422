// The publications that the machine tables cite. Paths without a repository are inside
// aws-neuron/aws-neuron-sdk.
#pragma once

#include <string_view>

namespace kiln::sources {

inline constexpr std::string_view gen2_guide =
    "nki/guides/architecture/trainium_inferentia2_arch.rst";
inline constexpr std::string_view gen3_guide = "nki/guides/architecture/trainium2_arch.rst";
inline constexpr std::string_view gen4_guide = "nki/guides/architecture/trainium3_arch.rst";
inline constexpr std::string_view trainium2_page =
    "about-neuron/arch/neuron-hardware/trainium2.rst";
inline constexpr std::string_view dma_overview = "nki/get-started/about/nki-dma-overview.rst";
inline constexpr std::string_view dge_guide = "nki/deep-dives/nki-dge.rst";
inline constexpr std::string_view isa_reference = "nki/api/nki/isa/__init__.py";
// As of SDK 2.26, the last with estimated costs.
inline constexpr std::string_view isa_reference_2_26 =
    "general/nki/api/nki/isa/__init__.py at 0521004c";
inline constexpr std::string_view performance_guide = "nki/deep-dives/nki_perf_guide.rst";
inline constexpr std::string_view matmul_tutorial = "nki/guides/tutorials/kernel-optimization.rst";
inline constexpr std::string_view dma_bandwidth_guide =
    "nki/deep-dives/nki-dma-bandwidth-guide.rst";
inline constexpr std::string_view collectives = "about/collectives.rst";
inline constexpr std::string_view profiler_manual =
    "tools/neuron-explorer/overview-summary-page.rst";

// The constants of nl.tile_size as an open compiler for NKI states them.
inline constexpr std::string_view klr = "leanprover/KLR: KLR/Trace.lean";
// A kernel that the simulator runs and the compiler refuses.
inline constexpr std::string_view trnfft =
    "trnsci/trnfft: scripts/reproduce_nl_load_transpose2d.py";
// The budget of one partition in a kernel of the public kernel library.
inline constexpr std::string_view nki_library =
    "aws-neuron/nki-library: src/nkilib_src/nkilib/core/mlp/mlp_cte/mlp_cte_constants.py";

// Measurements on devices.
inline constexpr std::string_view voyager =
    "Joejoedesu/voyager-compiler: src/voyager_compiler/trainium/*.json";
inline constexpr std::string_view asst4 = "chengli2003/asst4-trainium2: committed profiles";
inline constexpr std::string_view kda = "Jerry2423/kda-for-trainium";
inline constexpr std::string_view pantheon = "pantheongpu/pantheonneuron: docs, kernels";
inline constexpr std::string_view megakernel =
    "KevGomes1403/nki-moe-megakernel: kernels/attn_tkg/OPTIMIZATION_LOG.md";
inline constexpr std::string_view triton_viz =
    "Deep-Learning-Profiling-Tools/triton-viz: cost-model branch, docs/experiments";

}  // namespace kiln::sources
