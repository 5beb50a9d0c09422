#include "kiln/isa/affine_pattern.h"

namespace kiln::rules {

bool pattern_fits(Report& report, const Pattern& pattern, const NamedTile& t) {
  if (pattern.too_long()) {
    report.add(diag::bad_argument, "pattern has {} dimensions; at most 4 are possible",
               pattern.rank);
    return false;
  }
  for (size_t i = 0; i < pattern.rank; ++i) {
    if (pattern.dims[i].num >= 1) continue;
    report.add(diag::bad_argument, "dimension {} of pattern has {} elements; it needs 1 or more", i,
               pattern.dims[i].num);
    return false;
  }
  if (pattern.elements() == t.tile.free_elements()) return true;
  report.add(diag::size_mismatch, "pattern has {} elements, {} has {} per partition",
             pattern.elements(), t.name, t.tile.free_elements());
  return false;
}

}  // namespace kiln::rules
