// AluOp: the operators of the Vector and GpSimd engines (the ALU table of nki.isa), with their
// meaning on one element.
#pragma once

#include <array>
#include <cstdint>

#include "kiln/base/enum_names.h"
#include "kiln/machine/machine.h"

namespace kiln {

enum class AluOp : uint8_t {
  none,  // not given
  bypass,
  invert,
  bitwise_and,
  bitwise_or,
  bitwise_xor,
  left_shift,
  right_shift,
  add,
  subtract,
  multiply,
  divide,
  maximum,
  minimum,
  equal,
  not_equal,
  greater_equal,
  greater,
  less_equal,
  less,
  logical_and,
  logical_or,
  logical_xor,
  power,
  abs_max,
  abs_min,
  abs,
  square,
  relu,
  rsqrt,
  reciprocal,
  average,
};

template <>
struct EnumNames<AluOp> {
  static constexpr std::string_view type = "operator";
  static constexpr std::array<std::string_view, 32> names{
      "none",       "bypass",      "invert",      "bitwise_and", "bitwise_or",    "bitwise_xor",
      "left_shift", "right_shift", "add",         "subtract",    "multiply",      "divide",
      "maximum",    "minimum",     "equal",       "not_equal",   "greater_equal", "greater",
      "less_equal", "less",        "logical_and", "logical_or",  "logical_xor",   "power",
      "abs_max",    "abs_min",     "abs",         "square",      "relu",          "rsqrt",
      "reciprocal", "average"};
};

struct AluInfo {
  bool bitvec = false;   // works on bit patterns of integers; the others on float32
  bool unary = false;    // ignores its second operand
  bool reduces = false;  // may be a reduction operator
  bool of_many = false;  // has no meaning for two elements; only tensor_partition_reduce takes it
  bool of_registers = false;  // no engine has it; registers do
  Generation since = Generation::gen2;
};

namespace internal {

constexpr AluInfo describe(AluOp op) {
  switch (op) {
    using enum AluOp;
    case invert:
      return {.bitvec = true, .unary = true};
    case bitwise_and:
    case bitwise_or:
    case bitwise_xor:
      return {.bitvec = true, .reduces = true};
    case left_shift:
    case right_shift:
      return {.bitvec = true};
    case add:
    case subtract:
    case multiply:
    case maximum:
    case minimum:
    case logical_and:
    case logical_or:
    case logical_xor:
      return {.reduces = true};
    // Source: release-notes/components/nki.rst, known issues of 0.4.
    case divide:
      return {.of_registers = true};
    case abs_max:
    case abs_min:
      return {.since = Generation::gen4};
    case square:
    case relu:
      return {.unary = true, .since = Generation::gen4};
    case abs:
    case rsqrt:
    case reciprocal:
      return {.unary = true};
    case average:
      return {.of_many = true};
    default:
      return {};
  }
}

inline constexpr auto alu_infos = [] {
  std::array<AluInfo, EnumNames<AluOp>::names.size()> infos;
  for (size_t i = 0; i < infos.size(); ++i) infos[i] = describe(static_cast<AluOp>(i));
  return infos;
}();

}  // namespace internal

constexpr AluInfo info(AluOp op) { return internal::alu_infos[static_cast<size_t>(op)]; }

// Passes its first operand through.
constexpr bool is_identity(AluOp op) { return op == AluOp::none || op == AluOp::bypass; }

constexpr bool takes_two_operands(AluOp op) {
  return !is_identity(op) && !info(op).unary && !info(op).of_many;
}

// One float32 element. Comparisons and logical operators give 1 or 0; of the others the result is
// NaN if an operand is. abs_max and abs_min return b on a tie. A unary operator ignores b. Not for
// bitvec operators.
float apply(AluOp op, float a, float b);

// op(a, b), or op(b, a) for an operator of two operands in reverse.
inline float apply(AluOp op, bool reverse, float a, float b) {
  return reverse && takes_two_operands(op) ? apply(op, b, a) : apply(op, a, b);
}

// One 32-bit pattern. Shifts are logical; a shift of 32 or more gives 0. Only bitvec operators.
uint32_t apply_bits(AluOp op, uint32_t a, uint32_t b);

// Native integer arithmetic of the GpSimd engine, modulo 2^32; comparisons, divide and magnitudes
// honour signedness. Division truncates, and by zero gives 0. Only arithmetic operators other than
// power, rsqrt and reciprocal.
uint32_t apply_integer(AluOp op, uint32_t a, uint32_t b, bool is_signed);

// The start value of a reduction: op(identity, x) == x, and x != 0 for logical operators. 0 for
// subtract, which has none. Only arithmetic reduction operators, abs_max and abs_min.
float reduction_identity(AluOp op);

}  // namespace kiln
