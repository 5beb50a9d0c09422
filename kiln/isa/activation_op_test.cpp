#include "kiln/isa/activation_op.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>

namespace kiln {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float inf = std::numeric_limits<float>::infinity();

struct Row {
  ActivationOp op;
  std::array<float, 4> expected;
};

void check_rows(std::array<float, 4> inputs, std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      CAPTURE(name_of(row.op));
      CAPTURE(inputs[i]);
      const float value = activate(row.op, inputs[i]);
      // The next float on either side: the table's 9 digits do not decide a tie.
      CHECK(value >= std::nextafter(row.expected[i], -inf));
      CHECK(value <= std::nextafter(row.expected[i], inf));
    }
  }
}

// Values from 40-digit arithmetic; derivatives were differentiated numerically there.
TEST_CASE("every function has its value") {
  using enum ActivationOp;
  check_rows(
      {-2.5f, -0.75f, 0.5f, 3.0f},
      {
          {copy, {-2.5f, -0.75f, 0.5f, 3.0f}},
          {square, {6.25f, 0.5625f, 0.25f, 9.0f}},
          {sigmoid, {0.0758581800f, 0.320821301f, 0.622459331f, 0.952574127f}},
          {relu, {0.0f, 0.0f, 0.5f, 3.0f}},
          {prelu, {0.0f, 0.0f, 0.5f, 3.0f}},
          {gelu, {-0.0155241633f, -0.169970514f, 0.345731231f, 2.99595031f}},
          {gelu_dx, {-0.0376110859f, 7.74278261e-4f, 0.867495125f, 1.01194565f}},
          {gelu_apprx_tanh, {-0.0150842661f, -0.170039445f, 0.345714010f, 2.99636261f}},
          {gelu_apprx_sigmoid, {-0.0349861650f, -0.163609942f, 0.350388437f, 2.98192869f}},
          {gelu_apprx_sigmoid_dx, {-0.0447186661f, 4.28466533e-4f, 0.879221912f, 1.02454832f}},
          {silu, {-0.189645450f, -0.240615976f, 0.311229666f, 2.85772238f}},
          {silu_dx, {-0.0994011113f, 0.157400056f, 0.739961187f, 1.08810411f}},
          {tanh, {-0.986614298f, -0.635148952f, 0.462117157f, 0.995054754f}},
          {softplus, {0.0788897343f, 0.386871006f, 0.974076984f, 3.04858735f}},
          {mish, {-0.196816204f, -0.276494715f, 0.375245211f, 2.98653500f}},
          {erf, {-0.999593048f, -0.711155634f, 0.520499878f, 0.999977910f}},
          {erf_dx, {2.17828423e-3f, 0.642931069f, 0.878782579f, 1.39253052e-4f}},
          {exp, {0.0820849986f, 0.472366553f, 1.64872127f, 20.0855369f}},
          {sin, {-0.598472144f, -0.681638760f, 0.479425539f, 0.141120008f}},
          {arctan, {-1.19028995f, -0.643501109f, 0.463647609f, 1.24904577f}},
          {sign, {-1.0f, -1.0f, 1.0f, 1.0f}},
          {abs, {2.5f, 0.75f, 0.5f, 3.0f}},
      });
  check_rows({0.015625f, 0.5f, 3.0f, 1000.0f},
             {
                 {log, {-4.15888308f, -0.693147181f, 1.09861229f, 6.90775528f}},
                 {sqrt, {0.125f, 0.707106781f, 1.73205081f, 31.6227766f}},
                 {rsqrt, {8.0f, 1.41421356f, 0.577350269f, 0.0316227766f}},
                 {reciprocal, {64.0f, 2.0f, 0.333333333f, 0.001f}},
             });
}

TEST_CASE("small results keep their digits") {
  const auto close = [](double v) { return doctest::Approx(v).epsilon(1e-7).scale(0); };
  CHECK(activate(ActivationOp::gelu, -9) == close(-1.01572956536e-18));
  CHECK(activate(ActivationOp::gelu_apprx_tanh, -6) == close(-8.43964670152e-11));
  CHECK(activate(ActivationOp::softplus, -40) == close(4.24835425529e-18));
  CHECK(activate(ActivationOp::mish, -40) == close(-1.69934170212e-16));
}

TEST_CASE("sin continues as a cubic outside [-pi, pi]") {
  CHECK(activate(ActivationOp::sin, 9) == doctest::Approx(27.6525972).epsilon(1e-7));
  CHECK(activate(ActivationOp::sin, -9) == doctest::Approx(-27.6525972).epsilon(1e-7));
  CHECK(activate(ActivationOp::sin, -4) == doctest::Approx(0.752985886).epsilon(1e-7));
  CHECK(activate(ActivationOp::sin, 3.1415f) == doctest::Approx(std::sin(3.1415f)).epsilon(1e-4));
  CHECK(activate(ActivationOp::sin, 3.1417f) == doctest::Approx(std::sin(3.1417f)).epsilon(1e-3));
}

TEST_CASE("limits at infinity") {
  struct Case {
    ActivationOp op;
    float at_minus, at_plus;
  };
  using enum ActivationOp;
  for (const Case& c : {
           Case{sigmoid, 0, 1},
           {relu, 0, inf},
           {gelu, 0, inf},
           {gelu_dx, 0, 1},
           {gelu_apprx_tanh, 0, inf},
           {gelu_apprx_sigmoid, 0, inf},
           {gelu_apprx_sigmoid_dx, 0, 1},
           {silu, 0, inf},
           {silu_dx, 0, 1},
           {tanh, -1, 1},
           {softplus, 0, inf},
           {mish, 0, inf},
           {erf, -1, 1},
           {erf_dx, 0, 0},
           {exp, 0, inf},
           {sign, -1, 1},
           {reciprocal, 0, 0},
       }) {
    CAPTURE(name_of(c.op));
    CHECK(activate(c.op, -inf) == c.at_minus);
    CHECK(activate(c.op, inf) == c.at_plus);
  }
}

TEST_CASE("NaN propagates through every function") {
  for (size_t i = 0; i < EnumNames<ActivationOp>::names.size(); ++i) {
    const auto op = static_cast<ActivationOp>(i);
    CAPTURE(name_of(op));
    CHECK(std::isnan(activate(op, nan)));
  }
}

TEST_CASE("arguments outside a function's domain give NaN or infinity") {
  CHECK(std::isnan(activate(ActivationOp::log, -1)));
  CHECK(activate(ActivationOp::log, 0) == -inf);
  CHECK(std::isnan(activate(ActivationOp::sqrt, -1)));
  CHECK(activate(ActivationOp::rsqrt, 0) == inf);
  CHECK(activate(ActivationOp::reciprocal, 0) == inf);
  CHECK(activate(ActivationOp::sign, 0) == 0);
}

}  // namespace
}  // namespace kiln
