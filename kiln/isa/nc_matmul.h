// nki.isa.nc_matmul.
#pragma once

#include "kiln/isa/array_work.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct NcMatmul {
  InOut dst;
  In stationary;
  In moving;
  bool is_stationary_onezero = false;
  bool is_moving_onezero = false;
  bool is_transpose = false;
  Tristate accumulate = Tristate::automatic;
  RowColumn tile_position;
  RowColumn tile_size;
  MatmulPerfMode perf_mode = MatmulPerfMode::none;

  static constexpr Spec spec{.name = "nc_matmul",
                             .engines = Engine::tensor,
                             .summary = "dst = transpose(stationary) * moving, or adds it to dst.",
                             .indirect = {"dst", "stationary", "moving"},
                             .law = {.rate = Rate::matmul}};
  static constexpr std::tuple fields{
      Field{"dst", &NcMatmul::dst, "[free of stationary, free of moving] in PSUM"},
      Field{"stationary", &NcMatmul::stationary, "[contraction, up to 128] in SBUF"},
      Field{"moving", &NcMatmul::moving, "[contraction, up to 512 (gen4: more)] in SBUF"},
      option("is_stationary_onezero", &NcMatmul::is_stationary_onezero,
             "a promise that stationary has only ones and zeros; faster for float32"),
      option("is_moving_onezero", &NcMatmul::is_moving_onezero,
             "a promise that moving has only ones and zeros; faster for float32"),
      option("is_transpose", &NcMatmul::is_transpose,
             "transposes stationary bit by bit; moving is an identity matrix"),
      option("accumulate", &NcMatmul::accumulate,
             "add to dst, overwrite it, or (None) overwrite what no matmul has written yet"),
      option("tile_position", &NcMatmul::tile_position,
             "first (row, column) of the array to use; with tile_size"),
      option("tile_size", &NcMatmul::tile_size,
             "(rows, columns) of the array to use: 32, 64 or 128; with tile_position"),
      option("perf_mode", &NcMatmul::perf_mode,
             "double_row: two contraction steps at a time, for 8-bit types")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
  ArrayWork array_work(const Context& context) const;

  // Contraction steps per partition: 2 in double_row, where the first free dimension counts them.
  int64_t steps_per_partition() const { return perf_mode == MatmulPerfMode::double_row ? 2 : 1; }

 private:
  void transpose(TileMemory& memory) const;
};

}  // namespace kiln
