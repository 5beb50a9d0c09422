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

// The constants of nl.tile_size as an open compiler for NKI states them.
inline constexpr std::string_view klr = "leanprover/KLR: KLR/Trace.lean";
// A kernel that the simulator runs and the compiler refuses.
inline constexpr std::string_view trnfft =
    "trnsci/trnfft: scripts/reproduce_nl_load_transpose2d.py";
// The budget of one partition in a kernel of the public kernel library.
inline constexpr std::string_view nki_library =
    "aws-neuron/nki-library: src/nkilib_src/nkilib/core/mlp/mlp_cte/mlp_cte_constants.py";

}  // namespace kiln::sources
