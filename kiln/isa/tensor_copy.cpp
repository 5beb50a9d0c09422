#include "kiln/isa/tensor_copy.h"

#include "kiln/isa/rules.h"

namespace kiln {

void TensorCopy::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, s{"src", c.tile(src.view)};
  const bool converts = d.tile.dtype() != s.tile.dtype();
  for (const NamedTile& t : {d, s}) {
    rules::engine_tile(c, report, t);
    rules::within_gpsimd_reach(report, engine, t);
    if (converts) rules::arithmetic_dtype(report, t);
  }
  rules::same_partitions(report, d, s);
  rules::same_free_elements(report, d, s);
  const bool indirect = d.tile.indirect || s.tile.indirect;
  rules::engine_is(report, engine, indirect ? Engine::vector | Engine::scalar : spec.engines);
  if (engine == Engine::scalar && !c.machine.scalar_engine_tensor_copy) {
    report.add(diag::wrong_engine, "engine is scalar; on {} use activation with op=copy instead",
               name_of(c.machine.generation));
  }
}

void TensorCopy::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), s = memory.access(src);
  for (int64_t p = 0; p < d.partitions; ++p) {
    for (int64_t i = 0; i < d.elements; ++i) {
      if (d.dtype == s.dtype) {
        d.set_bits(p, i, s.bits(p, i));
      } else {
        d.set(p, i, s.get(p, i));
      }
    }
  }
}

}  // namespace kiln
