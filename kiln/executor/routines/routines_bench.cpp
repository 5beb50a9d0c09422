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
    allocations_.emplace_back(data, &std::free);
    memory_.grow(0);
    memory_.buffer(id) = {data, is_on_chip(memory) ? stride : 0};
    const TileAccess a = memory_.access(tiles_.whole(id));
    for (int64_t n = 0; n < a.partitions * a.elements; ++n) {
      if (is_packed(dtype)) {
        a.set_bits(n, static_cast<Bits>(n * 0x9E3779B1) & 0xBBBBBBBB);  // no NaN
      } else {
        a.set(n, static_cast<float>(n * 7 % 64) / 16 - 2);
      }
    }
    return tiles_.whole(id);
  }
  // Scales of x4 words.
  ViewId scales(int64_t partitions, int64_t elements) {
    const ViewId tile = this->tile(DType::uint8, partitions, elements);
    const TileAccess a = memory_.access(tile);
    for (int64_t n = 0; n < a.partitions * a.elements; ++n) {
      a.set_bits(n, static_cast<Bits>(120 + n % 8));
    }
    return tile;
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
  std::vector<std::unique_ptr<std::byte, void (*)(void*)>> allocations_;
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

constexpr int64_t partitions = 128, row = 512;
constexpr double tile_bytes = partitions * row * 4.0;

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

void add_8_bit_matmuls(std::vector<Case>& cases) {
  cases.push_back(make<NcMatmul>("nc_matmul 256x128x512 float8_e4m3 double_row",
                                 {4.0 * partitions * partitions * row, 0}, [](Bench& b) {
                                   const auto pairs = [&](int64_t n) {
                                     return b.view(b.tile(DType::float8_e4m3, partitions, 2 * n),
                                                   {{partitions, 1}, {2, n}, {n, 1}});
                                   };
                                   return NcMatmul{
                                       .dst = b.tile(DType::float32, partitions, row, Memory::psum),
                                       .stationary = pairs(partitions),
                                       .moving = pairs(row),
                                       .accumulate = Tristate::no,
                                       .perf_mode = MatmulPerfMode::double_row};
                                 }));
  for (const DType dtype : {DType::float8_e4m3fn_x4, DType::float4_e2m1fn_x4}) {
    cases.push_back(make<NcMatmulMx>(
        fmt::format("nc_matmul_mx 512x128x512 {}", name_of(dtype)),
        {8.0 * partitions * partitions * row, 0}, [dtype](Bench& b) {
          return NcMatmulMx{.dst = b.tile(DType::float32, partitions, row, Memory::psum),
                            .stationary = b.tile(dtype, partitions, partitions),
                            .moving = b.tile(dtype, partitions, row),
                            .stationary_scale = b.scales(partitions, partitions),
                            .moving_scale = b.scales(partitions, row),
                            .accumulate = Tristate::no};
        }));
  }
  cases.push_back(
      make<QuantizeMx>("quantize_mx 128x2048 bfloat16", {0, 4 * tile_bytes * 3 / 4}, [](Bench& b) {
        return QuantizeMx{.dst = b.tile(DType::float8_e4m3fn_x4, partitions, row),
                          .src = b.tile(DType::bfloat16, partitions, 4 * row),
                          .dst_scale = b.scales(partitions, row)};
      }));
}

void add_matmuls(std::vector<Case>& cases) {
  for (const auto& [dtype, columns] : {std::pair{DType::float32, row},
                                       {DType::float32, partitions},
                                       {DType::bfloat16, row},
                                       {DType::float8_e4m3, row},
                                       {DType::float32, row - 5}}) {
    cases.push_back(make<NcMatmul>(
        fmt::format("nc_matmul 128x128x{} {}", columns, name_of(dtype)),
        {2.0 * partitions * partitions * static_cast<double>(columns), 0},
        [dtype, columns](Bench& b) {
          return NcMatmul{.dst = b.tile(DType::float32, partitions, columns, Memory::psum),
                          .stationary = b.tile(dtype, partitions, partitions),
                          .moving = b.tile(dtype, partitions, columns),
                          .accumulate = Tristate::no};
        }));
  }
  cases.push_back(
      make<NcMatmul>("nc_matmul 128x1x512 float32", {2.0 * partitions * row, 0}, [](Bench& b) {
        return NcMatmul{.dst = b.tile(DType::float32, 1, row, Memory::psum),
                        .stationary = b.tile(DType::float32, partitions, 1),
                        .moving = b.tile(DType::float32, partitions, row),
                        .accumulate = Tristate::no};
      }));
  cases.push_back(
      make<NcMatmul>("nc_matmul 128x16x512 float32", {32.0 * partitions * row, 0}, [](Bench& b) {
        return NcMatmul{.dst = b.tile(DType::float32, 16, row, Memory::psum),
                        .stationary = b.tile(DType::float32, partitions, 16),
                        .moving = b.tile(DType::float32, partitions, row),
                        .accumulate = Tristate::no};
      }));
}

void add_transposes(std::vector<Case>& cases) {
  for (DType dtype : {DType::float32, DType::bfloat16}) {
    const double bytes = 2.0 * partitions * partitions * static_cast<double>(size_bytes(dtype));
    cases.push_back(make<NcTranspose>(
        fmt::format("nc_transpose 128x128 {}", name_of(dtype)), {0, bytes}, [dtype](Bench& b) {
          return NcTranspose{.dst = b.tile(dtype, partitions, partitions, Memory::psum),
                             .data = b.tile(dtype, partitions, partitions)};
        }));
  }
}

void add_elementwise(std::vector<Case>& cases) {
  for (DType dtype : {DType::float32, DType::bfloat16, DType::float8_e4m3}) {
    const double bytes = 3 * tile_bytes / 4 * static_cast<double>(size_bytes(dtype));
    cases.push_back(make<TensorTensor>(fmt::format("tensor_tensor add {}", name_of(dtype)),
                                       {partitions * row, bytes}, [dtype](Bench& b) {
                                         return TensorTensor{
                                             .dst = b.tile(dtype, partitions, row),
                                             .data1 = b.tile(dtype, partitions, row),
                                             .data2 = b.tile(dtype, partitions, row),
                                             .op = AluOp::add};
                                       }));
  }
  cases.push_back(make<TensorTensor>("tensor_tensor add [1, 1]", {1, 12}, [](Bench& b) {
    return TensorTensor{.dst = b.tile(DType::float32, 1, 1),
                        .data1 = b.tile(DType::float32, 1, 1),
                        .data2 = b.tile(DType::float32, 1, 1),
                        .op = AluOp::add};
  }));
  cases.push_back(make<TensorTensor>(
      "tensor_tensor add [128, 1]", {partitions, 3.0 * partitions * 4}, [](Bench& b) {
        return TensorTensor{.dst = b.tile(DType::float32, partitions, 1),
                            .data1 = b.tile(DType::float32, partitions, 1),
                            .data2 = b.tile(DType::float32, partitions, 1),
                            .op = AluOp::add};
      }));
  cases.push_back(make<TensorScalar>(
      "tensor_scalar multiply [128, 1]", {partitions * row, 2 * tile_bytes}, [](Bench& b) {
        return TensorScalar{.dst = b.tile(DType::float32, partitions, row),
                            .data = b.tile(DType::float32, partitions, row),
                            .op0 = AluOp::multiply,
                            .operand0 = b.tile(DType::float32, partitions, 1)};
      }));
  cases.push_back(make<TensorScalar>("tensor_scalar multiply, add constants",
                                     {2 * partitions * row, 2 * tile_bytes}, [](Bench& b) {
                                       return TensorScalar{
                                           .dst = b.tile(DType::float32, partitions, row),
                                           .data = b.tile(DType::float32, partitions, row),
                                           .op0 = AluOp::multiply,
                                           .operand0 = 0.5f,
                                           .op1 = AluOp::add,
                                           .operand1 = 1.0f};
                                     }));
  cases.push_back(make<Reciprocal>("reciprocal", {partitions * row, 2 * tile_bytes}, [](Bench& b) {
    return Reciprocal{.dst = b.tile(DType::float32, partitions, row),
                      .data = b.tile(DType::float32, partitions, row)};
  }));
}

void add_copies(std::vector<Case>& cases) {
  cases.push_back(make<DmaCopy>("dma_copy hbm to sbuf", {0, 2 * tile_bytes}, [](Bench& b) {
    return DmaCopy{.dst = b.tile(DType::float32, partitions, row),
                   .src = b.tile(DType::float32, partitions, row, Memory::shared_hbm)};
  }));
  cases.push_back(make<DmaCopy>("dma_copy hbm column block", {0, 2 * tile_bytes}, [](Bench& b) {
    const ViewId matrix = b.tile(DType::float32, partitions, 4 * row, Memory::shared_hbm);
    return DmaCopy{.dst = b.tile(DType::float32, partitions, row),
                   .src = b.view(matrix, {{partitions, 4 * row}, {row, 1}})};
  }));
  cases.push_back(make<DmaCopy>("dma_copy hbm transposed", {0, 2 * tile_bytes}, [](Bench& b) {
    const ViewId matrix = b.tile(DType::float32, row, partitions, Memory::shared_hbm);
    return DmaCopy{.dst = b.tile(DType::float32, partitions, row),
                   .src = b.view(matrix, {{partitions, 1}, {row, partitions}})};
  }));
  cases.push_back(make<TensorCopy>("tensor_copy float32", {0, 2 * tile_bytes}, [](Bench& b) {
    return TensorCopy{.dst = b.tile(DType::float32, partitions, row),
                      .src = b.tile(DType::float32, partitions, row)};
  }));
  for (DType dtype : {DType::bfloat16, DType::float16, DType::float8_e4m3, DType::int32}) {
    const double bytes = tile_bytes * (1 + static_cast<double>(size_bytes(dtype)) / 4);
    cases.push_back(make<TensorCopy>(
        fmt::format("tensor_copy float32 to {}", name_of(dtype)), {0, bytes}, [dtype](Bench& b) {
          return TensorCopy{.dst = b.tile(dtype, partitions, row),
                            .src = b.tile(DType::float32, partitions, row)};
        }));
    cases.push_back(make<TensorCopy>(
        fmt::format("tensor_copy {} to float32", name_of(dtype)), {0, bytes}, [dtype](Bench& b) {
          return TensorCopy{.dst = b.tile(DType::float32, partitions, row),
                            .src = b.tile(dtype, partitions, row)};
        }));
  }
  cases.push_back(make<TensorCopy>("tensor_copy every second", {0, tile_bytes}, [](Bench& b) {
    const ViewId wide = b.tile(DType::float32, partitions, row);
    return TensorCopy{.dst = b.tile(DType::float32, partitions, row / 2),
                      .src = b.view(wide, {{partitions, 1}, {row / 2, 2}})};
  }));
  cases.push_back(make<Memset>("memset", {0, tile_bytes}, [](Bench& b) {
    return Memset{.dst = b.tile(DType::float32, partitions, row), .value = 0.5f};
  }));
}

void add_activations(std::vector<Case>& cases) {
  using enum ActivationOp;
  for (ActivationOp op : {exp, silu, gelu_apprx_tanh, gelu, tanh, rsqrt, log, copy}) {
    cases.push_back(make<Activation>(fmt::format("activation {}", name_of(op)),
                                     {partitions * row, 2 * tile_bytes}, [op](Bench& b) {
                                       return Activation{
                                           .dst = b.tile(DType::float32, partitions, row),
                                           .op = op,
                                           .data = b.tile(DType::float32, partitions, row),
                                           .bias = b.tile(DType::float32, partitions, 1),
                                           .scale = 0.5f};
                                     }));
  }
  cases.push_back(make<Activation>(
      "activation exp with sum", {2 * partitions * row, 2 * tile_bytes}, [](Bench& b) {
        return Activation{.dst = b.tile(DType::float32, partitions, row),
                          .op = exp,
                          .data = b.tile(DType::float32, partitions, row),
                          .bias = b.tile(DType::float32, partitions, 1),
                          .reduce_op = AluOp::add,
                          .reduce_res = b.tile(DType::float32, partitions, 1),
                          .reduce_cmd = ReduceCmd::reset_reduce};
      }));
  cases.push_back(
      make<Activation>("activation exp [128, 1]", {partitions, 2 * partitions * 4}, [](Bench& b) {
        return Activation{.dst = b.tile(DType::float32, partitions, 1),
                          .op = exp,
                          .data = b.tile(DType::float32, partitions, 1),
                          .bias = b.tile(DType::float32, partitions, 1)};
      }));
}

void add_reductions(std::vector<Case>& cases) {
  for (AluOp op : {AluOp::add, AluOp::maximum}) {
    cases.push_back(make<TensorReduce>(fmt::format("tensor_reduce {}", name_of(op)),
                                       {partitions * row, tile_bytes}, [op](Bench& b) {
                                         return TensorReduce{
                                             .dst = b.tile(DType::float32, partitions, 1),
                                             .op = op,
                                             .data = b.tile(DType::float32, partitions, row),
                                             .axis = {1}};
                                       }));
    cases.push_back(make<TensorReduce>(
        fmt::format("tensor_reduce {} of 8", name_of(op)), {partitions * row, tile_bytes},
        [op](Bench& b) {
          const ViewId data = b.tile(DType::float32, partitions, row);
          return TensorReduce{.dst = b.tile(DType::float32, partitions, row / 8),
                              .op = op,
                              .data = b.view(data, {{partitions, 1}, {row / 8, 8}, {8, 1}}),
                              .axis = {2}};
        }));
  }
  cases.push_back(make<TensorReduce>(
      "tensor_reduce add over outer dimension", {partitions * row, tile_bytes}, [](Bench& b) {
        const ViewId data = b.tile(DType::float32, partitions, row);
        return TensorReduce{.dst = b.tile(DType::float32, partitions, row / 8),
                            .op = AluOp::add,
                            .data = b.view(data, {{partitions, 1}, {row / 8, 1}, {8, row / 8}}),
                            .axis = {2}};
      }));
  cases.push_back(make<BnStats>("bn_stats", {5 * partitions * row, tile_bytes}, [](Bench& b) {
    return BnStats{.dst = b.tile(DType::float32, partitions, 6),
                   .data = b.tile(DType::float32, partitions, row)};
  }));
  cases.push_back(make<BnAggr>("bn_aggr of 8 bn_stats", {0, partitions * 48 * 4}, [](Bench& b) {
    return BnAggr{.dst = b.tile(DType::float32, partitions, 2),
                  .data = b.tile(DType::float32, partitions, 48)};
  }));
  cases.push_back(make<TensorTensorScan>(
      "tensor_tensor_scan multiply, add", {2 * partitions * row, 3 * tile_bytes}, [](Bench& b) {
        return TensorTensorScan{.dst = b.tile(DType::float32, partitions, row),
                                .data0 = b.tile(DType::float32, partitions, row),
                                .data1 = b.tile(DType::float32, partitions, row),
                                .initial = 0.0f,
                                .op0 = AluOp::multiply,
                                .op1 = AluOp::add};
      }));
  cases.push_back(make<TensorTensorScan>(
      "tensor_tensor_scan add, maximum", {2 * partitions * row, 3 * tile_bytes}, [](Bench& b) {
        return TensorTensorScan{.dst = b.tile(DType::float32, partitions, row),
                                .data0 = b.tile(DType::float32, partitions, row),
                                .data1 = b.tile(DType::float32, partitions, row),
                                .initial = 0.0f,
                                .op0 = AluOp::add,
                                .op1 = AluOp::maximum};
      }));
}

void add_selections(std::vector<Case>& cases) {
  cases.push_back(make<Iota>("iota int32", {partitions * row, tile_bytes}, [](Bench& b) {
    return Iota{.dst = b.tile(DType::int32, partitions, row),
                .pattern = {{1, row}},
                .channel_multiplier = row};
  }));
  cases.push_back(
      make<AffineSelect>("affine_select", {partitions * row, 2 * tile_bytes}, [](Bench& b) {
        return AffineSelect{.dst = b.tile(DType::float32, partitions, row),
                            .pattern = {{-1, row}},
                            .channel_multiplier = 1,
                            .on_true_tile = b.tile(DType::float32, partitions, row),
                            .on_false_value = -1e30f,
                            .cmp_op = AluOp::greater_equal};
      }));
  cases.push_back(
      make<RangeSelect>("range_select", {partitions * row, 2 * tile_bytes}, [](Bench& b) {
        return RangeSelect{.dst = b.tile(DType::float32, partitions, row),
                           .on_true_tile = b.tile(DType::float32, partitions, row),
                           .comp_op0 = AluOp::greater_equal,
                           .comp_op1 = AluOp::less,
                           .bound0 = b.tile(DType::float32, partitions, 1),
                           .bound1 = b.tile(DType::float32, partitions, 1)};
      }));
  cases.push_back(make<TensorCopyPredicated>(
      "tensor_copy_predicated", {partitions * row, 3.25 * tile_bytes}, [](Bench& b) {
        return TensorCopyPredicated{.dst = b.tile(DType::float32, partitions, row),
                                    .src = b.tile(DType::float32, partitions, row),
                                    .predicate = b.tile(DType::uint8, partitions, row)};
      }));
  cases.push_back(make<NcStreamShuffle>("nc_stream_shuffle", {0, 2 * tile_bytes}, [](Bench& b) {
    NcStreamShuffle t{.dst = b.tile(DType::float32, partitions, row),
                      .src = b.tile(DType::float32, partitions, row)};
    for (size_t i = 0; i < 32; ++i) t.shuffle_mask.source[i] = static_cast<uint8_t>(31 - i);
    return t;
  }));
}

void add_searches(std::vector<Case>& cases) {
  for (const int64_t columns : {row, int64_t{16384}}) {
    const double elements = static_cast<double>(partitions * columns), bytes = 4 * elements;
    cases.push_back(
        make<Max8>(fmt::format("max8 {}", columns), {elements, bytes}, [columns](Bench& b) {
          return Max8{.dst = b.tile(DType::float32, partitions, eight),
                      .src = b.tile(DType::float32, partitions, columns)};
        }));
    cases.push_back(make<NcFindIndex8>(
        fmt::format("nc_find_index8 {}", columns), {eight * elements, bytes}, [columns](Bench& b) {
          return NcFindIndex8{.dst = b.tile(DType::uint32, partitions, eight),
                              .data = b.tile(DType::float32, partitions, columns),
                              .vals = b.tile(DType::int32, partitions, eight)};
        }));
    cases.push_back(make<NcMatchReplace8>(
        fmt::format("nc_match_replace8 {}", columns), {eight * elements, 2 * bytes},
        [columns](Bench& b) {
          return NcMatchReplace8{.dst = b.tile(DType::float32, partitions, columns),
                                 .data = b.tile(DType::float32, partitions, columns),
                                 .vals = b.tile(DType::int32, partitions, eight),
                                 .imm = -9,
                                 .dst_idx = b.tile(DType::uint32, partitions, eight)};
        }));
  }
}

void add_gathers(std::vector<Case>& cases) {
  cases.push_back(make<NcNGather>("nc_n_gather", {0, 3 * tile_bytes}, [](Bench& b) {
    const ViewId indices = b.tile(DType::uint32, partitions, row);
    Iota{.dst = indices, .pattern = {{-1, row}}, .offset = row - 1}.execute(b.memory());
    return NcNGather{.dst = b.tile(DType::float32, partitions, row),
                     .data = b.tile(DType::float32, partitions, row),
                     .indices = indices};
  }));
  cases.push_back(make<LocalGather>("local_gather", {0, 2.03 * tile_bytes}, [](Bench& b) {
    const ViewId index = b.tile(DType::uint16, partitions, row / LocalGather::group);
    Iota{.dst = index, .pattern = {{16, row / 16}}, .channel_multiplier = 1}.execute(b.memory());
    return LocalGather{.dst = b.tile(DType::float32, partitions, row),
                       .src_buffer = b.tile(DType::float32, partitions, 1024),
                       .index = index};
  }));
  cases.push_back(make<TensorPartitionReduce>(
      "tensor_partition_reduce add", {partitions * row, tile_bytes}, [](Bench& b) {
        return TensorPartitionReduce{.dst = b.tile(DType::float32, 1, row),
                                     .op = AluOp::add,
                                     .data = b.tile(DType::float32, partitions, row)};
      }));
}

void add_accumulating(std::vector<Case>& cases) {
  for (AluOp op : {AluOp::add, AluOp::maximum}) {
    cases.push_back(make<TensorScalarReduce>(
        fmt::format("tensor_scalar_reduce multiply, {}", name_of(op)),
        {2 * partitions * row, 2 * tile_bytes}, [op](Bench& b) {
          return TensorScalarReduce{.dst = b.tile(DType::float32, partitions, row),
                                    .data = b.tile(DType::float32, partitions, row),
                                    .op0 = AluOp::multiply,
                                    .operand0 = 0.5f,
                                    .reduce_op = op,
                                    .reduce_res = b.tile(DType::float32, partitions, 1)};
        }));
  }
  cases.push_back(make<TensorScalarCumulative>(
      "tensor_scalar_cumulative multiply, add", {2 * partitions * row, 2 * tile_bytes},
      [](Bench& b) {
        return TensorScalarCumulative{.dst = b.tile(DType::float32, partitions, row),
                                      .src = b.tile(DType::float32, partitions, row),
                                      .op0 = AluOp::multiply,
                                      .op1 = AluOp::add,
                                      .imm0 = 0.5f};
      }));
  cases.push_back(make<Exponential>(
      "exponential with sum", {2 * partitions * row, 2 * tile_bytes}, [](Bench& b) {
        return Exponential{.dst = b.tile(DType::float32, partitions, row),
                           .src = b.tile(DType::float32, partitions, row),
                           .max_value = b.tile(DType::float32, partitions, 1),
                           .reduce_res = b.tile(DType::float32, partitions, 1),
                           .reduce_cmd = ReduceCmd::reset_reduce};
      }));
  cases.push_back(
      make<SelectReduce>("select_reduce", {partitions * row, 2.25 * tile_bytes}, [](Bench& b) {
        return SelectReduce{.dst = b.tile(DType::float32, partitions, row),
                            .predicate = b.tile(DType::uint8, partitions, row),
                            .on_true = b.tile(DType::float32, partitions, row),
                            .on_false = -1e30f,
                            .reduce_res = b.tile(DType::float32, partitions, 1),
                            .reduce_cmd = ReduceCmd::reset_reduce};
      }));
  cases.push_back(
      make<DmaCompute>("dma_compute of 3", {2 * partitions * row, 4 * tile_bytes}, [](Bench& b) {
        const auto in_hbm = [&] {
          return b.tile(DType::float32, partitions, row, Memory::private_hbm);
        };
        const std::array sources{in_hbm(), in_hbm(), in_hbm()};
        return DmaCompute{.dst = b.tile(DType::float32, partitions, row),
                          .srcs = b.tiles().add_list(sources),
                          .reduce_op = AluOp::add};
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
  add_8_bit_matmuls(cases);
  add_transposes(cases);
  add_elementwise(cases);
  add_copies(cases);
  add_activations(cases);
  add_reductions(cases);
  add_selections(cases);
  add_searches(cases);
  add_gathers(cases);
  add_accumulating(cases);
  for (const Case& c : cases) {
    if (c.name.find(wanted) != std::string::npos) c.run(c, small);
  }
}
