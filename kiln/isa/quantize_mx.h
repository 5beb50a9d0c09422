// nki.isa.quantize_mx.
//
// Of each group (mx_layout.h), amax is the largest magnitude, and its scale X the power of two
//   X = 2^(floor(log2(amax)) - Emax), or twice that with doubled_scale,
// where Emax is the exponent of the element type's largest value, within the scale type's range:
// 2^-127 for all zeros. An element becomes value / X, limited to the element type's finite range
// and rounded to nearest even; NaN stays NaN. Infinity and NaN count as 2^128 in amax.
#pragma once

#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"
#include "kiln/isa/spec.h"
#include "kiln/isa/tile_memory.h"

namespace kiln {

class Report;

struct QuantizeMx {
  Out dst;
  In src;
  InOut dst_scale;  // the partitions between the quadrants' scales stay as they are
  bool doubled_scale = true;

  static constexpr Spec spec{
      .name = "quantize_mx",
      .engines = Engine::vector,
      .since = Generation::gen4,
      .summary = "dst, dst_scale = src as 8-bit floats, with one scale for each 8 by 4 elements.",
      .law = {.rate = Rate::elements, .cycles = 0.25, .source = sources::gen4_guide}};
  static constexpr std::tuple fields{
      Field{"dst", &QuantizeMx::dst,
            "float8_e4m3fn_x4 or float8_e5m2_x4, a quarter of src's elements per partition"},
      Field{"src", &QuantizeMx::src,
            "float16 or bfloat16 in SBUF; 32, 64, 96 or 128 partitions, a multiple of 4 elements"},
      Field{"dst_scale", &QuantizeMx::dst_scale,
            "float8_e8m0fnu or uint8; four partitions a quadrant, elements per partition as dst"},
      by_release("doubled_scale", &QuantizeMx::doubled_scale, false,
                 "whether a scale is twice that of the OCP specification, so that the largest "
                 "values of a group round without being limited")};

  void check(const Context& context, Report& report) const;
  void execute(TileMemory& memory) const;
};

// What quantize_mx needs to know of its result's element type.
struct MxElement {
  DType dtype;
  int exponent_max;  // of the largest value
  float max;
};
MxElement mx_element(DType packed);

}  // namespace kiln
