// ChunkedVector: a vector that grows without moving its elements. References stay valid, and a long
// recording touches each page of memory once.
#pragma once

#include <bit>
#include <cstddef>
#include <iterator>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "kiln/base/check.h"

namespace kiln {

template <class T>
class ChunkedVector {
 public:
  ChunkedVector() = default;
  ChunkedVector(const ChunkedVector&) = delete;
  ChunkedVector& operator=(const ChunkedVector&) = delete;
  ~ChunkedVector() {
    for (size_t i = 0; i < size_; ++i) std::destroy_at(&(*this)[i]);
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](size_t i) { return *at(i); }
  const T& operator[](size_t i) const { return *at(i); }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }

  template <class... Args>
  T& emplace_back(Args&&... args) {
    if (size_ == chunks_.size() * chunk_size) {
      chunks_.emplace_back(new Chunk);  // without touching the memory
    }
    T* made = std::construct_at(at(size_), std::forward<Args>(args)...);
    ++size_;
    return *made;
  }
  void push_back(T value) { emplace_back(std::move(value)); }

  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    const_iterator() = default;
    const_iterator(const ChunkedVector* vector, size_t i) : vector_(vector), i_(i) {}
    const T& operator*() const { return (*vector_)[i_]; }
    const T* operator->() const { return &(*vector_)[i_]; }
    const_iterator& operator++() {
      ++i_;
      return *this;
    }
    const_iterator operator++(int) { return {vector_, i_++}; }
    friend bool operator==(const const_iterator&, const const_iterator&) = default;

   private:
    const ChunkedVector* vector_ = nullptr;
    size_t i_ = 0;
  };
  const_iterator begin() const { return {this, 0}; }
  const_iterator end() const { return {this, size_}; }

 private:
  static constexpr size_t chunk_bytes = 64 << 10;
  static constexpr size_t chunk_size = std::bit_floor(chunk_bytes / sizeof(T));
  static_assert(chunk_size > 0);

  struct Chunk {
    alignas(T) std::byte bytes[chunk_size * sizeof(T)];
  };

  T* at(size_t i) const {
    return std::launder(reinterpret_cast<T*>(chunks_[i / chunk_size]->bytes)) + i % chunk_size;
  }

  std::vector<std::unique_ptr<Chunk>> chunks_;
  size_t size_ = 0;
};

}  // namespace kiln
