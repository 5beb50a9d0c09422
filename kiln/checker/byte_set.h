// ByteSet: a set of bytes of one storage, exact to the byte. Partitions whose rows have the same
// bytes in the set, which is most of them, are kept together.
#pragma once

#include <cstdint>
#include <vector>

#include "kiln/checker/footprint.h"

namespace kiln {

class ByteSet {
 public:
  ByteSet() = default;
  ByteSet(int64_t partitions, int64_t row_bytes);

  void add(const Footprint& footprint);
  void add_all();
  void clear();

  bool full() const { return rows_.size() == 1 && rows_[0].count == row_bytes_; }
  bool empty() const { return rows_.size() == 1 && rows_[0].count == 0; }
  int64_t bytes() const;

  // The bytes of a footprint that are not in the set, and where the first of them is.
  struct Missing {
    int64_t bytes = 0;
    int64_t partition = 0, byte = 0;
  };
  Missing missing(const Footprint& footprint) const;
  // Of all bytes of the storage.
  Missing missing() const;
  bool contains(int64_t partition, int64_t byte) const;

 private:
  // Neighbouring partitions, up to `end`, with the same bytes.
  struct Rows {
    int64_t end = 0;
    int64_t count = 0;           // bytes of a row in the set
    std::vector<uint64_t> bits;  // by byte; none if the count is 0 or the whole row
  };

  size_t split(int64_t partition);
  void merge_full();
  void add_to(Rows& rows, const Footprint& footprint) const;
  void missing_in(const Rows& rows, int64_t partition, int64_t partitions, const Footprint& f,
                  Missing& missing) const;

  int64_t row_bytes_ = 0;
  std::vector<Rows> rows_;
};

}  // namespace kiln
