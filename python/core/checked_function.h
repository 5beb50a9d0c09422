// Functions that tell a wrong call in one line: what was given, what is taken, the nearest name.
#pragma once

#include <nanobind/nanobind.h>

#include <string>

namespace kiln::python {

// A function that calls `function`, made by nanobind, and explains the call if it does not fit.
// `subject` is how messages name it, "nl.load"; a method's first argument is its object. It has the
// signature that Python shows.
nanobind::object checked_function(nanobind::handle function, std::string subject);

// Replaces each function of the module by its checked one; `prefix` stands before their names in
// messages.
void check_functions(nanobind::module_& module, const std::string& prefix);

// Replaces each method that nanobind made for the class, special methods but __call__ excepted.
void check_methods(nanobind::handle type);

}  // namespace kiln::python
