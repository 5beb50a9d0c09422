#include "kiln/isa/memset.h"

#include "kiln/isa/operand_value.h"
#include "kiln/isa/rules.h"

namespace kiln {

void Memset::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)};
  rules::engine_tile(c, report, d);
  rules::engine_is(report, engine, spec.engines);
  rules::within_gpsimd_reach(report, engine, d);
  if (value.is_tile()) {
    report.add(diag::bad_argument, "value is a tensor; it must be a constant");
  } else if (is_packed(d.tile.dtype()) && value.scalar() != 0) {
    report.add(diag::bad_argument, "value is {}; dst is {}, which can only be set to 0",
               value.scalar(), name_of(d.tile.dtype()));
    // 0.0 has the bits of 0, and kernels of the public library give it.
  } else if (is_integer(d.tile.dtype()) && d.tile.dtype() != DType::bool_ && !value.is_int() &&
             value.scalar() != 0) {
    report.add(diag::bad_argument, "value is the float {}; dst is {}, and takes an integer",
               value.scalar(), name_of(d.tile.dtype()));
  }
}

void Memset::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst);
  const Bits bits = constant_bits(d.dtype, value);
  for (int64_t p = 0; p < d.partitions; ++p) {
    for (int64_t i = 0; i < d.elements; ++i) d.set_bits(p, i, bits);
  }
}

}  // namespace kiln
