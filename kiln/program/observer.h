// Observer: who watches a program being executed. Checks that need the values of runtime indices
// are made there; an execution without one does not pay for it.
#pragma once

#include <cstddef>

#include "kiln/isa/tile_memory.h"

namespace kiln {

class Observer {
 public:
  virtual ~Observer() = default;

  // Before code[index] is executed, as often as it is; its tiles have memory. Called for one
  // instruction at a time, in program order but for instructions that do not depend on each other.
  virtual void before(size_t index, TileMemory& memory) = 0;
};

}  // namespace kiln
