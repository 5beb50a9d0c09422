#include "kiln/isa/topk.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kiln/isa/rules.h"

namespace kiln {

namespace {

// The element numbers of the k largest, ascending in value.
std::vector<uint32_t> largest(const std::vector<float>& values, int64_t k) {
  const auto ranks_before = [&](uint32_t a, uint32_t b) {
    const float x = values[a], y = values[b];
    if (std::isnan(x) != std::isnan(y)) return std::isnan(y);
    return x > y || (!(x < y) && a < b);
  };
  std::vector<uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0u);
  std::partial_sort(order.begin(), order.begin() + k, order.end(), ranks_before);
  order.resize(static_cast<size_t>(k));
  std::reverse(order.begin(), order.end());
  return order;
}

}  // namespace

void Topk::check(const Context& c, Report& report) const {
  const NamedTile v{"val_dst", c.tile(val_dst.view)}, x{"idx_dst", c.tile(idx_dst.view)},
      s{"src", c.tile(src.view)};
  for (const NamedTile& t : {v, x, s}) {
    if (rules::in_sbuf(c, report, t)) rules::engine_tile(c, report, t);
  }
  rules::dtype_is(report, v, {DType::bfloat16});
  rules::dtype_is(report, x, {DType::uint32});
  rules::dtype_is(report, s, {DType::bfloat16});
  rules::same_partitions(report, v, s);
  rules::same_partitions(report, x, s);
  rules::same_free_elements(report, v, x);
  if (s.tile.on_chip() && s.tile.partitions() % group != 0) {
    report.add(diag::partition_count, "src has {} partitions; they must be a multiple of {}",
               s.tile.partitions(), group);
  }
  if (n < 8 || n >= n_end) {
    report.add(diag::bad_argument, "n is {}; it must be 8 to {}", n, n_end - 1);
    return;
  }
  const int64_t k = v.tile.free_elements();
  if (k > n || k >= k_end) {
    report.add(diag::tile_too_large, "val_dst has {} columns; n is {} and the limit {}", k, n,
               k_end - 1);
  }
  rules::free_elements_at_least(report, s, (n + group - 1) / group);
}

void Topk::execute(TileMemory& memory) const {
  const TileAccess v = memory.access(val_dst), x = memory.access(idx_dst), s = memory.access(src);
  if (memory.fault()) return;
  const int64_t k = v.elements;
  for (int64_t first = 0; first < s.partitions; first += group) {
    std::vector<float> values;
    for (int64_t i = 0; i < n; ++i) values.push_back(s.get(first + i % group, i / group));
    const std::vector<uint32_t> order = largest(values, k);
    for (int64_t j = 0; j < k; ++j) {
      const uint32_t element = order[static_cast<size_t>(j)];
      v.set(first + j % group, j / group, values[element]);
      x.set_bits(first + j % group, j / group, element);
    }
  }
}

}  // namespace kiln
