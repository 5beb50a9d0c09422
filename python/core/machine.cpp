// Figures of the target generations.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings.h"
#include "kiln/machine/machine.h"

namespace kiln::python {

namespace nb = nanobind;

namespace {

nb::str text(std::string_view s) { return nb::str(s.data(), s.size()); }

nb::dict describe_machine(size_t generation) {
  const Machine& m = machine(static_cast<Generation>(generation));
  nb::dict d;
  d["generation"] = text(name_of(m.generation));
  d["instance"] = text(m.instance);
  d["aliases"] = text(m.aliases);
  d["core"] = text(m.core);
  nb::list rows;
  for (const FactRow& row : fact_rows(m)) {
    nb::dict r;
    r["group"] = text(row.group);
    r["name"] = text(row.name);
    r["value"] = row.value;
    r["unit"] = text(row.unit);
    r["source"] = text(row.source);
    r["evidence"] = text(name_of(row.evidence));
    rows.append(r);
  }
  d["facts"] = rows;
  return d;
}

nb::dict tile_size(size_t generation) {
  const Machine& m = machine(static_cast<Generation>(generation));
  const int64_t usable = m.sbuf_usable_bytes_per_partition();
  nb::dict d;
  d["pmax"] = m.partitions.value;
  d["psum_fmax"] = d["psum_bank_fmax"] = m.psum_bank_bytes() / 4;
  d["psum_bank_fmax_bytes"] = m.psum_bank_bytes();
  d["psum_num_banks"] = m.psum_banks.value;
  d["psum_min_align"] = m.psum_alignment_bytes.value;
  d["sbuf_min_align"] = m.sbuf_alignment_bytes.value;
  d["gemm_stationary_fmax"] = m.matmul_stationary_free.value;
  // One PSUM bank of float32 on every generation: what portable kernels tile by.
  d["gemm_moving_fmax"] = m.psum_bank_bytes() / 4;
  d["bn_stats_fmax"] = m.bn_stats_free.value;
  d["sbuf_size_bytes"] = m.sbuf_bytes_per_partition * m.partitions;
  d["sbuf_fmax"] = usable / 4;
  d["sbuf_fmax_bytes"] = d["total_available_sbuf_size"] = usable;
  return d;
}

}  // namespace

void bind_machine(nb::module_& module) {
  module.def("find_generation", [](const std::string& name) -> std::optional<size_t> {
    const auto found = find_generation(name);
    if (!found) return std::nullopt;
    return static_cast<size_t>(*found);
  });
  module.def("machine", &describe_machine, nb::arg("generation"));
  module.def("tile_size", &tile_size, nb::arg("generation"));
}

}  // namespace kiln::python
