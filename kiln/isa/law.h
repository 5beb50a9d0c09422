// Law: what one instruction costs the engine that executes it, as data beside the instruction. The
// figures that differ from machine to machine, and their units, are in machine/rates.h.
#pragma once

#include <string_view>

#include "kiln/machine/machine.h"
#include "kiln/machine/sources.h"

namespace kiln {

// What an engine's time for an instruction depends on.
enum class Rate : uint8_t {
  unknown,     // nobody has said: a timeline lists the instruction
  elements,    // `cycles` for each element of a partition of the largest operand
  copy,        // likewise, in the fast modes of one input
  pair,        // likewise, in the fast modes of two inputs
  activation,  // the Scalar engine's functions
  matmul,      // columns that move through the Tensor engine
  dma,         // bytes and descriptors
  sequencer,   // nothing: registers
};

struct Law {
  Rate rate = Rate::unknown;
  double cycles = 1;        // for an element
  double fixed_cycles = 0;  // until the first result is there; 0: what the engine always needs
  Engine engine = Engine::unknown;  // that has it where the kernel leaves it open; else the first
  std::string_view source = sources::isa_reference_2_26;
  Evidence evidence = Evidence::documented;
};

}  // namespace kiln
