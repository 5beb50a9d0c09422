#include "checked_function.h"

#include <nanobind/stl/string.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "convert.h"
#include "dialect.h"
#include "kiln/base/nearest.h"

namespace kiln::python {

namespace {

struct Parameter {
  std::string name;
  std::string type;  // as nanobind names it
  bool optional = false;
};

struct Checked {
  nb::object function;
  std::string subject;
  bool method = false;
  std::vector<Parameter> parameters;  // without a method's object
  std::string text;                   // "x, axis=-1"
  std::string doc;
  PyMethodDef definition{};
};

// Splits at the commas that no bracket encloses.
std::vector<std::string_view> split_parameters(std::string_view list) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= list.size(); ++i) {
    const char c = i < list.size() ? list[i] : ',';
    if (c == '[' || c == '(') ++depth;
    if (c == ']' || c == ')') --depth;
    if (c != ',' || depth != 0) continue;
    std::string_view part = list.substr(begin, i - begin);
    while (part.starts_with(' ')) part.remove_prefix(1);
    if (!part.empty()) parts.push_back(part);
    begin = i + 1;
  }
  return parts;
}

// Reads "def sum(x: T, axis: object = \0) -> T", nanobind's description of the function.
void read_signature(Checked& checked) {
  const nb::object overload = checked.function.attr("__nb_signature__")[0];
  const auto whole = nb::cast<std::string>(overload[0]);
  const nb::object defaults = overload[2];
  const size_t open = whole.find('(');
  const size_t close = whole.rfind(") ->");
  size_t default_number = 0;
  std::string shown;
  for (std::string_view part :
       split_parameters(std::string_view(whole).substr(open + 1, close - open - 1))) {
    const size_t colon = part.find(':');
    Parameter parameter{.name = std::string(part.substr(0, colon))};
    if (parameter.name == "self") {
      checked.method = true;
      continue;
    }
    const size_t equals = part.find(" = \\");
    parameter.optional = equals != std::string_view::npos;
    if (colon != std::string_view::npos) {
      parameter.type =
          part.substr(colon + 2, parameter.optional ? equals - colon - 2 : std::string_view::npos);
    }
    shown += parameter.name;
    if (parameter.optional) {
      shown += "=" + nb::cast<std::string>(nb::repr(defaults[default_number++]));
    }
    shown += ", ";
    checked.parameters.push_back(std::move(parameter));
  }
  checked.text = shown.substr(0, shown.size() < 2 ? 0 : shown.size() - 2);
  if (!overload[1].is_none()) checked.doc = nb::cast<std::string>(overload[1]);
}

// What a parameter of the type takes, if the object is not that.
std::optional<std::string_view> misfit(const Parameter& parameter, nb::handle object) {
  std::string_view type = parameter.type;
  if (type.ends_with(" | None")) {
    if (object.is_none()) return std::nullopt;
    type.remove_suffix(7);
  }
  if (type.ends_with(".NkiTensor")) {
    if (!nb::isinstance<NkiTensor>(object)) return "a tensor";
  } else if (type == "int") {
    if (PyIndex_Check(object.ptr()) == 0) return "an integer";
  } else if (type == "float") {
    if (PyNumber_Check(object.ptr()) == 0) return "a number";
  } else if (type == "bool") {
    if (!nb::isinstance<nb::bool_>(object)) return "a bool";
  } else if (type == "str") {
    if (!nb::isinstance<nb::str>(object)) return "a string";
  } else if (type == "object") {
    if (object.is_none()) return "a value";
  }
  return std::nullopt;
}

struct GivenCall {
  PyObject* const* values;
  size_t positional;  // without a method's object
  PyObject* keywords;

  size_t named() const {
    return keywords == nullptr ? 0 : static_cast<size_t>(PyTuple_GET_SIZE(keywords));
  }
  std::string keyword(size_t i) const {
    return PyUnicode_AsUTF8(PyTuple_GET_ITEM(keywords, static_cast<Py_ssize_t>(i)));
  }
};

// What is wrong with the call; empty if nothing that can be seen.
std::string mistake(const Checked& checked, const GivenCall& call) {
  const std::vector<Parameter>& parameters = checked.parameters;
  if (call.positional > parameters.size()) {
    return fmt::format("takes {} arguments, {} were given", parameters.size(),
                       call.positional + call.named());
  }
  std::vector<PyObject*> given(call.values, call.values + call.positional);
  given.resize(parameters.size());
  for (size_t i = 0; i < call.named(); ++i) {
    const std::string name = call.keyword(i);
    const auto at = std::ranges::find(parameters, name, &Parameter::name);
    if (at == parameters.end()) {
      std::vector<std::string_view> known;
      for (const Parameter& p : parameters) known.push_back(p.name);
      const std::string near = nearest(name, known);
      return fmt::format("has no argument '{}'{}", name,
                         near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
    }
    PyObject*& slot = given[static_cast<size_t>(at - parameters.begin())];
    if (slot != nullptr) return fmt::format("is given '{}' twice", name);
    slot = call.values[call.positional + i];
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (given[i] == nullptr) {
      if (!parameters[i].optional) return fmt::format("needs '{}'", parameters[i].name);
    } else if (const auto wanted = misfit(parameters[i], given[i])) {
      return fmt::format("takes {} as '{}'; got {}", *wanted, parameters[i].name,
                         describe(given[i]));
    }
  }
  return "";
}

// "nl.add" for an operator, else the function's own name.
std::string subject_of(const Checked& checked, PyObject* self) {
  if (checked.method && self != nullptr && nb::isinstance<Operator>(self)) {
    return fmt::format("nl.{}", nb::cast<Operator&>(nb::handle(self)).info->name);
  }
  return checked.subject;
}

PyObject* call_checked(PyObject* capsule, PyObject* const* values, Py_ssize_t count,
                       PyObject* keywords) {
  const auto& checked = *static_cast<Checked*>(PyCapsule_GetPointer(capsule, nullptr));
  if (PyObject* adapter = dialect_adapter("", checked.subject)) {
    return call_adapter(adapter, values, count, keywords);
  }
  PyObject* result =
      PyObject_Vectorcall(checked.function.ptr(), values, static_cast<size_t>(count), keywords);
  if (result != nullptr || PyErr_ExceptionMatches(PyExc_TypeError) == 0) return result;
  nb::python_error raised;
  const size_t own = checked.method && count > 0 ? 1 : 0;
  const std::string wrong =
      mistake(checked, {values + own, static_cast<size_t>(count) - own, keywords});
  if (wrong.empty()) {
    raised.restore();
  } else {
    PyErr_Format(PyExc_TypeError, "%s %s%s it takes (%s)",
                 subject_of(checked, count > 0 ? values[0] : nullptr).c_str(), wrong.c_str(),
                 wrong.ends_with('?') ? "" : ";", checked.text.c_str());
  }
  return nullptr;
}

bool made_by_nanobind(nb::handle object, std::string_view kind) {
  return nb::cast<std::string>(nb::handle(object.type()).attr("__name__")) == kind;
}

}  // namespace

nb::object checked_function(nb::handle function, std::string subject) {
  auto* checked = new Checked{.function = nb::borrow(function), .subject = std::move(subject)};
  read_signature(*checked);
  // CPython makes the signature of the first line.
  const std::string name = nb::cast<std::string>(function.attr("__name__"));
  checked->doc = fmt::format("{}({}{})\n--\n\n{}", name,
                             !checked->method        ? ""
                             : checked->text.empty() ? "$self"
                                                     : "$self, ",
                             checked->text, checked->doc);
  checked->definition = {PyUnicode_AsUTF8(PyUnicode_InternFromString(name.c_str())),
                         reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&call_checked)),
                         METH_FASTCALL | METH_KEYWORDS, checked->doc.c_str()};
  const nb::object capsule = nb::steal(PyCapsule_New(checked, nullptr, nullptr));
  return nb::steal(PyCFunction_NewEx(&checked->definition, capsule.ptr(),
                                     nb::str(checked->subject.c_str()).ptr()));
}

void check_functions(nb::module_& module, const std::string& prefix) {
  for (auto [name, object] : nb::borrow<nb::dict>(module.attr("__dict__").attr("copy")())) {
    if (!made_by_nanobind(object, "nb_func")) continue;
    module.attr(name) = checked_function(object, prefix + nb::cast<std::string>(name));
  }
}

void check_methods(nb::handle type) {
  const std::string prefix = nb::cast<std::string>(type.attr("__name__")) + ".";
  for (auto [key, object] : nb::borrow<nb::dict>(type.attr("__dict__").attr("copy")())) {
    const auto name = nb::cast<std::string>(key);
    if (!made_by_nanobind(object, "nb_method") || (name.starts_with("__") && name != "__call__")) {
      continue;
    }
    const nb::object checked = checked_function(object, prefix + name);
    type.attr(key) = nb::steal(PyInstanceMethod_New(checked.ptr()));
  }
}

}  // namespace kiln::python
