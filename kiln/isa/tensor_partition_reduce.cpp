#include "kiln/isa/tensor_partition_reduce.h"

#include "kiln/isa/rules.h"

namespace kiln {

namespace {

bool has(AluOp op) {
  return op == AluOp::add || op == AluOp::average || op == AluOp::maximum ||
         op == AluOp::bitwise_or || op == AluOp::bitwise_and;
}

float reduce(AluOp op, const TileAccess& data, int64_t i) {
  const AluOp step = op == AluOp::average ? AluOp::add : op;
  float state = data.get(0, i);
  for (int64_t p = 1; p < data.partitions; ++p) state = apply(step, state, data.get(p, i));
  return op == AluOp::average ? state / static_cast<float>(data.partitions) : state;
}

Bits reduce_bits(AluOp op, const TileAccess& data, int64_t i) {
  Bits state = data.bits(0, i);
  for (int64_t p = 1; p < data.partitions; ++p) state = apply_bits(op, state, data.bits(p, i));
  return state;
}

}  // namespace

void TensorPartitionReduce::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, a{"data", c.tile(data.view)};
  for (const NamedTile& t : {d, a}) {
    if (rules::in_sbuf(c, report, t)) rules::engine_tile(c, report, t);
    if (info(op).bitvec) {
      rules::integer_dtype(report, t);
    } else {
      rules::arithmetic_dtype(report, t);
    }
  }
  if (!has(op)) {
    rules::broken::op(report, "op", op, "add, average, maximum, bitwise_or or bitwise_and");
  }
  if (d.tile.on_chip() && d.tile.partitions() != 1) {
    report.add(diag::partition_mismatch, "dst has {} partitions; it has 1", d.tile.partitions());
  }
  rules::same_free_elements(report, d, a);
}

void TensorPartitionReduce::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), a = memory.access(data);
  if (memory.fault()) return;
  std::vector<Bits> row;
  for (int64_t i = 0; i < d.elements; ++i) {
    row.push_back(info(op).bitvec ? reduce_bits(op, a, i)
                                  : from_float32(d.dtype, reduce(op, a, i)));
  }
  for (int64_t i = 0; i < d.elements; ++i) d.set_bits(0, i, row[static_cast<size_t>(i)]);
}

}  // namespace kiln
