// One function a concept; each adds its part to a module.
#pragma once

#include <nanobind/nanobind.h>

namespace kiln::python {

void bind_values(nanobind::module_& module);        // enums, dtypes, number formats
void bind_machine(nanobind::module_& module);       // figures of the target generations
void bind_tensor(nanobind::module_& module);        // NkiTensor, VirtualRegister
void bind_instructions(nanobind::module_& module);  // nki.isa, nki.collectives
void bind_language(nanobind::module_& module);      // nki.language
void bind_call(nanobind::module_& module);          // recording and running
void bind_check(nanobind::module_& module);         // checking
void bind_profile(nanobind::module_& module);       // timelines
void bind_placement(nanobind::module_& module);     // where tensors live

}  // namespace kiln::python
