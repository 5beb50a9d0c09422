// Checking recorded programs.
#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include "bindings.h"
#include "host.h"
#include "kiln/base/severity_names.h"
#include "kiln/session/call.h"
#include "kiln/session/check.h"
#include "kiln/session/diagnostic_registry.h"

namespace kiln::python {

namespace {

nb::list describe_kinds() {
  nb::list list;
  for (const DiagnosticKind* kind : all_diagnostic_kinds()) {
    nb::dict d;
    d["id"] = text(kind->id);
    d["severity"] = text(name_of(kind->severity));
    d["explanation"] = text(kind->explanation);
    d["example"] = text(kind->example);
    d["fix"] = text(kind->fix);
    list.append(d);
  }
  return list;
}

// (rank, programs of its cores, arrays) of each rank.
std::vector<RankPrograms> ranks_from(nb::list given) {
  std::vector<RankPrograms> ranks;
  for (nb::handle item : given) {
    RankPrograms rank{.rank = nb::cast<int32_t>(item[0])};
    for (nb::handle program : nb::cast<nb::list>(item[1])) {
      rank.cores.push_back(nb::cast<std::shared_ptr<Program>>(program));
    }
    for (nb::handle array : nb::cast<nb::list>(item[2])) {
      rank.inputs.push_back(borrow_tensor(array));
    }
    ranks.push_back(std::move(rank));
  }
  return ranks;
}

// {diagnostics, checked, outputs}.
nb::dict check_programs(nb::list given, int threads, size_t compat, bool executes) {
  const std::vector<RankPrograms> ranks = ranks_from(std::move(given));
  CheckOptions options{.execute = execute_options(threads, false), .executes = executes};
  options.execute.fresh.integer = fresh_integer_in(static_cast<Compat>(compat));
  Result<CheckResult> result = [&] {
    const nb::gil_scoped_release no_gil;
    return check(ranks, options);
  }();
  CheckResult done = value_or_throw(std::move(result));
  size_t cores = 0;
  for (const RankPrograms& rank : ranks) cores += rank.cores.size();
  nb::dict checked;
  checked["instructions"] = done.counts.instructions;
  checked["accesses"] = done.counts.accesses;
  checked["bytes"] = done.counts.bytes;
  checked["undecided"] = done.counts.undecided;
  checked["cores"] = cores;
  checked["executed"] = done.executed;
  checked["seconds"] = done.seconds;
  nb::dict d;
  d["diagnostics"] = describe_report(done.findings.report(), done.findings.files());
  d["checked"] = checked;
  d["outputs"] = describe_outputs(std::move(done.outputs));
  return d;
}

}  // namespace

void bind_check(nb::module_& module) {
  module.def("diagnostic_kinds", &describe_kinds,
             "id, severity, explanation, example, fix of every kind of diagnostic.");
  module.def(
      "check_programs", &check_programs, nb::arg("ranks"), nb::kw_only(), nb::arg("threads") = 0,
      nb::arg("compat") = static_cast<size_t>(Compat::nki_0_6), nb::arg("execute") = true,
      "Checks the programs of a launch: (rank, programs of its cores, arrays) of each rank.");
}

}  // namespace kiln::python
