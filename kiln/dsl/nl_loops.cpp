// Registers, and the loops that the device repeats.

#include "kiln/dsl/nl.h"
#include "kiln/dsl/nl_support.h"

namespace kiln::dsl::nl {

using internal::record;

Register register_alloc(std::optional<int32_t> value, const CallSite& site) {
  site.enter();
  const Register reg = recorder().new_register();
  if (value) record(RegisterMove{.dst = reg, .src = *value});
  return reg;
}

void fori_loop(const RegisterOrInt& lower, const RegisterOrInt& upper,
               const std::function<void(Register)>& body, int32_t step, const CallSite& site) {
  site.enter();
  const Register counter = recorder().new_register();
  record(Loop{.counter = counter, .lower = lower, .upper = upper, .step = step});
  body(counter);
  record(EndLoop{});
}

void while_loop(const Register& init, const std::function<Register(Register)>& body,
                const CallSite& site) {
  site.enter();
  const Register condition = recorder().new_register();
  record(RegisterMove{.dst = condition, .src = init});
  record(WhileLoop{.condition = condition});
  const Register next = body(condition);
  if (next.id != condition.id) record(RegisterMove{.dst = condition, .src = next});
  record(EndWhile{});
}

void no_reorder(const std::function<void()>& body) {
  recorder().keep_order(true);
  body();
  recorder().keep_order(false);
}

}  // namespace kiln::dsl::nl
