#include "kiln/isa/tensor_tensor_scan.h"

#include "kiln/isa/operand_value.h"
#include "kiln/isa/rules.h"

namespace kiln {

void TensorTensorScan::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, a{"data0", c.tile(data0.view)},
      b{"data1", c.tile(data1.view)};
  for (const NamedTile& t : {d, a, b}) {
    rules::engine_tile(c, report, t);
    rules::arithmetic_dtype(report, t);
  }
  rules::same_partitions(report, d, a);
  rules::same_partitions(report, a, b);
  rules::same_free_elements(report, d, a);
  rules::same_free_elements(report, a, b);
  rules::not_both_in_psum(report, a, b);
  rules::binary_arithmetic_op(report, "op0", op0);
  rules::binary_arithmetic_op(report, "op1", op1);
  rules::op_exists(c, report, "op0", op0);
  rules::op_exists(c, report, "op1", op1);
  if (!initial.is_tile()) return;
  const NamedTile s{"initial", c.tile(initial.view)};
  rules::engine_tile(c, report, s);
  rules::arithmetic_dtype(report, s);
  rules::column(report, s, a);
}

void TensorTensorScan::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), a = memory.access(data0), b = memory.access(data1);
  const PartitionValue start(memory, initial);
  for (int64_t p = 0; p < d.partitions; ++p) {
    float state = start.get(p);
    for (int64_t i = 0; i < d.elements; ++i) {
      const float first = apply(op0, reverse0, a.get(p, i), state);
      state = apply(op1, reverse1, first, b.get(p, i));
      d.set(p, i, state);
    }
  }
}

}  // namespace kiln
