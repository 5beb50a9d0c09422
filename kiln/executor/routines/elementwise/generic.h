// Element-wise arithmetic, at the CPU level of the including file.
#pragma once

#include "kiln/executor/routines/alu/alu.h"
#include "kiln/executor/routines/stream/stream.h"
#include "kiln/isa/reciprocal.h"
#include "kiln/isa/scalar_tensor_tensor.h"
#include "kiln/isa/tensor_scalar.h"
#include "kiln/isa/tensor_tensor.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

As as_of(Arithmetic arithmetic) { return arithmetic == Arithmetic::float32 ? As::value : As::bits; }

// dst = a op b, all of them full tiles.
bool combine(Arithmetic arithmetic, AluOp op, const TileAccess& d, const TileAccess& a,
             const TileAccess& b) {
  if (!routines::may_stream(d, a) || !routines::may_stream(d, b)) return false;
  const As as = as_of(arithmetic);
  Source left(a, as), right(b, as);
  Sink result(d, as);
  Scratch x, y, z;
  for_each_block(
      d.partitions * d.elements,
      [&](int64_t n) { return left.limit(right.limit(result.limit(n))); },
      [&](int64_t n) {
        const Operand first{left.read(n, x.at)}, second{right.read(n, y.at)};
        float* out = result.open(n, z.at);
        alu(arithmetic, op, first, second, out, n);
        result.close(n, out);
      });
  return true;
}

}  // namespace

bool tensor_tensor(const TensorTensor& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), a = memory.access(t.data1), b = memory.access(t.data2);
  if (memory.fault()) return true;
  Arithmetic arithmetic = Arithmetic::float32;
  if (info(t.op).bitvec) {
    arithmetic = Arithmetic::bits;
  } else if (t.runs_on_integers(memory.tiles())) {
    const bool is_signed = a.dtype == DType::int32 && b.dtype == DType::int32;
    arithmetic = is_signed ? Arithmetic::signed_words : Arithmetic::unsigned_words;
  }
  return combine(arithmetic, t.op, d, a, b);
}

bool tensor_scalar(const TensorScalar& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), a = memory.access(t.data);
  const Arithmetic arithmetic = t.bitvec() ? Arithmetic::bits : Arithmetic::float32;
  const As as = as_of(arithmetic);
  const PartitionOperand operand0(memory, t.operand0, as), operand1(memory, t.operand1, as);
  if (memory.fault()) return true;
  if (!routines::may_stream(d, a) || !operand0.may_stream(d) || !operand1.may_stream(d)) {
    return false;
  }
  // With bits, an identity is no operator.
  const bool first = !is_identity(t.op0), second = !is_identity(t.op1);
  Source data(a, as);
  Sink result(d, as);
  Scratch x, y, z;
  for_each_block(
      d.partitions, d.elements, [&](int64_t n) { return data.limit(result.limit(n)); },
      [&](const Block& block) {
        const int64_t n = block.elements;
        const float* value = data.read(n, x.at);
        float* out = result.open(n, z.at);
        if (first) {
          float* to = second ? x.at : out;
          alu(arithmetic, t.op0, t.reverse0, {value}, operand0.block(block, y.at), to, n);
          value = to;
        }
        if (second) {
          alu(arithmetic, t.op1, t.reverse1, {value}, operand1.block(block, y.at), out, n);
          value = out;
        }
        result.close(n, value);
      });
  return true;
}

bool scalar_tensor_tensor(const ScalarTensorTensor& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), a = memory.access(t.data),
                   b = memory.access(t.operand1);
  const PartitionOperand scalar(memory, t.operand0);
  if (memory.fault()) return true;
  if (!routines::may_stream(d, a) || !routines::may_stream(d, b) || !scalar.may_stream(d)) {
    return false;
  }
  constexpr auto arithmetic = Arithmetic::float32;
  Source data(a), other(b);
  Sink result(d);
  Scratch x, y, z, s;
  for_each_block(
      d.partitions, d.elements, [&](int64_t n) { return data.limit(other.limit(result.limit(n))); },
      [&](const Block& block) {
        const int64_t n = block.elements;
        const float* value = data.read(n, x.at);
        const float* right = other.read(n, y.at);
        alu(arithmetic, t.op0, t.reverse0, {value}, scalar.block(block, s.at), x.at, n);
        float* out = result.open(n, z.at);
        alu(arithmetic, t.op1, t.reverse1, {x.at}, {right}, out, n);
        result.close(n, out);
      });
  return true;
}

bool reciprocal(const Reciprocal& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), a = memory.access(t.data);
  if (memory.fault()) return true;
  if (!routines::may_stream(d, a)) return false;
  Source data(a);
  Sink result(d);
  Scratch x, z;
  for_each_block(
      d.partitions * d.elements, [&](int64_t n) { return data.limit(result.limit(n)); },
      [&](int64_t n) {
        const Operand value{data.read(n, x.at)};
        float* out = result.open(n, z.at);
        alu(Arithmetic::float32, AluOp::reciprocal, value, value, out, n);
        result.close(n, out);
      });
  return true;
}

}  // namespace kiln::KILN_CPU_LEVEL
