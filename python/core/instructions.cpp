// nki.isa's functions, made from the list of instructions: arguments, defaults, messages and doc
// strings come from each instruction's spec and fields.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <deque>

#include "bindings.h"
#include "convert.h"
#include "dialect.h"
#include "kiln/base/nearest.h"
#include "source_line.h"

namespace kiln::python {

namespace {

// Calls fn(field) for every field of T that users give.
template <class T, class Fn>
void for_each_argument(Fn&& fn) {
  for_each_field<T>([&](const auto& field) {
    if (field.is_argument()) fn(field);
  });
}

// Python's names of T's fields, interned, in field order.
template <class T>
const std::vector<PyObject*>& field_names() {
  static const auto* names = [] {
    auto* list = new std::vector<PyObject*>;
    for_each_argument<T>([&](const auto& field) {
      list->push_back(PyUnicode_InternFromString(std::string(field.name).c_str()));
    });
    return list;
  }();
  return *names;
}

// The arguments of one call, collected into an instruction.
template <class T>
class Arguments {
 public:
  explicit Arguments(Recorder& recorder) : recorder_(recorder) {}

  void positional(size_t position, PyObject* value) {
    if (position < field_names<T>().size()) {
      assign(position, value);
    } else if (position == field_names<T>().size()) {
      label(value);
    } else {
      error(diag::unknown_argument, "takes {} arguments, {} were given",
            field_names<T>().size() + 1, position + 1);
    }
  }

  void keyword(PyObject* name, PyObject* value) {
    const std::vector<PyObject*>& names = field_names<T>();
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return assign(i, value);
    }
    for (size_t i = 0; i < names.size(); ++i) {
      if (PyUnicode_Compare(names[i], name) == 0) return assign(i, value);
    }
    if (PyUnicode_CompareWithASCIIString(name, "name") == 0) return label(value);
    if (PyUnicode_AsUTF8(name) == T::spec.ignored) return;
    unknown(PyUnicode_AsUTF8(name));
  }

  void record() {
    size_t i = 0;
    for_each_argument<T>([&](const auto& field) {
      if (!field.optional && (given_ >> i & 1) == 0) {
        error(diag::missing_argument, "needs '{}': {}", field.name, field.doc);
      }
      ++i;
    });
    for_each_field<T>([&](const auto& field) {
      if constexpr (std::is_same_v<typename std::decay_t<decltype(field)>::Member, OutRegister>) {
        if (field.is_result) made_.*field.member = result_ = recorder_.new_register();
      }
    });
    if (ok_) index_ = recorder_.record(made_, label_);
  }

  // The instruction's place in the code.
  uint32_t index() const { return index_; }

  // The register that the instruction returns, if it does.
  RegisterId result() const { return result_; }

 private:
  template <class... Args>
  void error(const DiagnosticKind& kind, fmt::format_string<Args...> text, Args&&... args) {
    ok_ = false;
    recorder_.report().at(recorder_.here(), T::spec.name);
    recorder_.report().add(kind, text, std::forward<Args>(args)...);
  }

  void assign(size_t index, PyObject* value) {
    if ((given_ >> index & 1) != 0) {
      return error(diag::bad_argument, "'{}' is given twice",
                   PyUnicode_AsUTF8(field_names<T>()[index]));
    }
    given_ |= 1u << index;
    size_t i = 0;
    for_each_argument<T>([&](const auto& field) {
      if (i++ != index) return;
      if (value == Py_None && field.optional) return;
      using M = typename std::decay_t<decltype(field)>::Member;
      if (!from_python(value, made_.*field.member)) {
        error(diag::bad_argument, "'{}' is {}; it takes {}", field.name, describe(value),
              expected<M>());
      }
    });
  }

  void label(PyObject* value) {
    if (value == Py_None) return;
    if (!PyUnicode_Check(value)) {
      return error(diag::bad_argument, "'name' is {}; it takes a string", describe(value));
    }
    label_ = PyUnicode_AsUTF8(value);
  }

  void unknown(std::string_view name) {
    std::vector<std::string_view> known;
    for_each_argument<T>([&](const auto& field) { known.push_back(field.name); });
    const std::string near = nearest(name, known);
    error(diag::unknown_argument, "has no argument '{}'{}", name,
          near.empty() ? fmt::format("; it takes {}", fmt::join(known, ", "))
                       : fmt::format("; did you mean '{}'?", near));
  }

  Recorder& recorder_;
  T made_;
  std::string_view label_;
  RegisterId result_;
  uint32_t index_ = Recorder::no_instruction;
  uint32_t given_ = 0;
  bool ok_ = true;
};

template <class T>
PyObject* record(PyObject*, PyObject* const* values, Py_ssize_t count, PyObject* keywords) {
  constexpr std::string_view module = T::spec.module == "nki.isa" ? "nisa." : "ncc.";
  if (PyObject* adapter = dialect_adapter(module, T::spec.name)) {
    return call_adapter(adapter, values, count, keywords);
  }
  try {
    if (!dsl::is_recording()) require_recording(T::spec.name.data());
    Recorder& recorder = dsl::recorder();
    note_line(recorder);
    Arguments<T> arguments(recorder);
    for (Py_ssize_t i = 0; i < count; ++i) arguments.positional(static_cast<size_t>(i), values[i]);
    const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
    for (Py_ssize_t i = 0; i < named; ++i) {
      arguments.keyword(PyTuple_GET_ITEM(keywords, i), values[count + i]);
    }
    arguments.record();
    if (arguments.result().valid()) {
      return nb::cast(VirtualRegister{Register(arguments.result()), current_call()})
          .release()
          .ptr();
    }
    return nb::cast(NkiInstruction{arguments.index(), current_call()}).release().ptr();
  } catch (nb::python_error& error) {
    error.restore();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return nullptr;
}

// "name(dst, data1, …, engine=None)\n--\n\nsummary…": CPython makes the signature of it.
template <class T>
std::string doc_string() {
  std::string signature, arguments;
  for_each_argument<T>([&](const auto& field) {
    using M = typename std::decay_t<decltype(field)>::Member;
    signature += fmt::format("{}{}, ", field.name, field.optional ? "=None" : "");
    arguments += fmt::format(":param {}: {} ({})\n", field.name, field.doc, expected<M>());
  });
  return fmt::format("{}({}name=None)\n--\n\n{}\n\n{}:param name: a label for the instruction\n",
                     T::spec.name, signature, T::spec.summary, arguments);
}

// A value of a field that an NKI release decides, as the text form writes it.
template <class M>
  requires NamedEnum<M> || std::is_arithmetic_v<M>
nb::str release_value(const M& value) {
  std::string text;
  if constexpr (std::is_same_v<M, bool>) {
    text = value ? "true" : "false";
  } else if constexpr (NamedEnum<M>) {
    text = name_of(value);
  } else {
    text = fmt::format("{}", value);
  }
  return nb::str(text.c_str());
}

// Adds what NKI releases mean differently by T.
template <class T>
void add_release_fields(nb::list& list) {
  for_each_field<T>([&](const auto& field) {
    if constexpr (requires { release_value(*field.in_0_3); }) {
      if (field.is_argument()) return;
      nb::dict d;
      d["instruction"] = nb::str(T::spec.name.data(), T::spec.name.size());
      d["field"] = nb::str(field.name.data(), field.name.size());
      d["doc"] = nb::str(field.doc.data(), field.doc.size());
      d["0.3"] = release_value(*field.in_0_3);
      d["0.6"] = release_value(T{}.*field.member);
      list.append(d);
    }
  });
}

nb::object depends_on(nb::handle_t<NkiInstruction> self, nb::args producers) {
  require_recording("depends_on");
  const auto& consumer = nb::cast<const NkiInstruction&>(self);
  Recorder& recorder = dsl::recorder();
  note_line(recorder);
  for (nb::handle producer : producers) {
    if (!nb::isinstance<NkiInstruction>(producer)) {
      throw nb::type_error(
          fmt::format("depends_on takes what instructions return; got {}", describe(producer.ptr()))
              .c_str());
    }
    const auto& earlier = nb::cast<const NkiInstruction&>(producer);
    if (consumer.call != current_call() || earlier.call != current_call()) {
      throw std::runtime_error("depends_on: the instruction belongs to another call of a kernel");
    }
    recorder.depend(consumer.index, earlier.index);
  }
  return nb::borrow(self);
}

}  // namespace

void bind_instructions(nb::module_& core) {
  nb::class_<NkiInstruction>(core, "NkiInstruction", "An instruction that has been recorded.")
      .def("depends_on", &depends_on,
           "Makes this instruction wait for earlier ones, given in any number; returns itself.");
  // Python keeps pointers to these.
  static auto* texts = new std::deque<std::string>;
  static auto* methods = new std::deque<PyMethodDef>;
  nb::list by_release;
  nb::dict since;
  AllInstructions::for_each([&](auto tag) {
    using T = typename decltype(tag)::type;
    add_release_fields<T>(by_release);
    if constexpr (!is_control<T>) {
      texts->push_back(doc_string<T>());
      methods->push_back({T::spec.name.data(),
                          reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&record<T>)),
                          METH_FASTCALL | METH_KEYWORDS, texts->back().c_str()});
      const nb::object function = nb::steal(
          PyCFunction_NewEx(&methods->back(), nullptr,
                            PyUnicode_InternFromString(std::string(T::spec.module).c_str())));
      const std::string module_name(T::spec.module.substr(T::spec.module.find('.') + 1));
      nb::module_ module = core.def_submodule(module_name.c_str());
      if (!nb::hasattr(module, "names")) module.attr("names") = nb::list();
      module.attr(T::spec.name.data()) = function;
      nb::borrow<nb::list>(module.attr("names")).append(nb::str(T::spec.name.data()));
      since[fmt::format("{}.{}", T::spec.module, T::spec.name).c_str()] =
          static_cast<size_t>(T::spec.since);
    }
  });
  core.attr("since") = since;
  core.attr("by_release") = by_release;
}

}  // namespace kiln::python
