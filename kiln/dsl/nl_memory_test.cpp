// Making tensors, and moving them between HBM and SBUF.
#include "tests/kernel_fixture.h"

#include <cstring>

namespace kiln::dsl {

namespace {

using Problems = std::vector<std::string>;

double same(int64_t i) { return static_cast<double>(i); }

std::vector<std::byte> bytes_of(const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace

TEST_CASE("filled tensors in every memory") {
  for (const Memory memory : {nl::sbuf, nl::psum, nl::private_hbm, nl::shared_hbm}) {
    CAPTURE(name_of(memory));
    const Shape shape{12, 5, 7};
    const auto filled = [&](auto make) { return evaluate({}, [&] { return make(memory); }); };
    check_elements(
        filled([&](Memory m) { return nl::zeros(shape, nl::float32, m); }), shape,
        [](int64_t) { return 0.0; }, exactly);
    check_elements(
        filled([&](Memory m) { return nl::ones(shape, nl::bfloat16, m); }), shape,
        [](int64_t) { return 1.0; }, exactly);
    check_elements(
        filled([&](Memory m) { return nl::full(shape, -2.5, nl::float16, m); }), shape,
        [](int64_t) { return -2.5; }, exactly);
    check_elements(
        filled([&](Memory m) { return nl::full(shape, 4294967293u, nl::uint32, m); }), shape,
        [](int64_t) { return 4294967293.0; }, exactly);
    check_elements(
        filled([&](Memory m) { return nl::full(shape, -16777217, nl::int32, m); }), shape,
        [](int64_t) { return -16777217.0; }, exactly);
  }
  const Shape prime{4099, 3};
  check_elements(
      evaluate({}, [&] { return nl::ones(prime, nl::float32, nl::shared_hbm); }), prime,
      [](int64_t) { return 1.0; }, exactly);
}

TEST_CASE("ndarray takes a name and an address") {
  const Recorded recorded = record_kernel({}, [] {
    return nl::ndarray({64, 8}, nl::float32, nl::sbuf,
                       {.name = "scores", .address = Address{.partition = 32, .byte = 4096}});
  });
  REQUIRE_FALSE(recorded.report.has_errors());
  const Storage& storage = recorded.program->tiles.storage(StorageId{0});
  CHECK(storage.name == "scores");
  CHECK(storage.address == Address{.partition = 32, .byte = 4096});
  CHECK(problems({}, [] { return nl::ndarray({129, 8}, nl::float32); }) ==
        Problems{"partition_count: ndarray: shape (129, 8) needs 129 partitions; sbuf has 128"});
}

TEST_CASE("tensors like others") {
  const Array x = make_array({8, 6}, same, DType::bfloat16);
  const auto describe = [&](auto make) {
    const Recorded recorded = record_kernel({x}, [&](Tensor a) { return make(a); });
    const Tile tile = recorded.program->tiles.tile(recorded.program->outputs[0]);
    return fmt::format("{} {} {} {}", tile.storage->name, name_of(tile.memory()),
                       name_of(tile.dtype()), view_ops::shape_text(*tile.layout));
  };
  CHECK(describe([](Tensor a) { return nl::empty_like(a); }) == " shared_hbm bfloat16 (8, 6)");
  CHECK(describe([](Tensor a) {
          return nl::empty_like(a, {.dtype = nl::int8, .buffer = nl::sbuf, .name = "t"});
        }) == "t sbuf int8 (8, 6)");
  const Array zeros = evaluate(
      {x}, [](Tensor a) { return nl::zeros_like(a, {.dtype = nl::float32, .buffer = nl::psum}); });
  CHECK(zeros.dtype == DType::float32);
  check_elements(zeros, x.shape, [](int64_t) { return 0.0; }, exactly);
  check_elements(
      evaluate({x}, [](Tensor a) { return nl::zeros_like(a); }), x.shape,
      [](int64_t) { return 0.0; }, exactly);
}

TEST_CASE("load and store, whole and in part, converting") {
  const Array x = make_array({256, 2, 9}, same);
  const Array half = evaluate({x}, [](Tensor a) {
    const Tensor out = nl::zeros({128, 2, 4}, nl::int32, nl::shared_hbm);
    const Tensor tile =
        nl::load(a[{nl::ds(64, 128), all, Index{.start = 1, .stop = 9, .step = 2}}], nl::bfloat16);
    nl::store(out, tile);
    return out;
  });
  check_elements(
      half, {128, 2, 4},
      [](int64_t i) {
        const int64_t element = (i / 8 + 64) * 18 + i / 4 % 2 * 9 + i % 4 * 2 + 1;
        return stored(DType::bfloat16, static_cast<double>(element));
      },
      exactly);

  const Array row = make_array({10}, same);
  check_elements(evaluate({row}, [](Tensor a) { return nl::load(a); }), {1, 10}, same, exactly);
  const Array from_psum = evaluate({row}, [](Tensor a) {
    const Tensor out = nl::ndarray({10}, nl::float32, nl::shared_hbm);
    const Tensor tile = nl::zeros({1, 10}, nl::float32, nl::psum);
    nl::store(out, tile);
    nl::store(out[{nl::ds(5, 5)}], nl::load(a[{nl::ds(0, 5)}]));
    return out;
  });
  check_elements(from_psum, {10}, [](int64_t i) { return i < 5 ? 0.0 : same(i - 5); }, exactly);
}

TEST_CASE("load_transpose2d") {
  const Array x = make_array({40, 24}, same);
  check_elements(
      evaluate({x}, [](Tensor a) { return nl::load_transpose2d(a); }), {24, 40},
      [](int64_t i) { return same(i % 40 * 24 + i / 40); }, exactly);
  const Array narrow =
      evaluate({x}, [](Tensor a) { return nl::load_transpose2d(a, nl::bfloat16); });
  CHECK(narrow.dtype == DType::bfloat16);
  check_elements(
      narrow, {24, 40},
      [](int64_t i) { return stored(DType::bfloat16, same(i % 40 * 24 + i / 40)); }, exactly);
}

TEST_CASE("constants and identity matrices") {
  check_elements(
      evaluate({},
               [] {
                 return nl::load(
                     nl::shared_constant({2, 2}, nl::float32, bytes_of({1.5f, 2.5f, 3.5f, 4.5f})));
               }),
      {2, 2}, [](int64_t i) { return 1.5 + same(i); }, exactly);
  for (const int64_t n : {1, 5, 128}) {
    for (const DType dtype : {DType::uint8, DType::bfloat16, DType::float32, DType::int32}) {
      check_elements(
          evaluate({}, [&] { return nl::shared_identity_matrix(n, dtype); }), {n, n},
          [&](int64_t i) { return i / n == i % n ? 1.0 : 0.0; }, exactly);
    }
  }
  const Recorded twice = record_kernel({}, [] {
    const Tensor given = nl::ndarray({16, 16}, nl::float32);
    nl::shared_identity_matrix(16, nl::float32);
    return nl::shared_identity_matrix(16, nl::float32, given);
  });
  CHECK(twice.program->constants.size() == 1);
  CHECK(twice.program->tiles.storage_of(twice.program->outputs[0]) == StorageId{0});
}

TEST_CASE("sizes of the target") {
  record_kernel({}, [] {
    CHECK(nl::tile_size.pmax() == 128);
    CHECK(nl::tile_size.psum_bank_fmax() == 512);
    CHECK(nl::tile_size.gemm_stationary_fmax() == 128);
    CHECK(nl::tile_size.gemm_moving_fmax() == 512);
    CHECK(nl::tile_size.bn_stats_fmax() == 512);
    return nl::ndarray({1}, nl::float32, nl::hbm);
  });
}

TEST_CASE("wrong memories and sizes") {
  const Array x = make_array({16, 16}, same);
  const auto of = [&](auto kernel) { return problems({x}, kernel); };
  CHECK(of([](Tensor a) { return nl::load(nl::load(a)); }) ==
        Problems{"wrong_memory: load: src is in sbuf; it must be in hbm"});
  CHECK(of([](Tensor a) {
          nl::store(nl::load(a), nl::load(a));
          return a;
        }) == Problems{"wrong_memory: store: dst is in sbuf; it must be in hbm"});
  CHECK(of([](Tensor a) {
          nl::store(a, a);
          return a;
        }) == Problems{"wrong_memory: store: value is in shared_hbm; it must be in sbuf or psum"});
  CHECK(of([](Tensor a) { return nl::load_transpose2d(a.expand_dim(0)); }) ==
        Problems{"bad_shape: load_transpose2d: src has 3 dimensions; it must have 2"});
  CHECK(of([](Tensor a) { return nl::load_transpose2d(nl::load(a)); }) ==
        Problems{"wrong_memory: load_transpose2d: src is in sbuf; it must be in hbm"});
  CHECK(of([](Tensor) { return nl::shared_constant({3}, nl::float32, bytes_of({1.0f})); }) ==
        Problems{"size_mismatch: shared_constant: 4 bytes are given; shape and dtype need 12"});
  CHECK(of([](Tensor) { return nl::shared_identity_matrix(129); }) ==
        Problems{"bad_argument: shared_identity_matrix: n is 129; it must be 1 to 128"});
  CHECK(of([](Tensor) { return nl::shared_identity_matrix(4, nl::float4_e2m1fn_x4); }).size() == 1);
  CHECK(of([](Tensor a) { return nl::full({4, 4}, a, nl::float32); }) ==
        Problems{"bad_argument: full: fill_value is a tensor; it must be a constant"});
}

}  // namespace kiln::dsl
