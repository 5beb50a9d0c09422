#include "kiln/isa/accumulators.h"

#include <algorithm>

#include "kiln/base/check.h"

namespace kiln {

Accumulators::Accumulators(TileMemory& memory, Engine engine, ViewId id, AluOp op, ReduceCmd cmd,
                           const InOrScalar& initial)
    : op_(op), reduces_(reduces(cmd)) {
  const Tile tile = memory.tiles().tile(id);
  const std::span<float, 128> all = memory.accumulators(engine);
  const auto first = static_cast<size_t>(rules::start_partition(tile));
  const auto count = static_cast<size_t>(tile.partitions());
  KILN_CHECK(first + count <= all.size());
  registers_ = all.subspan(first, count);
  if (resets(cmd)) {
    std::fill(registers_.begin(), registers_.end(), reduction_identity(op));
  } else if (cmd == ReduceCmd::load_reduce) {
    const PartitionValue values(memory, initial);
    for (size_t p = 0; p < count; ++p) registers_[p] = values.get(static_cast<int64_t>(p));
  }
}

void Accumulators::read_out(TileMemory& memory, const OptionalOut& reduce_res, bool negate) const {
  if (!reduce_res.given()) return;
  const TileAccess result = memory.access(reduce_res);
  for (int64_t p = 0; p < result.partitions; ++p) {
    const float value = registers_[static_cast<size_t>(p)];
    result.set(p, 0, negate ? -value : value);
  }
}

namespace rules {

bool reduce_cmd_is(Report& report, ReduceCmd cmd, std::initializer_list<ReduceCmd> allowed) {
  if (std::find(allowed.begin(), allowed.end(), cmd) != allowed.end()) return true;
  std::string names;
  for (const ReduceCmd each : allowed) {
    names += fmt::format("{}{}", names.empty() ? "" : " or ", name_of(each));
  }
  report.add(diag::bad_argument, "reduce_cmd is {}; it must be {}", name_of(cmd), names);
  return false;
}

void accumulator_start(const Context& c, Report& report, ReduceCmd cmd, std::string_view name,
                       const InOrScalar& initial, const NamedTile& data) {
  if (cmd == ReduceCmd::load_reduce && !initial.given()) {
    report.add(diag::missing_argument, "{} is missing; reduce_cmd=load_reduce needs it", name);
  }
  if (!initial.is_tile()) return;
  const NamedTile t{name, c.tile(initial.view)};
  engine_tile(c, report, t);
  column(report, t, data);
  dtype_is(report, t, {DType::float32});
}

void only_loaded(Report& report, ReduceCmd cmd, std::string_view name, const InOrScalar& initial) {
  if (cmd == ReduceCmd::load_reduce || (!initial.is_tile() && initial.scalar() == 0)) return;
  report.add(diag::bad_argument, "{} is given; reduce_cmd={} does not load it", name, name_of(cmd));
}

void accumulator_result(const Context& c, Report& report, const OptionalOut& reduce_res,
                        const NamedTile& data) {
  if (!reduce_res.given()) return;
  const NamedTile result{"reduce_res", c.tile(reduce_res.view)};
  engine_tile(c, report, result);
  column(report, result, data);
  arithmetic_dtype(report, result);
}

void accumulation(const Context& c, Report& report, ReduceCmd cmd, const OptionalOut& reduce_res,
                  const NamedTile& data) {
  if (cmd == ReduceCmd::load_reduce) {
    report.add(diag::bad_argument, "reduce_cmd is load_reduce; there is no value to load");
  }
  accumulator_result(c, report, reduce_res, data);
}

}  // namespace rules
}  // namespace kiln
