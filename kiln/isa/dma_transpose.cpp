#include "kiln/isa/dma_transpose.h"

#include "kiln/isa/dma_access.h"
#include "kiln/isa/rules.h"

namespace kiln {

namespace {

// The one order of axes there is for a rank of 2, 3 or 4.
Permutation order_of(int rank) {
  if (rank == 2) return {1, 0};
  if (rank == 3) return {2, 1, 0};
  return {3, 1, 2, 0};
}

// The sizes other than 1, in order.
struct LargeSizes {
  int count = 0;
  Extents sizes;

  void add(int64_t size) {
    if (size != 1) sizes[count++] = size;
  }
  friend bool operator==(const LargeSizes&, const LargeSizes&) = default;
};

// Whether dst is the transpose of src but for axes of one element.
bool is_padded(const Tile& d, const Tile& s, const Permutation& order) {
  LargeSizes has, wants;
  for (int i = 0; i < d.rank(); ++i) has.add(d.shape(i));
  for (int i = 0; i < s.rank(); ++i) wants.add(s.shape(order.dims[static_cast<size_t>(i)]));
  return has == wants;
}

void check_shapes(Report& report, const NamedTile& d, const NamedTile& s, const DmaTranspose& t) {
  const Permutation& axes = t.axes;
  const int rank = s.tile.rank();
  if (rank < 2 || rank > 4) {
    report.add(diag::bad_shape, "src has {} axes; 2 to 4 can be transposed", rank);
    return;
  }
  const Permutation order = order_of(rank);
  if (axes.rank != 0 && (axes.rank != order.rank || axes.dims != order.dims)) {
    report.add(diag::bad_argument, "axes do not fit; {} axes are transposed as {}", rank,
               rank == 2   ? "(1, 0)"
               : rank == 3 ? "(2, 1, 0)"
                           : "(3, 1, 2, 0)");
  }
  if (t.pads_dst && d.tile.rank() < rank && is_padded(d.tile, s.tile, order)) return;
  if (d.tile.rank() != rank) {
    report.add(diag::size_mismatch, "dst has {} axes, src has {}", d.tile.rank(), rank);
    return;
  }
  for (int i = 0; i < rank; ++i) {
    const int axis = order.dims[static_cast<size_t>(i)];
    if (d.tile.shape(i) == s.tile.shape(axis)) continue;
    report.add(diag::size_mismatch, "axis {} of dst has {} elements, axis {} of src has {}", i,
               d.tile.shape(i), axis, s.tile.shape(axis));
  }
}

void check_two_bytes(Report& report, const Tile& s, std::string_view why) {
  if (size_bytes(s.dtype()) == 2) return;
  report.add(diag::dtype_mismatch, "src is {}; {} takes 2-byte types", name_of(s.dtype()), why);
}

void check_last_axis(Report& report, const Tile& s, std::string_view why) {
  const int64_t last = s.shape(s.rank() - 1);
  if (last <= 128) return;
  report.add(diag::tile_too_large, "the last axis of src has {} elements; {} takes 128", last, why);
}

void check_hardware_descriptors(Report& report, const Tile& s) {
  constexpr std::string_view why = "a transpose with hwdge";
  check_two_bytes(report, s, why);
  check_last_axis(report, s, why);
  const int64_t first = s.shape(0);
  if (s.rank() == 2) {
    if (first != 16) {
      report.add(diag::bad_shape, "src has {} rows; {} takes 16", first, why);
    }
    return;
  }
  if (first > 16 || (first & (first - 1)) != 0) {
    report.add(diag::bad_shape, "axis 0 of src has {} elements; {} takes 1, 2, 4, 8 or 16", first,
               why);
  } else if (first * s.shape(s.rank() - 2) % 16 != 0) {
    report.add(
        diag::bad_shape,
        "axis 0 and the last but one of src have {} by {} elements; {} takes multiples of 16",
        first, s.shape(s.rank() - 2), why);
  }
}

// The hardware writes whole blocks of 32 bytes, so that rows of dst start at multiples of them.
// Source: measured; jinhuang12/vllm-neuron: functional/glue/kda_projections.py.
void check_row_pitch(Report& report, const Tile& d) {
  constexpr int64_t block = 32;
  const int64_t size = size_bytes(d.dtype());
  int64_t pitch = d.partitions() > 1 ? d.storage->row_bytes() : 0;
  for (int i = 1; i < d.rank() - 1; ++i) {
    if (d.shape(i) > 1 && d.layout->stride[i] * size % block != 0)
      pitch = d.layout->stride[i] * size;
  }
  if (pitch % block == 0) return;
  report.add(diag::dma_pattern,
             "rows of dst are {} bytes apart; a transpose with hwdge takes multiples of {} bytes",
             pitch, block);
}

void check_gather(const Context& c, Report& report, const Tile& s) {
  constexpr std::string_view why = "a transpose of indexed rows";
  check_two_bytes(report, s, why);
  check_last_axis(report, s, why);
  if (s.rank() == 4 && s.shape(1) != 1 && s.shape(2) != 1) {
    report.add(diag::bad_shape, "axes 1 and 2 of src have {} and {} elements; {} needs one of 1",
               s.shape(1), s.shape(2), why);
  }
  if (s.shape(0) % 16 != 0) {
    report.add(diag::bad_shape, "src has {} rows; {} takes multiples of 16", s.shape(0), why);
  }
  const Tile index = c.tile(c.tiles.dynamic(s.dynamic).index);
  const int64_t rows = index.shape(0);
  if (index.dtype() != DType::uint32) {
    report.add(diag::dtype_mismatch, "the index of src is {}; {} takes uint32",
               name_of(index.dtype()), why);
  }
  if (index.rank() != 2) {
    report.add(diag::bad_shape, "the index of src has {} axes; {} takes 2", index.rank(), why);
  } else if (rows < 16 || rows > 128 || rows % 16 != 0) {
    report.add(diag::bad_shape,
               "the index of src has {} partitions; {} takes multiples of 16 up to 128", rows, why);
  } else if (index.shape(1) > 1 && rows != 128) {
    report.add(diag::bad_shape,
               "the index of src has {} columns and {} partitions; with several columns it has 128",
               index.shape(1), rows);
  }
}

}  // namespace

void DmaTranspose::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, s{"src", c.tile(src.view)};
  if (rules::in_sbuf(c, report, d)) rules::dma_operand(c, report, d, dge_mode);
  const bool reachable = rules::dma_operand(c, report, s, dge_mode);
  rules::same_dtype(report, d, s);
  check_shapes(report, d, s, *this);
  rules::dma_mode(c, report, dge_mode, priority);

  if (rules::has_vector_index(c, s.tile)) {
    if (reachable) check_gather(c, report, s.tile);
  } else if (dge_mode == DgeMode::hwdge) {
    if (s.tile.rank() >= 2) check_hardware_descriptors(report, s.tile);
    if (d.tile.in_sbuf()) check_row_pitch(report, d.tile);
  } else if (dge_mode == DgeMode::swdge && !s.tile.dynamic.valid()) {
    report.add(diag::bad_argument, "dge_mode is swdge; only a runtime index of src needs it");
  }
  if (oob_mode == OobMode::skip && !s.tile.dynamic.valid()) {
    report.add(diag::bad_argument, "oob_mode is skip; src has no runtime index");
  }
}

void DmaTranspose::execute(TileMemory& memory) const {
  const DmaAccess to(memory, dst.view, OobMode::error), from(memory, src.view, oob_mode);
  const Tile d = memory.tiles().tile(dst.view), s = memory.tiles().tile(src.view);
  const int rank = s.rank();
  const Permutation order = order_of(rank);

  // Elements of src, counted row-major, from one step of each axis of dst to the next.
  Extents source_step;
  for (int i = 0; i < rank; ++i) {
    int64_t& step = source_step[i];
    step = 1;
    for (int axis = order.dims[static_cast<size_t>(i)] + 1; axis < rank; ++axis) {
      step *= s.shape(axis);
    }
  }
  for (int64_t n = 0; n < d.elements(); ++n) {
    int64_t rest = n, source_element = 0;
    for (int i = rank - 1; i >= 0; --i) {
      // The size of dst's axis, which a padded dst need not have.
      const int64_t size = s.shape(order.dims[static_cast<size_t>(i)]);
      source_element += rest % size * source_step[i];
      rest /= size;
    }
    std::byte* target = to.at(n);
    const std::byte* source = from.at(source_element);
    if (target == nullptr || source == nullptr) continue;
    store_bits(d.dtype(), target, load_bits(s.dtype(), source));
  }
}

}  // namespace kiln
