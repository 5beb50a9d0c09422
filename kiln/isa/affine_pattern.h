// The affine expression offset + partition * channel_multiplier + pattern of iota and
// affine_select: what its pattern must look like, and its value.
#pragma once

#include "kiln/isa/operand.h"
#include "kiln/isa/rules.h"

namespace kiln {

struct AffineValue {
  const Pattern& pattern;
  int32_t offset;
  int32_t channel_multiplier;

  // At free element i of partition p, modulo 2^32.
  int32_t at(int64_t p, int64_t i) const {
    return static_cast<int32_t>(offset + p * channel_multiplier + pattern.value(i));
  }
};

namespace rules {

// Up to four dimensions of one or more elements, as many in all as the tile has per partition.
bool pattern_fits(Report& report, const Pattern& pattern, const NamedTile& t);

}  // namespace rules
}  // namespace kiln
