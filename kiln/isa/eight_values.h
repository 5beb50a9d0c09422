// Eight values for each partition: what max8, nc_find_index8 and nc_match_replace8 share. They work
// on float32, as the Vector engine does: elements of any type are compared as float32.
#pragma once

#include <array>
#include <cstdint>

#include "kiln/base/enum_names.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

// The values that each partition has, and the elements that they are taken from or looked for in.
inline constexpr int64_t eight = 8;
inline constexpr int64_t eight_data_max = 16384;

using EightFloats = std::array<float, eight>;
using EightIndices = std::array<int64_t, eight>;  // -1: not found

// Of equal values each finds an occurrence of its own: in the order of the columns, or from the
// last column to the first.
enum class Duplicates : uint8_t { ascending, descending };

template <>
struct EnumNames<Duplicates> {
  static constexpr std::string_view type = "duplicates";
  static constexpr std::array<std::string_view, 2> names{"ascending", "descending"};
};

// The largest elements of partition p, descending; equal ones in their order. NaN is below all
// else.
EightFloats largest_eight(const TileAccess& data, int64_t p);

// Where in partition p of `data` the eight values of `vals` are. NaN is nowhere.
EightIndices find_eight(const TileAccess& data, const TileAccess& vals, int64_t p,
                        Duplicates duplicates);

// Writes the indices to partition p of an integer tile, `missing` for what was not found.
void store_eight(const TileAccess& dst, int64_t p, const EightIndices& indices, int32_t missing);

}  // namespace kiln
