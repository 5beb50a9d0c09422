#include "kiln/timing/output_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace kiln {

OutputFile::OutputFile(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(path_, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    error_ = Error{fmt::format("cannot write {}: it is not a file", path_.string())};
    return;
  }
  unfinished_path_ = path_;
  unfinished_path_ += fmt::format(".{}.unfinished", getpid());
  file_.reset(std::fopen(unfinished_path_.c_str(), "wb"));
  if (file_) return;
  fail("create", errno);
  unfinished_path_.clear();
}

OutputFile::~OutputFile() {
  if (unfinished_path_.empty()) return;
  file_.reset();
  std::error_code ignored;
  std::filesystem::remove(unfinished_path_, ignored);
}

void OutputFile::fail(std::string_view doing, int error_number) {
  error_ = Error{fmt::format("cannot {} {}: {}", doing, path_.string(),
                             std::generic_category().message(error_number))};
}

void OutputFile::write(std::string_view bytes) {
  if (error_) return;
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
    fail("write", errno);
    return;
  }
  bytes_ += static_cast<int64_t>(bytes.size());
}

Status OutputFile::commit() {
  if (error_) return *error_;
  if (std::fclose(file_.release()) != 0) {
    fail("write", errno);
    return *error_;
  }
  std::error_code error;
  std::filesystem::rename(unfinished_path_, path_, error);
  if (error) {
    fail("create", error.value());
    return *error_;
  }
  unfinished_path_.clear();
  return Done{};
}

}  // namespace kiln
