// Streams: a tile's elements in order, read and written a block at a time as 32-bit words that lie
// next to each other, whatever the tile's type and strides. A word is a float32, or the element's
// bit pattern. This is what lets one loop over float32 serve every type and layout.
#pragma once

#include "kiln/executor/routines/simd.h"
#include "kiln/executor/routines/stream/convert.h"
#include "kiln/executor/routines/support.h"
#include "kiln/isa/tile_memory.h"

namespace kiln::KILN_CPU_LEVEL {

// The most elements of one block, and the size of its scratch.
inline constexpr int64_t block_max = 1024;

// Runs of elements next to each other are worked on in place from this length.
inline constexpr int64_t run_min = 64;

struct Scratch {
  alignas(64) float at[block_max];
};

// The elements of all partitions as one sequence, partition by partition; dimensions are merged
// where they lie next to each other.
struct Sequence {
  static constexpr int rank_max = max_rank + 1;

  DType dtype;
  std::byte* base;
  int64_t elements;
  int rank = 0;
  int64_t shape[rank_max];
  int64_t stride[rank_max];  // bytes

  // Partitions first … first+count-1 of a tile.
  Sequence(const TileAccess& a, int64_t first, int64_t count)
      : dtype(a.dtype), base(a.base + first * a.partition_stride), elements(count * a.elements) {
    append(count, a.partition_stride);
    for (int i = 0; i < a.rank; ++i) append(a.shape.at[i], a.stride.at[i]);
    if (rank == 0) append_always(1, size_bytes(dtype));
  }
  explicit Sequence(const TileAccess& a) : Sequence(a, 0, a.partitions) {}

 private:
  void append(int64_t size, int64_t step) {
    if (size == 1) return;
    if (rank > 0 && stride[rank - 1] == size * step) {
      shape[rank - 1] *= size;
      stride[rank - 1] = step;
    } else {
      append_always(size, step);
    }
  }
  void append_always(int64_t size, int64_t step) {
    shape[rank] = size;
    stride[rank] = step;
    ++rank;
  }
};

// A place in a sequence, which must outlive it. A run is what is left of the innermost dimension.
class Cursor {
 public:
  explicit Cursor(const Sequence& sequence)
      : sequence_(&sequence),
        at_(sequence.base),
        run_(sequence.shape[sequence.rank - 1]),
        step_(sequence.stride[sequence.rank - 1]),
        size_(size_bytes(sequence.dtype)) {}

  std::byte* at() const { return at_; }
  int64_t run() const { return run_; }
  int64_t step() const { return step_; }
  int64_t size() const { return size_; }
  bool contiguous() const { return step_ == size_; }

  // Not beyond the run.
  HWY_INLINE void advance(int64_t n) {
    run_ -= n;
    at_ += n * step_;
    if (run_ == 0) next_run();
  }

 private:
  HWY_INLINE void next_run() {
    const int last = sequence_->rank - 1;
    run_ = sequence_->shape[last];
    at_ -= run_ * step_;
    for (int i = last - 1; i >= 0; --i) {
      at_ += sequence_->stride[i];
      if (++index_[i] < sequence_->shape[i]) return;
      at_ -= sequence_->shape[i] * sequence_->stride[i];
      index_[i] = 0;
    }
  }

  const Sequence* sequence_;
  std::byte* at_;
  int64_t run_;
  int64_t step_;
  int64_t size_;
  int64_t index_[Sequence::rank_max] = {};
};

// The next n elements of a sequence to memory without gaps, and back, without conversion.
void gather(Cursor& from, std::byte* to, int64_t n);
void scatter(const std::byte* from, Cursor& to, int64_t n);

class Stream {
 public:
  Stream(const Sequence& sequence, As as)
      : sequence_(sequence), cursor_(sequence_), conversion_(conversion(sequence.dtype, as)) {}
  Stream(const Stream&) = delete;

  // At most n, and no more than a long run still has, so that it is used in place.
  HWY_INLINE int64_t limit(int64_t n) const {
    if (!cursor_.contiguous() || cursor_.run() < run_min) return n;
    return n < cursor_.run() ? n : cursor_.run();
  }

 protected:
  HWY_INLINE bool in_run(int64_t n) const { return cursor_.contiguous() && cursor_.run() >= n; }
  bool direct() const { return conversion_.read == nullptr; }

  Sequence sequence_;
  Cursor cursor_;
  Conversion conversion_;
};

class Source : public Stream {
 public:
  explicit Source(const Sequence& sequence, As as = As::value) : Stream(sequence, as) {}
  explicit Source(const TileAccess& a, As as = As::value) : Stream(Sequence(a), as) {}

  // The next n elements, at most block_max: where they are, or in `scratch`.
  HWY_INLINE const float* read(int64_t n, float* scratch) {
    if (!in_run(n)) return read_gathered(n, scratch);
    const std::byte* from = cursor_.at();
    cursor_.advance(n);
    if (direct()) return reinterpret_cast<const float*>(from);
    conversion_.read(from, scratch, n);
    return scratch;
  }
  // As read, but always to `to`.
  void copy(int64_t n, float* to);

 private:
  const float* read_gathered(int64_t n, float* scratch);
};

class Sink : public Stream {
 public:
  explicit Sink(const Sequence& sequence, As as = As::value) : Stream(sequence, as) {}
  explicit Sink(const TileAccess& a, As as = As::value) : Stream(Sequence(a), as) {}

  // Where to put the next n elements, at most block_max: their place, or `scratch`. close() with
  // the same arguments must follow.
  HWY_INLINE float* open(int64_t n, float* scratch) const {
    return direct() && in_run(n) ? reinterpret_cast<float*>(cursor_.at()) : scratch;
  }
  HWY_INLINE void close(int64_t n, const float* words) {
    if (!in_run(n)) {
      close_scattered(n, words);
      return;
    }
    if (!direct()) {
      conversion_.write(words, cursor_.at(), n);
    } else if (reinterpret_cast<const std::byte*>(words) != cursor_.at()) {
      std::memcpy(cursor_.at(), words, static_cast<size_t>(n) * sizeof(float));
    }
    cursor_.advance(n);
  }

 private:
  void close_scattered(int64_t n, const float* words);
};

// A part of one partition, or several whole partitions.
struct Block {
  int64_t partition;
  int64_t partitions;
  int64_t first;     // element within the partition
  int64_t elements;  // of all its partitions

  int64_t row_elements() const { return elements / partitions; }
};

// Rows shorter than this are taken several at a time.
inline constexpr int64_t short_row = 32;

// Calls body(Block) for the blocks of a tile in order. `limit` may shorten a block of one
// partition.
template <class Limit, class Body>
HWY_INLINE void for_each_block(int64_t partitions, int64_t row_elements, const Limit& limit,
                               const Body& body) {
  if (row_elements < short_row) {
    if (row_elements == 0) return;
    const int64_t rows_max = block_max / row_elements;
    for (int64_t p = 0; p < partitions; p += rows_max) {
      const int64_t rows = partitions - p < rows_max ? partitions - p : rows_max;
      body(Block{p, rows, 0, rows * row_elements});
    }
    return;
  }
  for (int64_t p = 0; p < partitions; ++p) {
    for (int64_t first = 0; first < row_elements;) {
      const int64_t left = row_elements - first;
      const int64_t n = limit(left < block_max ? left : block_max);
      body(Block{p, 1, first, n});
      first += n;
    }
  }
}

// The same for what does not depend on the partition: all elements are one row.
template <class Limit, class Body>
HWY_INLINE void for_each_block(int64_t elements, const Limit& limit, const Body& body) {
  for (int64_t left = elements; left > 0;) {
    const int64_t n = limit(left < block_max ? left : block_max);
    body(n);
    left -= n;
  }
}

// Words of a block, or one word for all of them.
struct Operand {
  const float* at;
  bool splat = false;
};

// An operand with one value for each partition: a constant, or a [partitions, 1] tile.
class PartitionOperand {
 public:
  static constexpr int64_t partitions_max = 128;

  PartitionOperand(TileMemory& memory, const InOrScalar& operand, As as = As::value);

  // Whether a tile, if it is one, may be read before `to` is written.
  bool may_stream(const TileAccess& to) const {
    return !is_tile_ || routines::may_stream(to, access_);
  }
  const float* values() const { return values_; }
  bool is_tile() const { return is_tile_; }
  float value(int64_t p) const { return values_[is_tile_ ? p : 0]; }

  HWY_INLINE Operand block(const Block& block, float* scratch) const {
    if (!is_tile_) return {values_, true};
    if (block.partitions == 1) return {values_ + block.partition, true};
    if (block.elements == block.partitions) return {values_ + block.partition, false};
    return {expand(block, scratch), false};
  }

 private:
  const float* expand(const Block& block, float* scratch) const;

  bool is_tile_;
  TileAccess access_;
  alignas(64) float values_[partitions_max];
};

}  // namespace kiln::KILN_CPU_LEVEL
