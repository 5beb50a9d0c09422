// Enums, dtypes and number formats.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings.h"
#include "convert.h"
#include "kiln/base/nearest.h"
#include "kiln/base/number_format.h"
#include "kiln/base/packed_format.h"
#include "kiln/isa/sendrecv.h"

namespace kiln::python {

namespace {

template <NamedEnum E>
void add_names(nb::dict& names) {
  nb::list list;
  for (std::string_view name : EnumNames<E>::names) list.append(nb::str(name.data(), name.size()));
  names[nb::str(EnumNames<E>::type.data(), EnumNames<E>::type.size())] = list;
}

}  // namespace

void bind_values(nb::module_& module) {
  nb::dict names;
  add_names<DType>(names);
  add_names<Memory>(names);
  add_names<Engine>(names);
  add_names<Generation>(names);
  add_names<Compat>(names);
  add_names<ReduceCmd>(names);
  add_names<DgeMode>(names);
  add_names<OobMode>(names);
  add_names<MatmulPerfMode>(names);
  add_names<DmaEngine>(names);
  module.attr("enum_names") = names;
  module.def("register_members", &register_members, nb::arg("type"), nb::arg("members"),
             "Sets Python's objects for an enum's members, in the order of enum_names.");
  module.def("dtype_bytes", [](size_t index) { return size_bytes(static_cast<DType>(index)); });
  module.def("nearest", [](const std::string& name, const std::vector<std::string>& candidates) {
    const std::vector<std::string_view> views(candidates.begin(), candidates.end());
    return nearest(name, views);
  });
  module.def(
      "convert_to_float32",
      [](size_t dtype, uintptr_t from, uintptr_t to, size_t count) {
        convert_to_float32(static_cast<DType>(dtype), reinterpret_cast<const std::byte*>(from),
                           reinterpret_cast<float*>(to), count);
      },
      "Widens `count` elements at one address to float32 at another.");
  module.def(
      "unpack_to_float32",
      [](size_t dtype, uintptr_t from, uintptr_t to, size_t count) {
        unpack_to_float32(static_cast<DType>(dtype), reinterpret_cast<const std::byte*>(from),
                          reinterpret_cast<float*>(to), count);
      },
      "Widens `count` words of a packed type to four float32 each.");
  module.def(
      "pack_from_float32",
      [](size_t dtype, uintptr_t from, uintptr_t to, size_t count) {
        pack_from_float32(static_cast<DType>(dtype), reinterpret_cast<const float*>(from),
                          reinterpret_cast<std::byte*>(to), count);
      },
      "Narrows four float32 each to `count` words of a packed type.");
  module.def(
      "convert_from_float32",
      [](size_t dtype, uintptr_t from, uintptr_t to, size_t count) {
        convert_from_float32(static_cast<DType>(dtype), reinterpret_cast<const float*>(from),
                             reinterpret_cast<std::byte*>(to), count);
      },
      "Narrows `count` float32 at one address to elements at another.");
}

}  // namespace kiln::python
