#include "kiln/isa/tensor_tensor.h"

#include "kiln/isa/rules.h"

namespace kiln {

namespace {

bool is_32_bit_integer(DType dtype) { return dtype == DType::int32 || dtype == DType::uint32; }

// Kernels of the public library copy an input that starts elsewhere to the other's partition.
// Source: aws-neuron/nki-library: core/embeddings/rope.py.
void check_starts(Report& report, const Tile& a, const Tile& b) {
  if (!a.in_sbuf() || !b.in_sbuf()) return;
  const int64_t first = rules::start_partition(a), second = rules::start_partition(b);
  if (first == second) return;
  report.add(diag::may_not_build,
             "data1 starts at partition {}, data2 at {}; two inputs in sbuf start at the same one",
             first, second);
}

}  // namespace

bool TensorTensor::runs_on_integers(const Tiles& tiles) const {
  if (engine == Engine::vector || info(op).bitvec || op == AluOp::power) return false;
  for (ViewId id : {dst.view, data1.view, data2.view}) {
    const Tile tile = tiles.tile(id);
    if (tile.in_psum() || !is_32_bit_integer(tile.dtype())) return false;
  }
  return true;
}

void TensorTensor::check(const Context& c, Report& report) const {
  const NamedTile d{"dst", c.tile(dst.view)}, a{"data1", c.tile(data1.view)},
      b{"data2", c.tile(data2.view)};
  for (const NamedTile& t : {d, a, b}) {
    rules::engine_tile(c, report, t);
    if (info(op).bitvec) {
      rules::integer_dtype(report, t);
    } else {
      rules::arithmetic_dtype(report, t);
    }
  }
  rules::same_partitions(report, d, a);
  rules::same_partitions(report, a, b);
  rules::same_free_elements(report, d, a);
  rules::same_free_elements(report, a, b);
  rules::not_both_in_psum(report, a, b);
  check_starts(report, a.tile, b.tile);
  rules::engine_is(report, engine, spec.engines);
  rules::op_exists(c, report, "op", op);
  if (!takes_two_operands(op)) {
    report.add(diag::bad_operator, "op is {}; tensor_tensor takes operators of two operands",
               name_of(op));
  }
  for (const NamedTile& t : {d, a, b}) {
    rules::within_gpsimd_reach(report, op == AluOp::power ? Engine::gpsimd : engine, t);
  }
}

void TensorTensor::execute(TileMemory& memory) const {
  const TileAccess d = memory.access(dst), a = memory.access(data1), b = memory.access(data2);
  const bool bitvec = info(op).bitvec;
  const bool integers = runs_on_integers(memory.tiles());
  const bool is_signed = a.dtype == DType::int32 && b.dtype == DType::int32;
  for (int64_t p = 0; p < d.partitions; ++p) {
    for (int64_t i = 0; i < d.elements; ++i) {
      if (bitvec) {
        d.set_bits(p, i, apply_bits(op, a.bits(p, i), b.bits(p, i)));
      } else if (integers) {
        d.set_bits(p, i, apply_integer(op, a.bits(p, i), b.bits(p, i), is_signed));
      } else {
        d.set(p, i, apply(op, a.get(p, i), b.get(p, i)));
      }
    }
  }
}

}  // namespace kiln
