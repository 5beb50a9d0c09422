#include "dialect.h"

#include <string>
#include <utility>

namespace kiln::python {

namespace internal {

thread_local PyObject* dialect_adapters = nullptr;

PyObject* find_adapter(std::string_view module, std::string_view name) {
  const std::string key = std::string(module).append(name);
  return PyDict_GetItemString(dialect_adapters, key.c_str());
}

}  // namespace internal

PyObject* exchange_dialect(PyObject* adapters) {
  return std::exchange(internal::dialect_adapters, adapters);
}

PyObject* call_adapter(PyObject* adapter, PyObject* const* values, Py_ssize_t count,
                       PyObject* keywords) {
  PyObject* adapters = exchange_dialect(nullptr);
  PyObject* result = PyObject_Vectorcall(adapter, values, static_cast<size_t>(count), keywords);
  exchange_dialect(adapters);
  return result;
}

}  // namespace kiln::python
