#include "kiln/program/widen.h"

#include <fmt/format.h>

namespace kiln {

namespace {

DType widened(DType dtype) { return is_low_precision(dtype) ? DType::float32 : dtype; }

// Storages and views keep their ids: a storage's whole view is added with it, as it was recorded.
Status copy_tiles(const Tiles& from, Tiles& to) {
  uint32_t storages = 0;
  for (uint32_t i = 0; i < from.view_count(); ++i) {
    const Tile tile = from.tile({i});
    if (storages < from.storage_count() && from.whole({storages}) == ViewId{i}) {
      Storage storage = *tile.storage;
      storage.dtype = widened(storage.dtype);
      to.add(std::move(storage));
      ++storages;
      continue;
    }
    View view = tile.view();
    const DType stored = tile.storage->dtype;
    if (view.layout.dtype != stored &&
        (is_low_precision(stored) || is_low_precision(view.layout.dtype))) {
      return Error{fmt::format(
          "low-precision tensors cannot be kept in float32: '{}' is {} and is viewed as {}",
          tile.storage->name, name_of(stored), name_of(view.layout.dtype))};
    }
    view.layout.dtype = widened(view.layout.dtype);
    to.add(view);
  }
  for (uint32_t i = 0; i < from.dynamic_count(); ++i) to.add(from.dynamic({i}));
  to.copy_lists(from);
  return Done{};
}

}  // namespace

Result<std::shared_ptr<Program>> widen_low_precision(const Program& program) {
  auto wide = std::make_shared<Program>();
  if (Status status = copy_tiles(program.tiles, wide->tiles); !status) return status.error();
  wide->kernel = program.kernel;
  wide->target = program.target;
  wide->register_count = program.register_count;
  for (const Instruction& instruction : program.code) wide->code.push_back(instruction);
  for (const SourceLocation& location : program.locations) wide->locations.push_back(location);
  wide->names = program.names;
  wide->dependencies = program.dependencies;
  wide->files = program.files;
  wide->inputs = program.inputs;
  wide->outputs = program.outputs;
  for (const auto& [id, bytes] : program.constants) {
    const Storage& storage = program.tiles.storage(id);
    if (!is_low_precision(storage.dtype)) {
      wide->constants.emplace(id, bytes);
      continue;
    }
    std::vector<std::byte> values(bytes.size() / size_bytes(storage.dtype) * sizeof(float));
    convert_to_float32(storage.dtype, bytes.data(), reinterpret_cast<float*>(values.data()),
                       values.size() / sizeof(float));
    wide->constants.emplace(id, std::move(values));
  }
  return wide;
}

}  // namespace kiln
