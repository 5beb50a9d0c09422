// kiln._mpi: ranks in several processes. Needs kiln._core, whose Transport this makes.
#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>

#include "kiln/collectives/mpi/mpi_transport.h"

namespace nb = nanobind;

namespace {

template <class T>
T value_or_throw(kiln::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

}  // namespace

NB_MODULE(_mpi, module) {
  nb::module_::import_("kiln._core");
  module.doc() = "Ranks over MPI; use kiln.run_ranks.";
  module.def(
      "job",
      [] {
        const kiln::MpiJob job = value_or_throw(kiln::mpi_job());
        return nb::make_tuple(job.processes, job.self);
      },
      "(number of processes, this one's number).");
  module.def(
      "transport",
      [](int ranks) -> std::shared_ptr<kiln::Transport> {
        return value_or_throw(kiln::make_mpi_transport(ranks));
      },
      nb::arg("ranks"), "The transport of a launch of so many ranks.");
}
