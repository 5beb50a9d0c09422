// TileFixture: tiles with memory behind them, for tests of single instructions.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "kiln/base/diagnostic.h"
#include "kiln/isa/context.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class TileFixture {
 public:
  Tiles tiles;

  ViewId sbuf(DType dtype, std::initializer_list<int64_t> shape) {
    return add(Memory::sbuf, dtype, shape);
  }
  ViewId psum(DType dtype, std::initializer_list<int64_t> shape) {
    return add(Memory::psum, dtype, shape);
  }
  ViewId hbm(DType dtype, std::initializer_list<int64_t> shape) {
    return add(Memory::private_hbm, dtype, shape);
  }

  // The same storage seen through a changed view.
  ViewId changed(ViewId id, const std::function<void(View&)>& change) {
    View view = tiles.view(id);
    change(view);
    return tiles.add(view);
  }
  // A view with a runtime index.
  ViewId indexed(ViewId id, const Dynamic& dynamic) {
    const DynamicId added = tiles.add(dynamic);
    return changed(id, [added](View& view) { view.dynamic = added; });
  }

  TileMemory& memory() {
    if (!memory_) memory_.emplace(tiles, 4);
    memory_->grow(4);
    for (uint32_t i = 0; i < tiles.storage_count(); ++i) {
      const Storage& storage = tiles.storage({i});
      memory_->buffer({i}) = {bytes_[i].data(), storage.row_bytes()};
    }
    return *memory_;
  }

  // Elements in row-major order.
  void fill(ViewId id, const std::function<float(int64_t)>& value) {
    const TileAccess a = memory().access(id);
    for (int64_t n = 0; n < a.partitions * a.elements; ++n) a.set(n, value(n));
  }
  void set(ViewId id, const std::vector<float>& values) {
    fill(id, [&](int64_t n) { return values.at(static_cast<size_t>(n)); });
  }
  void set_bits(ViewId id, const std::vector<Bits>& values) {
    const TileAccess a = memory().access(id);
    for (size_t n = 0; n < values.size(); ++n) a.set_bits(static_cast<int64_t>(n), values[n]);
  }
  std::vector<float> get(ViewId id) {
    const TileAccess a = memory().access(id);
    std::vector<float> all;
    for (int64_t n = 0; n < a.partitions * a.elements; ++n) all.push_back(a.get(n));
    return all;
  }
  std::vector<Bits> bits(ViewId id) { return memory().access(id).all_bits(); }

  // The ids of the diagnostics that an instruction's check reports.
  template <class Instruction>
  std::vector<std::string_view> problems(const Instruction& instruction,
                                         Generation generation = Generation::gen3) const {
    Report report;
    instruction.check({machine(generation), tiles}, report);
    std::vector<std::string_view> ids;
    for (const Diagnostic& d : report.diagnostics()) ids.push_back(d.kind->id);
    return ids;
  }

 private:
  ViewId add(Memory memory, DType dtype, std::initializer_list<int64_t> shape) {
    Storage storage{.name = "t", .memory = memory, .dtype = dtype};
    for (const int64_t size : shape) storage.shape[storage.rank++] = size;
    const auto size = static_cast<size_t>(storage.partitions() * storage.row_bytes());
    bytes_.emplace_back(size);
    return tiles.whole(tiles.add(std::move(storage)));
  }

  std::deque<std::vector<std::byte>> bytes_;
  std::optional<TileMemory> memory_;
};

// What problems() gives for an instruction without any.
inline const std::vector<std::string_view> no_problems;

}  // namespace kiln
