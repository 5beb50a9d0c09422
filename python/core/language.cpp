// nki.language: operators, allocation, and the functions built on instructions.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings.h"
#include "checked_function.h"
#include "convert.h"
#include "kiln/dsl/nl.h"
#include "source_line.h"

namespace kiln::python {

namespace {

using dsl::Shape;
using dsl::Tensor;
using dsl::Value;
namespace nl = dsl::nl;

// The start of every function: there is a recording, and it knows the line.
Recorder& begin(const char* name) {
  require_recording(name);
  note_line(dsl::recorder());
  return dsl::recorder();
}

Value value_of(nb::handle object, const char* subject) {
  if (nb::isinstance<NkiTensor>(object)) return unwrap(nb::cast<NkiTensor&>(object));
  if (PyIndex_Check(object.ptr())) return nb::cast<int64_t>(nb::int_(object));
  if (PyNumber_Check(object.ptr()) && !PyUnicode_Check(object.ptr())) {
    return nb::cast<double>(nb::float_(object));
  }
  throw nb::type_error(
      fmt::format("{} takes tensors and numbers; got {}", subject, describe(object.ptr())).c_str());
}

std::optional<DType> optional_dtype(nb::handle object) {
  if (object.is_none()) return std::nullopt;
  return dtype_from_python(object);
}

std::optional<Memory> optional_memory(nb::handle object) {
  if (object.is_none()) return std::nullopt;
  return memory_from_python(object);
}

Shape shape_of(nb::handle object) {
  if (const auto list = integers(object)) return *list;
  if (PyIndex_Check(object.ptr())) return {nb::cast<int64_t>(nb::int_(object))};
  throw nb::type_error(
      fmt::format("a shape is a tuple of integers; got {}", describe(object.ptr())).c_str());
}

// axis: an integer or several; negative ones count from the end.
std::vector<int> axes_of(nb::handle object, int rank) {
  std::vector<int> axes;
  for (int64_t axis : shape_of(object)) {
    axes.push_back(static_cast<int>(axis < 0 ? axis + rank : axis));
  }
  return axes;
}

NkiTensor call_operator(const Operator& op, nb::handle x, nb::handle y, nb::handle dtype) {
  const std::string name(op.info->name);
  begin(name.c_str());
  std::optional<Value> second;
  if (!y.is_none()) second = value_of(y, name.c_str());
  const int given = second ? 2 : 1;
  if (op.info->operands != given) {
    throw nb::type_error(fmt::format("nl.{} takes {} operand(s) as a function; {} given", name,
                                     op.info->operands, given)
                             .c_str());
  }
  return wrap(dsl::apply_op(*op.info, value_of(x, name.c_str()), second, optional_dtype(dtype)));
}

std::optional<Address> address_of(nb::handle object) {
  if (object.is_none()) return std::nullopt;
  const auto pair = integers(object);
  if (!pair || pair->size() != 2) {
    throw nb::type_error(
        fmt::format("an address is (partition, byte); got {}", describe(object.ptr())).c_str());
  }
  return Address{static_cast<int32_t>((*pair)[0]), (*pair)[1]};
}

// A tensor's name as it is given; None: none.
using Name = std::optional<std::string>;

NkiTensor ndarray(nb::handle shape, nb::handle dtype, nb::handle buffer, const Name& name,
                  nb::handle address) {
  Recorder& recorder = begin("ndarray");
  const Shape sizes = shape_of(shape);
  return wrap(Tensor(recorder.allocate({.shape = sizes,
                                        .dtype = dtype_from_python(dtype),
                                        .memory = optional_memory(buffer).value_or(Memory::sbuf),
                                        .name = name.value_or(""),
                                        .address = address_of(address)})));
}

NkiTensor constant(nb::bytes bytes, const Shape& shape, nb::handle dtype) {
  Recorder& recorder = begin("shared_constant");
  const auto* data = reinterpret_cast<const std::byte*>(bytes.c_str());
  return wrap(Tensor(recorder.constant(
      {.shape = shape, .dtype = dtype_from_python(dtype), .memory = Memory::shared_hbm, .name = ""},
      {data, data + bytes.size()})));
}

VirtualRegister wrap_register(RegisterId id) { return {Register(id), current_call()}; }

VirtualRegister register_alloc(nb::handle x) {
  Recorder& recorder = begin("register_alloc");
  const RegisterId id = recorder.new_register();
  if (nb::isinstance<NkiTensor>(x)) {
    recorder.record(RegisterLoad{id, unwrap(nb::cast<NkiTensor&>(x)).view_id()});
  } else if (!x.is_none()) {
    recorder.record(RegisterMove{id, nb::cast<int64_t>(nb::int_(x))});
  }
  return wrap_register(id);
}

RegisterOrInt bound_of(nb::handle object) {
  RegisterOrInt bound;
  if (!from_python(object.ptr(), bound)) {
    throw nb::type_error(
        fmt::format("a loop bound is an integer or a register; got {}", describe(object.ptr()))
            .c_str());
  }
  return bound;
}

VirtualRegister begin_loop(nb::handle lower, nb::handle upper, int32_t step) {
  Recorder& recorder = begin("dynamic_range");
  const RegisterId counter = recorder.new_register();
  recorder.record(Loop{counter, bound_of(lower), bound_of(upper), step});
  return wrap_register(counter);
}

Register register_of(nb::handle object) {
  Register reg;
  if (!from_python(object.ptr(), reg)) {
    throw nb::type_error(
        fmt::format("a condition is a register; got {}", describe(object.ptr())).c_str());
  }
  return reg;
}

VirtualRegister begin_while(nb::handle init) {
  Recorder& recorder = begin("while_loop");
  const RegisterId condition = recorder.new_register();
  recorder.record(RegisterMove{condition, register_of(init)});
  recorder.record(WhileLoop{condition});
  return wrap_register(condition);
}

void begin_while_register(nb::handle condition) {
  begin("while").record(WhileLoop{register_of(condition)});
}

void end_while(nb::handle condition, nb::handle next) {
  Recorder& recorder = begin("while_loop");
  const Register to = register_of(condition), from = register_of(next);
  if (!(to.id == from.id)) recorder.record(RegisterMove{to, from});
  recorder.record(EndWhile{});
}

class Definitions {
 public:
  explicit Definitions(nb::module_& module) : module_(module) {}

  template <class Fn, class... Extra>
  void add(const char* name, Fn&& fn, const Extra&... extra) {
    module_.def(name, std::forward<Fn>(fn), extra...);
    add_name(name);
  }
  void add_name(std::string_view name) { names_.append(nb::str(name.data(), name.size())); }
  nb::list names() const { return names_; }

 private:
  nb::module_& module_;
  nb::list names_;
};

void add_memory(Definitions& d) {
  d.add("ndarray", &ndarray, nb::arg("shape"), nb::arg("dtype"),
        nb::arg("buffer").none() = nb::none(), nb::arg("name").none() = "",
        nb::arg("address").none() = nb::none(), "A new tensor with undefined contents.");
  d.add(
      "full",
      [](nb::handle shape, nb::handle fill_value, nb::handle dtype, nb::handle buffer,
         const Name& name) {
        begin("full");
        return wrap(nl::full(
            shape_of(shape), value_of(fill_value, "full"), dtype_from_python(dtype),
            optional_memory(buffer).value_or(Memory::sbuf), name.value_or(""), dsl::as_noted));
      },
      nb::arg("shape"), nb::arg("fill_value"), nb::arg("dtype"),
      nb::arg("buffer").none() = nb::none(), nb::arg("name").none() = "",
      "A new tensor of one value.");
  for (const auto& [function, number] : {std::pair("zeros", 0), std::pair("ones", 1)}) {
    d.add(
        function,
        [function, number](nb::handle shape, nb::handle dtype, nb::handle buffer,
                           const Name& name) {
          begin(function);
          return wrap(nl::full(shape_of(shape), number, dtype_from_python(dtype),
                               optional_memory(buffer).value_or(Memory::sbuf), name.value_or(""),
                               dsl::as_noted));
        },
        nb::arg("shape"), nb::arg("dtype"), nb::arg("buffer").none() = nb::none(),
        nb::arg("name").none() = "");
  }
}

void add_copies(Definitions& d) {
  for (const auto& [function, make] :
       {std::pair("zeros_like", &nl::zeros_like), std::pair("empty_like", &nl::empty_like)}) {
    d.add(
        function,
        [function, make](const NkiTensor& x, nb::handle dtype, nb::handle buffer,
                         const Name& name) {
          begin(function);
          return wrap(make(unwrap(x),
                           {optional_dtype(dtype), optional_memory(buffer), name.value_or("")},
                           dsl::as_noted));
        },
        nb::arg("x"), nb::arg("dtype").none() = nb::none(), nb::arg("buffer").none() = nb::none(),
        nb::arg("name").none() = "");
  }
  for (const auto& [function, make] :
       {std::pair("load", &nl::load), std::pair("load_transpose2d", &nl::load_transpose2d)}) {
    d.add(
        function,
        [function, make](const NkiTensor& src, nb::handle dtype) {
          begin(function);
          return wrap(make(unwrap(src), optional_dtype(dtype), dsl::as_noted));
        },
        nb::arg("src"), nb::arg("dtype").none() = nb::none());
  }
  d.add(
      "store",
      [](const NkiTensor& dst, const NkiTensor& value) {
        begin("store");
        nl::store(unwrap(dst), unwrap(value), dsl::as_noted);
      },
      nb::arg("dst"), nb::arg("value"), "Writes a tile to an HBM tensor of as many elements.");
  d.add("constant", &constant, nb::arg("bytes"), nb::arg("shape"), nb::arg("dtype"));
  d.add(
      "shared_identity_matrix",
      [](int64_t n, nb::handle dtype, std::optional<NkiTensor> dst) {
        begin("shared_identity_matrix");
        std::optional<Tensor> target;
        if (dst) target = unwrap(*dst);
        return wrap(nl::shared_identity_matrix(n, optional_dtype(dtype).value_or(DType::uint8),
                                               target, dsl::as_noted));
      },
      nb::arg("n"), nb::arg("dtype").none() = nb::none(), nb::arg("dst").none() = nb::none(),
      "An identity matrix in SBUF.");
}

void add_reductions(Definitions& d) {
  using Reduce =
      Tensor(const Tensor&, const nl::Axis&, const nl::ReduceOptions&, const dsl::CallSite&);
  const std::pair<const char*, Reduce*> reductions[] = {{"sum", &nl::sum},   {"prod", &nl::prod},
                                                        {"max", &nl::max},   {"min", &nl::min},
                                                        {"mean", &nl::mean}, {"var", &nl::var}};
  for (const auto& [function, reduce] : reductions) {
    d.add(
        function,
        [function, reduce](const NkiTensor& x, nb::handle axis, nb::handle dtype, bool keepdims) {
          begin(function);
          return wrap(reduce(unwrap(x), axes_of(axis, unwrap(x).rank()),
                             {optional_dtype(dtype), keepdims}, dsl::as_noted));
        },
        nb::arg("x"), nb::arg("axis"), nb::arg("dtype").none() = nb::none(),
        nb::arg("keepdims") = false);
  }
  using Along = Tensor(const Tensor&, const nl::Axis&, std::optional<DType>, const dsl::CallSite&);
  const std::pair<const char*, Along*> others[] = {{"all", &nl::all}, {"softmax", &nl::softmax}};
  for (const auto& [function, apply] : others) {
    d.add(
        function,
        [function, apply](const NkiTensor& x, nb::handle axis, nb::handle dtype) {
          begin(function);
          return wrap(apply(unwrap(x), axes_of(axis, unwrap(x).rank()), optional_dtype(dtype),
                            dsl::as_noted));
        },
        nb::arg("x"), nb::arg("axis") = -1, nb::arg("dtype").none() = nb::none());
  }
  d.add(
      "rms_norm",
      [](const NkiTensor& x, const NkiTensor& w, nb::handle axis, int64_t n, double epsilon,
         nb::handle dtype, nb::handle compute_dtype) {
        begin("rms_norm");
        return wrap(nl::rms_norm(unwrap(x), unwrap(w), axes_of(axis, unwrap(x).rank()), n,
                                 {epsilon, optional_dtype(dtype), optional_dtype(compute_dtype)},
                                 dsl::as_noted));
      },
      nb::arg("x"), nb::arg("w"), nb::arg("axis"), nb::arg("n"), nb::arg("epsilon") = 1e-6,
      nb::arg("dtype").none() = nb::none(), nb::arg("compute_dtype").none() = nb::none());
}

void add_shapes(Definitions& d) {
  d.add(
      "where",
      [](const NkiTensor& condition, nb::handle x, nb::handle y, nb::handle dtype) {
        begin("where");
        return wrap(nl::where(unwrap(condition), value_of(x, "where"), value_of(y, "where"),
                              optional_dtype(dtype), dsl::as_noted));
      },
      nb::arg("condition"), nb::arg("x"), nb::arg("y"), nb::arg("dtype").none() = nb::none());
  d.add(
      "gather_flattened",
      [](const NkiTensor& data, const NkiTensor& indices, int axis, nb::handle dtype) {
        begin("gather_flattened");
        return wrap(nl::gather_flattened(unwrap(data), unwrap(indices), axis, optional_dtype(dtype),
                                         dsl::as_noted));
      },
      nb::arg("data"), nb::arg("indices"), nb::arg("axis") = 0,
      nb::arg("dtype").none() = nb::none(),
      "Elements of each partition by their numbers in all its free dimensions.");
  d.add(
      "expand_dims",
      [](const NkiTensor& x, int axis) {
        begin("expand_dims");
        return wrap(nl::expand_dims(unwrap(x), axis, dsl::as_noted));
      },
      nb::arg("x"), nb::arg("axis"));
  d.add(
      "broadcast_to",
      [](const NkiTensor& x, nb::handle shape, nb::handle dtype) {
        begin("broadcast_to");
        return wrap(
            nl::broadcast_to(unwrap(x), shape_of(shape), optional_dtype(dtype), dsl::as_noted));
      },
      nb::arg("x"), nb::arg("shape"), nb::arg("dtype").none() = nb::none());
  d.add(
      "transpose",
      [](const NkiTensor& x, nb::handle dtype) {
        begin("transpose");
        return wrap(nl::transpose(unwrap(x), optional_dtype(dtype), dsl::as_noted));
      },
      nb::arg("x"), nb::arg("dtype").none() = nb::none());
  d.add(
      "matmul",
      [](const NkiTensor& x, const NkiTensor& y, bool transpose_x) {
        begin("matmul");
        return wrap(nl::matmul(unwrap(x), unwrap(y), transpose_x, dsl::as_noted));
      },
      nb::arg("x"), nb::arg("y"), nb::arg("transpose_x") = false);
}

void add_random(Definitions& d) {
  d.add(
      "rand",
      [](nb::handle shape, nb::handle dtype, nb::handle buffer, const std::string& name) {
        begin("rand");
        return wrap(nl::rand(shape_of(shape), dtype_from_python(dtype),
                             optional_memory(buffer).value_or(Memory::sbuf), name, dsl::as_noted));
      },
      nb::arg("shape"), nb::arg("dtype"), nb::arg("buffer").none() = nb::none(),
      nb::arg("name") = "", "A new tensor of random numbers, uniform in [0, 1).");
  d.add(
      "random_seed",
      [](const NkiTensor& seed) {
        begin("random_seed");
        nl::random_seed(unwrap(seed), dsl::as_noted);
      },
      nb::arg("seed"), "Seeds the generators that rand and dropout draw from.");
  d.add(
      "dropout",
      [](const NkiTensor& x, nb::handle rate, nb::handle dtype) {
        begin("dropout");
        return wrap(nl::dropout(unwrap(x), value_of(rate, "dropout"), optional_dtype(dtype),
                                dsl::as_noted));
      },
      nb::arg("x"), nb::arg("rate"), nb::arg("dtype").none() = nb::none(),
      "A tile with each element replaced by 0 with the probability `rate`.");
}

void add_control(nb::module_& module) {
  module.def("register_alloc", &register_alloc, nb::arg("x").none() = nb::none(),
             "A new register: uninitialised, or set to an integer or a tensor's one element.");
  module.attr("register_alloc") =
      checked_function(module.attr("register_alloc"), "nisa.register_alloc");
  module.def("keep_order", [](bool keep) { begin("no_reorder").keep_order(keep); });
  module.def("begin_loop", &begin_loop);
  module.def("end_loop", [] { begin("dynamic_range").record(EndLoop{}); });
  module.def("begin_while", &begin_while);
  module.def("begin_while_register", &begin_while_register);
  module.def("end_while", &end_while);
}

}  // namespace

void bind_language(nb::module_& module) {
  nb::class_<Operator>(module, "Operator", "An operator: a token for instructions, and a function.")
      .def("__call__", &call_operator, nb::arg("x"), nb::arg("y").none() = nb::none(),
           nb::arg("dtype").none() = nb::none())
      .def("__repr__", [](const Operator& op) { return fmt::format("nl.{}", op.info->name); })
      .def_prop_ro("name", [](const Operator& op) { return std::string(op.info->name); })
      .def_prop_ro(
          "operands", [](const Operator& op) { return op.info->operands; },
          "of the function; 0: a token only")
      .def_prop_ro(
          "since",
          [](const Operator& op) {
            if (info(op.info->alu).of_registers ||
                op.info->apply == &dsl::internal::refuse_remainder) {
              return EnumNames<Generation>::names.size();
            }
            const bool only_alu = op.info->activation == ActivationOp::none;
            return static_cast<size_t>(only_alu ? info(op.info->alu).since : Generation::gen2);
          },
          "the first generation that has it, as an index; beyond the last: none has it");
  Definitions language(module);
  for (const dsl::OpInfo& op : dsl::all_ops()) {
    module.attr(std::string(op.name).c_str()) = nb::cast(Operator{&op});
    language.add_name(op.name);
  }
  add_memory(language);
  add_copies(language);
  add_reductions(language);
  add_shapes(language);
  add_random(language);
  add_control(module);
  module.attr("names") = language.names();
  check_functions(module, "nl.");
  check_methods(module.attr("Operator"));
}

}  // namespace kiln::python
