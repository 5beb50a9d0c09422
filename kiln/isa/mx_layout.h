// How microscaling (MX) tiles lie in SBUF: x4 words, and the scales that groups of them share.
//
// A group is 8 partitions of one x4 word each, 32 elements. The scales of the four groups above one
// another in a quadrant of 32 partitions lie in four partitions next to each other, in that
// quadrant; a scale tile of 128 partitions of data reaches from the first quadrant's scales to the
// last one's. It starts 0, 4, 8 or 12 partitions into its quadrant, so that up to four fit.
// Source: nki/deep-dives/mxfp-matmul.rst.
#pragma once

#include "kiln/base/number_format.h"
#include "kiln/isa/rules.h"

namespace kiln::mx {

inline constexpr int64_t word_elements = 4;
inline constexpr int64_t group_partitions = 8;
inline constexpr int64_t quadrant = 32;

// The partition of the scale tile with the scales of partition p of the data.
constexpr int64_t scale_row(int64_t p) {
  return p / quadrant * quadrant + p % quadrant / group_partitions;
}

// A scale tile holds float8_e8m0fnu: powers of two from 2^-127 to 2^127, and NaN. uint8 stands for
// its bits.
inline float scale_factor(Bits bits) { return to_float32(DType::float8_e8m0fnu, bits); }

// The data has whole quadrants.
void check_data(const Context& context, Report& report, const NamedTile& data);

// The scale tile fits the data, which has `columns` words per partition.
void check_scale(const Context& context, Report& report, const NamedTile& scale,
                 const NamedTile& data, int64_t columns);

}  // namespace kiln::mx
