// What single instructions cost: against what was measured on devices, and by the rules of the
// tables.
#include "kiln/timing/cost.h"

#include <fmt/format.h>

#include <initializer_list>
#include <string>

#include "tests/program_text.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

// Storages %0, %1 … and one instruction on them. N in the text stands for `n`.
std::string body(std::initializer_list<std::string_view> storages, std::string_view instruction,
                 int n = 512) {
  std::string text;
  int id = 0;
  for (const std::string_view storage : storages) {
    text += fmt::format("storage %{} \"t{}\" {}\n", id, id, storage);
    ++id;
  }
  text += instruction;
  text += '\n';
  for (size_t at = text.find('N'); at != std::string::npos; at = text.find('N', at)) {
    text.replace(at, 1, std::to_string(n));
  }
  return text;
}

Costs costs(std::initializer_list<std::string_view> storages, std::string_view instruction,
            int n = 512, std::string_view target = "gen3") {
  return costs_of(*parsed_program(body(storages, instruction, n), target));
}

Cost cost(std::initializer_list<std::string_view> storages, std::string_view instruction,
          int n = 512, std::string_view target = "gen3") {
  return costs(storages, instruction, n, target).of.back();
}

// What a slope and a constant give, in ns, for 256 and 512 elements of a partition.
void check_measured(std::initializer_list<std::string_view> storages, std::string_view instruction,
                    double fixed_ns, double slope_ns) {
  CAPTURE(instruction);
  for (const int n : {256, 512}) {
    const double measured = fixed_ns + slope_ns * n;
    CHECK(cost(storages, instruction, n).result_ns == doctest::Approx(measured).epsilon(0.05));
  }
}

const Rates& trn2 = rates(Generation::gen3);
constexpr double vector_ghz = 0.96, scalar_ghz = 1.2, tensor_ghz = 2.4;

constexpr std::string_view fp32 = "sbuf float32 [128, N]", bf16 = "sbuf bfloat16 [128, N]";
constexpr std::string_view fp32_psum = "psum float32 [128, N]", column = "sbuf float32 [128, 1]";

}  // namespace

TEST_CASE("cost: the Vector engine as measured by voyager on NeuronCore-v3") {
  check_measured({fp32, fp32}, "tensor_copy dst=%1 src=%0", 153.5, 0.534);
  check_measured({bf16, bf16}, "tensor_copy dst=%1 src=%0", 155.7, 0.269);
  check_measured({fp32_psum, fp32}, "tensor_copy dst=%1 src=%0", 156, 1.045);
  check_measured({bf16, fp32}, "tensor_copy dst=%1 src=%0", 152.7, 0.803);
  check_measured({fp32, bf16}, "tensor_copy dst=%1 src=%0", 155.5, 0.522);
  check_measured({fp32, fp32}, "tensor_scalar dst=%1 data=%0 op0=add operand0=2.0", 160.3, 0.521);
  check_measured({fp32, fp32, fp32}, "tensor_tensor dst=%2 data1=%0 data2=%1 op=add", 158.7,
                 1.0417);
  check_measured({bf16, bf16, bf16}, "tensor_tensor dst=%2 data1=%0 data2=%1 op=add", 161.5, 0.517);
  check_measured({fp32_psum, fp32, fp32}, "tensor_tensor dst=%2 data1=%0 data2=%1 op=add", 149,
                 1.045);
  check_measured({fp32, column}, "tensor_reduce dst=%1 op=add data=%0 axis=[1]", 152.9, 1.0418);
  check_measured({fp32, fp32, fp32},
                 "tensor_tensor_scan dst=%2 data0=%0 data1=%1 initial=1.0 op0=multiply op1=add",
                 157.7, 2.0833);
  check_measured({fp32, fp32}, "reciprocal dst=%1 data=%0", 151.8, 6.245);
}

TEST_CASE("cost: the Scalar and GpSimd engines as measured by voyager on NeuronCore-v3") {
  check_measured({fp32, fp32}, "activation dst=%1 op=exp data=%0", 288, 0.8333);
  check_measured({fp32_psum, fp32}, "activation dst=%1 op=exp data=%0", 251, 0.974);
  check_measured({fp32, fp32}, "activation dst=%1 op=copy data=%0", 191, 0.8333);
  check_measured({fp32, fp32}, "tensor_copy dst=%1 src=%0 engine=scalar", 191, 0.8333);
  check_measured({fp32_psum, fp32}, "tensor_copy dst=%1 src=%0 engine=scalar", 158.7, 0.8327);
  check_measured({fp32}, "memset dst=%0 value=0.0", 58, 0.832);
  check_measured({fp32, fp32},
                 "affine_select dst=%1 pattern=[-1:N] channel_multiplier=1 on_true_tile=%0 "
                 "on_false_value=-9.0",
                 176.9, 0.846);
}

TEST_CASE("cost: from one instruction to the next there are its elements, and 64 cycles at least") {
  const Cost many = cost({fp32, fp32}, "tensor_copy dst=%1 src=%0", 512);
  CHECK(many.busy_ns == doctest::Approx(512 * trn2.vector_modes.copy_32_bit / vector_ghz));
  CHECK(many.result_ns - many.busy_ns == doctest::Approx(trn2.vector.fixed_cycles / vector_ghz));
  const Cost few = cost({column, column}, "tensor_copy dst=%1 src=%0");
  CHECK(few.busy_ns == doctest::Approx(trn2.vector.interval_cycles / vector_ghz));
}

TEST_CASE("cost: modes of the Vector engine") {
  const auto per_element = [](std::initializer_list<std::string_view> storages,
                              std::string_view instruction, std::string_view target = "gen3") {
    return cost(storages, instruction, 512, target).busy_ns * vector_ghz / 512;
  };
  const VectorModes& m = trn2.vector_modes;
  constexpr std::string_view copy = "tensor_copy dst=%1 src=%0";
  CHECK(per_element({bf16, bf16}, copy) == doctest::Approx(m.copy_16_bit.value));
  CHECK(per_element({fp32, fp32}, copy) == doctest::Approx(m.copy_32_bit.value));
  CHECK(per_element({bf16, fp32}, copy) == doctest::Approx(m.copy_widening.value));
  CHECK(per_element({"psum bfloat16 [128, N]", bf16}, copy) ==
        doctest::Approx(m.psum_16_bit.value));
  CHECK(per_element({fp32_psum, bf16}, copy) == doctest::Approx(1));
  constexpr std::string_view add = "tensor_tensor dst=%2 data1=%0 data2=%1 op=add";
  CHECK(per_element({bf16, bf16, bf16}, add) == doctest::Approx(m.pair_16_bit.value));
  CHECK(per_element({bf16, bf16, fp32}, add) == doctest::Approx(m.pair_32_bit.value));
  CHECK(per_element({fp32_psum, bf16, bf16}, add) == doctest::Approx(m.pair_psum.value));
  // NeuronCore-v2 has no fast modes, and reads two inputs one after the other.
  const double trn1_ghz = machine(Generation::gen2).vector.clock_ghz;
  CHECK(cost({bf16, bf16}, copy, 512, "gen2").busy_ns == doctest::Approx(512 / trn1_ghz));
  CHECK(cost({fp32, fp32, fp32}, add, 512, "gen2").busy_ns == doctest::Approx(1024 / trn1_ghz));
}

TEST_CASE("cost: only fast modes take the port that GpSimd needs") {
  CHECK(cost({bf16, bf16}, "tensor_copy dst=%1 src=%0").fast_mode);
  CHECK(cost({fp32, fp32}, "tensor_copy dst=%1 src=%0").fast_mode);
  CHECK_FALSE(cost({fp32, fp32, fp32}, "tensor_tensor dst=%2 data1=%0 data2=%1 op=add").fast_mode);
  CHECK_FALSE(cost({fp32_psum, fp32}, "tensor_copy dst=%1 src=%0").fast_mode);
  CHECK(cost({fp32_psum, fp32}, "tensor_copy dst=%1 src=%0").uses_psum);
  CHECK_FALSE(cost({fp32, fp32}, "tensor_copy dst=%1 src=%0").uses_psum);
}

TEST_CASE("cost: elements of an input that lie 16 bytes apart take twice as long") {
  const std::initializer_list<std::string_view> tiles{"sbuf float32 [128, 2048]", fp32};
  const double dense = cost(tiles, "tensor_copy dst=%1 src=%0[0+0; 128:1 512:1]").busy_ns;
  CHECK(cost(tiles, "tensor_copy dst=%1 src=%0[0+0; 128:1 512:3]").busy_ns == dense);
  CHECK(cost(tiles, "tensor_copy dst=%1 src=%0[0+0; 128:1 512:4]").busy_ns == 2 * dense);
  // What is written may lie as it likes, and one element for each partition is no stream.
  CHECK(cost({fp32, "sbuf float32 [128, 2048]"}, "tensor_copy dst=%1[0+0; 128:1 512:4] src=%0")
            .busy_ns == dense);
}

TEST_CASE("cost: the Scalar engine's extras") {
  const ActivationRates& a = trn2.activation;
  const double copy = cost({fp32, fp32}, "activation dst=%1 op=copy data=%0").result_ns;
  CHECK(cost({fp32, fp32, column}, "activation dst=%1 op=copy data=%0 scale=%2").result_ns ==
        doctest::Approx(copy + a.pointer_fixed / scalar_ghz));
  const Cost exp = cost({fp32, fp32}, "activation dst=%1 op=exp data=%0");
  const Cost sum = cost({fp32, fp32, column},
                        "activation_reduce dst=%1 op=exp data=%0 reduce_op=add reduce_res=%2");
  CHECK(sum.result_ns == doctest::Approx(exp.result_ns + a.accumulator_read_fixed / scalar_ghz));
  CHECK(sum.busy_ns == doctest::Approx(exp.busy_ns + a.accumulator_read_interval / scalar_ghz));
  CHECK(exp.table != 0);
  CHECK(cost({fp32, fp32}, "activation dst=%1 op=square data=%0").table == 0);
  CHECK(cost({fp32, fp32}, "activation dst=%1 op=sqrt data=%0").table ==
        cost({fp32, fp32}, "activation dst=%1 op=rsqrt data=%0").table);
}

TEST_CASE("cost: instructions go to the engine that the kernel says, else to their first") {
  constexpr std::string_view copy = "tensor_copy dst=%1 src=%0";
  CHECK(cost({fp32, fp32}, copy).engine == Engine::vector);
  CHECK(cost({fp32, fp32}, "tensor_copy dst=%1 src=%0 engine=scalar").engine == Engine::scalar);
  CHECK(cost({fp32, fp32}, "tensor_copy dst=%1 src=%0 engine=gpsimd").engine == Engine::gpsimd);
  CHECK(cost({fp32}, "memset dst=%0 value=0.0").engine == Engine::gpsimd);
  CHECK(cost({fp32}, "memset dst=%0 value=0.0 engine=vector").engine == Engine::vector);
}

TEST_CASE("cost: registers take no time, and what has no law is known to have none") {
  const auto program = parsed_program("registers 1\nregister_move dst=r0 src=3\n");
  const Cost move = costs_of(*program).of[0];
  CHECK(move.free);
  CHECK(move.known);
  const Cost rng = cost({"sbuf uint32 [128, N]"}, "rng dst=%0 engine=gpsimd");
  CHECK_FALSE(rng.known);
  CHECK(rng.busy_ns > 512 / 1.2);
}

TEST_CASE("cost: matrix products by type") {
  const auto busy = [](std::string_view dtype, std::string_view more = "") {
    const std::string tile = fmt::format("sbuf {} [128, ", dtype);
    const std::string stationary = tile + "128]", moving = tile + "N]";
    return cost({stationary, moving, fp32_psum},
                "nc_matmul dst=%2 stationary=%0 moving=%1" + std::string(more))
               .busy_ns *
           tensor_ghz;
  };
  const double each = trn2.tensor.instruction_cycles;
  CHECK(busy("bfloat16") == doctest::Approx(512 + each));
  CHECK(busy("float16") == doctest::Approx(512 + each));
  // float32: as measured by sources::matmul_tutorial, two instructions of 429.2 ns.
  CHECK(busy("float32") == doctest::Approx(4 * 512 + 2 * each));
  CHECK(busy("float32") / tensor_ghz == doctest::Approx(858.4).epsilon(0.01));
  CHECK(busy("float32", " is_moving_onezero=true") == doctest::Approx(2 * 512 + each));
  CHECK(busy("float32", " is_stationary_onezero=true is_moving_onezero=true") ==
        doctest::Approx(512 + each));
}

TEST_CASE("cost: a matrix product, in all") {
  const Costs c = costs({"sbuf bfloat16 [64, 128]", "sbuf bfloat16 [64, N]", fp32_psum},
                        "nc_matmul dst=%2 stationary=%0 moving=%1");
  const Cost& cost = c.of[0];
  REQUIRE(cost.array == 0);
  CHECK(cost.engine == Engine::tensor);
  CHECK(cost.result_ns == doctest::Approx(cost.busy_ns + trn2.tensor.fixed_ns));
  const ArrayCost& array = c.arrays[0];
  CHECK(array.rows_share == 0.5f);
  CHECK(array.flops == 2.0 * 64 * 128 * 512);
  CHECK(array.passes == 1);
  CHECK(array.weights_ns == doctest::Approx(trn2.tensor.weights_cycles_max / tensor_ghz));
  CHECK_FALSE(array.is_transpose);
}

TEST_CASE("cost: short matrix products and scattered columns") {
  const auto busy = [](std::string_view moving) {
    return cost(
               {"sbuf bfloat16 [128, 128]", "sbuf bfloat16 [128, 4096]", "psum float32 [128, N]"},
               fmt::format("nc_matmul dst=%2[0+0; 128:1 {0}] stationary=%0 moving=%1[0+0; 128:1 "
                           "{1}]",
                           moving.substr(0, moving.find(' ')), moving.substr(moving.find(' ') + 1)))
               .busy_ns *
           tensor_ghz;
  };
  const TensorRates& t = trn2.tensor;
  CHECK(busy("1:1 1:1") == doctest::Approx(t.interval_cycles.value));
  CHECK(busy("512:1 512:4") == doctest::Approx(512 + t.instruction_cycles));
  CHECK(busy("512:1 512:8") == doctest::Approx(2 * 512 + t.instruction_cycles));
}

TEST_CASE("cost: double_row does two steps at a time") {
  const Costs c =
      costs({"sbuf float8_e4m3 [128, 2, 128]", "sbuf float8_e4m3 [128, 2, N]", fp32_psum},
            "nc_matmul dst=%2 stationary=%0 moving=%1 perf_mode=double_row");
  CHECK(c.of[0].busy_ns * tensor_ghz == doctest::Approx(512 + trn2.tensor.instruction_cycles));
  CHECK(c.arrays[0].flops == 2.0 * 256 * 128 * 512);
  CHECK(c.arrays[0].passes == 0.5);
}

TEST_CASE("cost: transposes, as measured by asst4, on the array and on the Vector engine") {
  const Costs narrow = costs({"sbuf bfloat16 [128, 128]", "psum bfloat16 [128, 128]"},
                             "nc_transpose dst=%1 data=%0");
  CHECK(narrow.of[0].busy_ns == doctest::Approx(55.6).epsilon(0.02));
  CHECK(narrow.of[0].result_ns == doctest::Approx(219).epsilon(0.02));
  CHECK(narrow.arrays[0].is_transpose);
  const Costs wide =
      costs({"sbuf float32 [128, 128]", "psum float32 [128, 128]"}, "nc_transpose dst=%1 data=%0");
  CHECK(wide.of[0].busy_ns == doctest::Approx(109).epsilon(0.02));
  const Costs small = costs({"sbuf float32 [32, 32]", "sbuf float32 [32, 32]"},
                            "nc_transpose dst=%1 data=%0 engine=vector");
  CHECK(small.of[0].engine == Engine::vector);
  CHECK(small.arrays.empty());
}

}  // namespace kiln
