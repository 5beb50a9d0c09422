#include "kiln/isa/register_alu.h"

#include "kiln/isa/rules.h"

namespace kiln {

void RegisterAlu::check(const Context&, Report& report) const {
  rules::allocated_register(report, "dst", dst);
  const bool has_integers = op != AluOp::power && takes_two_operands(op) && !info(op).of_many;
  if (!has_integers) {
    report.add(diag::bad_operator, "op is {}; registers take integer operators of two operands",
               name_of(op));
  }
}

void RegisterAlu::execute(TileMemory& memory) const {
  const auto x = static_cast<uint32_t>(memory.value(a)), y = static_cast<uint32_t>(memory.value(b));
  memory.reg(dst.id) =
      static_cast<int32_t>(info(op).bitvec ? apply_bits(op, x, y) : apply_integer(op, x, y, true));
}

}  // namespace kiln
