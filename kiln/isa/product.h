// What nc_matmul and nc_matmul_mx share: the tile of the array they use, the sizes of a product,
// and its reference meaning.
#pragma once

#include <vector>

#include "kiln/isa/rules.h"
#include "kiln/isa/tile_memory.h"

namespace kiln::rules {

inline constexpr int64_t array_size = 128;  // rows and columns of processing elements

// tile_position and tile_size are both left out, or are a tile of the array with room for this
// many rows (contraction) and columns (of stationary).
void array_tile(const Context& context, Report& report, const RowColumn& position,
                const RowColumn& size, int64_t rows_needed, int64_t columns_needed);

// None of the tiles is a view made by indirect() if a part of the array is asked for.
void whole_array(Report& report, const RowColumn& position, std::initializer_list<NamedTile> tiles);

// dst is `rows` by `columns`, and the machine multiplies that many at once.
void product_size(const Context& context, Report& report, const NamedTile& dst, int64_t rows,
                  int64_t columns);

// What the Tensor engine writes starts at a whole word of PSUM, which accumulates in words, and
// lies in one bank where a bank is as large as the largest result.
void tensor_engine_dst(const Context& context, Report& report, const NamedTile& dst);

}  // namespace kiln::rules

namespace kiln {

// dst += transpose(a) * b, where a is [steps, rows of dst] and b [steps, columns of dst]. Each
// element of the product is one chain of fused multiply-adds in float32, in the order of the steps;
// PSUM then adds it to dst. Source: nki/guides/architecture/trainium3_arch.rst, near-memory
// accumulation.
void add_product(const TileAccess& dst, const std::vector<float>& a, const std::vector<float>& b,
                 int64_t steps);

}  // namespace kiln
