// activation and activation_reduce, at the CPU level of the including file.
#pragma once

#include <utility>

#include "kiln/executor/routines/activation/functions.h"
#include "kiln/executor/routines/reduce/fold.h"
#include "kiln/executor/routines/stream/stream.h"
#include "kiln/isa/activation_reduce.h"

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
        source_(data_),
        sink_(d_) {}

  bool may_stream() const {
    return routines::may_stream(d_, data_) && scale_.may_stream(d_) && bias_.may_stream(d_);
  }

  void run() {
    Scratch result;
    for_each_block(
        d_.partitions, d_.elements, [&](int64_t n) { return source_.limit(sink_.limit(n)); },
        [&](const Block& block) {
          float* out = sink_.open(block.elements, result.at);
          compute(block, out);
          sink_.close(block.elements, out);
        });
  }

  // As run, and reduces the results into `totals`, one for each partition.
  void run_and_reduce(AluOp op, float* totals) {
    const bool in_place = d_.dtype == DType::float32 && d_.contiguous();
    float* results =
        in_place ? nullptr : routines::workspace(routines::Slot::result, lanes * d_.elements);
    for (int64_t p = 0; p < d_.partitions; p += lanes) {
      const int64_t count = d_.partitions - p < lanes ? d_.partitions - p : lanes;
      for (int64_t i = 0; i < count; ++i) {
        for (int64_t first = 0; first < d_.elements;) {
          const int64_t left = d_.elements - first;
          const int64_t n = source_.limit(sink_.limit(left < block_max ? left : block_max));
          float* out = in_place ? row(p + i) + first : results + i * d_.elements + first;
          compute({p + i, 1, first, n}, out);
          sink_.close(n, out);
          first += n;
        }
      }
      const RowGroup rows = row_group(count, [&](int64_t i) -> const float* {
        return in_place ? row(p + i) : results + i * d_.elements;
      });
      fold(op, rows, count, d_.elements, totals + p);
    }
  }

 private:
  float* row(int64_t p) const { return reinterpret_cast<float*>(d_.row(p)); }

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
  Sink sink_;
  Scratch x_, y_, z_;
};

}  // namespace

bool activation(const Activation& t, TileMemory& memory) {
  Job job(t, memory);
  if (memory.fault()) return true;
  if (!job.may_stream()) return false;
  const AluOp op = t.reduce_op == AluOp::none ? AluOp::add : t.reduce_op;
  float* totals =
      routines::accumulator_registers(memory, Engine::scalar, t.data.view, op, t.reduce_cmd);
  if (t.reduce_cmd == ReduceCmd::reduce || t.reduce_cmd == ReduceCmd::reset_reduce) {
    job.run_and_reduce(op, totals);
  } else {
    job.run();
  }
  if (t.reduce_res.given()) {
    const TileAccess result = memory.access(t.reduce_res);
    if (!memory.fault()) Sink(result).close(result.partitions, totals);
  }
  return true;
}

bool activation_reduce(const ActivationReduce& t, TileMemory& memory) {
  return activation(t.as_activation(), memory);
}

}  // namespace kiln::KILN_CPU_LEVEL
