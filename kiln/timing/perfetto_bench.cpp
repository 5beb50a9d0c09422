// How fast a trace is written: of an invented timeline of as many steps as instructions, a fifth of
// them DMAs. Prints one JSON object: the seconds and bytes of all slices and of as many as are
// written by default, and the slices as a checksum. With --small, a size for a test; with --keep
// FILE, only the trace of all slices, which stays there.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kiln/program/recorder.h"
#include "kiln/program/text.h"
#include "kiln/timing/perfetto.h"

namespace {

using namespace kiln;

constexpr std::array<int64_t, 2> shape{128, 512};

// Ten instructions in a round: a load, four matmuls, four copies of what they give, a store.
std::shared_ptr<const Program> record_rounds(int64_t instructions) {
  Recorder recorder("bench", Generation::gen3);
  const ViewId a = recorder.input({.shape = shape, .memory = Memory::shared_hbm, .name = "a"});
  const ViewId out = recorder.allocate({.shape = shape, .memory = Memory::shared_hbm, .name = "b"});
  for (int64_t i = 0; i < instructions / 10; ++i) {
    recorder.at({recorder.add_literal("bench.py"), static_cast<uint32_t>(i % 7 + 1)});
    const ViewId x = recorder.allocate({.shape = shape}), y = recorder.allocate({.shape = shape});
    const ViewId p = recorder.allocate({.shape = shape, .memory = Memory::psum});
    View left = recorder.tile(x).view();
    left.layout.shape[1] = 128;
    const ViewId stationary = recorder.derive("index", x, left, shape);
    recorder.record(DmaCopy{.dst = x, .src = a});
    for (int n = 0; n < 4; ++n) {
      recorder.record(NcMatmul{.dst = p, .stationary = stationary, .moving = x});
    }
    for (int n = 0; n < 2; ++n) {
      recorder.record(TensorCopy{.dst = y, .src = p, .engine = Engine::vector});
      recorder.record(TensorCopy{.dst = y, .src = p, .engine = Engine::scalar});
    }
    recorder.record(DmaCopy{.dst = out, .src = y});
  }
  return recorder.finish();
}

// Each instruction waits for the one before it, now and then; a DMA uses all 16 engines.
class Invented {
 public:
  explicit Invented(const Program& program) {
    CoreTimeline core{.program = &program};
    for (uint32_t i = 0; i < program.code.size(); ++i) add(core, i);
    for (double at_ns = 0; at_ns < last_ns_; at_ns += 3000) {
      core.throttled.push_back({at_ns, at_ns + 1000});
    }
    timeline_.prologue_ns = 100;
    timeline_.total_ns = last_ns_;
    timeline_.cores.push_back(std::move(core));
    timeline_.unknown.push_back({"tensor_copy on scalar", "as on vector", 2});
  }

  const Timeline& timeline() const { return timeline_; }

 private:
  void add(CoreTimeline& core, uint32_t i) {
    const uint32_t place = i % 10;
    const bool is_dma = place == 0 || place == 9;
    TimelineStep step{.instruction = i};
    step.engine = is_dma ? Engine::sync : Engine::tensor;
    if (!is_dma && place > 4) step.engine = place % 2 == 0 ? Engine::scalar : Engine::vector;
    if (place == 1) step.weights_ns = 50;
    double& free_ns = free_ns_[step.engine];
    step.start_ns = free_ns;
    if (place == 1 || place == 5 || place == 9) {
      step.waited_for = i - 1;
      step.wait = place == 1 ? Wait::load : Wait::result;
      step.start_ns = std::max(free_ns, core.steps.back().end_ns);
    }
    step.free_ns = free_ns = step.start_ns + (is_dma ? 20 : 200);
    step.end_ns = step.free_ns + 60;
    if (is_dma) add_transfer(core, step, i);
    last_ns_ = std::max(last_ns_, step.end_ns);
    core.steps.push_back(step);
  }

  void add_transfer(CoreTimeline& core, TimelineStep& step, uint32_t index) {
    step.transfer = static_cast<uint32_t>(core.transfers.size());
    TimelineTransfer transfer{
        .step = index, .engines = 16, .descriptors = 128, .bytes = 128 * 512 * 4};
    transfer.issued_ns = step.free_ns;
    transfer.start_ns = dma_free_ns_ = std::max(dma_free_ns_, step.free_ns + 100);
    transfer.end_ns = dma_free_ns_ = transfer.start_ns + 200;
    step.end_ns = transfer.end_ns;
    core.transfers.push_back(transfer);
  }

  std::map<Engine, double> free_ns_;
  double dma_free_ns_ = 0;
  double last_ns_ = 0;
  Timeline timeline_;
};

// The text form of a program's instructions, in its order.
std::vector<std::string> instruction_texts(const Program& program) {
  std::vector<std::string> texts;
  const std::string text = to_text(program, {.locations = false});
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    const std::string_view line = std::string_view(text).substr(at, end - at);
    const std::string_view opcode = line.substr(0, line.find(' '));
    if (texts.size() < program.code.size() && opcode == name_of(program.code[texts.size()])) {
      texts.emplace_back(line);
    }
    at = end + 1;
  }
  return texts;
}

struct Measured {
  double seconds = 0;
  PerfettoSummary summary;
};

std::optional<Measured> measure(const Timeline& timeline, const std::filesystem::path& path,
                                const PerfettoOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const Result<PerfettoSummary> written = write_perfetto(timeline, path, options);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (written) return Measured{seconds, *written};
  fmt::print(stderr, "{}\n", written.error().message);
  return std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool small = std::find(arguments.begin(), arguments.end(), "--small") != arguments.end();
  const auto keep = std::find(arguments.begin(), arguments.end(), "--keep");
  const bool keeps = keep != arguments.end() && keep + 1 != arguments.end();

  const auto program = record_rounds(small ? 1000 : 1'000'000);
  const Invented invented(*program);
  const std::vector<std::string> texts = instruction_texts(*program);
  PerfettoOptions options;
  options.operands = [&](size_t, uint32_t instruction) { return texts[instruction]; };
  options.sbuf_usage = {{{0, 0.25}, {1000, 0.5}}};
  PerfettoOptions everything = options;
  everything.slices_max = std::numeric_limits<int64_t>::max();
  everything.flows_max = std::numeric_limits<int64_t>::max();

  const std::filesystem::path path =
      keeps ? std::filesystem::path(*(keep + 1))
            : std::filesystem::temp_directory_path() / "kiln_perfetto_bench.pftrace";
  const auto all = measure(invented.timeline(), path, everything);
  if (!all) return 1;
  if (keeps) return 0;
  const auto by_default = measure(invented.timeline(), path, options);
  std::filesystem::remove(path);
  if (!by_default) return 1;
  fmt::print(
      "{{\"all_seconds\": {:.3f}, \"all_bytes\": {}, \"seconds\": {:.3f}, \"bytes\": {}, "
      "\"slices\": {}, \"checksum\": {}}}\n",
      all->seconds, all->summary.bytes, by_default->seconds, by_default->summary.bytes,
      by_default->summary.slices, all->summary.slices);
  return 0;
}
