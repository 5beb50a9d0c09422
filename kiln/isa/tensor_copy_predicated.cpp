#include "kiln/isa/tensor_copy_predicated.h"

#include "kiln/isa/operand_value.h"
#include "kiln/isa/rules.h"

namespace kiln {

void TensorCopyPredicated::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, p{"predicate", c.tile(predicate.view)};
  rules::engine_tile(c, report, d);
  rules::engine_tile(c, report, p);
  rules::same_partitions(report, d, p);
  rules::same_free_elements(report, d, p);
  rules::dtype_is(report, p, {DType::uint8, DType::uint16, DType::uint32});
  if (src.is_tile()) {
    const NamedTile s{"src", c.tile(src.view)};
    rules::engine_tile(c, report, s);
    rules::same_partitions(report, d, s);
    rules::same_free_elements(report, d, s);
    rules::same_dtype(report, d, s);
    rules::not_both_in_psum(report, s, p);
  } else if (is_packed(d.tile.dtype()) && src.scalar() != 0) {
    report.add(diag::bad_argument, "src is {}; dst is {}, whose only constant is 0", src.scalar(),
               name_of(d.tile.dtype()));
  }
}

void TensorCopyPredicated::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), selector = memory.access(predicate);
  const TileAccess s = src.is_tile() ? memory.access(src) : TileAccess{};
  const Bits constant = src.is_tile() ? 0 : constant_bits(d.dtype, src);
  for (int64_t p = 0; p < d.partitions; ++p) {
    for (int64_t i = 0; i < d.elements; ++i) {
      const bool selected = selector.bits(p, i) != 0;
      if (selected == reverse_pred) continue;
      d.set_bits(p, i, src.is_tile() ? s.bits(p, i) : constant);
    }
  }
}

}  // namespace kiln
