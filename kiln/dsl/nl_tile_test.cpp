// Selecting, broadcasting, transposing and multiplying tiles; loops and registers.
#include "tests/kernel_fixture.h"

#include <cmath>

#include "kiln/dsl/nisa.h"

namespace kiln::dsl {

namespace {

using Problems = std::vector<std::string>;

double same(int64_t i) { return static_cast<double>(i); }

double at(const Array& a, int64_t i) { return a.values[static_cast<size_t>(i)]; }

template <class Fn>
Array apply(const Array& x, Fn fn) {
  return evaluate({x}, [&](Tensor a) { return fn(nl::load(a)); });
}

Tensor to_psum(const Tensor& x) {
  const Tensor out = nl::ndarray(x.shape(), x.dtype(), nl::psum);
  nisa::tensor_copy({.dst = out, .src = x});
  return out;
}

// sum over k of a[i, k] b[k, j].
std::function<double(int64_t)> product(const Array& a, const Array& b) {
  return [&](int64_t i) {
    const int64_t columns = b.shape[1], inner = b.shape[0];
    double total = 0;
    for (int64_t k = 0; k < inner; ++k) {
      total += at(a, i / columns * inner + k) * at(b, k * columns + i % columns);
    }
    return total;
  };
}

}  // namespace

TEST_CASE("gather_flattened takes elements by their numbers in the partition") {
  const Array data = make_array({32, 2, 32}, same);
  const auto number_of = [](int64_t i) { return static_cast<double>((i % 10 * 5 + i / 10) % 64); };
  for (const DType dtype : {DType::uint32, DType::int32, DType::uint8}) {
    const Array indices = make_array({32, 10}, number_of, dtype);
    const auto expected = [&](int64_t i) { return same(i / 10 * 64) + number_of(i); };
    const Array gathered = evaluate({data, indices}, [](Tensor a, Tensor b) {
      return nl::gather_flattened(nl::load(a), nl::load(b));
    });
    check_elements(gathered, indices.shape, expected, exactly);
    const Array from_psum = evaluate({data, indices}, [](Tensor a, Tensor b) {
      return nl::gather_flattened(to_psum(nl::load(a)), nl::load(b), 0, nl::int32);
    });
    check_elements(from_psum, indices.shape, expected, exactly);
    CHECK(from_psum.dtype == DType::int32);
  }
}

TEST_CASE("gather_flattened checks its arguments") {
  const Array data = make_array({4, 8}, same);
  CHECK(problems({data}, [](Tensor a) { return nl::gather_flattened(a, nl::load(a)); }) ==
        Problems{"wrong_memory: gather_flattened: data is in shared_hbm; it must be in sbuf or "
                 "psum"});
  CHECK(problems({data}, [](Tensor a) { return nl::gather_flattened(nl::load(a), nl::load(a)); }) ==
        Problems{"dtype_mismatch: gather_flattened: indices is float32; it must be an integer "
                 "type"});
  CHECK(problems({data}, [](Tensor a) {
          return nl::gather_flattened(nl::load(a), nl::load(a, nl::uint32), 1);
        }) == Problems{"bad_argument: gather_flattened: axis is 1; it must be 0"});
}

TEST_CASE("where chooses between tiles and constants") {
  const Array condition = make_array({32, 20}, [](int64_t i) { return i % 3 == 0 ? 1.0 : 0.0; });
  const Array x = make_array({32, 20}, same);
  const auto chosen = [&](auto fn) {
    return evaluate({condition, x},
                    [&](Tensor c, Tensor a) { return fn(nl::load(c), nl::load(a)); });
  };
  check_elements(
      chosen([](Tensor c, Tensor a) { return nl::where(c, a, nl::negative(a)); }), x.shape,
      [](int64_t i) { return i % 3 == 0 ? same(i) : -same(i); }, exactly);
  check_elements(
      chosen([](Tensor c, Tensor a) { return nl::where(c, a, -1); }), x.shape,
      [](int64_t i) { return i % 3 == 0 ? same(i) : -1; }, exactly);
  check_elements(
      chosen([](Tensor c, Tensor a) { return nl::where(c, 0.5, a); }), x.shape,
      [](int64_t i) { return i % 3 == 0 ? 0.5 : same(i); }, exactly);
  check_elements(
      chosen([](Tensor c, Tensor) { return nl::where(c, 2, 3, nl::int32); }), x.shape,
      [](int64_t i) { return i % 3 == 0 ? 2 : 3; }, exactly);
  check_elements(
      chosen([](Tensor c, Tensor a) {
        return nl::where(to_psum(nl::copy(c, nl::uint8)), to_psum(a), to_psum(nl::negative(a)));
      }),
      x.shape, [](int64_t i) { return i % 3 == 0 ? same(i) : -same(i); }, exactly);
}

TEST_CASE("where broadcasts and converts") {
  const Array column = make_array({32, 1}, [](int64_t i) { return i < 16 ? 2.0 : 0.0; });
  const Array x = make_array({32, 20}, same);
  const Array row = make_array({1, 20}, [](int64_t i) { return -same(i); }, DType::bfloat16);
  const Array got = evaluate({column, x, row}, [](Tensor c, Tensor a, Tensor b) {
    return nl::where(nl::load(c), nl::load(b), nl::load(a));
  });
  CHECK(got.dtype == DType::float32);
  check_elements(
      got, x.shape, [](int64_t i) { return i < 320 ? -same(i % 20) : same(i); }, exactly);
}

TEST_CASE("expand_dims and broadcast_to") {
  const Array x = make_array({3, 5}, same);
  check_elements(apply(x, [](const Tensor& t) { return nl::expand_dims(t, 1); }), {3, 1, 5}, same,
                 exactly);
  check_elements(apply(x, [](const Tensor& t) { return nl::expand_dims(t, -1); }), {3, 5, 1}, same,
                 exactly);
  check_elements(
      apply(x, [](const Tensor& t) { return nl::broadcast_to(nl::expand_dims(t, 1), {3, 4, 5}); }),
      {3, 4, 5}, [](int64_t i) { return same(i / 20 * 5 + i % 5); }, exactly);
  const Array row = make_array({1, 40}, same, DType::int32);
  for (const int64_t partitions : {2, 32, 33, 128}) {
    const Array got =
        apply(row, [&](const Tensor& t) { return nl::broadcast_to(t, {partitions, 40}); });
    CHECK(got.dtype == DType::int32);
    check_elements(got, {partitions, 40}, [](int64_t i) { return same(i % 40); }, exactly);
  }
  const Array corner = make_array({1, 1}, [](int64_t) { return 2.75; });
  check_elements(
      apply(corner, [](const Tensor& t) { return nl::broadcast_to(t, {70, 9}, nl::float16); }),
      {70, 9}, [](int64_t) { return 2.75; }, exactly);

  const Recorded unchanged =
      record_kernel({x}, [](Tensor a) { return nl::broadcast_to(nl::load(a), {3, 5}); });
  CHECK(unchanged.program->code.size() == 1);
}

TEST_CASE("transpose leaves its result in PSUM, on every generation and of every type") {
  for (const Generation generation : {Generation::gen2, Generation::gen3}) {
    for (const DType dtype : {DType::float32, DType::bfloat16, DType::int32, DType::uint8}) {
      CAPTURE(name_of(dtype));
      const Array x = make_array({90, 41}, [](int64_t i) { return same(i % 128); }, dtype);
      const Array got = evaluate(
          {x},
          [](Tensor a) {
            const Tensor t = nl::transpose(nl::load(a));
            CHECK(t.buffer() == nl::psum);
            return t;
          },
          generation);
      CHECK(got.dtype == dtype);
      check_elements(
          got, {41, 90}, [](int64_t i) { return same((i % 90 * 41 + i / 90) % 128); }, exactly);
    }
  }
  const Array x = make_array({8, 4}, same);
  const Array got =
      apply(x, [](const Tensor& t) { return nl::transpose(to_psum(t), nl::float16); });
  CHECK(got.dtype == DType::float16);
  check_elements(got, {4, 8}, [](int64_t i) { return same(i % 8 * 4 + i / 8); }, exactly);
}

TEST_CASE("matmul, of x and of its transpose") {
  for (const DType dtype : {DType::float32, DType::bfloat16}) {
    const Array x = random_array({50, 70}, -1, 1, dtype);
    const Array y = random_array({70, 130}, -1, 1, dtype, 2);
    Array xt{{70, 50}, {}, dtype};
    for (int64_t i = 0; i < 3500; ++i) xt.values.push_back(at(x, i % 50 * 70 + i / 50));
    const Array got =
        evaluate({x, y}, [](Tensor a, Tensor b) { return nl::matmul(nl::load(a), nl::load(b)); });
    CHECK(got.dtype == DType::float32);
    check_elements(got, {50, 130}, product(x, y), {.relative = 1e-5, .absolute = 1e-5});
    const Array again = evaluate(
        {xt, y}, [](Tensor a, Tensor b) { return nl::matmul(nl::load(a), nl::load(b), true); });
    check_elements(again, {50, 130}, [&](int64_t i) { return at(got, i); }, exactly);
  }
}

TEST_CASE("loops repeat their body on the device") {
  const Array x = make_array({10, 4}, same);
  const auto sum_rows = [](Tensor a, const RegisterOrInt& lower, const RegisterOrInt& upper,
                           int32_t step) {
    const Tensor total = nl::zeros({1, 4}, nl::float32);
    nl::fori_loop(
        lower, upper,
        [&](Register i) {
          const Tensor row = nl::load(a.select(0, RuntimeIndex{.reg = i.id}));
          nisa::tensor_tensor({.dst = total, .data1 = total, .data2 = row, .op = nl::add});
        },
        step);
    return total;
  };
  const auto expected = [](int64_t first, int64_t end, int64_t step) {
    return [=](int64_t column) {
      double total = 0;
      for (int64_t row = first; row < end; row += step) total += same(row * 4 + column);
      return total;
    };
  };
  check_elements(evaluate({x}, [&](Tensor a) { return sum_rows(a, 0, 10, 1); }), {1, 4},
                 expected(0, 10, 1), exactly);
  check_elements(evaluate({x}, [&](Tensor a) { return sum_rows(a, 1, 9, 3); }), {1, 4},
                 expected(1, 9, 3), exactly);
  check_elements(evaluate({x},
                          [&](Tensor a) {
                            return sum_rows(a, nl::register_alloc(2), nl::register_alloc(5), 1);
                          }),
                 {1, 4}, expected(2, 5, 1), exactly);
}

TEST_CASE("while_loop runs until its register is zero") {
  const Array count = make_array({1, 1}, [](int64_t) { return 7.0; }, DType::int32);
  const auto counted = [](Tensor a) {
    const Tensor left = nl::load(a), steps = nl::zeros({1, 1}, nl::float32);
    const Register start = nl::register_alloc();
    nisa::register_load({.dst = start, .src = left});
    nl::while_loop(start, [&](Register r) {
      nisa::tensor_scalar({.dst = steps, .data = steps, .op0 = nl::add, .operand0 = 1.0});
      nisa::tensor_scalar({.dst = left, .data = left, .op0 = nl::subtract, .operand0 = 1.0});
      const Register next = nl::register_alloc();
      nisa::register_load({.dst = next, .src = left});
      CHECK(r.given());
      return next;
    });
    return steps;
  };
  check_elements(evaluate({count}, counted), {1, 1}, [](int64_t) { return 7.0; }, exactly);
}

TEST_CASE("wrong tiles") {
  const Array x = make_array({8, 16}, same);
  const auto of = [&](auto fn) {
    return problems({x}, [&](Tensor a) { return fn(a, nl::load(a)); });
  };
  CHECK(of([](Tensor a, Tensor t) { return nl::where(a, t, t); }) ==
        Problems{"wrong_memory: where: condition is in shared_hbm; it must be in sbuf or psum"});
  CHECK(of([](Tensor a, Tensor t) { return nl::where(t, a, t); }) ==
        Problems{"wrong_memory: where: x is in shared_hbm; it must be in sbuf or psum"});
  CHECK(of([](Tensor, Tensor t) { return nl::where(t, nl::zeros({8, 3}, nl::float32), 0); }) ==
        Problems{"size_mismatch: where: x is (8, 3); the result is (8, 16)"});
  CHECK(of([](Tensor, Tensor t) { return nl::broadcast_to(t, {8, 32}); }) ==
        Problems{"bad_shape: broadcast_to: x is (8, 16); it cannot become (8, 32)"});
  CHECK(of([](Tensor, Tensor t) { return nl::expand_dims(t, 0); }).size() == 1);
  CHECK(of([](Tensor, Tensor t) { return nl::transpose(t.expand_dim(1)); }) ==
        Problems{"bad_shape: transpose: x has 3 dimensions; it must have 2"});
  CHECK(of([](Tensor, Tensor) { return nl::transpose(nl::zeros({8, 129}, nl::float32)); }) ==
        Problems{"tile_too_large: transpose: x is (8, 129); up to 128 by 128 can be transposed"});
  CHECK(of([](Tensor a, Tensor t) { return nl::matmul(t, a); }) ==
        Problems{"wrong_memory: matmul: y is in shared_hbm; it must be in sbuf or psum"});
  CHECK(of([](Tensor, Tensor t) { return nl::matmul(t, t, true); }).size() == 0);
  CHECK(of([](Tensor, Tensor t) { return nl::matmul(t, t); }) ==
        Problems{"may_not_build: matmul: transpose_x is false; nl.matmul was built with "
                 "transpose_x=True only",
                 "partition_mismatch: nc_matmul: stationary has 16 partitions, moving has 8"});
  CHECK(of([](Tensor, Tensor t) {
          nl::fori_loop(0, 3, [](Register) {}, 0);
          return t;
        }) == Problems{"bad_loop: loop: step is 0; it must be 1 or more"});
  CHECK(of([](Tensor, Tensor t) {
          nl::no_reorder([] {
            nl::no_reorder([] {});
            nl::fori_loop(0, 3, [](Register) {});
          });
          nl::fori_loop(0, 3, [](Register) {});
          return t;
        }) == Problems{"bad_loop: loop: a loop of the device cannot be inside no_reorder"});
}

}  // namespace kiln::dsl
