#include "kiln/isa/dma_compute.h"

#include "kiln/isa/dma_access.h"
#include "kiln/isa/rules.h"

namespace kiln {

namespace {

constexpr std::array<std::string_view, DmaCompute::sources_max> source_names{
    "srcs[0]", "srcs[1]", "srcs[2]",  "srcs[3]",  "srcs[4]",  "srcs[5]",  "srcs[6]",  "srcs[7]",
    "srcs[8]", "srcs[9]", "srcs[10]", "srcs[11]", "srcs[12]", "srcs[13]", "srcs[14]", "srcs[15]"};

// DMA reaches the tensor, whose address is known, up to an index for each row.
void check_tensor(const Context& c, Report& report, const NamedTile& t) {
  if (!rules::dma_operand(c, report, t, DgeMode::unknown)) return;
  rules::row_index_column(c, report, t);
  rules::arithmetic_dtype(report, t);
  if (t.tile.dynamic.valid() && !rules::has_vector_index(c, t.tile)) {
    report.add(diag::bad_argument,
               "{} has one runtime index; it takes an index for each row, or none", t.name);
  }
}

// Whether two tensors are the same elements, in the same order.
bool same_view(const Context& c, const Tile& a, const Tile& b) {
  View x = a.view(), y = b.view();
  if (x.dynamic.valid() && y.dynamic.valid()) {
    const Dynamic i = c.tiles.dynamic(x.dynamic);
    Dynamic j = c.tiles.dynamic(y.dynamic);
    const bool both_tiles = i.index.valid() && j.index.valid();
    if (both_tiles && c.tiles.view(i.index) == c.tiles.view(j.index)) j.index = i.index;
    if (i != j) return false;
    y.dynamic = x.dynamic;
  }
  return x == y;
}

// dst, with or without an index for each row, is one of two sources.
void check_read_modify_write(const Context& c, Report& report, const DmaCompute& i,
                             const NamedTile& d, std::span<const NamedTile> sources) {
  if (!i.unique_indices) {
    report.add(diag::bad_argument, "unique_indices is false; indices of rows must not occur twice");
  }
  if (sources.size() != 2) {
    report.add(diag::bad_argument, "srcs has {} tensors; with an index for each row it has 2",
               sources.size());
    return;
  }
  const bool second = same_view(c, d.tile, sources[1].tile);
  if (!second && !same_view(c, d.tile, sources[0].tile)) {
    report.add(diag::bad_argument, "neither of srcs is dst; with an index for each row one is");
    return;
  }
  const NamedTile& other = sources[second ? 0 : 1];
  const bool scatter = rules::has_vector_index(c, d.tile);
  if (scatter && rules::has_vector_index(c, other.tile)) {
    report.add(diag::bad_argument, "dst and {} have an index for each row; one of them can",
               other.name);
  }
  const NamedTile& on_chip = scatter ? other : d;
  if (!on_chip.tile.in_sbuf()) {
    report.add(diag::wrong_memory, "{} is in {}; rows are added to or from a tile in sbuf",
               on_chip.name, name_of(on_chip.tile.memory()));
  }
}

}  // namespace

void DmaCompute::check(const Context& c, Report& report) const {
  const std::span<const ViewId> list = c.tiles.list(srcs.list);
  if (list.empty() || list.size() > sources_max) {
    report.add(diag::bad_argument, "srcs has {} tensors; it must have 1 to {}", list.size(),
               sources_max);
    return;
  }
  const NamedTile d{"dst", c.tile(dst.view)};
  check_tensor(c, report, d);
  bool indexed = rules::has_vector_index(c, d.tile);
  std::vector<NamedTile> sources;
  for (size_t i = 0; i < list.size(); ++i) {
    const NamedTile& source = sources.emplace_back(NamedTile{source_names[i], c.tile(list[i])});
    check_tensor(c, report, source);
    rules::same_elements(report, d, source);
    indexed |= rules::has_vector_index(c, source.tile);
  }
  if (reduce_op != AluOp::add) {
    report.add(diag::bad_operator, "reduce_op is {}; it must be add", name_of(reduce_op));
  }
  if (scales.given()) {
    const std::span<const float> factors = c.tiles.list(scales.list);
    if (factors.size() != list.size()) {
      report.add(diag::bad_argument, "scales has {} numbers, srcs {} tensors", factors.size(),
                 list.size());
    }
    for (const float factor : factors) {
      if (factor == 1.0f) continue;
      report.add(diag::bad_argument, "scales has {}; every factor must be 1.0", factor);
      break;
    }
  }
  if (indexed) check_read_modify_write(c, report, *this, d, sources);
}

// The scales are all 1.
void DmaCompute::execute(TileMemory& memory) const {
  const DmaAccess to(memory, dst.view, oob_mode);
  std::vector<DmaAccess> from;
  std::vector<DType> dtypes;
  for (const ViewId source : memory.tiles().list(srcs.list)) {
    from.emplace_back(memory, source, oob_mode);
    dtypes.push_back(memory.tiles().tile(source).dtype());
  }
  const Tile d = memory.tiles().tile(dst.view);
  for (int64_t n = 0; n < d.elements(); ++n) {
    std::byte* target = to.at(n);
    bool in_bounds = target != nullptr;
    float sum = 0;
    for (size_t i = 0; i < from.size() && in_bounds; ++i) {
      const std::byte* source = from[i].at(n);
      in_bounds = source != nullptr;
      if (!in_bounds) break;
      const float x = load_float32(dtypes[i], source);
      sum = i == 0 ? x : sum + x;
    }
    if (in_bounds) store_float32(d.dtype(), target, sum);
  }
}

}  // namespace kiln
