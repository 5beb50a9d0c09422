// The operators of alu_op.h on blocks of words.
#pragma once

#include "kiln/executor/routines/stream/stream.h"
#include "kiln/isa/alu_op.h"

namespace kiln::KILN_CPU_LEVEL {

// What an instruction computes with.
enum class Arithmetic : uint8_t {
  float32,         // apply()
  bits,            // apply_bits()
  signed_words,    // apply_integer()
  unsigned_words,  // apply_integer()
};

// out[i] = a[i] op b[i]; `out` may be a or b.
void alu(Arithmetic arithmetic, AluOp op, Operand a, Operand b, float* out, int64_t n);

// As above with the operands exchanged if `reverse` and op takes two.
inline void alu(Arithmetic arithmetic, AluOp op, bool reverse, Operand a, Operand b, float* out,
                int64_t n) {
  if (reverse && takes_two_operands(op)) {
    alu(arithmetic, op, b, a, out, n);
  } else {
    alu(arithmetic, op, a, b, out, n);
  }
}

}  // namespace kiln::KILN_CPU_LEVEL
