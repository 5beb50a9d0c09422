// Operators as tokens, and their functions of one instruction.
#include "kiln/dsl/op.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "kiln/dsl/nisa.h"
#include "tests/kernel_fixture.h"

namespace kiln::dsl {

namespace {

template <class Op, class Token>
inline constexpr bool is_token = std::is_convertible_v<const Op&, Token>;

static_assert(is_token<decltype(nl::add), AluOp> && !is_token<decltype(nl::add), ActivationOp>);
static_assert(is_token<decltype(nl::exp), ActivationOp> && !is_token<decltype(nl::exp), AluOp>);
static_assert(is_token<decltype(nl::rsqrt), AluOp> && is_token<decltype(nl::rsqrt), ActivationOp>);
static_assert(!is_token<decltype(nl::mod), AluOp> && !is_token<decltype(nl::mod), ActivationOp>);
static_assert(std::is_invocable_v<decltype(nl::add), Tensor, double>);
static_assert(std::is_invocable_v<decltype(nl::exp), Tensor, DType>);
static_assert(!std::is_invocable_v<decltype(nl::add), Tensor>);
static_assert(!std::is_invocable_v<decltype(nl::exp), Tensor, Tensor>);
static_assert(!std::is_invocable_v<decltype(nl::bypass), Tensor>);

const OpInfo* find(std::string_view name) {
  const auto ops = all_ops();
  const auto found = std::ranges::find(ops, name, &OpInfo::name);
  return found == ops.end() ? nullptr : &*found;
}

double scaled_silu_dx(double k, double x) {
  const double s = 1 / (1 + std::exp(-k * x));
  return s + k * x * s * (1 - s);
}

double density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }

double distribution(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

struct UnaryCase {
  std::string_view name;
  double (*expected)(double);
  double low = -6;
  double high = 6;
};

constexpr double inv_root = 0.7978845608028654;  // sqrt(2 / pi)

const UnaryCase unary_cases[] = {
    {"abs", [](double x) { return std::fabs(x); }},
    {"square", [](double x) { return x * x; }},
    {"relu", [](double x) { return std::max(x, 0.0); }},
    {"negative", [](double x) { return -x; }},
    {"sign", [](double x) { return x > 0 ? 1.0 : -1.0; }},
    {"copy", [](double x) { return x; }},
    {"exp", [](double x) { return std::exp(x); }},
    {"log", [](double x) { return std::log(x); }, 0.01, 1000},
    {"sqrt", [](double x) { return std::sqrt(x); }, 0, 1000},
    {"rsqrt", [](double x) { return 1 / std::sqrt(x); }, 0.01, 1000},
    {"reciprocal", [](double x) { return 1 / x; }, 0.01, 1000},
    {"tanh", [](double x) { return std::tanh(x); }},
    {"sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
    {"gelu", [](double x) { return x * distribution(x); }},
    {"gelu_dx", [](double x) { return distribution(x) + x * density(x); }},
    {"gelu_apprx_tanh",
     [](double x) { return x / (1 + std::exp(-2 * inv_root * (x + 0.044715 * x * x * x))); }},
    {"gelu_apprx_sigmoid", [](double x) { return x / (1 + std::exp(-1.702 * x)); }},
    {"gelu_apprx_sigmoid_dx", [](double x) { return scaled_silu_dx(1.702, x); }},
    {"silu", [](double x) { return x / (1 + std::exp(-x)); }},
    {"silu_dx", [](double x) { return scaled_silu_dx(1, x); }},
    {"softplus", [](double x) { return std::log1p(std::exp(x)); }},
    {"mish", [](double x) { return x * std::tanh(std::log1p(std::exp(x))); }},
    {"erf", [](double x) { return std::erf(x); }},
    {"erf_dx", [](double x) { return 2 / std::sqrt(std::numbers::pi) * std::exp(-x * x); }},
    {"arctan", [](double x) { return std::atan(x); }},
};

struct BinaryCase {
  std::string_view name;
  double (*expected)(double, double);
};

const BinaryCase float_cases[] = {
    {"add", [](double a, double b) { return a + b; }},
    {"subtract", [](double a, double b) { return a - b; }},
    {"multiply", [](double a, double b) { return a * b; }},
    {"maximum", [](double a, double b) { return std::max(a, b); }},
    {"minimum", [](double a, double b) { return std::min(a, b); }},
    {"power", [](double a, double b) { return std::pow(a, b); }},
    {"equal", [](double a, double b) { return a == b ? 1.0 : 0.0; }},
    {"not_equal", [](double a, double b) { return a != b ? 1.0 : 0.0; }},
    {"less", [](double a, double b) { return a < b ? 1.0 : 0.0; }},
    {"less_equal", [](double a, double b) { return a <= b ? 1.0 : 0.0; }},
    {"greater", [](double a, double b) { return a > b ? 1.0 : 0.0; }},
    {"greater_equal", [](double a, double b) { return a >= b ? 1.0 : 0.0; }},
    {"logical_and", [](double a, double b) { return a != 0 && b != 0 ? 1.0 : 0.0; }},
    {"logical_or", [](double a, double b) { return a != 0 || b != 0 ? 1.0 : 0.0; }},
    {"logical_xor", [](double a, double b) { return (a != 0) != (b != 0) ? 1.0 : 0.0; }},
};

uint32_t bits_of(double x) { return static_cast<uint32_t>(static_cast<int64_t>(x)); }

const BinaryCase bit_cases[] = {
    {"bitwise_and", [](double a, double b) -> double { return bits_of(a) & bits_of(b); }},
    {"bitwise_or", [](double a, double b) -> double { return bits_of(a) | bits_of(b); }},
    {"bitwise_xor", [](double a, double b) -> double { return bits_of(a) ^ bits_of(b); }},
    {"left_shift", [](double a, double b) -> double { return bits_of(a) << bits_of(b); }},
    {"right_shift", [](double a, double b) -> double { return bits_of(a) >> bits_of(b); }},
};

// Multiples of 1/2 from 1/2 on, so that comparisons find equal numbers too.
Array halves(const Shape& shape, int64_t period) {
  return make_array(shape, [=](int64_t i) { return 0.5 * static_cast<double>(1 + i % period); });
}

// add etc. of one pair of tiles from HBM.
template <class Fn>
Array apply_two(const Array& a, const Array& b, Fn fn) {
  return evaluate({a, b}, [&](Tensor x, Tensor y) { return fn(nl::load(x), nl::load(y)); });
}

// Moves a tile to PSUM.
Tensor to_psum(const Tensor& x) {
  const Tensor out = nl::ndarray(x.shape(), x.dtype(), nl::psum);
  nisa::tensor_copy({.dst = out, .src = x});
  return out;
}

}  // namespace

TEST_CASE("the table has every operator once, under its name") {
  std::set<std::string_view> names;
  for (const OpInfo& op : all_ops()) {
    CAPTURE(op.name);
    CHECK(names.insert(op.name).second);
    CHECK((op.operands == 0) == (op.apply == nullptr));
    if (op.alu != AluOp::none) CHECK(op.name == name_of(op.alu));
    if (op.activation != ActivationOp::none) CHECK(op.name == name_of(op.activation));
  }
  for (std::string_view name : EnumNames<AluOp>::names) {
    CAPTURE(name);
    CHECK((name == "none" || names.contains(name)));
  }
  for (std::string_view name : EnumNames<ActivationOp>::names) {
    CAPTURE(name);
    CHECK((name == "none" || names.contains(name)));
  }
}

TEST_CASE("functions of one tile") {
  for (const UnaryCase& c : unary_cases) {
    CAPTURE(c.name);
    const OpInfo* op = find(c.name);
    REQUIRE(op != nullptr);
    const Array x = random_array({64, 3, 10}, c.low, c.high);
    const Array got = evaluate(
        {x}, [&](Tensor t) { return apply_op(*op, nl::load(t), std::nullopt, std::nullopt); });
    CHECK(got.dtype == DType::float32);
    check_elements(got, x.shape,
                   [&](int64_t i) { return c.expected(x.values[static_cast<size_t>(i)]); },
                   {.relative = 2e-6, .absolute = 1e-7});
  }
}

TEST_CASE("functions of two tiles, of a tile and a constant, of a constant and a tile") {
  const Array x = halves({128, 24}, 7), y = halves({128, 24}, 5);
  const auto at = [](const Array& a, int64_t i) { return a.values[static_cast<size_t>(i)]; };
  for (const BinaryCase& c : float_cases) {
    CAPTURE(c.name);
    const OpInfo& op = *find(c.name);
    check_elements(apply_two(x, y, [&](Tensor a, Tensor b) { return apply_op(op, a, b, {}); }),
                   x.shape, [&](int64_t i) { return c.expected(at(x, i), at(y, i)); });
    check_elements(apply_two(x, y, [&](Tensor a, Tensor) { return apply_op(op, a, 1.5, {}); }),
                   x.shape, [&](int64_t i) { return c.expected(at(x, i), 1.5); });
    check_elements(apply_two(x, y, [&](Tensor a, Tensor) { return apply_op(op, 2, a, {}); }),
                   x.shape, [&](int64_t i) { return c.expected(2, at(x, i)); });
  }
}

TEST_CASE("bitwise functions, and integers without rounding") {
  const auto large = [](int64_t i) { return static_cast<double>((i * 2654435761) & 0xFFFFFFFF); };
  const Array x = make_array({32, 16}, large, DType::uint32);
  const Array y =
      make_array({32, 16}, [](int64_t i) { return static_cast<double>(i % 32); }, DType::uint32);
  const auto at = [](const Array& a, int64_t i) { return a.values[static_cast<size_t>(i)]; };
  for (const BinaryCase& c : bit_cases) {
    CAPTURE(c.name);
    const OpInfo& op = *find(c.name);
    check_elements(
        apply_two(x, y, [&](Tensor a, Tensor b) { return apply_op(op, a, b, {}); }), x.shape,
        [&](int64_t i) { return c.expected(at(x, i), at(y, i)); }, exactly);
    check_elements(
        apply_two(x, y, [&](Tensor a, Tensor) { return apply_op(op, a, 3, {}); }), x.shape,
        [&](int64_t i) { return c.expected(at(x, i), 3); }, exactly);
    check_elements(
        apply_two(x, y, [&](Tensor, Tensor b) { return apply_op(op, 0xFFFF0001u, b, {}); }),
        x.shape, [&](int64_t i) { return c.expected(0xFFFF0001u, at(y, i)); }, exactly);
  }
  check_elements(
      evaluate({x}, [](Tensor a) { return nl::invert(nl::load(a)); }), x.shape,
      [&](int64_t i) { return 4294967295.0 - at(x, i); }, exactly);

  const Array column = make_array({32, 1}, [](int64_t) { return 16777217.0; }, DType::int32);
  const Array ones =
      make_array({32, 3}, [](int64_t i) { return static_cast<double>(i); }, DType::int32);
  check_elements(
      apply_two(column, ones, [](Tensor a, Tensor b) { return nl::add(a, b); }), ones.shape,
      [&](int64_t i) { return 16777217.0 + static_cast<double>(i); }, exactly);
}

TEST_CASE("logical_not takes 0 and 1") {
  const Array x = make_array({8, 8}, [](int64_t i) { return static_cast<double>(i % 2); });
  check_elements(
      evaluate({x}, [](Tensor a) { return nl::logical_not(nl::load(a), nl::uint8); }), x.shape,
      [](int64_t i) { return i % 2 == 0 ? 1.0 : 0.0; }, exactly);
}

TEST_CASE("abs_max and abs_min, which gen4 has") {
  const auto at = [](int64_t i) { return static_cast<double>(i % 7 - 3); };
  const Array x = make_array({16, 14}, at);
  const auto run_on = [&](const OpInfo& op) {
    return evaluate(
        {x}, [&](Tensor a) { return apply_op(op, nl::load(a), -2.0, {}); }, Generation::gen4);
  };
  check_elements(
      run_on(nl::abs_max), x.shape, [&](int64_t i) { return std::fabs(at(i)) > 2 ? at(i) : -2.0; },
      exactly);
  check_elements(
      run_on(nl::abs_min), x.shape, [&](int64_t i) { return std::fabs(at(i)) < 2 ? at(i) : -2.0; },
      exactly);
}

TEST_CASE("the result has the type that is asked for, or the more general type") {
  const Array x = random_array({16, 40}, -3, 3, DType::bfloat16);
  const Array y = random_array({16, 40}, -3, 3, DType::float16, 2);
  const auto at = [](const Array& a, int64_t i) { return a.values[static_cast<size_t>(i)]; };
  const auto dtype_of = [&](DType a, DType b) {
    return apply_two(make_array(
                         {4, 4}, [](int64_t) { return 1.0; }, a),
                     make_array(
                         {4, 4}, [](int64_t) { return 1.0; }, b),
                     [](Tensor s, Tensor t) { return nl::add(s, t); })
        .dtype;
  };
  CHECK(dtype_of(DType::bfloat16, DType::float16) == DType::float32);
  CHECK(dtype_of(DType::int32, DType::bfloat16) == DType::bfloat16);
  CHECK(dtype_of(DType::uint8, DType::int32) == DType::int32);
  CHECK(dtype_of(DType::float16, DType::float32) == DType::float32);

  const Array sum = apply_two(x, y, [](Tensor a, Tensor b) { return nl::add(a, b); });
  CHECK(sum.dtype == DType::float32);
  check_elements(sum, x.shape, [&](int64_t i) { return at(x, i) + at(y, i); }, float32_close);
  const Array narrow = evaluate({x}, [](Tensor a) { return nl::exp(nl::load(a)); });
  CHECK(narrow.dtype == DType::bfloat16);
  check_elements(
      narrow, x.shape, [&](int64_t i) { return stored(DType::bfloat16, std::exp(at(x, i))); },
      exactly);
  const Array rounded = evaluate({x}, [](Tensor a) { return nl::copy(nl::load(a), nl::int32); });
  check_elements(rounded, x.shape, [&](int64_t i) { return std::nearbyint(at(x, i)); }, exactly);
}

TEST_CASE("tiles are broadcast: columns, middle dimensions, one partition, missing dimensions") {
  const Array x = random_array({96, 4, 6}, -1, 1);
  const auto element = [&](int64_t i) { return x.values[static_cast<size_t>(i)]; };
  const auto check = [&](const Shape& shape, const std::function<int64_t(int64_t)>& index) {
    CAPTURE(fmt::format("{}", fmt::join(shape, ", ")));
    const Array y = random_array(shape, -1, 1, DType::float32, 2);
    const auto other = [&](int64_t i) { return y.values[static_cast<size_t>(index(i))]; };
    check_elements(apply_two(x, y, [](Tensor a, Tensor b) { return nl::subtract(a, b); }), x.shape,
                   [&](int64_t i) { return element(i) - other(i); });
    check_elements(apply_two(x, y, [](Tensor a, Tensor b) { return nl::subtract(b, a); }), x.shape,
                   [&](int64_t i) { return other(i) - element(i); });
  };
  check({96, 1, 1}, [](int64_t i) { return i / 24; });
  check({96, 1}, [](int64_t i) { return i / 24; });
  check({96, 1, 6}, [](int64_t i) { return i / 24 * 6 + i % 6; });
  check({96, 6}, [](int64_t i) { return i / 24 * 6 + i % 6; });
  check({96, 4, 1}, [](int64_t i) { return i / 6; });
  check({1, 4, 6}, [](int64_t i) { return i % 24; });
  check({1, 6}, [](int64_t i) { return i % 6; });
  check({1, 1}, [](int64_t) { return 0; });
}

TEST_CASE("tiles in PSUM are moved where the engine needs it") {
  const Array x = halves({64, 16}, 7), y = halves({64, 16}, 5);
  const auto at = [](const Array& a, int64_t i) { return a.values[static_cast<size_t>(i)]; };
  const auto both = [&](const OpInfo& op) {
    return apply_two(x, y,
                     [&](Tensor a, Tensor b) { return apply_op(op, to_psum(a), to_psum(b), {}); });
  };
  check_elements(both(nl::add), x.shape, [&](int64_t i) { return at(x, i) + at(y, i); });
  check_elements(both(nl::power), x.shape, [&](int64_t i) { return std::pow(at(x, i), at(y, i)); });
  check_elements(
      apply_two(x, y, [&](Tensor a, Tensor b) { return nl::add(to_psum(a), b.select(1, 0)); }),
      x.shape, [&](int64_t i) { return at(x, i) + at(y, i / 16 * 16); });
}

TEST_CASE("wrong operands") {
  const Array x = halves({64, 16}, 7);
  const auto of = [&](auto fn) { return problems({x}, fn); };
  using Problems = std::vector<std::string>;
  CHECK(of([](Tensor a) { return nl::add(a, 1.0); }) ==
        Problems{"wrong_memory: add: x is in shared_hbm; it must be in sbuf or psum"});
  CHECK(of([](Tensor a) { return nl::add(nl::load(a), a); }) ==
        Problems{"wrong_memory: add: y is in shared_hbm; it must be in sbuf or psum"});
  CHECK(of([](Tensor a) { return nl::exp(a); }) ==
        Problems{"wrong_memory: exp: x is in shared_hbm; it must be in sbuf or psum"});
  CHECK(of([](Tensor) { return nl::exp(2.0); }) ==
        Problems{"bad_argument: exp: x is a constant; it must be a tile"});
  CHECK(of([](Tensor) { return nl::add(1, 2); }) ==
        Problems{"bad_argument: add: x and y are constants; one must be a tile"});
  CHECK(of([](Tensor a) { return nl::add(nl::load(a), nl::zeros({64, 5}, nl::float32)); }) ==
        Problems{"size_mismatch: add: x is (64, 16), y is (64, 5); sizes must be the same, or one "
                 "of them 1"});
  CHECK(of([](Tensor a) { return nl::add(nl::load(a), nl::zeros({32, 16}, nl::float32)); }) ==
        Problems{"partition_mismatch: add: x has 64 partitions, y has 32"});
  CHECK(of([](Tensor a) { return apply_op(nl::add, nl::load(a), std::nullopt, {}); }) ==
        Problems{"missing_argument: add: operands given: 1; it takes 2"});
  CHECK(of([](Tensor a) { return apply_op(nl::exp, nl::load(a), 1.0, {}); }) ==
        Problems{"unknown_argument: exp: operands given: 2; it takes 1"});
  CHECK(of([](Tensor a) { return apply_op(nl::bypass, nl::load(a), std::nullopt, {}); }) ==
        Problems{"bad_argument: bypass: it is an operator of instructions and cannot be called"});
  CHECK(of([](Tensor a) { return nl::bitwise_and(nl::load(a), 1); }).size() == 2);
}

TEST_CASE("every generation has every function, but for the magnitudes of gen4") {
  for (const Generation generation : {Generation::gen2, Generation::gen3, Generation::gen4}) {
    CAPTURE(name_of(generation));
    for (const OpInfo& op : all_ops()) {
      CAPTURE(op.name);
      if (op.operands == 0) continue;
      if (generation < info(op.alu).since && op.activation == ActivationOp::none) continue;
      // No engine has these.
      if (info(op.alu).of_registers || op.apply == &internal::refuse_remainder) continue;
      const Array x = make_array(
          {64, 16}, [](int64_t) { return 1.0; },
          info(op.alu).bitvec ? DType::int32 : DType::bfloat16);
      const auto apply = [&](Tensor a) {
        const Tensor tile = nl::load(a);
        const auto second = op.operands == 2 ? std::optional<Value>(tile) : std::nullopt;
        return apply_op(op, tile, second, {});
      };
      CHECK(problems({x}, apply, generation) == std::vector<std::string>{});
    }
  }
}

TEST_CASE("instructions carry the line of the call") {
  const Recorded recorded = record_kernel({halves({8, 8}, 3)}, [](Tensor a) {
    const Tensor t = nl::load(a);
    return nl::exp(t);
  });
  const int line = __LINE__ - 2;
  const Program& program = *recorded.program;
  REQUIRE(program.locations.size() == 2);
  CHECK(program.locations[1].line == line);
  CHECK(program.files.path(program.locations[1].file).ends_with("op_test.cpp"));
}

}  // namespace kiln::dsl
