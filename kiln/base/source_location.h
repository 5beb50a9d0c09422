// SourceLocation: a line of the user's kernel source, as an index into a FileTable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/id.h"

namespace kiln {

using FileId = Id<struct FileTag>;

struct SourceLocation {
  FileId file;
  uint32_t line = 0;

  friend bool operator==(const SourceLocation&, const SourceLocation&) = default;
};

// The source files a program was recorded from; a path is stored once.
class FileTable {
 public:
  FileId add(std::string_view path);
  const std::string& path(FileId id) const { return paths_[id.value]; }
  const std::vector<std::string>& paths() const { return paths_; }

  // "kernel.py:12", or "" for a location without a file.
  std::string describe(SourceLocation location) const;

 private:
  std::vector<std::string> paths_;
};

}  // namespace kiln
