// TileAccess: a view with its address, for reading and writing its elements. Resolving a view to
// one is TileMemory's business.
#pragma once

#include <cstddef>
#include <vector>

#include "kiln/base/dtype.h"
#include "kiln/base/number_format.h"
#include "kiln/tile/storage.h"

namespace kiln {

// A view with its address. Partitions and, within one, `elements` elements in row-major order of
// the free dimensions, which are merged where they are contiguous. An HBM view has one partition.
struct TileAccess {
  DType dtype = DType::float32;
  int64_t partitions = 0;
  int64_t elements = 0;          // per partition
  std::byte* base = nullptr;     // first element
  int64_t partition_stride = 0;  // bytes
  int rank = 0;                  // merged free dimensions, outermost first; at least 1
  Extents shape;
  Extents stride;  // bytes

  bool contiguous() const { return rank == 1 && stride[0] == size_bytes(dtype); }
  std::byte* row(int64_t p) const { return base + p * partition_stride; }
  // The address of element i of partition p.
  std::byte* at(int64_t p, int64_t i) const {
    std::byte* address = row(p);
    for (int d = rank - 1; d > 0; --d) {
      address += (i % shape[d]) * stride[d];
      i /= shape[d];
    }
    return address + i * stride[0];
  }

  float get(int64_t p, int64_t i) const { return load_float32(dtype, at(p, i)); }
  void set(int64_t p, int64_t i, float value) const { store_float32(dtype, at(p, i), value); }
  Bits bits(int64_t p, int64_t i) const { return load_bits(dtype, at(p, i)); }
  void set_bits(int64_t p, int64_t i, Bits value) const { store_bits(dtype, at(p, i), value); }

  // Element n of all partitions * elements, partition by partition: the order in which DMA moves.
  float get(int64_t n) const { return get(n / elements, n % elements); }
  void set(int64_t n, float value) const { set(n / elements, n % elements, value); }
  Bits bits(int64_t n) const { return bits(n / elements, n % elements); }
  void set_bits(int64_t n, Bits value) const { set_bits(n / elements, n % elements, value); }

  // A copy of all elements in that order, for instructions that read all before they write.
  std::vector<Bits> all_bits() const {
    std::vector<Bits> all;
    all.reserve(static_cast<size_t>(partitions * elements));
    for (int64_t n = 0; n < partitions * elements; ++n) all.push_back(bits(n));
    return all;
  }
};

}  // namespace kiln
