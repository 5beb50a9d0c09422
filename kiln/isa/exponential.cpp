#include "kiln/isa/exponential.h"

#include "kiln/isa/accumulators.h"
#include "kiln/isa/activation_op.h"
#include "kiln/isa/operand_value.h"
#include "kiln/isa/rules.h"

namespace kiln {

void Exponential::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, in{"src", c.tile(src.view)};
  for (const NamedTile& t : {d, in}) {
    rules::engine_tile(c, report, t);
    if (t.tile.rank() > rank_max) {
      report.add(diag::bad_shape, "{} has {} dimensions; it must have at most {}", t.name,
                 t.tile.rank(), rank_max);
    }
  }
  rules::dtype_is(
      report, d,
      {DType::float8_e4m3, DType::float8_e5m2, DType::float16, DType::bfloat16, DType::float32,
       DType::tfloat32, DType::int8, DType::int16, DType::int32, DType::uint8, DType::uint16});
  rules::dtype_is(
      report, in,
      {DType::float8_e4m3, DType::float8_e5m2, DType::float16, DType::bfloat16, DType::float32,
       DType::int8, DType::int16, DType::int32, DType::uint8, DType::uint16, DType::uint32});
  rules::same_partitions(report, d, in);
  rules::same_free_elements(report, d, in);
  if (max_value.is_tile()) {
    const NamedTile t{"max_value", c.tile(max_value.view)};
    rules::engine_tile(c, report, t);
    rules::column(report, t, in);
    rules::dtype_is(report, t, {DType::float32});
  }
  rules::reduce_cmd_is(
      report, reduce_cmd,
      {ReduceCmd::idle, ReduceCmd::reset_reduce, ReduceCmd::reduce, ReduceCmd::load_reduce});
  rules::accumulator_result(c, report, reduce_res, in);
  if (reduce_res.given()) {
    rules::dtype_is(report, {"reduce_res", c.tile(reduce_res.view)},
                    {DType::float8_e4m3, DType::float8_e5m2, DType::float16, DType::bfloat16,
                     DType::float32, DType::tfloat32});
  }
  rules::accumulator_start(c, report, reduce_cmd, "reduce_init", reduce_init, in);
  rules::only_loaded(report, reduce_cmd, "reduce_init", reduce_init);
}

void Exponential::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), in = memory.access(src);
  const PartitionValue subtrahend(memory, max_value);
  Accumulators totals(memory, Engine::vector, src.view, AluOp::add, reduce_cmd, reduce_init);
  for (int64_t p = 0; p < d.partitions; ++p) {
    const float x = subtrahend.get(p);
    for (int64_t i = 0; i < d.elements; ++i) {
      const float result = activate(ActivationOp::exp, in.get(p, i) - x);
      d.set(p, i, result);
      totals.add(p, result);
    }
  }
  totals.read_out(memory, reduce_res);
}

}  // namespace kiln
