#include "kiln/isa/dropout.h"

#include "kiln/isa/operand_value.h"
#include "kiln/isa/random_lanes.h"
#include "kiln/isa/rules.h"

namespace kiln {

void Dropout::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, in{"data", c.tile(data.view)};
  for (const NamedTile& t : {d, in}) rules::engine_tile(c, report, t);
  rules::same_partitions(report, d, in);
  rules::same_free_elements(report, d, in);
  rules::same_dtype(report, d, in);
  if (!prob.given()) report.add(diag::missing_argument, "prob is None; it must be given");
  if (!prob.is_tile()) return;
  const NamedTile t{"prob", c.tile(prob.view)};
  rules::engine_tile(c, report, t);
  rules::column(report, t, in);
  if (is_integer(in.tile.dtype())) {
    rules::dtype_is(report, t, {DType::float32});
  } else if (!is_floating(t.tile.dtype())) {
    report.add(diag::dtype_mismatch, "prob is {}; it must be a floating-point type",
               name_of(t.tile.dtype()));
  }
}

void Dropout::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), in = memory.access(data);
  const PartitionValue probability(memory, prob);
  for (int64_t p = 0; p < d.partitions; ++p) {
    RandomBits random = random_bits(memory, Engine::vector, data.view, p);
    const float limit = probability.get(p);
    for (int64_t i = 0; i < d.elements; ++i) {
      const bool dropped = uniform(random.next()) < limit;
      d.set_bits(p, i, dropped ? 0 : in.bits(p, i));
    }
  }
}

}  // namespace kiln
