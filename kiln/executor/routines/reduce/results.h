// Results of an instruction that also reduces them, one total for each partition. The caller gives
// compute(block, out), which puts the words of a block at `out`, and limit(n), which may shorten a
// block; blocks come in order.
#pragma once

#include "kiln/executor/routines/reduce/fold.h"
#include "kiln/executor/routines/stream/stream.h"
#include "kiln/isa/accumulators.h"

namespace kiln::KILN_CPU_LEVEL {

// Writes all of d.
template <class Limit, class Compute>
void write_all(const TileAccess& d, const Limit& limit, const Compute& compute) {
  Sink sink(d);
  Scratch scratch;
  for_each_block(
      d.partitions, d.elements, [&](int64_t n) { return limit(sink.limit(n)); },
      [&](const Block& block) {
        float* out = sink.open(block.elements, scratch.at);
        compute(block, out);
        sink.close(block.elements, out);
      });
}

// The same, and folds each partition's results into its total before they are rounded to d's type.
template <class Limit, class Compute>
void write_and_reduce(const TileAccess& d, AluOp op, float* totals, const Limit& limit,
                      const Compute& compute) {
  Sink sink(d);
  const bool in_place = d.dtype == DType::float32 && d.contiguous();
  float* results =
      in_place ? nullptr : routines::workspace(routines::Slot::result, lanes * d.elements);
  for (int64_t p = 0; p < d.partitions; p += lanes) {
    const int64_t count = d.partitions - p < lanes ? d.partitions - p : lanes;
    const auto row = [&](int64_t i) {
      return in_place ? reinterpret_cast<float*>(d.row(p + i)) : results + i * d.elements;
    };
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t first = 0; first < d.elements;) {
        const int64_t left = d.elements - first;
        const int64_t n = limit(sink.limit(left < block_max ? left : block_max));
        float* out = row(i) + first;
        compute(Block{p + i, 1, first, n}, out);
        sink.close(n, out);
        first += n;
      }
    }
    const RowGroup rows = row_group(count, [&](int64_t i) -> const float* { return row(i); });
    fold(op, rows, count, d.elements, totals + p);
  }
}

// Writes the results, reduces them if the command says so, and reads the totals out.
template <class Limit, class Compute>
void write_results(TileMemory& memory, const TileAccess& d, Accumulators& totals,
                   const OptionalOut& reduce_res, bool negate, const Limit& limit,
                   const Compute& compute) {
  if (totals.reducing()) {
    write_and_reduce(d, totals.op(), &totals[0], limit, compute);
  } else {
    write_all(d, limit, compute);
  }
  totals.read_out(memory, reduce_res, negate);
}

}  // namespace kiln::KILN_CPU_LEVEL
