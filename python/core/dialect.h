// Older dialects of NKI: functions whose calls are handed to a Python adapter first. The recording
// that is entered decides which adapters there are; without any, a call costs one test.
#pragma once

#include <nanobind/nanobind.h>

#include <string_view>

namespace kiln::python {

// Makes the adapters, a dict from "nisa.memset", "nl.ndarray", … to functions, or nothing, those of
// this thread; returns what was there. The caller keeps the dict alive.
PyObject* exchange_dialect(PyObject* adapters);

namespace internal {
extern thread_local PyObject* dialect_adapters;
PyObject* find_adapter(std::string_view module, std::string_view name);
}  // namespace internal

// The adapter of "<module><name>", or null.
inline PyObject* dialect_adapter(std::string_view module, std::string_view name) {
  if (internal::dialect_adapters == nullptr) return nullptr;
  return internal::find_adapter(module, name);
}

// Calls the adapter with no dialect in force, so that it can call today's functions.
PyObject* call_adapter(PyObject* adapter, PyObject* const* values, Py_ssize_t count,
                       PyObject* keywords);

}  // namespace kiln::python
