#include "kiln/isa/array_work.h"

namespace kiln {

Passes passes_of(DType dtype, bool stationary_onezero, bool moving_onezero) {
  if (size_bytes(dtype) < 4) return {};
  const int onezero = int{stationary_onezero} + int{moving_onezero};
  if (onezero == 2) return {};
  return onezero == 1 ? Passes{1, 2} : Passes{2, 4};
}

}  // namespace kiln
