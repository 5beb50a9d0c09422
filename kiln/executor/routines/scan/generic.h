// tensor_tensor_scan, at the CPU level of the including file.
#pragma once

#include "kiln/executor/routines/alu/vector_ops.h"
#include "kiln/executor/routines/stream/stream.h"
#include "kiln/executor/routines/transpose/columns.h"
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
  RowGroup a, b;
  float* out[lanes];
  int64_t count;
};

// Columns j … j+width-1, where `extent` is their part of a vector. Returns the last state.
template <class Extent, class Step>
HWY_INLINE Vec<Floats> scan_square(const Rows& rows, int64_t j, Extent extent, int64_t width,
                                   Vec<Floats> state, const Step& step) {
  Vec<Floats> a[lanes], b[lanes];
  load_columns(rows.a, j, extent, a);
  load_columns(rows.b, j, extent, b);
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

template <class Step>
void scan_rows(const Rows& rows, int64_t n, const float* initial, const Step& step) {
  auto state = hn::LoadU(f32, initial);
  int64_t j = 0;
  for (; j + lanes <= n; j += lanes) state = scan_square(rows, j, Whole{}, lanes, state, step);
  if constexpr (lanes > 1) {
    if (j < n) scan_square(rows, j, Part{n - j}, n - j, state, step);
  }
}

struct Operators {
  CalledOp first, second;
  bool reverse0, reverse1;
  bool multiplies_and_adds;
};

void scan(const Operators& ops, const Rows& rows, int64_t n, const float* initial) {
  using V = Vec<Floats>;
  if (ops.multiplies_and_adds) {
    scan_rows(rows, n, initial, [](V state, V a, V b) { return hn::Add(hn::Mul(a, state), b); });
    return;
  }
  scan_rows(rows, n, initial, [&](V state, V a, V b) {
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
  const bool in_place = d.dtype == DType::float32 && d.contiguous();
  float* left = routines::workspace(routines::Slot::stationary, lanes * n);
  float* right = routines::workspace(routines::Slot::moving, lanes * n);
  float* results = in_place ? nullptr : routines::workspace(routines::Slot::result, lanes * n);
  Source source_a(a), source_b(b);
  Sink sink(d);
  for (int64_t p = 0; p < d.partitions; p += lanes) {
    const int64_t count = d.partitions - p < lanes ? d.partitions - p : lanes;
    Rows rows{read_rows(source_a, count, n, left), read_rows(source_b, count, n, right), {}, count};
    float states[lanes];
    for (int64_t i = 0; i < lanes; ++i) {
      const int64_t row = i < count ? i : count - 1;
      rows.out[i] = in_place ? reinterpret_cast<float*>(d.row(p + row)) : results + row * n;
      states[i] = initial.value(p + row);
    }
    scan(ops, rows, n, states);
    if (in_place) continue;
    for (int64_t done = 0; done < count * n; done += block_max) {
      const int64_t left_over = count * n - done;
      sink.close(left_over < block_max ? left_over : block_max, results + done);
    }
  }
  return true;
}

}  // namespace kiln::KILN_CPU_LEVEL
