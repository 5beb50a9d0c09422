// How fast programs are placed and checked. Prints one JSON object: instructions/s of place() and
// check_capacity() together, for tiles that the placement chooses addresses for and for buffers
// that go round at explicit addresses, and the instructions of both programs as a checksum. With
// --small, a size for a test.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <vector>

#include "kiln/placement/capacity.h"
#include "kiln/program/recorder.h"

namespace {

using namespace kiln;

constexpr std::array<int64_t, 2> shape{128, 512};
constexpr int64_t tile_bytes = 2048;

ViewId sbuf_tile(Recorder& recorder, std::optional<Address> address) {
  return recorder.allocate({.shape = shape, .address = address});
}

// Two loads, a product in PSUM, a copy of it and a store, on tiles of their own: five instructions.
// With `round`, tile i of the loop is at the address of tile i % 8.
std::shared_ptr<const Program> record_loop(int64_t instructions, bool round) {
  Recorder recorder("bench", Generation::gen3);
  const ViewId a = recorder.input({.shape = shape, .memory = Memory::shared_hbm, .name = "a"});
  for (int64_t i = 0; i < instructions / 5; ++i) {
    recorder.at({recorder.add_literal("bench.py"), static_cast<uint32_t>(i % 7 + 1)});
    const auto address = [&](int64_t which) -> std::optional<Address> {
      if (!round) return std::nullopt;
      return Address{0, (i % 8 * 3 + which) * tile_bytes};
    };
    const ViewId x = sbuf_tile(recorder, address(0)), y = sbuf_tile(recorder, address(1));
    const ViewId z = sbuf_tile(recorder, address(2));
    const ViewId p = recorder.allocate(
        {.shape = shape,
         .memory = Memory::psum,
         .address = round ? std::optional(Address{0, i % 8 * tile_bytes}) : std::nullopt});
    View left = recorder.tile(x).view();
    left.layout.shape[1] = 128;
    recorder.record(DmaCopy{.dst = x, .src = a});
    recorder.record(DmaCopy{.dst = y, .src = a});
    recorder.record(
        NcMatmul{.dst = p, .stationary = recorder.derive("index", x, left, shape), .moving = y});
    recorder.record(TensorCopy{.dst = z, .src = p});
    recorder.record(DmaCopy{.dst = a, .src = z});
  }
  return recorder.finish();
}

double rate(const Program& program, int runs) {
  std::vector<double> seconds;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const Placement placement = place(program);
    Report report;
    check_capacity(program, placement, report);
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (!report.diagnostics().empty()) {
      fmt::print("{}\n", to_string(report.diagnostics()[0], program.files));
    }
  }
  std::nth_element(seconds.begin(), seconds.begin() + runs / 2, seconds.end());
  return static_cast<double>(program.code.size()) / seconds[static_cast<size_t>(runs) / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const bool small = argc > 1 && std::strcmp(argv[1], "--small") == 0;
  const int64_t size = small ? 750 : 1'000'000;
  const int runs = small ? 1 : 5;
  const auto chosen = record_loop(size, false);
  const double chosen_rate = rate(*chosen, runs);
  const auto given = record_loop(size, true);
  const double given_rate = rate(*given, runs);
  fmt::print("{{\"chosen\": {:.0f}, \"explicit\": {:.0f}, \"checksum\": {}}}\n", chosen_rate,
             given_rate, chosen->code.size() + given->code.size());
  return 0;
}
