// Speed of the routines on full tiles that are warm in the cache, at every available CPU level.
// routines_bench [small] [substring of a case's name]
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kiln/executor/routines/routine.h"

namespace kiln {

namespace {

// Of this thread, so that other work on the machine counts less.
double seconds_now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Seconds per call: the lower quartile of batches.
double time_of(const std::function<void()>& call, bool small) {
  call();
  if (small) return 0;
  constexpr double batch_seconds = 0.004;
  const double start = seconds_now();
  int64_t calls = 0;
  while (seconds_now() - start < batch_seconds) {
    call();
    ++calls;
  }
  std::vector<double> batches;
  for (int i = 0; i < 31; ++i) {
    const double t = seconds_now();
    for (int64_t n = 0; n < calls; ++n) call();
    batches.push_back((seconds_now() - t) / static_cast<double>(calls));
  }
  std::sort(batches.begin(), batches.end());
  return batches[batches.size() / 4];
}

// Tiles with their memory. Rows are padded to an odd number of cache lines.
class Bench {
 public:
  ViewId tile(DType dtype, int64_t partitions, int64_t elements, Memory memory = Memory::sbuf) {
    Storage storage{.name = "t", .memory = memory, .dtype = dtype, .rank = 2};
    storage.shape[0] = partitions;
    storage.shape[1] = elements;
    const int64_t lines = (elements * size_bytes(dtype) + 63) / 64 | 1;
    const int64_t stride = is_on_chip(memory) ? lines * 64 : elements * size_bytes(dtype);
    const StorageId id = tiles_.add(storage);
    const auto bytes = static_cast<size_t>((stride * partitions + 63) / 64 * 64);
    auto* data = static_cast<std::byte*>(std::aligned_alloc(64, bytes));
    memory_.grow(0);
    memory_.buffer(id) = {data, is_on_chip(memory) ? stride : 0};
    const TileAccess a = memory_.access(tiles_.whole(id));
    for (int64_t n = 0; n < a.partitions * a.elements; ++n) {
      a.set(n, static_cast<float>(n * 7 % 64) / 16 - 2);
    }
    return tiles_.whole(id);
  }
  ViewId view(ViewId of, std::initializer_list<std::array<int64_t, 2>> size_and_stride) {
    View v = tiles_.view(of);
    v.layout.rank = 0;
    for (const auto& [size, stride] : size_and_stride) {
      v.layout.shape[v.layout.rank] = size;
      v.layout.stride[v.layout.rank] = stride;
      ++v.layout.rank;
    }
    return tiles_.add(v);
  }
  TileMemory& memory() { return memory_; }
  Tiles& tiles() { return tiles_; }

 private:
  Tiles tiles_;
  TileMemory memory_{tiles_, 0};
};

struct Work {
  double flops = 0;
  double bytes = 0;
};

// Runs every level's routine of the instruction and prints a line for each.
template <class T>
void measure(std::string_view name, Bench& bench, const T& instruction, Work work, bool small) {
  for (const RoutineEntry<T>& entry : routines_of<T>()) {
    if (!is_available(entry.level)) continue;
    bool covered = true;
    const double seconds =
        time_of([&] { covered = entry.run(instruction, bench.memory()) && covered; }, small);
    uint64_t checksum = 0xCBF29CE484222325;  // FNV-1a
    for_each_field<T>([&](const auto& field) {
      using Member = typename std::decay_t<decltype(field)>::Member;
      if constexpr (std::is_same_v<Member, Out> || std::is_same_v<Member, InOut>) {
        const TileAccess d = bench.memory().access(instruction.*field.member);
        for (int64_t n = 0; n < d.partitions * d.elements; ++n) {
          checksum = (checksum ^ d.bits(n)) * 0x100000001B3;
        }
      }
    });
    fmt::print("{:44} {:7} {:10.2f} us {:8.1f} GFLOP/s {:7.1f} GB/s  {:016x}{}\n", name,
               name_of(entry.level), seconds * 1e6, seconds > 0 ? work.flops / seconds * 1e-9 : 0,
               seconds > 0 ? work.bytes / seconds * 1e-9 : 0, checksum,
               covered ? "" : " not covered");
  }
}

constexpr int64_t P = 128, F = 512;
constexpr double tile_bytes = P * F * 4.0;

struct Case {
  std::string name;
  std::function<void(const Case&, bool small)> run;
};

template <class T>
Case make(std::string name, Work work, std::function<T(Bench&)> build) {
  return {std::move(name), [work, build](const Case& c, bool small) {
            Bench bench;
            const T instruction = build(bench);
            measure(c.name, bench, instruction, work, small);
          }};
}

void add_matmuls(std::vector<Case>& cases) {
  for (const auto& [dtype, columns] : {std::pair{DType::float32, F},
                                       {DType::float32, P},
                                       {DType::bfloat16, F},
                                       {DType::float8_e4m3, F},
                                       {DType::float32, F - 5}}) {
    cases.push_back(
        make<NcMatmul>(fmt::format("nc_matmul 128x128x{} {}", columns, name_of(dtype)),
                       {2.0 * P * P * static_cast<double>(columns), 0}, [dtype, columns](Bench& b) {
                         return NcMatmul{.dst = b.tile(DType::float32, P, columns, Memory::psum),
                                         .stationary = b.tile(dtype, P, P),
                                         .moving = b.tile(dtype, P, columns),
                                         .accumulate = Tristate::no};
                       }));
  }
  cases.push_back(make<NcMatmul>("nc_matmul 128x1x512 float32", {2.0 * P * F, 0}, [](Bench& b) {
    return NcMatmul{.dst = b.tile(DType::float32, 1, F, Memory::psum),
                    .stationary = b.tile(DType::float32, P, 1),
                    .moving = b.tile(DType::float32, P, F),
                    .accumulate = Tristate::no};
  }));
  cases.push_back(make<NcMatmul>("nc_matmul 128x16x512 float32", {32.0 * P * F, 0}, [](Bench& b) {
    return NcMatmul{.dst = b.tile(DType::float32, 16, F, Memory::psum),
                    .stationary = b.tile(DType::float32, P, 16),
                    .moving = b.tile(DType::float32, P, F),
                    .accumulate = Tristate::no};
  }));
}

void add_transposes(std::vector<Case>& cases) {
  for (DType dtype : {DType::float32, DType::bfloat16}) {
    const double bytes = 2.0 * P * P * static_cast<double>(size_bytes(dtype));
    cases.push_back(make<NcTranspose>(
        fmt::format("nc_transpose 128x128 {}", name_of(dtype)), {0, bytes}, [dtype](Bench& b) {
          return NcTranspose{.dst = b.tile(dtype, P, P, Memory::psum), .data = b.tile(dtype, P, P)};
        }));
  }
}

void add_elementwise(std::vector<Case>& cases) {
  for (DType dtype : {DType::float32, DType::bfloat16, DType::float8_e4m3}) {
    const double bytes = 3 * tile_bytes / 4 * static_cast<double>(size_bytes(dtype));
    cases.push_back(make<TensorTensor>(fmt::format("tensor_tensor add {}", name_of(dtype)),
                                       {P * F, bytes}, [dtype](Bench& b) {
                                         return TensorTensor{.dst = b.tile(dtype, P, F),
                                                             .data1 = b.tile(dtype, P, F),
                                                             .data2 = b.tile(dtype, P, F),
                                                             .op = AluOp::add};
                                       }));
  }
  cases.push_back(make<TensorTensor>("tensor_tensor add [1, 1]", {1, 12}, [](Bench& b) {
    return TensorTensor{.dst = b.tile(DType::float32, 1, 1),
                        .data1 = b.tile(DType::float32, 1, 1),
                        .data2 = b.tile(DType::float32, 1, 1),
                        .op = AluOp::add};
  }));
  cases.push_back(make<TensorTensor>("tensor_tensor add [128, 1]", {P, 3.0 * P * 4}, [](Bench& b) {
    return TensorTensor{.dst = b.tile(DType::float32, P, 1),
                        .data1 = b.tile(DType::float32, P, 1),
                        .data2 = b.tile(DType::float32, P, 1),
                        .op = AluOp::add};
  }));
  cases.push_back(
      make<TensorScalar>("tensor_scalar multiply [128, 1]", {P * F, 2 * tile_bytes}, [](Bench& b) {
        return TensorScalar{.dst = b.tile(DType::float32, P, F),
                            .data = b.tile(DType::float32, P, F),
                            .op0 = AluOp::multiply,
                            .operand0 = b.tile(DType::float32, P, 1)};
      }));
  cases.push_back(make<TensorScalar>("tensor_scalar multiply, add constants",
                                     {2 * P * F, 2 * tile_bytes}, [](Bench& b) {
                                       return TensorScalar{.dst = b.tile(DType::float32, P, F),
                                                           .data = b.tile(DType::float32, P, F),
                                                           .op0 = AluOp::multiply,
                                                           .operand0 = 0.5f,
                                                           .op1 = AluOp::add,
                                                           .operand1 = 1.0f};
                                     }));
  cases.push_back(make<Reciprocal>("reciprocal", {P * F, 2 * tile_bytes}, [](Bench& b) {
    return Reciprocal{.dst = b.tile(DType::float32, P, F), .data = b.tile(DType::float32, P, F)};
  }));
}

void add_copies(std::vector<Case>& cases) {
  cases.push_back(make<DmaCopy>("dma_copy hbm to sbuf", {0, 2 * tile_bytes}, [](Bench& b) {
    return DmaCopy{.dst = b.tile(DType::float32, P, F),
                   .src = b.tile(DType::float32, P, F, Memory::shared_hbm)};
  }));
  cases.push_back(make<DmaCopy>("dma_copy hbm column block", {0, 2 * tile_bytes}, [](Bench& b) {
    const ViewId matrix = b.tile(DType::float32, P, 4 * F, Memory::shared_hbm);
    return DmaCopy{.dst = b.tile(DType::float32, P, F),
                   .src = b.view(matrix, {{P, 4 * F}, {F, 1}})};
  }));
  cases.push_back(make<DmaCopy>("dma_copy hbm transposed", {0, 2 * tile_bytes}, [](Bench& b) {
    const ViewId matrix = b.tile(DType::float32, F, P, Memory::shared_hbm);
    return DmaCopy{.dst = b.tile(DType::float32, P, F), .src = b.view(matrix, {{P, 1}, {F, P}})};
  }));
  cases.push_back(make<TensorCopy>("tensor_copy float32", {0, 2 * tile_bytes}, [](Bench& b) {
    return TensorCopy{.dst = b.tile(DType::float32, P, F), .src = b.tile(DType::float32, P, F)};
  }));
  for (DType dtype : {DType::bfloat16, DType::float16, DType::float8_e4m3, DType::int32}) {
    const double bytes = tile_bytes * (1 + static_cast<double>(size_bytes(dtype)) / 4);
    cases.push_back(make<TensorCopy>(
        fmt::format("tensor_copy float32 to {}", name_of(dtype)), {0, bytes}, [dtype](Bench& b) {
          return TensorCopy{.dst = b.tile(dtype, P, F), .src = b.tile(DType::float32, P, F)};
        }));
    cases.push_back(make<TensorCopy>(
        fmt::format("tensor_copy {} to float32", name_of(dtype)), {0, bytes}, [dtype](Bench& b) {
          return TensorCopy{.dst = b.tile(DType::float32, P, F), .src = b.tile(dtype, P, F)};
        }));
  }
  cases.push_back(make<TensorCopy>("tensor_copy every second", {0, tile_bytes}, [](Bench& b) {
    const ViewId wide = b.tile(DType::float32, P, F);
    return TensorCopy{.dst = b.tile(DType::float32, P, F / 2),
                      .src = b.view(wide, {{P, 1}, {F / 2, 2}})};
  }));
  cases.push_back(make<Memset>("memset", {0, tile_bytes}, [](Bench& b) {
    return Memset{.dst = b.tile(DType::float32, P, F), .value = 0.5f};
  }));
}

void add_activations(std::vector<Case>& cases) {
  using enum ActivationOp;
  for (ActivationOp op : {exp, silu, gelu_apprx_tanh, gelu, tanh, rsqrt, log, copy}) {
    cases.push_back(make<Activation>(fmt::format("activation {}", name_of(op)),
                                     {P * F, 2 * tile_bytes}, [op](Bench& b) {
                                       return Activation{.dst = b.tile(DType::float32, P, F),
                                                         .op = op,
                                                         .data = b.tile(DType::float32, P, F),
                                                         .bias = b.tile(DType::float32, P, 1),
                                                         .scale = 0.5f};
                                     }));
  }
  cases.push_back(
      make<Activation>("activation exp with sum", {2 * P * F, 2 * tile_bytes}, [](Bench& b) {
        return Activation{.dst = b.tile(DType::float32, P, F),
                          .op = exp,
                          .data = b.tile(DType::float32, P, F),
                          .bias = b.tile(DType::float32, P, 1),
                          .reduce_op = AluOp::add,
                          .reduce_res = b.tile(DType::float32, P, 1),
                          .reduce_cmd = ReduceCmd::reset_reduce};
      }));
  cases.push_back(make<Activation>("activation exp [128, 1]", {P, 2 * P * 4}, [](Bench& b) {
    return Activation{.dst = b.tile(DType::float32, P, 1),
                      .op = exp,
                      .data = b.tile(DType::float32, P, 1),
                      .bias = b.tile(DType::float32, P, 1)};
  }));
}

void add_reductions(std::vector<Case>& cases) {
  for (AluOp op : {AluOp::add, AluOp::maximum}) {
    cases.push_back(make<TensorReduce>(fmt::format("tensor_reduce {}", name_of(op)),
                                       {P * F, tile_bytes}, [op](Bench& b) {
                                         return TensorReduce{.dst = b.tile(DType::float32, P, 1),
                                                             .op = op,
                                                             .data = b.tile(DType::float32, P, F),
                                                             .axis = {1}};
                                       }));
    cases.push_back(make<TensorReduce>(
        fmt::format("tensor_reduce {} of 8", name_of(op)), {P * F, tile_bytes}, [op](Bench& b) {
          const ViewId data = b.tile(DType::float32, P, F);
          return TensorReduce{.dst = b.tile(DType::float32, P, F / 8),
                              .op = op,
                              .data = b.view(data, {{P, 1}, {F / 8, 8}, {8, 1}}),
                              .axis = {2}};
        }));
  }
  cases.push_back(make<TensorReduce>(
      "tensor_reduce add over outer dimension", {P * F, tile_bytes}, [](Bench& b) {
        const ViewId data = b.tile(DType::float32, P, F);
        return TensorReduce{.dst = b.tile(DType::float32, P, F / 8),
                            .op = AluOp::add,
                            .data = b.view(data, {{P, 1}, {F / 8, 1}, {8, F / 8}}),
                            .axis = {2}};
      }));
  cases.push_back(make<BnStats>("bn_stats", {5 * P * F, tile_bytes}, [](Bench& b) {
    return BnStats{.dst = b.tile(DType::float32, P, 6), .data = b.tile(DType::float32, P, F)};
  }));
  cases.push_back(make<BnAggr>("bn_aggr of 8 bn_stats", {0, P * 48 * 4}, [](Bench& b) {
    return BnAggr{.dst = b.tile(DType::float32, P, 2), .data = b.tile(DType::float32, P, 48)};
  }));
  cases.push_back(make<TensorTensorScan>(
      "tensor_tensor_scan multiply, add", {2 * P * F, 3 * tile_bytes}, [](Bench& b) {
        return TensorTensorScan{.dst = b.tile(DType::float32, P, F),
                                .data0 = b.tile(DType::float32, P, F),
                                .data1 = b.tile(DType::float32, P, F),
                                .initial = 0.0f,
                                .op0 = AluOp::multiply,
                                .op1 = AluOp::add};
      }));
  cases.push_back(make<TensorTensorScan>(
      "tensor_tensor_scan add, maximum", {2 * P * F, 3 * tile_bytes}, [](Bench& b) {
        return TensorTensorScan{.dst = b.tile(DType::float32, P, F),
                                .data0 = b.tile(DType::float32, P, F),
                                .data1 = b.tile(DType::float32, P, F),
                                .initial = 0.0f,
                                .op0 = AluOp::add,
                                .op1 = AluOp::maximum};
      }));
}

void add_selections(std::vector<Case>& cases) {
  cases.push_back(make<Iota>("iota int32", {P * F, tile_bytes}, [](Bench& b) {
    return Iota{.dst = b.tile(DType::int32, P, F), .pattern = {{1, F}}, .channel_multiplier = F};
  }));
  cases.push_back(make<AffineSelect>("affine_select", {P * F, 2 * tile_bytes}, [](Bench& b) {
    return AffineSelect{.dst = b.tile(DType::float32, P, F),
                        .pattern = {{-1, F}},
                        .channel_multiplier = 1,
                        .on_true_tile = b.tile(DType::float32, P, F),
                        .on_false_value = -1e30f,
                        .cmp_op = AluOp::greater_equal};
  }));
  cases.push_back(make<RangeSelect>("range_select", {P * F, 2 * tile_bytes}, [](Bench& b) {
    return RangeSelect{.dst = b.tile(DType::float32, P, F),
                       .on_true_tile = b.tile(DType::float32, P, F),
                       .comp_op0 = AluOp::greater_equal,
                       .comp_op1 = AluOp::less,
                       .bound0 = b.tile(DType::float32, P, 1),
                       .bound1 = b.tile(DType::float32, P, 1)};
  }));
  cases.push_back(make<TensorCopyPredicated>(
      "tensor_copy_predicated", {P * F, 3.25 * tile_bytes}, [](Bench& b) {
        return TensorCopyPredicated{.dst = b.tile(DType::float32, P, F),
                                    .src = b.tile(DType::float32, P, F),
                                    .predicate = b.tile(DType::uint8, P, F)};
      }));
  cases.push_back(make<NcStreamShuffle>("nc_stream_shuffle", {0, 2 * tile_bytes}, [](Bench& b) {
    NcStreamShuffle t{.dst = b.tile(DType::float32, P, F), .src = b.tile(DType::float32, P, F)};
    for (size_t i = 0; i < 32; ++i) t.shuffle_mask.source[i] = static_cast<uint8_t>(31 - i);
    return t;
  }));
}

}  // namespace

}  // namespace kiln

int main(int argc, char** argv) {
  using namespace kiln;
  bool small = false;
  std::string wanted;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "small") == 0) {
      small = true;
    } else {
      wanted = argv[i];
    }
  }
  std::vector<Case> cases;
  add_matmuls(cases);
  add_transposes(cases);
  add_elementwise(cases);
  add_copies(cases);
  add_activations(cases);
  add_reductions(cases);
  add_selections(cases);
  for (const Case& c : cases) {
    if (c.name.find(wanted) != std::string::npos) c.run(c, small);
  }
}
