// MpiTransport: ranks spread over the processes of an MPI job, in blocks: process p of n has the
// ranks from p * ranks / n up to (p + 1) * ranks / n.
#pragma once

#include <memory>

#include "kiln/collectives/transport.h"

namespace kiln {

// The processes of this job and this one's number; starts MPI if that has not been done.
struct MpiJob {
  int processes = 1;
  int self = 0;
};
Result<MpiJob> mpi_job();

// A transport for a launch of `ranks` ranks, at least as many as processes. All processes make
// their transports in the same order.
Result<std::unique_ptr<Transport>> make_mpi_transport(int ranks);

}  // namespace kiln
