#include "kiln/dsl/ncc.h"

#include "tests/kernel_fixture.h"

namespace kiln::dsl {

namespace {

constexpr int ranks = 3;

HostTensor numbers(float first) {
  return host_tensor(make_array({2, 2}, [&](int64_t i) { return first + static_cast<float>(i); }));
}

std::vector<double> values_of(const HostTensor& tensor) {
  std::vector<double> values;
  for (int64_t at = 0; at < tensor.buffer.bytes; at += size_bytes(tensor.dtype)) {
    values.push_back(load_float32(tensor.dtype, tensor.buffer.data.get() + at));
  }
  return values;
}

// Rank r has 10 r, 10 r + 1, …
std::vector<RankInputs> inputs() {
  std::vector<RankInputs> all;
  for (int r = 0; r < ranks; ++r) all.push_back({r, {numbers(10.0f * static_cast<float>(r))}});
  return all;
}

Recorded record_one(const std::function<Tensor(const Tensor&)>& kernel) {
  return record({.kernel = "ranks", .inputs = {{"a", {2, 2}}}},
                [&](const Tensor& a) { return kernel(a); });
}

}  // namespace

TEST_CASE("ranks of one program with inputs of their own") {
  const Recorded recorded = record_one([](const Tensor& a) {
    const Tensor sum = nl::ndarray({2, 2}, DType::float32, nl::shared_hbm);
    const Tensor gathered = nl::ndarray({2 * ranks, 2}, DType::float32, nl::shared_hbm);
    const RankGroups group = ncc::replica_group({{0, 1, 2}});
    ncc::all_reduce({.srcs = {a}, .dsts = {sum}, .replica_group = group, .op = AluOp::add});
    ncc::all_gather({.srcs = {sum}, .dsts = {gathered}, .replica_group = group});
    const Register rank = ncc::rank_id();
    return gathered.reshape_dim(0, Shape{ranks, 2}).select(0, {.reg = rank.id, .tile = {}});
  });
  REQUIRE_MESSAGE(!recorded.report.has_errors(), recorded.messages());
  const auto results = run_ranks({&recorded.program, 1}, inputs(), {});
  REQUIRE_MESSAGE(results.ok(), results.error().message);
  REQUIRE(results->size() == ranks);
  for (const CallResult& result : *results) {
    CHECK(values_of(result.outputs[0]) == std::vector<double>{30, 33, 36, 39});
  }
}

TEST_CASE("a rank that is in no group cannot take part") {
  const Recorded recorded = record_one([](const Tensor& a) {
    const Tensor sum = nl::ndarray({2, 2}, DType::float32, nl::shared_hbm);
    ncc::all_reduce({.srcs = {a},
                     .dsts = {sum},
                     .replica_group = ncc::replica_group({{0, 1}}),
                     .op = AluOp::add});
    return sum;
  });
  const auto results = run_ranks({&recorded.program, 1}, inputs(), {});
  REQUIRE(!results.ok());
  CHECK(results.error().message.find("rank 2 is in no group") != std::string::npos);
}

TEST_CASE("inputs that do not fit are told by name") {
  const Recorded recorded = record_one([](const Tensor& a) { return a; });
  const std::vector<RankInputs> wrong{
      {0, {host_tensor(make_array({4}, [](int64_t) { return 0; }))}}};
  const auto results = run_ranks({&recorded.program, 1}, wrong, {});
  REQUIRE(!results.ok());
  CHECK(results.error().message.find(
            "input 'a' is float32 (4); the program wants float32 (2, 2)") != std::string::npos);
}

TEST_CASE("an instruction waits for earlier ones") {
  const Recorded recorded = record_one([](const Tensor& a) {
    const Tensor x = nl::load(a);
    const NkiInstruction first = nisa::memset({.dst = x, .value = 1.0});
    const NkiInstruction second = nisa::memset({.dst = x, .value = 2.0});
    second.depends_on({first});
    return x;
  });
  REQUIRE(!recorded.report.has_errors());
  CHECK(recorded.program->dependencies.size() == 1);
  const Recorded wrong = record_one([](const Tensor& a) {
    const Tensor x = nl::load(a);
    const NkiInstruction first = nisa::memset({.dst = x, .value = 1.0});
    first.depends_on({nisa::memset({.dst = x, .value = 2.0})});
    return x;
  });
  CHECK(wrong.messages().find("recorded after it") != std::string::npos);
}

}  // namespace kiln::dsl
