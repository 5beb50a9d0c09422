// nki.isa.affine_select.
#pragma once

#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct AffineSelect {
  Out dst;
  Pattern pattern;
  int32_t channel_multiplier = 0;
  In on_true_tile;
  float on_false_value = 0;
  AluOp cmp_op = AluOp::equal;
  int32_t offset = 0;

  static constexpr Spec spec{
      .name = "affine_select",
      .engines = Engine::gpsimd,
      .summary =
          "dst = on_true_tile where an affine function of the position compares with 0 as "
          "cmp_op says, else on_false_value.",
      .law = {.rate = Rate::elements,
              .cycles = 1.015,
              .source = sources::voyager,
              .evidence = Evidence::measured}};
  static constexpr std::tuple fields{
      Field{"dst", &AffineSelect::dst, "receives the selection; SBUF"},
      Field{"pattern", &AffineSelect::pattern, "[[step, num], ...], up to four dimensions"},
      Field{"channel_multiplier", &AffineSelect::channel_multiplier,
            "step from partition to partition"},
      Field{"on_true_tile", &AffineSelect::on_true_tile, "taken where the comparison holds; SBUF"},
      Field{"on_false_value", &AffineSelect::on_false_value, "constant taken elsewhere"},
      option("cmp_op", &AffineSelect::cmp_op, "comparison of the affine value with 0"),
      option("offset", &AffineSelect::offset, "added to every affine value")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

}  // namespace kiln
