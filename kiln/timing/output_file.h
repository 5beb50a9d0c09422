// OutputFile: a file that appears under its name when it is complete, or not at all.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "kiln/base/result.h"

namespace kiln {

class OutputFile {
 public:
  explicit OutputFile(std::filesystem::path path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  // Without commit(), nothing is left of it.
  ~OutputFile();

  void write(std::string_view bytes);
  // Gives the file its name.
  Status commit();

  // What went wrong first, if anything did; nothing is written after it.
  const std::optional<Error>& error() const { return error_; }
  int64_t bytes() const { return bytes_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  void fail(std::string_view doing, int error_number);

  std::filesystem::path path_;
  std::filesystem::path unfinished_path_;  // empty: there is none to remove
  std::unique_ptr<std::FILE, Close> file_;
  std::optional<Error> error_;
  int64_t bytes_ = 0;
};

}  // namespace kiln
