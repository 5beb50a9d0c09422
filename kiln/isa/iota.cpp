#include "kiln/isa/iota.h"

#include "kiln/isa/affine_pattern.h"
#include "kiln/isa/rules.h"

namespace kiln {

namespace {

// Integer types take the low bits, so that no value passes through float32.
Bits from_int32(DType dtype, int32_t value) {
  if (dtype == DType::bool_) return value != 0 ? 1 : 0;
  if (is_integer(dtype)) return static_cast<Bits>(value);
  return from_float32(dtype, static_cast<float>(value));
}

}  // namespace

void Iota::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)};
  if (rules::in_sbuf(c, report, d)) rules::engine_tile(c, report, d);
  rules::arithmetic_dtype(report, d);
  rules::pattern_fits(report, pattern, d);
}

void Iota::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst);
  const AffineValue value{pattern, offset, channel_multiplier};
  for (int64_t p = 0; p < d.partitions; ++p) {
    for (int64_t i = 0; i < d.elements; ++i) {
      d.set_bits(p, i, from_int32(d.dtype, value.at(p, i)));
    }
  }
}

}  // namespace kiln
