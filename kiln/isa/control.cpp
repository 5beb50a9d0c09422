#include "kiln/isa/control.h"

#include "kiln/isa/rules.h"

namespace kiln {

namespace {

void check_one_element(const Context& c, Report& report, const NamedTile& t) {
  rules::dma_tile(c, report, t);
  rules::no_vector_index(c, report, t);
  if (t.tile.elements() != 1) {
    report.add(diag::size_mismatch, "{} has {} elements; a register holds 1", t.name,
               t.tile.elements());
  }
}

// The register's value for a stored element: signed integers extend their sign, all else is taken
// bit by bit.
int32_t widen(DType dtype, Bits bits) {
  if (dtype == DType::int8) return static_cast<int8_t>(bits);
  if (dtype == DType::int16) return static_cast<int16_t>(bits);
  return static_cast<int32_t>(bits);
}

}  // namespace

void Loop::check(const Context&, Report& report) const {
  rules::allocated_register(report, "counter", counter);
  if (step < 1) report.add(diag::bad_loop, "step is {}; it must be 1 or more", step);
}

void WhileLoop::check(const Context&, Report& report) const {
  rules::allocated_register(report, "condition", condition);
}

void RegisterMove::check(const Context&, Report& report) const {
  rules::allocated_register(report, "dst", dst);
}

void RegisterMove::execute(TileMemory& memory) const { memory.reg(dst.id) = memory.value(src); }

void RegisterLoad::check(const Context& c, Report& report) const {
  rules::allocated_register(report, "dst", dst);
  check_one_element(c, report, {"src", c.tile(src.view)});
}

void RegisterLoad::execute(TileMemory& memory) const {
  const TileAccess s = memory.access(src);
  memory.reg(dst.id) = widen(s.dtype, s.bits(0, 0));
}

void RegisterStore::check(const Context& c, Report& report) const {
  check_one_element(c, report, {"dst", c.tile(dst.view)});
  rules::allocated_register(report, "src", src);
}

void RegisterStore::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst);
  if (d.elements > 0) d.set_bits(0, 0, static_cast<Bits>(memory.reg(src.id)));
}

}  // namespace kiln
