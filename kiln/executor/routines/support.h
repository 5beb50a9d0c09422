// What routines of all CPU levels share and need not be vectorised. Compiled for the base CPU.
#pragma once

#include "kiln/isa/alu_op.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/tile_memory.h"

namespace kiln::routines {

// Whether a routine may read `from` a block at a time ahead of writing `to`: they are disjoint, or
// the same elements of the same size in the same order.
bool may_stream(const TileAccess& to, const TileAccess& from);

// Whether no element of one is an element of the other. May say no where it is hard to tell.
bool disjoint(const TileAccess& a, const TileAccess& b);

// The bit pattern of a constant that bitvec operators work on.
Bits pattern_of(const InOrScalar& constant);

// The constant as a stored element of `dtype`.
Bits stored_constant(DType dtype, const InOrScalar& constant);

// Scratch of at least this many floats, aligned to cache lines, that the calling thread keeps. Its
// contents last until the next call for the same slot.
enum class Slot : uint8_t { stationary, moving, panel, result, words, scales };
float* workspace(Slot slot, int64_t floats);

}  // namespace kiln::routines
