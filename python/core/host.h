// What calls share with Python's side: arrays, reports, options, progress.
#pragma once

#include <nanobind/nanobind.h>

#include <string_view>
#include <vector>

#include "kiln/base/diagnostic.h"
#include "kiln/session/result.h"

namespace kiln::python {

namespace nb = nanobind;

nb::str text(std::string_view s);

// Called with (done, total) now and then while a program runs.
nb::object& progress_callback();

// Options that let Ctrl-C through; the pending Python exception is raised when the execution has
// stopped. Raises ValueError if KILN_CPU names no CPU level.
ExecuteOptions execute_options(int threads, bool reference_only);

// The array's memory, which the returned buffer keeps alive.
HostBuffer borrow_array(uintptr_t address, int64_t bytes, nb::object owner);
HostTensor borrow_tensor(nb::handle array);

// Memory as Python sees it: address, bytes, dtype, shape; alive as long as the object.
struct HostArray {
  HostTensor tensor;
};
nb::list describe_outputs(std::vector<HostTensor> outputs);

// A list of dicts: id, severity, message, file, line, text, fix, notes, count.
nb::list describe_report(const Report& report, const FileTable& files);

template <class T>
T value_or_throw(Result<T> result) {
  if (PyErr_Occurred()) throw nb::python_error();
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

}  // namespace kiln::python
