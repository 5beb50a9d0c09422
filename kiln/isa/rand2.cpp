#include "kiln/isa/rand2.h"

#include "kiln/isa/operand_value.h"
#include "kiln/isa/random_lanes.h"
#include "kiln/isa/rules.h"

namespace kiln {

namespace {

void check_bound(const Context& c, Report& report, std::string_view name, const InOrScalar& bound,
                 const NamedTile& d) {
  if (!bound.given()) report.add(diag::missing_argument, "{} is None; it must be given", name);
  if (!bound.is_tile()) return;
  const NamedTile t{name, c.tile(bound.view)};
  rules::engine_tile(c, report, t);
  rules::column(report, t, d);
  rules::dtype_is(report, t, {DType::float32});
}

}  // namespace

void Rand2::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)};
  rules::engine_tile(c, report, d);
  rules::dtype_is(report, d,
                  {DType::float8_e4m3, DType::float8_e5m2, DType::float16, DType::bfloat16,
                   DType::float32, DType::tfloat32, DType::int8, DType::int16, DType::int32,
                   DType::uint8, DType::uint16, DType::uint32});
  check_bound(c, report, "min", min, d);
  check_bound(c, report, "max", max, d);
  if (min.is_scalar() && max.is_scalar() && !(min.scalar() < max.scalar())) {
    report.add(diag::bad_argument, "min is {} and max is {}; min must be less", min.scalar(),
               max.scalar());
  }
}

void Rand2::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst);
  const PartitionValue low(memory, min), high(memory, max);
  for (int64_t p = 0; p < d.partitions; ++p) {
    RandomBits random = random_bits(memory, Engine::vector, dst.view, p);
    const float start = low.get(p), width = high.get(p) - start;
    for (int64_t i = 0; i < d.elements; ++i) d.set(p, i, start + uniform(random.next()) * width);
  }
}

}  // namespace kiln
