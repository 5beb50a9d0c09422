#include "kiln/isa/accumulators.h"

#include <algorithm>

#include "kiln/base/check.h"

namespace kiln {

Accumulators::Accumulators(TileMemory& memory, Engine engine, ViewId id, AluOp op, ReduceCmd cmd)
    : op_(op), reduces_(reduces(cmd)) {
  const Tile tile = memory.tiles().tile(id);
  const std::span<float, 128> all = memory.accumulators(engine);
  const auto first = static_cast<size_t>(rules::start_partition(tile));
  const auto count = static_cast<size_t>(tile.partitions());
  KILN_CHECK(first + count <= all.size());
  registers_ = all.subspan(first, count);
  if (resets(cmd)) {
    std::fill(registers_.begin(), registers_.end(), reduction_identity(op));
  }
}

void Accumulators::read_out(TileMemory& memory, const OptionalOut& reduce_res) const {
  if (!reduce_res.given()) return;
  const TileAccess result = memory.access(reduce_res);
  for (int64_t p = 0; p < result.partitions; ++p) {
    result.set(p, 0, registers_[static_cast<size_t>(p)]);
  }
}

void rules::accumulation(const Context& c, Report& report, ReduceCmd cmd,
                         const OptionalOut& reduce_res, const NamedTile& data) {
  if (cmd == ReduceCmd::load_reduce) {
    report.add(diag::bad_argument, "reduce_cmd is load_reduce; there is no value to load");
  }
  if (!reduce_res.given()) return;
  const NamedTile result{"reduce_res", c.tile(reduce_res.view)};
  engine_tile(c, report, result);
  column(report, result, data);
  arithmetic_dtype(report, result);
}

}  // namespace kiln
