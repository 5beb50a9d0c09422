#include "kiln/machine/rates.h"

#include <fmt/format.h>

#include "kiln/machine/sources.h"

namespace kiln {

namespace {

using enum Evidence;

constexpr std::string_view trnfft_profiling =
    "trnsci/trnfft: docs/design-notes/kernel-profiling.md";
constexpr std::string_view trnblas = "trnsci/trnblas: docs";

// NeuronCore-v3, the generation that has been measured most. Latencies are kept in cycles, so that
// they can be carried over where nothing else is known.
constexpr Rates gen3_rates{
    .generation = Generation::gen3,
    .prologue_ns = {9403, sources::voyager, measured},
    .handoff_ns = {30, sources::asst4, measured},  // 28 to 35
    .vector = {.fixed_cycles = {149, sources::voyager, measured},
               .interval_cycles = {64, sources::isa_reference_2_26},
               .overhead_cycles = {0, sources::voyager, measured}},
    .scalar = {.fixed_cycles = {352, sources::voyager, measured},
               .interval_cycles = {64, sources::isa_reference_2_26},
               .overhead_cycles = {0, sources::voyager, measured}},
    .gpsimd = {.fixed_cycles = {212, sources::voyager, measured},
               .interval_cycles = {64, sources::isa_reference_2_26},
               .overhead_cycles = {152, sources::voyager, measured}},
    .vector_modes = {.copy_16_bit = {0.258, sources::voyager, measured},
                     .copy_32_bit = {0.5, sources::voyager, measured},
                     .copy_widening = {0.771, sources::voyager, measured},
                     .psum_16_bit = {0.5, sources::gen3_guide},
                     .pair_16_bit = {0.5, sources::voyager, measured},
                     .pair_32_bit = {1, sources::voyager, measured},
                     .pair_psum = {1, sources::voyager, measured}},
    .activation = {.copy_fixed = {228, sources::voyager, measured},
                   .copy_psum_fixed = {190.5, sources::voyager, measured},
                   .function_fixed = {352, sources::voyager, measured},
                   .function_psum_fixed = {301, sources::voyager, measured},
                   .function_psum_element = {1.169, sources::voyager, measured},
                   .pointer_fixed = {109, sources::voyager, measured},
                   .accumulator_read_interval = {222, sources::voyager, measured},
                   .accumulator_read_fixed = {335, sources::voyager, measured},
                   .table_load_ns = {1283, sources::voyager, measured}},
    .tensor = {.fixed_ns = {165, sources::asst4, measured},
               .instruction_cycles = {6, sources::matmul_tutorial, measured},
               .interval_cycles = {64, sources::isa_reference_2_26},
               .weights_cycles_max = {64, sources::isa_reference_2_26},
               .slow_factor = {2, sources::asst4, measured},
               .window_ns = {3400, sources::asst4, measured},
               .busy_share = {0.5, sources::profiler_manual}},
    .dma = {.hardware = {.issue_load_ns = {599, sources::voyager, measured},
                         .issue_store_ns = {609, sources::voyager, measured},
                         .issue_descriptor_ns = {0, sources::dge_guide},
                         .spacing_ns = {0, sources::dge_guide},
                         .dispatch_load_ns = {751, sources::voyager, measured},
                         .dispatch_store_ns = {565.5, sources::voyager, measured},
                         .descriptor_ns = {15, sources::kda, derived}},
            .software = {.issue_load_ns = {31, sources::megakernel, measured},
                         .issue_store_ns = {31, sources::megakernel, measured},
                         // From the curve of throughput by size, at 1024 bytes a partition.
                         .issue_descriptor_ns = {5.5, sources::dma_overview, derived},
                         .spacing_ns = {0, sources::dge_guide},
                         .dispatch_load_ns = {751, sources::voyager, assumed},
                         .dispatch_store_ns = {565.5, sources::voyager, assumed},
                         .descriptor_ns = {4, sources::asst4, assumed}},
            .fixed = {.issue_load_ns = {58, sources::asst4, measured},
                      .issue_store_ns = {58, sources::asst4, measured},
                      .issue_descriptor_ns = {0, sources::dge_guide},
                      .spacing_ns = {0, sources::asst4, assumed},
                      .dispatch_load_ns = {1000, sources::asst4, measured},
                      .dispatch_store_ns = {900, sources::dma_overview, measured},
                      .descriptor_ns = {4, sources::asst4, derived}},
            .gb_per_s = {27.2, sources::dma_overview},
            .descriptor_min_ns = {13, sources::asst4, measured},
            .base_load_ns = {293, sources::voyager, measured},
            .base_store_ns = {162, sources::voyager, measured},
            .notify_load_ns = {314.5, sources::voyager, measured},
            .notify_store_ns = {355, sources::voyager, measured},
            .transpose_share = {0.9, sources::gen3_guide},
            .transpose_sbuf_share = {0.5, sources::gen3_guide},
            .accumulate_share = {0.5, sources::gen4_guide},
            .hbm_gb_per_s = {716, sources::kda, derived},
            .partitions_per_engine = {8, sources::dma_overview},
            .sendrecv_ns = {354, sources::megakernel, measured}},
    .collective = {.hop_ns = {1500, sources::collectives},
                   .link_gb_per_s = {128, sources::collectives, assumed}},
    .host = {.dispatch_ns = {850e3, trnfft_profiling, measured},  // 0.67 to 1 ms
             .first_dispatch_ns = {100e6, trnblas, measured},
             .load_ns = {1.5e9, sources::pantheon, measured},
             .compile_ns = {1.6e9, trnblas, measured}},  // to 12.8 s
    .vector_gpsimd_exclusive = {false, sources::gen3_guide},
    .vector_scalar_psum_exclusive = {false, sources::gen3_guide},
};

constexpr Rates gen2_rates = [] {
  Rates r = gen3_rates;
  r.generation = Generation::gen2;
  r.prologue_ns = {9403, sources::voyager, assumed};
  r.handoff_ns = {30, sources::performance_guide, measured};
  r.vector.fixed_cycles = {178, sources::performance_guide, assumed};
  r.scalar.fixed_cycles = {222, sources::performance_guide, measured};
  r.gpsimd.overhead_cycles = {150, sources::isa_reference_2_26};
  r.vector_modes = {.copy_16_bit = {1, sources::gen2_guide},
                    .copy_32_bit = {1, sources::gen2_guide},
                    .copy_widening = {1, sources::gen2_guide},
                    .psum_16_bit = {1, sources::gen2_guide},
                    .pair_16_bit = {1, sources::isa_reference_2_26},
                    .pair_32_bit = {2, sources::isa_reference_2_26},
                    .pair_psum = {1, sources::isa_reference_2_26}};
  r.activation.copy_fixed = {222, sources::performance_guide, measured};
  r.activation.copy_psum_fixed = {222, sources::performance_guide, assumed};
  r.activation.function_fixed = {222, sources::performance_guide, measured};
  r.activation.function_psum_fixed = {222, sources::performance_guide, assumed};
  r.activation.function_psum_element = {1, sources::isa_reference_2_26};
  r.activation.pointer_fixed = {0, sources::gen2_guide};
  r.activation.table_load_ns = {368, sources::performance_guide, measured};
  r.tensor.fixed_ns = {142, sources::performance_guide, measured};
  r.tensor.slow_factor = {1, sources::pantheon, assumed};
  for (DmaQueueRates* queue : {&r.dma.hardware, &r.dma.software, &r.dma.fixed}) {
    *queue = {.issue_load_ns = {46, sources::performance_guide, measured},
              .issue_store_ns = {46, sources::performance_guide, measured},
              .issue_descriptor_ns = {0, sources::dge_guide, assumed},
              .spacing_ns = {600, sources::pantheon, derived},  // reads of 1 KiB rows
              .dispatch_load_ns = {1300, sources::dma_bandwidth_guide},
              .dispatch_store_ns = {1300, sources::dma_bandwidth_guide},
              .descriptor_ns = {0, sources::pantheon, derived}};
  }
  r.dma.gb_per_s = {17.06, sources::pantheon, measured};  // reads of 4 KiB rows
  r.dma.descriptor_min_ns = {13, sources::asst4, assumed};
  r.dma.hbm_gb_per_s = {820, sources::gen2_guide};
  r.collective.link_gb_per_s = {48, sources::collectives, assumed};
  r.vector_gpsimd_exclusive = {true, sources::gen2_guide};
  r.vector_scalar_psum_exclusive = {true, sources::gen2_guide};
  return r;
}();

// No instruction of NeuronCore-v4 has been measured in public: what the documents do not change is
// as on v3.
constexpr Rates gen4_rates = [] {
  Rates r = gen3_rates;
  r.generation = Generation::gen4;
  r.vector_modes.copy_16_bit = {0.25, sources::gen4_guide, assumed};
  r.dma.gb_per_s = {38.4, sources::dma_overview};
  r.dma.accumulate_share = {1, sources::gen4_guide};
  r.dma.hbm_gb_per_s = {1175, sources::gen4_guide, derived};  // a quarter of the chip's 4.7 TB/s
  r.collective.link_gb_per_s = {256, sources::collectives, assumed};
  return r;
}();

constexpr std::array tables{&gen2_rates, &gen3_rates, &gen4_rates};

template <class Fn>
void for_each_engine_rate(std::string_view name, const EngineRates& e, Fn&& fn) {
  fn(name, "fixed_cycles", "cycles", e.fixed_cycles);
  fn(name, "interval_cycles", "cycles", e.interval_cycles);
  fn(name, "overhead_cycles", "cycles", e.overhead_cycles);
}

template <class Fn>
void for_each_queue_rate(std::string_view name, const DmaQueueRates& q, Fn&& fn) {
  fn(name, "issue_load_ns", "ns", q.issue_load_ns);
  fn(name, "issue_store_ns", "ns", q.issue_store_ns);
  fn(name, "issue_descriptor_ns", "ns", q.issue_descriptor_ns);
  fn(name, "spacing_ns", "ns", q.spacing_ns);
  fn(name, "dispatch_load_ns", "ns", q.dispatch_load_ns);
  fn(name, "dispatch_store_ns", "ns", q.dispatch_store_ns);
  fn(name, "descriptor_ns", "ns", q.descriptor_ns);
}

// Calls fn(group, name, unit, fact) for every figure.
template <class Fn>
void for_each_rate(const Rates& r, Fn&& fn) {
  fn("kernel", "prologue_ns", "ns", r.prologue_ns);
  fn("kernel", "handoff_ns", "ns", r.handoff_ns);
  for_each_engine_rate("vector", r.vector, fn);
  fn("vector", "copy_16_bit", "cycles/element", r.vector_modes.copy_16_bit);
  fn("vector", "copy_32_bit", "cycles/element", r.vector_modes.copy_32_bit);
  fn("vector", "copy_widening", "cycles/element", r.vector_modes.copy_widening);
  fn("vector", "psum_16_bit", "cycles/element", r.vector_modes.psum_16_bit);
  fn("vector", "pair_16_bit", "cycles/element", r.vector_modes.pair_16_bit);
  fn("vector", "pair_32_bit", "cycles/element", r.vector_modes.pair_32_bit);
  fn("vector", "pair_psum", "cycles/element", r.vector_modes.pair_psum);
  for_each_engine_rate("scalar", r.scalar, fn);
  fn("scalar", "copy_fixed", "cycles", r.activation.copy_fixed);
  fn("scalar", "copy_psum_fixed", "cycles", r.activation.copy_psum_fixed);
  fn("scalar", "function_fixed", "cycles", r.activation.function_fixed);
  fn("scalar", "function_psum_fixed", "cycles", r.activation.function_psum_fixed);
  fn("scalar", "function_psum_element", "cycles/element", r.activation.function_psum_element);
  fn("scalar", "pointer_fixed", "cycles", r.activation.pointer_fixed);
  fn("scalar", "accumulator_read_interval", "cycles", r.activation.accumulator_read_interval);
  fn("scalar", "accumulator_read_fixed", "cycles", r.activation.accumulator_read_fixed);
  fn("scalar", "table_load_ns", "ns", r.activation.table_load_ns);
  for_each_engine_rate("gpsimd", r.gpsimd, fn);
  fn("tensor", "fixed_ns", "ns", r.tensor.fixed_ns);
  fn("tensor", "instruction_cycles", "cycles", r.tensor.instruction_cycles);
  fn("tensor", "interval_cycles", "cycles", r.tensor.interval_cycles);
  fn("tensor", "weights_cycles_max", "cycles", r.tensor.weights_cycles_max);
  fn("tensor", "slow_factor", "", r.tensor.slow_factor);
  fn("tensor", "window_ns", "ns", r.tensor.window_ns);
  fn("tensor", "busy_share", "", r.tensor.busy_share);
  for_each_queue_rate("dma.hardware", r.dma.hardware, fn);
  for_each_queue_rate("dma.software", r.dma.software, fn);
  for_each_queue_rate("dma.fixed", r.dma.fixed, fn);
  fn("dma", "gb_per_s", "GB/s", r.dma.gb_per_s);
  fn("dma", "descriptor_min_ns", "ns", r.dma.descriptor_min_ns);
  fn("dma", "base_load_ns", "ns", r.dma.base_load_ns);
  fn("dma", "base_store_ns", "ns", r.dma.base_store_ns);
  fn("dma", "notify_load_ns", "ns", r.dma.notify_load_ns);
  fn("dma", "notify_store_ns", "ns", r.dma.notify_store_ns);
  fn("dma", "transpose_share", "", r.dma.transpose_share);
  fn("dma", "transpose_sbuf_share", "", r.dma.transpose_sbuf_share);
  fn("dma", "accumulate_share", "", r.dma.accumulate_share);
  fn("dma", "hbm_gb_per_s", "GB/s", r.dma.hbm_gb_per_s);
  fn("dma", "partitions_per_engine", "", r.dma.partitions_per_engine);
  fn("dma", "sendrecv_ns", "ns", r.dma.sendrecv_ns);
  fn("collective", "hop_ns", "ns", r.collective.hop_ns);
  fn("collective", "link_gb_per_s", "GB/s", r.collective.link_gb_per_s);
  fn("host", "dispatch_ns", "ns", r.host.dispatch_ns);
  fn("host", "first_dispatch_ns", "ns", r.host.first_dispatch_ns);
  fn("host", "load_ns", "ns", r.host.load_ns);
  fn("host", "compile_ns", "ns", r.host.compile_ns);
  fn("ports", "vector_gpsimd_exclusive", "", r.vector_gpsimd_exclusive);
  fn("ports", "vector_scalar_psum_exclusive", "", r.vector_scalar_psum_exclusive);
}

}  // namespace

const Rates& rates(Generation generation) { return *tables[static_cast<size_t>(generation)]; }

std::vector<FactRow> fact_rows(const Rates& rates) {
  std::vector<FactRow> rows;
  for_each_rate(rates, [&](std::string_view group, std::string_view name, std::string_view unit,
                           const auto& fact) {
    rows.push_back({group, name, fmt::format("{}", fact.value), unit, fact.source, fact.evidence});
  });
  return rows;
}

}  // namespace kiln
