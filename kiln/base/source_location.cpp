#include "kiln/base/source_location.h"

#include <fmt/format.h>

#include <algorithm>

namespace kiln {

FileId FileTable::add(std::string_view path) {
  const auto found = std::find(paths_.begin(), paths_.end(), path);
  if (found != paths_.end()) return {static_cast<uint32_t>(found - paths_.begin())};
  paths_.emplace_back(path);
  return {static_cast<uint32_t>(paths_.size() - 1)};
}

std::string FileTable::describe(SourceLocation location) const {
  if (!location.file.valid()) return "";
  return fmt::format("{}:{}", path(location.file), location.line);
}

}  // namespace kiln
