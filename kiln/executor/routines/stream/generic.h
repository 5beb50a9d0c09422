// Streams and conversions, at the CPU level of the including file.
#pragma once

#include "kiln/base/check.h"
#include "kiln/executor/routines/stream/formats.h"
#include "kiln/executor/routines/stream/stream.h"

namespace kiln::KILN_CPU_LEVEL {

namespace {

template <class T>
void gather_run(const std::byte* from, int64_t step, std::byte* to, int64_t n) {
  T* out = reinterpret_cast<T*>(to);
  if (step == 0) {
    const T value = *reinterpret_cast<const T*>(from);
    for (int64_t i = 0; i < n; ++i) out[i] = value;
    return;
  }
  for (int64_t i = 0; i < n; ++i) out[i] = *reinterpret_cast<const T*>(from + i * step);
}

template <class T>
void scatter_run(const std::byte* from, std::byte* to, int64_t step, int64_t n) {
  const T* in = reinterpret_cast<const T*>(from);
  for (int64_t i = 0; i < n; ++i) *reinterpret_cast<T*>(to + i * step) = in[i];
}

template <class T>
void gather_elements(Cursor& from, std::byte* to, int64_t n) {
  constexpr int64_t size = sizeof(T);
  while (n > 0) {
    const int64_t run = n < from.run() ? n : from.run();
    if (from.contiguous() && run * size >= 16) {
      std::memcpy(to, from.at(), static_cast<size_t>(run * size));
    } else {
      gather_run<T>(from.at(), from.step(), to, run);
    }
    from.advance(run);
    to += run * size;
    n -= run;
  }
}

template <class T>
void scatter_elements(const std::byte* from, Cursor& to, int64_t n) {
  constexpr int64_t size = sizeof(T);
  while (n > 0) {
    const int64_t run = n < to.run() ? n : to.run();
    if (to.contiguous() && run * size >= 16) {
      std::memcpy(to.at(), from, static_cast<size_t>(run * size));
    } else {
      scatter_run<T>(from, to.at(), to.step(), run);
    }
    to.advance(run);
    from += run * size;
    n -= run;
  }
}

}  // namespace

Conversion conversion(DType dtype, As as) {
  return as == As::bits ? bit_conversion(size_bytes(dtype)) : value_conversion(dtype);
}

void gather(Cursor& from, std::byte* to, int64_t n) {
  if (from.size() == 4) return gather_elements<uint32_t>(from, to, n);
  if (from.size() == 2) return gather_elements<uint16_t>(from, to, n);
  gather_elements<uint8_t>(from, to, n);
}

void scatter(const std::byte* from, Cursor& to, int64_t n) {
  if (to.size() == 4) return scatter_elements<uint32_t>(from, to, n);
  if (to.size() == 2) return scatter_elements<uint16_t>(from, to, n);
  scatter_elements<uint8_t>(from, to, n);
}

const float* Source::read_gathered(int64_t n, float* scratch) {
  if (direct()) {
    gather(cursor_, reinterpret_cast<std::byte*>(scratch), n);
    return scratch;
  }
  Scratch stored;
  gather(cursor_, reinterpret_cast<std::byte*>(stored.at), n);
  conversion_.read(reinterpret_cast<const std::byte*>(stored.at), scratch, n);
  return scratch;
}

void Source::copy(int64_t n, float* to) {
  while (n > 0) {
    const int64_t part = n < block_max ? n : block_max;
    const float* words = read(part, to);
    if (words != to) std::memcpy(to, words, static_cast<size_t>(part) * sizeof(float));
    to += part;
    n -= part;
  }
}

void Sink::close_scattered(int64_t n, const float* words) {
  if (direct()) {
    scatter(reinterpret_cast<const std::byte*>(words), cursor_, n);
    return;
  }
  Scratch stored;
  conversion_.write(words, reinterpret_cast<std::byte*>(stored.at), n);
  scatter(reinterpret_cast<const std::byte*>(stored.at), cursor_, n);
}

PartitionOperand::PartitionOperand(TileMemory& memory, const InOrScalar& operand, As as)
    : is_tile_(operand.is_tile()) {
  if (!is_tile_) {
    values_[0] = operand.scalar();
    const Bits pattern = as == As::bits ? routines::pattern_of(operand) : 0;
    if (as == As::bits) std::memcpy(values_, &pattern, sizeof pattern);
    return;
  }
  access_ = memory.access(operand);
  KILN_CHECK(access_.partitions <= partitions_max);
  const int64_t count = access_.partitions * access_.elements;
  if (count > 0) Source(access_, as).copy(count, values_);
}

const float* PartitionOperand::expand(const Block& block, float* scratch) const {
  const int64_t row = block.row_elements();
  for (int64_t r = 0; r < block.partitions; ++r) {
    for (int64_t i = 0; i < row; ++i) scratch[r * row + i] = values_[block.partition + r];
  }
  return scratch;
}

}  // namespace kiln::KILN_CPU_LEVEL
