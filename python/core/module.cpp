// kiln._core: the C++ side of the Python package.
#include "bindings.h"

NB_MODULE(_core, module) {
  using namespace kiln::python;
  module.doc() = "C++ core of Kiln; use the packages kiln and nki.";
  nanobind::module_ language = module.def_submodule("language");
  bind_values(module);
  bind_machine(module);
  bind_tensor(module);
  bind_instructions(module);
  bind_language(language);
  bind_call(module);
  bind_check(module);
  bind_placement(module);
  bind_profile(module);
}
