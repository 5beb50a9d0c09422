#include "kiln/isa/dma_copy.h"

#include "kiln/isa/dma_access.h"
#include "kiln/isa/rules.h"

namespace kiln {

void DmaCopy::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, s{"src", c.tile(src.view)};
  for (const NamedTile& t : {d, s}) {
    if (rules::dma_operand(c, report, t, dge_mode)) rules::row_index_column(c, report, t);
  }
  rules::same_elements(report, d, s);
  if (is_packed(d.tile.dtype()) || is_packed(s.tile.dtype())) rules::same_dtype(report, d, s);
  rules::dma_mode(c, report, dge_mode, priority);
  if (dge_mode == DgeMode::hwdge && d.tile.dtype() != s.tile.dtype()) {
    report.add(diag::dtype_mismatch,
               "dst is {}, src is {}; with hwdge nothing is converted, and they must be the same",
               name_of(d.tile.dtype()), name_of(s.tile.dtype()));
  }
  if (engine == Engine::unknown) return;
  if (engine != Engine::sync && engine != Engine::scalar) {
    report.add(diag::wrong_engine, "engine is {}; sync and scalar can start a dma",
               name_of(engine));
  } else if (dge_mode != DgeMode::hwdge) {
    report.add(diag::bad_argument,
               "engine is {} and dge_mode is {}; an engine is chosen with hwdge", name_of(engine),
               name_of(dge_mode));
  }
}

void DmaCopy::execute(TileMemory& memory) const {
  const DmaAccess to(memory, dst.view, oob_mode), from(memory, src.view, oob_mode);
  const Tile d = memory.tiles().tile(dst.view), s = memory.tiles().tile(src.view);
  const DType dtype = d.dtype();
  for (int64_t n = 0; n < d.elements(); ++n) {
    std::byte* target = to.at(n);
    const std::byte* source = from.at(n);
    if (target == nullptr || source == nullptr) continue;
    if (dtype == s.dtype()) {
      store_bits(dtype, target, load_bits(dtype, source));
    } else {
      store_float32(dtype, target, load_float32(s.dtype(), source));
    }
  }
}

}  // namespace kiln
