// ByteSet: a set of bytes of one storage, exact to the byte. Neighbouring partitions whose rows
// have the same bytes in the set, which is most of them, are kept together; so are the rows of an
// HBM tensor's last dimension.
#pragma once

#include <cstdint>
#include <vector>

#include "kiln/checker/footprint.h"

namespace kiln {

class ByteSet {
 public:
  ByteSet() = default;
  explicit ByteSet(const Storage& storage);

  void add(const Footprint& footprint);
  void add_all();
  void clear();

  bool full() const { return rows_.size() == 1 && rows_[0].count == width_; }
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
  // Bytes [first, end) of a row.
  struct Run {
    int64_t first = 0, end = 0;
  };
  // Neighbouring rows, up to `end`, with the same bytes.
  struct Rows {
    int64_t end = 0;
    int64_t count = 0;  // bytes of a row in the set
    // The bytes, unless they are none or the whole row: as runs in order with gaps between them,
    // or when these become many by byte.
    std::vector<Run> runs = {};
    std::vector<uint64_t> bits = {};
  };

  template <class Fn>
  void for_each_part(const Footprint& footprint, Fn&& fn) const;
  template <class Fn>
  void for_each_row_part(int64_t first, int64_t end, Fn&& fn) const;
  void add_part(const Footprint& part);
  size_t split(int64_t row);
  void merge_full(size_t begin, size_t end);
  void add_run(Rows& rows, Run run) const;
  void add_to(Rows& rows, const Footprint& footprint) const;
  template <class Fn>
  void for_each_gap(const Rows& rows, Run run, Fn&& fn) const;
  void missing_in(const Rows& rows, int64_t row, int64_t count, const Footprint& part,
                  Missing& missing) const;

  bool on_chip_ = true;
  int64_t width_ = 0;  // bytes of a row
  std::vector<Rows> rows_;
};

}  // namespace kiln
