// Activation functions and the exponential, at the CPU level of the including file.
#pragma once

#include <utility>

#include "kiln/executor/routines/activation/functions.h"
#include "kiln/executor/routines/reduce/results.h"
#include "kiln/executor/routines/stream/stream.h"
#include "kiln/isa/activation_reduce.h"
#include "kiln/isa/exponential.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

// out[i] = op(x[i] * scale + bias)
template <ActivationOp op>
void activate_all(const float* x, float scale, float bias, float* out, int64_t n) {
  constexpr Floats d;
  const auto factor = hn::Set(d, scale), addend = hn::Set(d, bias);
  for_each_vector(n, [&](int64_t i, auto extent) {
    const auto value = fma(d, load(d, x + i, extent), factor, addend);
    store(d, activate<op>(value), out + i, extent);
  });
}

using Activate = void (*)(const float* x, float scale, float bias, float* out, int64_t n);

template <size_t... ops>
constexpr auto table_of(std::index_sequence<ops...>) {
  struct Table {
    Activate of[sizeof...(ops)];
  };
  return Table{{&activate_all<static_cast<ActivationOp>(ops)>...}};
}

constexpr auto functions =
    table_of(std::make_index_sequence<EnumNames<ActivationOp>::names.size()>());

// The same with operands that are not the same for the whole block.
void scale_and_shift(const float* x, Operand scale, Operand bias, float* out, int64_t n) {
  constexpr Floats d;
  const auto scale_splat = hn::Set(d, *scale.at), bias_splat = hn::Set(d, *bias.at);
  for_each_vector(n, [&](int64_t i, auto extent) {
    const auto factor = scale.splat ? scale_splat : load(d, scale.at + i, extent);
    const auto addend = bias.splat ? bias_splat : load(d, bias.at + i, extent);
    store(d, fma(d, load(d, x + i, extent), factor, addend), out + i, extent);
  });
}

class Job {
 public:
  Job(const Activation& t, TileMemory& memory)
      : function_(functions.of[static_cast<size_t>(t.op)]),
        d_(memory.access(t.dst)),
        data_(memory.access(t.data)),
        scale_(memory, t.scale),
        bias_(memory, t.bias),
        source_(data_) {}

  bool may_stream() const {
    return routines::may_stream(d_, data_) && scale_.may_stream(d_) && bias_.may_stream(d_);
  }

  void run(TileMemory& memory, Accumulators& totals, const OptionalOut& reduce_res) {
    write_results(
        memory, d_, totals, reduce_res, false, [&](int64_t n) { return source_.limit(n); },
        [&](const Block& block, float* out) { compute(block, out); });
  }

 private:
  void compute(const Block& block, float* out) {
    const int64_t n = block.elements;
    const float* x = source_.read(n, x_.at);
    const Operand scale = scale_.block(block, y_.at), bias = bias_.block(block, z_.at);
    if (scale.splat && bias.splat) {
      function_(x, *scale.at, *bias.at, out, n);
    } else {
      scale_and_shift(x, scale, bias, x_.at, n);
      // This product and sum change nothing, not even the sign of a zero.
      function_(x_.at, 1.0f, -0.0f, out, n);
    }
  }

  Activate function_;
  TileAccess d_, data_;
  PartitionOperand scale_, bias_;
  Source source_;
  Scratch x_, y_, z_;
};

}  // namespace

bool activation(const Activation& t, TileMemory& memory) {
  Job job(t, memory);
  if (memory.fault()) return true;
  if (!job.may_stream()) return false;
  const AluOp op = t.reduce_op == AluOp::none ? AluOp::add : t.reduce_op;
  Accumulators totals(memory, Engine::scalar, t.data.view, op, t.reduce_cmd);
  job.run(memory, totals, t.reduce_res);
  return true;
}

bool activation_reduce(const ActivationReduce& t, TileMemory& memory) {
  return activation(t.as_activation(), memory);
}

namespace {

// out[i] = exp(x[i] - subtrahend)
void exponential_all(const float* x, Operand subtrahend, float* out, int64_t n) {
  constexpr Floats d;
  const auto splat = hn::Set(d, *subtrahend.at);
  for_each_vector(n, [&](int64_t i, auto extent) {
    const auto other = subtrahend.splat ? splat : load(d, subtrahend.at + i, extent);
    const auto value = hn::Sub(load(d, x + i, extent), other);
    store(d, activate<ActivationOp::exp>(value), out + i, extent);
  });
}

}  // namespace

bool exponential(const Exponential& t, TileMemory& memory) {
  const TileAccess d = memory.access(t.dst), in = memory.access(t.src);
  const PartitionOperand subtrahend(memory, t.max_value);
  if (memory.fault()) return true;
  if (!routines::may_stream(d, in) || !subtrahend.may_stream(d)) return false;
  Accumulators totals(memory, Engine::vector, t.src.view, AluOp::add, t.reduce_cmd, t.reduce_init);
  Source source(in);
  Scratch x, y;
  write_results(
      memory, d, totals, t.reduce_res, false, [&](int64_t n) { return source.limit(n); },
      [&](const Block& block, float* out) {
        const float* from = source.read(block.elements, x.at);
        exponential_all(from, subtrahend.block(block, y.at), out, block.elements);
      });
  return true;
}

}  // namespace kiln::KILN_CPU_LEVEL
