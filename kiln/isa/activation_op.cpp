#include "kiln/isa/activation_op.h"

#include <cmath>
#include <numbers>

namespace kiln {

namespace {

using std::numbers::inv_sqrtpi;
using std::numbers::pi;
using std::numbers::sqrt2;

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

// x * weight, and 0 where the weight vanishes, also at infinity.
double weighted(double x, double weight) { return weight == 0 ? 0.0 : x * weight; }

// The standard normal distribution and its density.
double normal_cdf(double x) { return 0.5 * std::erfc(-x / sqrt2); }
double normal_pdf(double x) { return inv_sqrtpi / sqrt2 * std::exp(-0.5 * x * x); }

double softplus(double x) { return (x > 0 ? x : 0.0) + std::log1p(std::exp(-std::fabs(x))); }

// d/dx (x * sigmoid(k x)).
double scaled_silu_dx(double k, double x) {
  const double rising = sigmoid(k * x), falling = sigmoid(-k * x);
  return rising + weighted(k * x, rising * falling);
}

// 0.5 x (1 + tanh(u)) = x sigmoid(2u), which keeps its digits for negative x.
double gelu_apprx_tanh(double x) {
  const double u = 0.7978845608 * (x + 0.044715 * x * x * x);
  return weighted(x, sigmoid(2 * u));
}

double sine(double x) {
  if (std::fabs(x) <= pi) return std::sin(x);
  const double beyond = x > 0 ? x - pi : x + pi;
  return beyond * (beyond * beyond / 6 - 1);
}

double evaluate(ActivationOp op, double x) {
  switch (op) {
    using enum ActivationOp;
    case none:
    case copy:
      return x;
    case square:
      return x * x;
    case sigmoid:
      return kiln::sigmoid(x);
    case relu:
    case prelu:  // the instructions give no slope, so it is 0
      return x < 0 ? 0.0 : x;
    case gelu:
      return weighted(x, normal_cdf(x));
    case gelu_dx:
      return normal_cdf(x) + weighted(x, normal_pdf(x));
    case gelu_apprx_tanh:
      return kiln::gelu_apprx_tanh(x);
    case gelu_apprx_sigmoid:
      return weighted(x, kiln::sigmoid(1.702 * x));
    case gelu_apprx_sigmoid_dx:
      return scaled_silu_dx(1.702, x);
    case silu:
      return weighted(x, kiln::sigmoid(x));
    case silu_dx:
      return scaled_silu_dx(1.0, x);
    case tanh:
      return std::tanh(x);
    case softplus:
      return kiln::softplus(x);
    case mish:
      return weighted(x, std::tanh(kiln::softplus(x)));
    case erf:
      return std::erf(x);
    case erf_dx:
      return 2 * inv_sqrtpi * std::exp(-x * x);
    case exp:
      return std::exp(x);
    case log:
      return std::log(x);
    case sin:
      return sine(x);
    case arctan:
      return std::atan(x);
    case sqrt:
      return std::sqrt(x);
    case rsqrt:
      return 1 / std::sqrt(x);
    case reciprocal:
      return 1 / x;
    case sign:
      return x > 0 ? 1.0 : x < 0 ? -1.0 : x;
    case abs:
      return std::fabs(x);
  }
  return x;
}

}  // namespace

float activate(ActivationOp op, float x) {
  return static_cast<float>(evaluate(op, static_cast<double>(x)));
}

}  // namespace kiln
