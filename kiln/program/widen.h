// The program with its low-precision tensors kept in float32: what NKI_PRECISE_FP=0 asks for, to
// tell a kernel's own mistakes from rounding.
#pragma once

#include <memory>

#include "kiln/base/result.h"
#include "kiln/program/program.h"

namespace kiln {

// bfloat16 and the 8-bit floating types that hold values; not float16, as in NKI.
constexpr bool is_low_precision(DType dtype) {
  return dtype == DType::bfloat16 || dtype == DType::float8_e4m3 || dtype == DType::float8_e4m3fn ||
         dtype == DType::float8_e5m2;
}

// A copy with the same ids in which every low-precision dtype is float32. An Error if a view
// reinterprets the bytes of a low-precision tensor, which then has no meaning.
Result<std::shared_ptr<Program>> widen_low_precision(const Program& program);

}  // namespace kiln
