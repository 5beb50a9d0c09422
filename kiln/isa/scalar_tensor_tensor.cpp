#include "kiln/isa/scalar_tensor_tensor.h"

#include "kiln/isa/operand_value.h"
#include "kiln/isa/rules.h"

namespace kiln {

void ScalarTensorTensor::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, a{"data", c.tile(data.view)},
      b{"operand1", c.tile(operand1.view)};
  for (const NamedTile& t : {d, a, b}) {
    rules::engine_tile(c, report, t);
    rules::arithmetic_dtype(report, t);
  }
  rules::same_partitions(report, d, a);
  rules::same_partitions(report, a, b);
  rules::same_free_elements(report, d, a);
  rules::same_free_elements(report, a, b);
  rules::not_both_in_psum(report, a, b);
  rules::arithmetic_op(report, "op0", op0);
  rules::binary_arithmetic_op(report, "op1", op1);
  rules::op_exists(c, report, "op0", op0);
  rules::op_exists(c, report, "op1", op1);
  if (!operand0.is_tile()) return;
  const NamedTile s{"operand0", c.tile(operand0.view)};
  rules::engine_tile(c, report, s);
  rules::arithmetic_dtype(report, s);
  rules::column(report, s, a);
}

void ScalarTensorTensor::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), a = memory.access(data), b = memory.access(operand1);
  const PartitionValue scalar(memory, operand0);
  for (int64_t p = 0; p < d.partitions; ++p) {
    const float s = scalar.get(p);
    for (int64_t i = 0; i < d.elements; ++i) {
      const float first = apply(op0, reverse0, a.get(p, i), s);
      d.set(p, i, apply(op1, reverse1, first, b.get(p, i)));
    }
  }
}

}  // namespace kiln
