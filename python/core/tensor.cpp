// nki.language.NkiTensor and nki.isa.VirtualRegister.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings.h"
#include "checked_function.h"
#include "convert.h"
#include "kiln/isa/rules.h"
#include "source_line.h"

namespace kiln::python {

namespace {

using dsl::RuntimeIndex;
using dsl::Shape;
using dsl::Tensor;

const Tensor& here(const NkiTensor& t) {
  const Tensor& tensor = unwrap(t);
  note_line(dsl::recorder());
  return tensor;
}

nb::tuple tuple_of(const Extents& extents, int rank) {
  nb::object t = nb::steal(PyTuple_New(rank));
  for (int i = 0; i < rank; ++i) {
    PyTuple_SET_ITEM(t.ptr(), i, PyLong_FromLongLong(extents[i]));
  }
  return nb::borrow<nb::tuple>(t);
}

std::optional<int64_t> bound(nb::handle object) {
  if (object.is_none()) return std::nullopt;
  return nb::cast<int64_t>(nb::steal(PyNumber_Index(object.ptr())));
}

Index index_of_item(nb::handle item) {
  if (PySlice_Check(item.ptr())) {
    Index range;
    range.start = bound(item.attr("start"));
    range.stop = bound(item.attr("stop"));
    range.step = bound(item.attr("step")).value_or(1);
    return range;
  }
  if (item.ptr() == Py_Ellipsis) return {.kind = Index::Kind::ellipsis};
  if (PyIndex_Check(item.ptr())) {
    return {.kind = Index::Kind::integer, .start = bound(item), .stop = {}, .step = 1};
  }
  throw nb::type_error(
      fmt::format("a tensor is indexed by integers, slices, nl.ds and '...'; got {}",
                  describe(item.ptr()))
          .c_str());
}

NkiTensor get_item(const NkiTensor& t, nb::handle key) {
  const Tensor& tensor = here(t);
  Index indices[16];
  size_t count = 0;
  if (PyTuple_Check(key.ptr())) {
    const Py_ssize_t size = PyTuple_GET_SIZE(key.ptr());
    if (size > 16) throw nb::index_error("a tensor has at most 8 dimensions");
    for (Py_ssize_t i = 0; i < size; ++i) {
      indices[count++] = index_of_item(PyTuple_GET_ITEM(key.ptr(), i));
    }
  } else {
    indices[count++] = index_of_item(key);
  }
  return wrap(tensor.index({indices, count}));
}

// NKI names the method, but only instructions write tensors.
void set_item(const NkiTensor&, nb::handle, nb::handle) {
  throw nb::type_error(
      "a tensor is not written by assignment; use nisa.tensor_copy, nisa.dma_copy or nl.store");
}

RuntimeIndex runtime_index(nb::handle object, bool per_partition) {
  if (nb::isinstance<VirtualRegister>(object)) {
    return {.reg = nb::cast<VirtualRegister&>(object).reg.id, .tile = {}};
  }
  const Tensor& tensor = unwrap(nb::cast<NkiTensor&>(object));
  return {.reg = {}, .tile = tensor.view_id(), .per_partition = per_partition};
}

Shape shape_of(nb::handle object) {
  if (const auto list = integers(object)) return *list;
  throw nb::type_error(
      fmt::format("a shape is a tuple of integers; got {}", describe(object.ptr())).c_str());
}

int dim_of(int64_t dim, int rank) { return static_cast<int>(dim < 0 ? dim + rank : dim); }

NkiTensor ap(const NkiTensor& t, nb::handle pattern, std::optional<int64_t> offset,
             nb::handle scalar_offset, nb::handle vector_offset, int indirect_dim,
             nb::handle dtype) {
  const Tensor& tensor = here(t);
  Tensor::Ap ap{.indirect_dim = indirect_dim};
  for (nb::handle item : pattern) {
    const auto pair = integers(item);
    if (!pair || pair->size() != 2) {
      throw nb::type_error(
          fmt::format("a pattern is a list of [step, count]; got {}", describe(item.ptr()))
              .c_str());
    }
    ap.pattern.push_back({(*pair)[0], (*pair)[1]});
  }
  ap.offset = offset;
  if (!scalar_offset.is_none()) ap.runtime = runtime_index(scalar_offset, false);
  if (!vector_offset.is_none()) ap.runtime = runtime_index(vector_offset, true);
  if (!dtype.is_none()) ap.dtype = dtype_from_python(dtype);
  return wrap(tensor.ap(ap));
}

view_ops::NamePattern name_pattern(nb::handle pattern) {
  view_ops::NamePattern groups;
  for (nb::handle item : pattern) {
    if (nb::isinstance<nb::str>(item)) {
      groups.push_back({nb::cast<std::string>(item)});
    } else {
      groups.push_back(nb::cast<std::vector<std::string>>(item));
    }
  }
  return groups;
}

NkiTensor rearrange(const NkiTensor& t, nb::handle from, nb::handle to, nb::handle fixed_sizes) {
  const Tensor& tensor = here(t);
  std::vector<std::pair<std::string, int64_t>> sizes;
  if (!fixed_sizes.is_none()) {
    for (auto [name, size] : nb::borrow<nb::dict>(fixed_sizes)) {
      sizes.emplace_back(nb::cast<std::string>(name), nb::cast<int64_t>(size));
    }
  }
  return wrap(tensor.rearrange(name_pattern(from), name_pattern(to), sizes));
}

void bind_attributes(nb::class_<NkiTensor>& tensor) {
  tensor
      .def_prop_ro("shape",
                   [](const NkiTensor& t) {
                     const Tile tile = unwrap(t).tile();
                     return tuple_of(tile.layout->shape, tile.rank());
                   })
      .def_prop_ro("strides",
                   [](const NkiTensor& t) {
                     nb::list strides;
                     for (const Step& step : unwrap(t).get_pattern()) strides.append(step.step);
                     return nb::tuple(strides);
                   })
      .def_prop_ro("offset", [](const NkiTensor& t) { return unwrap(t).offset(); })
      .def_prop_ro("name", [](const NkiTensor& t) { return unwrap(t).name(); })
      .def_prop_ro("dtype", [](const NkiTensor& t) { return dtype_to_python(unwrap(t).dtype()); })
      .def_prop_ro("buffer",
                   [](const NkiTensor& t) {
                     return member("buffer", static_cast<size_t>(unwrap(t).buffer()));
                   })
      .def_prop_ro("ndim", [](const NkiTensor& t) { return unwrap(t).rank(); })
      .def_prop_ro("size", [](const NkiTensor& t) { return unwrap(t).size(); })
      .def_prop_ro("base_tensor", [](const NkiTensor& t) { return wrap(unwrap(t).base_tensor()); })
      .def("is_contiguous", [](const NkiTensor& t) { return unwrap(t).is_contiguous(); })
      .def("is_indirect", [](const NkiTensor& t) { return unwrap(t).is_indirect(); })
      .def("get_pattern", [](const NkiTensor& t) {
        nb::list pattern;
        for (const Step& step : unwrap(t).get_pattern()) {
          nb::list pair;
          pair.append(step.step);
          pair.append(step.count);
          pattern.append(pair);
        }
        return pattern;
      });
}

void bind_selections(nb::class_<NkiTensor>& tensor) {
  tensor.def("__getitem__", &get_item)
      .def("__setitem__", &set_item)
      .def(
          "slice",
          [](const NkiTensor& t, int64_t dim, int64_t start, int64_t end, int64_t step) {
            const Tensor& x = here(t);
            return wrap(x.slice(dim_of(dim, x.rank()), start, end, step));
          },
          nb::arg("dim"), nb::arg("start"), nb::arg("end"), nb::arg("step") = 1)
      .def(
          "select",
          [](const NkiTensor& t, int64_t dim, nb::handle index) {
            const Tensor& x = here(t);
            const int d = dim_of(dim, x.rank());
            if (PyIndex_Check(index.ptr())) return wrap(x.select(d, nb::cast<int64_t>(index)));
            return wrap(x.select(d, runtime_index(index, false)));
          },
          nb::arg("dim"), nb::arg("index"))
      .def(
          "vector_select",
          [](const NkiTensor& t, int64_t dim, nb::handle vector_offset) {
            return wrap(
                here(t).vector_select(static_cast<int>(dim), runtime_index(vector_offset, true)));
          },
          nb::arg("dim"), nb::arg("vector_offset"))
      .def("ap", &ap, nb::arg("pattern"), nb::arg("offset").none() = nb::none(),
           nb::arg("scalar_offset").none() = nb::none(),
           nb::arg("vector_offset").none() = nb::none(), nb::arg("indirect_dim") = 0,
           nb::arg("dtype").none() = nb::none())
      .def(
          "indirect",
          [](const NkiTensor& t, const NkiTensor& index, std::optional<int64_t> num_elem) {
            return wrap(here(t).indirect(unwrap(index), num_elem));
          },
          nb::arg("index"), nb::arg("num_elem").none() = nb::none());
}

void bind_reshapes(nb::class_<NkiTensor>& tensor) {
  tensor
      .def(
          "permute",
          [](const NkiTensor& t, nb::handle dims) { return wrap(here(t).permute(shape_of(dims))); },
          nb::arg("dims"))
      .def(
          "broadcast",
          [](const NkiTensor& t, int64_t dim, int64_t size) {
            const Tensor& x = here(t);
            return wrap(x.broadcast(dim_of(dim, x.rank()), size));
          },
          nb::arg("dim"), nb::arg("size"))
      .def(
          "expand_dim",
          [](const NkiTensor& t, int64_t dim) {
            const Tensor& x = here(t);
            return wrap(x.expand_dim(dim_of(dim, x.rank() + 1)));
          },
          nb::arg("dim"))
      .def(
          "squeeze_dim",
          [](const NkiTensor& t, int64_t dim) {
            const Tensor& x = here(t);
            return wrap(x.squeeze_dim(dim_of(dim, x.rank())));
          },
          nb::arg("dim"))
      .def(
          "reshape_dim",
          [](const NkiTensor& t, int64_t dim, nb::handle shape) {
            const Tensor& x = here(t);
            return wrap(x.reshape_dim(dim_of(dim, x.rank()), shape_of(shape)));
          },
          nb::arg("dim"), nb::arg("shape"))
      .def(
          "flatten_dims",
          [](const NkiTensor& t, int64_t start_dim, int64_t end_dim) {
            const Tensor& x = here(t);
            return wrap(x.flatten_dims(dim_of(start_dim, x.rank()), dim_of(end_dim, x.rank())));
          },
          nb::arg("start_dim"), nb::arg("end_dim"))
      .def(
          "reshape",
          [](const NkiTensor& t, nb::handle shape) {
            return wrap(here(t).reshape(shape_of(shape)));
          },
          nb::arg("shape"))
      .def("rearrange", &rearrange, nb::arg("src_pattern"), nb::arg("dst_pattern"),
           nb::arg("fixed_sizes").none() = nb::none());
  for (const char* name : {"view", "reinterpret_cast"}) {
    tensor.def(
        name,
        [](const NkiTensor& t, nb::handle dtype) {
          return wrap(here(t).view(dtype_from_python(dtype)));
        },
        nb::arg("dtype"));
  }
}

}  // namespace

void bind_tensor(nb::module_& module) {
  nb::class_<NkiTensor> tensor(module, "NkiTensor",
                               "A view of device memory in a kernel that is being recorded.");
  bind_attributes(tensor);
  bind_selections(tensor);
  bind_reshapes(tensor);
  check_methods(tensor);
  nb::class_<VirtualRegister>(module, "VirtualRegister", "A register of the engines' sequencers.");
}

}  // namespace kiln::python
