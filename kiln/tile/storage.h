// Storage: one allocation of device memory, as the kernel asked for it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "kiln/base/dtype.h"
#include "kiln/base/id.h"
#include "kiln/base/source_location.h"

namespace kiln {

// Where data is. private_hbm and shared_hbm differ in which core of a launch grid sees them.
enum class Memory : uint8_t { sbuf, psum, private_hbm, shared_hbm };

template <>
struct EnumNames<Memory> {
  static constexpr std::string_view type = "buffer";
  static constexpr std::array<std::string_view, 4> names{"sbuf", "psum", "private_hbm",
                                                         "shared_hbm"};
};

constexpr bool is_on_chip(Memory memory) {
  return memory == Memory::sbuf || memory == Memory::psum;
}

inline constexpr int max_rank = 8;

using StorageId = Id<struct StorageTag>;

// Up to max_rank sizes or strides.
struct Extents {
  std::array<int64_t, max_rank> at{};

  constexpr int64_t& operator[](int i) { return at[static_cast<size_t>(i)]; }
  constexpr int64_t operator[](int i) const { return at[static_cast<size_t>(i)]; }
  friend bool operator==(const Extents&, const Extents&) = default;
};

// Explicit placement of an on-chip tensor.
struct Address {
  int32_t partition = 0;
  int64_t byte = 0;  // within the partition

  friend bool operator==(const Address&, const Address&) = default;
};

// Who fills a storage. `poison` stands in for a tensor that could not be made; a program that has
// one also has errors, and is never run.
enum class Binding : uint8_t { internal, input, constant, poison };

template <>
struct EnumNames<Binding> {
  static constexpr std::string_view type = "binding";
  static constexpr std::array<std::string_view, 4> names{"internal", "input", "constant", "poison"};
};

struct Storage {
  std::string name;
  Memory memory = Memory::sbuf;
  DType dtype = DType::float32;
  uint8_t rank = 0;
  Binding binding = Binding::internal;
  Extents shape;
  std::optional<Address> address;
  SourceLocation location;
  uint32_t born = 0;  // the instruction before which it was allocated, an index into the code

  bool on_chip() const { return is_on_chip(memory); }
  int64_t elements() const;
  // On-chip: partitions and elements per partition. HBM: 1 and all elements.
  int64_t partitions() const { return on_chip() ? shape[0] : 1; }
  int64_t row_elements() const { return elements() / partitions(); }
  int64_t row_bytes() const { return row_elements() * size_bytes(dtype); }
};

}  // namespace kiln
