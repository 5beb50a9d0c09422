// nki.isa.nc_matmul_mx.
//
// An operand's elements are widened to float32 and multiplied by their scale; both are exact, but
// for an overflow to infinity. The product is then that of nc_matmul: each element of dst is one
// chain of fused multiply-adds in float32, over the partitions and, within one, over the four
// elements of a word, the lowest bits first.
#pragma once

#include "kiln/isa/array_work.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct NcMatmulMx {
  InOut dst;
  In stationary;
  In moving;
  In stationary_scale;
  In moving_scale;
  RowColumn tile_position;
  RowColumn tile_size;
  Tristate accumulate = Tristate::automatic;

  static constexpr Spec spec{
      .name = "nc_matmul_mx",
      .engines = Engine::tensor,
      .since = Generation::gen4,
      .summary = "dst = transpose(stationary) * moving of scaled x4 tiles, or adds it to dst.",
      .indirect = {"dst", "stationary", "moving", "stationary_scale", "moving_scale"},
      .law = {.rate = Rate::matmul, .source = sources::gen4_guide}};
  static constexpr std::tuple fields{
      Field{"dst", &NcMatmulMx::dst, "[free of stationary, free of moving] in PSUM"},
      Field{"stationary", &NcMatmulMx::stationary,
            "[contraction / 4, up to 128] of an x4 type in SBUF; 32, 64, 96 or 128 partitions"},
      Field{"moving", &NcMatmulMx::moving, "[contraction / 4, up to 4096] of an x4 type in SBUF"},
      Field{"stationary_scale", &NcMatmulMx::stationary_scale,
            "float8_e8m0fnu or uint8, as quantize_mx lays scales out"},
      Field{"moving_scale", &NcMatmulMx::moving_scale,
            "float8_e8m0fnu or uint8, as quantize_mx lays scales out"},
      option("tile_position", &NcMatmulMx::tile_position,
             "first (row, 0) of the array to use; with tile_size"),
      option("tile_size", &NcMatmulMx::tile_size,
             "(rows, 128) of the array to use, rows 32, 64 or 128; with tile_position"),
      option("accumulate", &NcMatmulMx::accumulate,
             "add to dst, overwrite it, or (None) overwrite what no matmul has written yet")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
  ArrayWork array_work(const Context& context) const;
};

}  // namespace kiln
