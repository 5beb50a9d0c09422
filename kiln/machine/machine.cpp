// Lookup, listing and validation of the machine tables.

#include "kiln/machine/machine.h"

#include <fmt/format.h>

#include <initializer_list>

#include "kiln/machine/gen2.h"
#include "kiln/machine/gen3.h"
#include "kiln/machine/gen4.h"

namespace kiln {

namespace {

constexpr std::array machines{&gen2, &gen3, &gen4};

template <class Fn>
constexpr void for_each_engine_fact(const EngineFacts& engine,
                                    const std::array<std::string_view, 3>& names, Fn&& fn) {
  fn("engines", names[0], "GHz", engine.clock_ghz);
  fn("engines", names[1], "elements/cycle", engine.fast_elements_per_cycle);
  fn("engines", names[2], "elements/cycle", engine.elements_per_cycle);
}

// Calls fn(group, name, unit, fact) for every figure.
template <class Fn>
constexpr void for_each_fact(const Machine& m, Fn&& fn) {
  fn("chip", "cores_per_chip", "", m.cores_per_chip);
  fn("chip", "cores_sharing_hbm", "", m.cores_sharing_hbm);

  for_each_engine_fact(
      m.tensor, {"tensor.clock_ghz", "tensor.fast_elements_per_cycle", "tensor.elements_per_cycle"},
      fn);
  for_each_engine_fact(
      m.vector, {"vector.clock_ghz", "vector.fast_elements_per_cycle", "vector.elements_per_cycle"},
      fn);
  for_each_engine_fact(
      m.scalar, {"scalar.clock_ghz", "scalar.fast_elements_per_cycle", "scalar.elements_per_cycle"},
      fn);
  for_each_engine_fact(
      m.gpsimd, {"gpsimd.clock_ghz", "gpsimd.fast_elements_per_cycle", "gpsimd.elements_per_cycle"},
      fn);
  fn("engines", "tensor_tflops_bf16", "TFLOPS", m.tensor_tflops_bf16);
  fn("engines", "tensor_tflops_fp32", "TFLOPS", m.tensor_tflops_fp32);
  fn("engines", "tensor_tflops_fp8", "TFLOPS", m.tensor_tflops_fp8);

  fn("memory", "partitions", "", m.partitions);
  fn("memory", "sbuf_bytes_per_partition", "bytes", m.sbuf_bytes_per_partition);
  fn("memory", "sbuf_reserved_bytes_per_partition", "bytes", m.sbuf_reserved_bytes_per_partition);
  fn("memory", "psum_bytes_per_partition", "bytes", m.psum_bytes_per_partition);
  fn("memory", "psum_banks", "", m.psum_banks);
  fn("memory", "sbuf_alignment_bytes", "bytes", m.sbuf_alignment_bytes);
  fn("memory", "psum_alignment_bytes", "bytes", m.psum_alignment_bytes);
  fn("memory", "hbm_bytes", "bytes", m.hbm_bytes);
  fn("memory", "hbm_gb_per_s", "GB/s", m.hbm_gb_per_s);

  fn("dma", "dma_engines_per_core", "", m.dma_engines_per_core);
  fn("dma", "dma_gb_per_s_per_engine", "GB/s", m.dma_gb_per_s_per_engine);
  fn("dma", "hardware_dge_rings", "", m.hardware_dge_rings);

  fn("limits", "matmul_stationary_free", "elements", m.matmul_stationary_free);
  fn("limits", "matmul_moving_free", "elements", m.matmul_moving_free);
  fn("limits", "matmul_moving_free_bf16", "elements", m.matmul_moving_free_bf16);
  fn("limits", "bn_stats_free", "elements", m.bn_stats_free);
  fn("limits", "vector_transpose_size", "elements", m.vector_transpose_size);
  fn("limits", "access_pattern_dims", "", m.access_pattern_dims);
  fn("limits", "access_pattern_elements", "elements", m.access_pattern_elements);
  fn("limits", "access_pattern_step", "elements", m.access_pattern_step);

  fn("capabilities", "scalar_engine_tensor_copy", "", m.scalar_engine_tensor_copy);
  fn("capabilities", "scalar_engine_any_scalar_op", "", m.scalar_engine_any_scalar_op);
  fn("capabilities", "activation_immediate_bias", "", m.activation_immediate_bias);
  fn("capabilities", "activation_reduces_any_op", "", m.activation_reduces_any_op);
  fn("capabilities", "bit_exact_transpose", "", m.bit_exact_transpose);
  fn("capabilities", "low_precision_psum_transpose", "", m.low_precision_psum_transpose);
  fn("capabilities", "bf16_matmul_output", "", m.bf16_matmul_output);
  fn("capabilities", "matmul_double_row", "", m.matmul_double_row);
  fn("capabilities", "ocp_fp8_matmul", "", m.ocp_fp8_matmul);
  fn("capabilities", "matmul_quarter_tiling", "", m.matmul_quarter_tiling);
  fn("capabilities", "range_select", "", m.range_select);
  fn("capabilities", "gpsimd_random", "", m.gpsimd_random);
  fn("capabilities", "vector_random_state", "", m.vector_random_state);
  fn("capabilities", "dma_priority", "", m.dma_priority);
  fn("capabilities", "local_transposing_load", "", m.local_transposing_load);
  fn("capabilities", "tensor_indirection", "", m.tensor_indirection);
  fn("capabilities", "mx_matmul", "", m.mx_matmul);
}

constexpr bool is_power_of_two(int64_t n) { return n > 0 && (n & (n - 1)) == 0; }

// Within 2 %, which is how published rates are rounded.
constexpr bool about(double a, double b) { return a < b * 1.02 && b < a * 1.02; }

// A systolic array does two operations a cycle in each row for every element it puts out.
constexpr double tensor_tflops(const Machine& m, int elements_per_cycle) {
  return 2.0 * m.partitions * elements_per_cycle * m.tensor.clock_ghz / 1000;
}

// The first rule the figures break, or "".
constexpr std::string_view broken_rule(const Machine& m) {
  bool sourced = true;
  for_each_fact(m, [&](std::string_view, std::string_view, std::string_view, const auto& fact) {
    if (fact.source.empty()) sourced = false;
  });
  if (!sourced) return "a figure has no source";

  for (const EngineFacts* engine : {&m.tensor, &m.vector, &m.scalar, &m.gpsimd}) {
    if (!(engine->clock_ghz > 0)) return "an engine has no clock";
    if (engine->elements_per_cycle <= 0) return "an engine has no rate";
    if (engine->fast_elements_per_cycle < engine->elements_per_cycle) {
      return "an engine's fast mode is slower than its normal one";
    }
  }
  if (!about(m.tensor_tflops_bf16, tensor_tflops(m, m.tensor.fast_elements_per_cycle)) ||
      !about(m.tensor_tflops_fp32, tensor_tflops(m, m.tensor.elements_per_cycle))) {
    return "the tensor engine's TFLOPS do not follow from its clock and width";
  }

  if (!is_power_of_two(m.partitions)) return "partitions is not a power of two";
  if (m.sbuf_reserved_bytes_per_partition < 0 || m.sbuf_usable_bytes_per_partition() <= 0) {
    return "the reserved part of sbuf leaves nothing";
  }
  if (m.psum_banks <= 0 || m.psum_bytes_per_partition % m.psum_banks != 0) {
    return "psum_banks does not divide psum_bytes_per_partition";
  }
  if (!is_power_of_two(m.sbuf_alignment_bytes) || !is_power_of_two(m.psum_alignment_bytes)) {
    return "an alignment is not a power of two";
  }
  if (m.psum_bank_bytes() % m.psum_alignment_bytes != 0) return "psum banks are not aligned";

  if (m.matmul_stationary_free > m.partitions) return "matmul results have too many partitions";
  if (m.matmul_moving_free <= 0 || 4 * m.matmul_moving_free > m.psum_bytes_per_partition ||
      2 * m.matmul_moving_free_bf16 > m.psum_bytes_per_partition) {
    return "matmul results do not fit in psum";
  }
  if (m.bf16_matmul_output != (m.matmul_moving_free_bf16 > 0)) {
    return "bf16_matmul_output and matmul_moving_free_bf16 disagree";
  }
  if (m.partitions % m.vector_transpose_size != 0) {
    return "vector_transpose_size does not divide partitions";
  }
  return "";
}
static_assert(broken_rule(gen2).empty());
static_assert(broken_rule(gen3).empty());
static_assert(broken_rule(gen4).empty());

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const size_t end = words.find(' ');
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
  }
  return false;
}

std::string value_text(bool value) { return value ? "yes" : "no"; }
template <class T>
std::string value_text(T value) {
  return fmt::format("{}", value);
}

}  // namespace

const Machine& machine(Generation generation) { return *machines[static_cast<size_t>(generation)]; }

std::optional<Generation> find_generation(std::string_view name) {
  for (const Machine* m : machines) {
    if (name == name_of(m->generation) || name == m->instance || name == m->core ||
        has_word(m->aliases, name)) {
      return m->generation;
    }
  }
  return std::nullopt;
}

std::vector<FactRow> fact_rows(const Machine& machine) {
  std::vector<FactRow> rows;
  for_each_fact(machine, [&](std::string_view group, std::string_view name, std::string_view unit,
                             const auto& fact) {
    rows.push_back({group, name, value_text(fact.value), unit, fact.source, fact.evidence});
  });
  return rows;
}

std::string validate(const Machine& machine) { return std::string(broken_rule(machine)); }

}  // namespace kiln
