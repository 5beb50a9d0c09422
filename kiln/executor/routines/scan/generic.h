// Scans, at the CPU level of the including file.
#pragma once

#include "kiln/executor/routines/alu/alu.h"
#include "kiln/executor/routines/alu/vector_ops.h"
#include "kiln/executor/routines/stream/stream.h"
#include "kiln/executor/routines/transpose/columns.h"
#include "kiln/isa/accumulators.h"
#include "kiln/isa/tensor_scalar_cumulative.h"
#include "kiln/isa/tensor_tensor_scan.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

constexpr Floats f32;
constexpr Words u32;

// A vector operator that can be called, for the many pairs that have no loop of their own.
using CalledOp = Vec<Floats> (*)(Vec<Floats> a, Vec<Floats> b);

CalledOp called_op(AluOp op) {
  CalledOp called = nullptr;
  with_float_op(op, [&](const auto& vector_op) { called = vector_op; });
  return called;
}

// The rows of a group.
struct Rows {
  RowGroup a;
  float* out[lanes];
  int64_t count;

  template <class Extent>
  HWY_INLINE void load(int64_t j, Extent extent, Vec<Floats> (&x)[lanes],
                       Vec<Floats> (&y)[lanes]) const {
    load_columns(a, j, extent, x);
    HWY_UNROLL(16)
    for (int64_t i = 0; i < lanes; ++i) y[i] = x[i];
  }
};

// The rows of two groups, which are scanned together.
struct RowPairs : Rows {
  RowGroup b;

  template <class Extent>
  HWY_INLINE void load(int64_t j, Extent extent, Vec<Floats> (&x)[lanes],
                       Vec<Floats> (&y)[lanes]) const {
    load_columns(a, j, extent, x);
    load_columns(b, j, extent, y);
  }
};

// Columns j … j+width-1, where `extent` is their part of a vector. Returns the last state.
template <class Group, class Extent, class Step>
HWY_INLINE Vec<Floats> scan_square(const Group& rows, int64_t j, Extent extent, int64_t width,
                                   Vec<Floats> state, const Step& step) {
  Vec<Floats> a[lanes], b[lanes];
  rows.load(j, extent, a, b);
  Vec<Words> states[lanes];
  HWY_UNROLL(16)
  for (int64_t i = 0; i < lanes; ++i) {
    if (i < width) state = step(state, a[i], b[i]);
    states[i] = hn::BitCast(u32, state);
  }
  transpose_square(u32, states);
  HWY_UNROLL(16)
  for (int64_t i = 0; i < lanes; ++i) {
    if (i < rows.count) store(f32, hn::BitCast(f32, states[i]), rows.out[i] + j, extent);
  }
  return state;
}

// `states` are the first states, and become the last ones.
template <class Group, class Step>
void scan_rows(const Group& rows, int64_t n, float* states, const Step& step) {
  auto state = hn::LoadU(f32, states);
  int64_t j = 0;
  for (; j + lanes <= n; j += lanes) state = scan_square(rows, j, Whole{}, lanes, state, step);
  if constexpr (lanes > 1) {
    if (j < n) state = scan_square(rows, j, Part{n - j}, n - j, state, step);
  }
  hn::StoreU(state, f32, states);
}

struct Operators {
  CalledOp first, second;
  bool reverse0, reverse1;
  bool multiplies_and_adds;
};

void scan(const Operators& ops, const RowPairs& rows, int64_t n, float* states) {
  using V = Vec<Floats>;
  if (ops.multiplies_and_adds) {
    scan_rows(rows, n, states, [](V state, V a, V b) { return hn::Add(hn::Mul(a, state), b); });
    return;
  }
  scan_rows(rows, n, states, [&](V state, V a, V b) {
    const V value = ops.reverse0 ? ops.first(state, a) : ops.first(a, state);
    return ops.reverse1 ? ops.second(b, value) : ops.second(value, b);
  });
}

// The next `count` rows of a stream, where they are or copied to `copy`.
RowGroup read_rows(Source& source, int64_t count, int64_t n, float* copy) {
  const float* at[lanes];
  for (int64_t i = 0; i < count; ++i) {
    at[i] = copy + i * n;
    if (n <= block_max) {
      at[i] = source.read(n, copy + i * n);
    } else {
      source.copy(n, copy + i * n);
    }
  }
  return row_group(count, [&](int64_t i) { return at[i]; });
}

// Where the results of rows go: to their places, or to a workspace and from there to a sink.
class Results {
 public:
  explicit Results(const TileAccess& d)
      : d_(d),
        in_place_(d.dtype == DType::float32 && d.contiguous()),
        words_(in_place_ ? nullptr
                         : routines::workspace(routines::Slot::result, lanes * d.elements)),
        sink_(d) {}

  // Rows p … p+count-1; with fewer rows than lanes, the last repeats.
  void open(int64_t p, int64_t count, float* (&rows)[lanes]) const {
    for (int64_t i = 0; i < lanes; ++i) {
      const int64_t row = i < count ? i : count - 1;
      rows[i] = in_place_ ? reinterpret_cast<float*>(d_.row(p + row)) : words_ + row * d_.elements;
    }
  }
  void close(int64_t count) {
    if (in_place_) return;
    const int64_t all = count * d_.elements;
    for (int64_t done = 0; done < all; done += block_max) {
      sink_.close(all - done < block_max ? all - done : block_max, words_ + done);
    }
  }

 private:
  const TileAccess& d_;
  bool in_place_;
  float* words_;
  Sink sink_;
};

// state = x op state
void accumulate(AluOp op, const Rows& rows, int64_t n, float* states) {
  using V = Vec<Floats>;
  switch (op) {
    case AluOp::add:
      return scan_rows(rows, n, states, [](V state, V x, V) { return hn::Add(x, state); });
    case AluOp::subtract:
      return scan_rows(rows, n, states, [](V state, V x, V) { return hn::Sub(x, state); });
    case AluOp::multiply:
      return scan_rows(rows, n, states, [](V state, V x, V) { return hn::Mul(x, state); });
    case AluOp::maximum:
      return scan_rows(rows, n, states,
                       [](V state, V x, V) { return vector_ops::maximum(x, state); });
    default:
      return scan_rows(rows, n, states,
                       [](V state, V x, V) { return vector_ops::minimum(x, state); });
  }
}

}  // namespace

bool tensor_tensor_scan(const TensorTensorScan& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), a = memory.access(t.data0), b = memory.access(t.data1);
  const PartitionOperand initial(memory, t.initial);
  if (memory.fault()) return true;
  const Operators ops{called_op(t.op0), called_op(t.op1), t.reverse0, t.reverse1,
                      t.op0 == AluOp::multiply && t.op1 == AluOp::add};
  // Rows are read whole before they are written.
  if (ops.first == nullptr || ops.second == nullptr || !routines::may_stream(d, a) ||
      !routines::may_stream(d, b) || !initial.may_stream(d)) {
    return false;
  }
  const int64_t n = d.elements;
  float* left = routines::workspace(routines::Slot::stationary, lanes * n);
  float* right = routines::workspace(routines::Slot::moving, lanes * n);
  Source source_a(a), source_b(b);
  Results results(d);
  for (int64_t p = 0; p < d.partitions; p += lanes) {
    const int64_t count = d.partitions - p < lanes ? d.partitions - p : lanes;
    RowPairs rows;
    rows.a = read_rows(source_a, count, n, left);
    rows.b = read_rows(source_b, count, n, right);
    rows.count = count;
    results.open(p, count, rows.out);
    float states[lanes];
    for (int64_t i = 0; i < lanes; ++i) states[i] = initial.value(p + (i < count ? i : count - 1));
    scan(ops, rows, n, states);
    results.close(count);
  }
  return true;
}

bool tensor_scalar_cumulative(const TensorScalarCumulative& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), a = memory.access(t.src);
  const PartitionOperand operand(memory, t.imm0);
  if (memory.fault()) return true;
  if (!routines::may_stream(d, a) || !operand.may_stream(d)) return false;
  Accumulators totals(memory, Engine::vector, t.src.view, t.op1, t.reduce_cmd, t.imm1);
  const int64_t n = d.elements;
  float* values = routines::workspace(routines::Slot::stationary, lanes * n);
  Source source(a);
  Results results(d);
  for (int64_t p = 0; p < d.partitions; p += lanes) {
    const int64_t count = d.partitions - p < lanes ? d.partitions - p : lanes;
    Rows rows;
    rows.a = read_rows(source, count, n, values);
    rows.count = count;
    if (!is_identity(t.op0)) {
      for (int64_t i = 0; i < count; ++i) {
        const float x = operand.value(p + i);
        alu(Arithmetic::float32, t.op0, {rows.a.at[i]}, {&x, true}, values + i * n, n);
      }
      rows.a = row_group(count, [&](int64_t i) -> const float* { return values + i * n; });
    }
    results.open(p, count, rows.out);
    float states[lanes] = {};
    std::memcpy(states, &totals[p], static_cast<size_t>(count) * sizeof(float));
    accumulate(t.op1, rows, n, states);
    std::memcpy(&totals[p], states, static_cast<size_t>(count) * sizeof(float));
    results.close(count);
  }
  return true;
}

}  // namespace kiln::KILN_CPU_LEVEL
