// ListTable: lists of any length, each named by an id, for plain data that must not own memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kiln {

template <class T, class ListId>
class ListTable {
 public:
  ListId add(std::span<const T> list) {
    values_.insert(values_.end(), list.begin(), list.end());
    ends_.push_back(values_.size());
    return {static_cast<uint32_t>(ends_.size() - 1)};
  }
  // Valid until the next list is added.
  std::span<const T> operator[](ListId id) const {
    const size_t first = id.value == 0 ? 0 : ends_[id.value - 1];
    return std::span(values_).subspan(first, ends_[id.value] - first);
  }

 private:
  std::vector<T> values_;  // of all lists, one after the other
  std::vector<size_t> ends_;
};

}  // namespace kiln
