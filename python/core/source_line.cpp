#include "source_line.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <string>
#include <unordered_map>

#include "kiln/program/recorder.h"

namespace kiln::python {

namespace nb = nanobind;

namespace {

struct CodeLines {
  nb::object code;  // keeps the key's address from being reused
  FileId file;
  bool own = false;                         // part of Kiln
  std::unordered_map<int, uint32_t> lines;  // by instruction offset
};

thread_local std::unordered_map<PyCodeObject*, CodeLines> known;

// Directory of Kiln's Python package, with a slash.
const std::string& package_dir() {
  static const auto* dir = new std::string([] {
    const auto file = nb::cast<std::string>(nb::module_::import_("kiln").attr("__file__"));
    return file.substr(0, file.rfind('/') + 1);
  }());
  return *dir;
}

CodeLines& lines_of(PyCodeObject* code, Recorder& recorder) {
  const auto [at, added] = known.try_emplace(code);
  if (added) {
    const nb::handle handle(reinterpret_cast<PyObject*>(code));
    const auto path = nb::cast<std::string>(handle.attr("co_filename"));
    at->second.code = nb::borrow(handle);
    at->second.own = path.starts_with(package_dir());
    if (!at->second.own) at->second.file = recorder.add_file(path);
  }
  return at->second;
}

}  // namespace

void note_line(Recorder& recorder) {
  nb::object frame = nb::borrow(reinterpret_cast<PyObject*>(PyEval_GetFrame()));
  while (frame.is_valid()) {
    auto* f = reinterpret_cast<PyFrameObject*>(frame.ptr());
    const nb::object code = nb::steal(reinterpret_cast<PyObject*>(PyFrame_GetCode(f)));
    CodeLines& lines = lines_of(reinterpret_cast<PyCodeObject*>(code.ptr()), recorder);
    if (!lines.own) {
      const auto [line, added] = lines.lines.try_emplace(PyFrame_GetLasti(f));
      if (added) line->second = static_cast<uint32_t>(PyFrame_GetLineNumber(f));
      recorder.at({lines.file, line->second});
      return;
    }
    frame = nb::steal(reinterpret_cast<PyObject*>(PyFrame_GetBack(f)));
  }
}

void reset_lines() { known.clear(); }

}  // namespace kiln::python
