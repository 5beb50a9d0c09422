#include "kiln/isa/eight_values.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kiln {

namespace {

// Whether a ranks before b among the largest.
bool is_larger(float a, float b) { return a > b || (std::isnan(b) && !std::isnan(a)); }

}  // namespace

EightFloats largest_eight(const TileAccess& data, int64_t p) {
  EightFloats largest;
  int64_t count = 0;
  for (int64_t i = 0; i < data.elements; ++i) {
    const float x = data.get(p, i);
    int64_t place = count;
    while (place > 0 && is_larger(x, largest[static_cast<size_t>(place - 1)])) --place;
    if (place == eight) continue;
    count = std::min(count + 1, eight);
    for (int64_t j = count - 1; j > place; --j) {
      largest[static_cast<size_t>(j)] = largest[static_cast<size_t>(j - 1)];
    }
    largest[static_cast<size_t>(place)] = x;
  }
  std::fill(largest.begin() + count, largest.end(), std::numeric_limits<float>::quiet_NaN());
  return largest;
}

EightIndices find_eight(const TileAccess& data, const TileAccess& vals, int64_t p,
                        Duplicates duplicates) {
  EightFloats values;
  for (size_t i = 0; i < values.size(); ++i) values[i] = vals.get(p, static_cast<int64_t>(i));
  EightIndices found;
  found.fill(-1);
  for (int64_t i = 0; i < data.elements; ++i) {
    const float x = data.get(p, i);
    for (size_t k = 0; k < values.size(); ++k) {
      const size_t column = duplicates == Duplicates::descending ? values.size() - 1 - k : k;
      if (found[column] >= 0 || values[column] != x) continue;
      found[column] = i;
      break;
    }
  }
  return found;
}

void store_eight(const TileAccess& dst, int64_t p, const EightIndices& indices, int32_t missing) {
  for (size_t i = 0; i < indices.size(); ++i) {
    const int64_t index = indices[i] < 0 ? missing : indices[i];
    dst.set_bits(p, static_cast<int64_t>(i), static_cast<Bits>(index));
  }
}

}  // namespace kiln
