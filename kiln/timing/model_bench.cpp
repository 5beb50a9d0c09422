// How fast programs are timed: a matrix product in tiles and an attention in tiles, unrolled.
// Prints one JSON object: for each, instructions/s of make_timeline() and of make_profile(), and a
// hash of the bits of all times, which a change that is only meant to be faster keeps; then the
// steps of both programs as a checksum. With --small, a size for a test.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "kiln/program/recorder.h"
#include "kiln/timing/model.h"
#include "kiln/timing/profile.h"
#include "kiln/timing/sequence.h"

namespace {

using namespace kiln;

constexpr auto bf16 = DType::bfloat16;
constexpr auto fp32 = DType::float32;

// Records tiles of 128 partitions.
class Kernel {
 public:
  ViewId hbm(int64_t columns, std::string_view name) {
    const std::array<int64_t, 2> shape{128, columns};
    return recorder_.input(
        {.shape = shape, .dtype = bf16, .memory = Memory::shared_hbm, .name = name});
  }
  ViewId sbuf(int64_t columns, DType dtype = bf16) { return tile(columns, dtype, Memory::sbuf); }
  ViewId psum(int64_t columns, DType dtype = fp32) { return tile(columns, dtype, Memory::psum); }
  // Columns first … first + count of a tile.
  ViewId columns(ViewId of, int64_t first, int64_t count) {
    View view = recorder_.tile(of).view();
    view.offset += first;
    view.layout.shape[1] = count;
    const std::array<int64_t, 2> shape{128, count};
    return recorder_.derive("index", of, view, shape);
  }
  // On a source line of its own for each place in the loop.
  template <class T>
  void add(uint32_t line, const T& instruction) {
    recorder_.at({recorder_.add_literal("bench.py"), line});
    recorder_.record(instruction);
  }
  size_t size() const { return recorder_.program().code.size(); }

  std::shared_ptr<const Program> finish() {
    for (const Diagnostic& d : recorder_.report().diagnostics()) {
      fmt::print(stderr, "{}\n", to_string(d, recorder_.program().files));
    }
    return recorder_.finish();
  }

 private:
  ViewId tile(int64_t columns, DType dtype, Memory memory) {
    const std::array<int64_t, 2> shape{128, columns};
    return recorder_.allocate({.shape = shape, .dtype = dtype, .memory = memory});
  }

  Recorder recorder_{"bench", Generation::gen3};
};

// Four row blocks use what was loaded of the right matrix; eight products are added up for each.
std::shared_ptr<const Program> record_matmul(size_t instructions) {
  constexpr int contraction = 8, rows = 4;
  Kernel k;
  const ViewId a = k.hbm(contraction * 128, "a"), b = k.hbm(512, "b"), c = k.hbm(512, "c");
  while (k.size() < instructions) {
    std::array<ViewId, contraction> right;
    for (ViewId& tile : right) {
      tile = k.sbuf(512);
      k.add(1, DmaCopy{.dst = tile, .src = b});
    }
    for (int row = 0; row < rows; ++row) {
      const ViewId left = k.sbuf(contraction * 128), product = k.psum(512), out = k.sbuf(512);
      k.add(2, DmaCopy{.dst = left, .src = a});
      for (int i = 0; i < contraction; ++i) {
        k.add(3, NcMatmul{.dst = product,
                          .stationary = k.columns(left, i * 128, 128),
                          .moving = right[static_cast<size_t>(i)]});
      }
      k.add(4, TensorCopy{.dst = out, .src = product});
      k.add(5, DmaCopy{.dst = c, .src = out});
    }
  }
  return k.finish();
}

struct Softmax {
  ViewId max, sum, out;
};

// Keys and values of 512 rows: scores, their part of the softmax, and what it weighs.
void add_block(Kernel& k, ViewId queries, ViewId keys_hbm, ViewId values_hbm, Softmax& s) {
  const ViewId keys = k.sbuf(512), values = k.sbuf(512), scores = k.psum(512);
  k.add(2, DmaCopy{.dst = keys, .src = keys_hbm});
  k.add(3, DmaCopy{.dst = values, .src = values_hbm});
  k.add(4, NcMatmul{.dst = scores, .stationary = queries, .moving = keys});
  const ViewId block_max = k.sbuf(1, fp32), new_max = k.sbuf(1, fp32), minus = k.sbuf(1, fp32);
  k.add(5, TensorReduce{.dst = block_max, .op = AluOp::maximum, .data = scores, .axis = {1}});
  k.add(6, TensorTensor{.dst = new_max, .data1 = s.max, .data2 = block_max, .op = AluOp::maximum});
  k.add(7, TensorScalar{.dst = minus, .data = new_max, .op0 = AluOp::multiply, .operand0 = -1.0f});
  const ViewId weights = k.sbuf(512), block_sum = k.sbuf(1, fp32), decay = k.sbuf(1, fp32);
  k.add(8, ActivationReduce{.dst = weights,
                            .op = ActivationOp::exp,
                            .data = scores,
                            .reduce_op = AluOp::add,
                            .reduce_res = block_sum,
                            .bias = minus});
  k.add(9, Activation{.dst = decay, .op = ActivationOp::exp, .data = s.max, .bias = minus});
  const ViewId out = k.psum(128);
  for (int i = 0; i < 4; ++i) {
    const ViewId turned = k.psum(128, bf16), copy = k.sbuf(128);
    k.add(10, NcTranspose{.dst = turned, .data = k.columns(weights, i * 128, 128)});
    k.add(11, TensorCopy{.dst = copy, .src = turned});
    k.add(12, NcMatmul{.dst = out, .stationary = copy, .moving = k.columns(values, i * 128, 128)});
  }
  k.add(13, ScalarTensorTensor{.dst = s.out,
                               .data = s.out,
                               .op0 = AluOp::multiply,
                               .operand0 = decay,
                               .op1 = AluOp::add,
                               .operand1 = out});
  k.add(14, ScalarTensorTensor{.dst = s.sum,
                               .data = s.sum,
                               .op0 = AluOp::multiply,
                               .operand0 = decay,
                               .op1 = AluOp::add,
                               .operand1 = block_sum});
  s.max = new_max;
}

std::shared_ptr<const Program> record_attention(size_t instructions) {
  Kernel k;
  const ViewId q = k.hbm(128, "q"), keys = k.hbm(512, "k"), values = k.hbm(512, "v");
  const ViewId result = k.hbm(128, "out");
  while (k.size() < instructions) {
    const ViewId queries = k.sbuf(128);
    k.add(1, DmaCopy{.dst = queries, .src = q});
    Softmax s{k.sbuf(1, fp32), k.sbuf(1, fp32), k.sbuf(128, fp32)};
    k.add(1, Memset{.dst = s.max, .value = -1e30f});
    for (const ViewId tile : {s.sum, s.out}) k.add(1, Memset{.dst = tile, .value = 0.0f});
    for (int block = 0; block < 16; ++block) add_block(k, queries, keys, values, s);
    const ViewId inverse = k.sbuf(1, fp32), out = k.sbuf(128);
    k.add(15, Reciprocal{.dst = inverse, .data = s.sum});
    k.add(16, TensorScalar{.dst = out, .data = s.out, .op0 = AluOp::multiply, .operand0 = inverse});
    k.add(17, DmaCopy{.dst = result, .src = out});
  }
  return k.finish();
}

double median_seconds(int runs, const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + runs / 2, seconds.end());
  return seconds[static_cast<size_t>(runs) / 2];
}

class Hash {
 public:
  void add(double value) {
    bits_ = (bits_ ^ std::bit_cast<uint64_t>(value)) * 0x100000001b3;
    bits_ ^= bits_ >> 32;
  }
  uint64_t bits() const { return bits_; }

 private:
  uint64_t bits_ = 0xcbf29ce484222325;
};

uint64_t hash_of(const Timeline& timeline) {
  Hash hash;
  for (const TimelineStep& step : timeline.cores[0].steps) {
    for (const double ns : {step.start_ns, step.free_ns, step.end_ns}) hash.add(ns);
    hash.add(step.waited_for);
    hash.add(static_cast<double>(step.wait));
  }
  return hash.bits();
}

uint64_t hash_of(const Profile& p) {
  Hash hash;
  for (const EngineProfile& engine : p.engines) {
    hash.add(engine.busy_ns);
    hash.add(engine.active_ns);
    for (const double ns : engine.waits_ns) hash.add(ns);
  }
  for (const double x : {p.dma.active_ns, p.dma.engine_ns, p.flops, p.throttled_ns,
                         p.bounds.compute_ns, p.bounds.useful_ns, p.bounds.no_reload_ns}) {
    hash.add(x);
  }
  for (const CriticalLine& line : p.critical) {
    hash.add(line.ns);
    hash.add(line.location.line);
  }
  for (const Advice& advice : p.advice) {
    hash.add(advice.gain_ns);
    hash.add(advice.location.line);
  }
  return hash.bits();
}

struct Measured {
  double timeline = 0, profile = 0;  // instructions/s
  uint64_t timeline_hash = 0, profile_hash = 0;
};

Measured measure(const Program& program, int runs) {
  const Placement placement = place(program);
  const std::array cores{TimedProgram{&program, &placement, *sequence_of(program)}};
  const auto steps = static_cast<double>(cores[0].sequence.size());
  Measured m;
  m.timeline = steps / median_seconds(runs, [&] { (void)make_timeline(cores, {}); });
  const Timeline timeline = *make_timeline(cores, {});
  m.profile = steps / median_seconds(runs, [&] { (void)make_profile(timeline); });
  m.timeline_hash = hash_of(timeline);
  m.profile_hash = hash_of(make_profile(timeline));
  return m;
}

void print(std::string_view name, const Measured& m) {
  fmt::print("\"{0}\": {1:.0f}, \"{0}_profile\": {2:.0f}, \"{0}_hash\": \"{3:016x} {4:016x}\", ",
             name, m.timeline, m.profile, m.timeline_hash, m.profile_hash);
}

}  // namespace

int main(int argc, char** argv) {
  const bool small = argc > 1 && std::strcmp(argv[1], "--small") == 0;
  const size_t size = small ? 1'000 : 1'000'000;
  const int runs = small ? 1 : 5;
  const auto matmul = record_matmul(size), attention = record_attention(size);
  fmt::print("{{");
  print("matmul", measure(*matmul, runs));
  print("attention", measure(*attention, runs));
  fmt::print("\"checksum\": {}}}\n", matmul->code.size() + attention->code.size());
  return 0;
}
