#include "kiln/timing/profile.h"

#include <fmt/format.h>

#include <numeric>
#include <string>

#include "kiln/isa/roles.h"
#include "tests/timed_program.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

// Products of bfloat16 tiles that are loaded each time, with a source line for each instruction.
std::string products(int count) {
  std::string text = R"(storage %0 "a" shared_hbm bfloat16 [128, 128] input
storage %1 "b" shared_hbm bfloat16 [128, 512] input
storage %2 "c" shared_hbm float32 [128, 512]
)";
  for (int i = 0; i < count; ++i) {
    text += fmt::format(R"(storage %{} "" sbuf bfloat16 [128, 128]
storage %{} "" sbuf bfloat16 [128, 512]
storage %{} "" psum float32 [128, 512]
storage %{} "" sbuf float32 [128, 512]
)",
                        4 * i + 3, 4 * i + 4, 4 * i + 5, 4 * i + 6);
  }
  for (int i = 0; i < count; ++i) {
    text += fmt::format(R"(dma_copy dst=%{0} src=%0 @0:1
dma_copy dst=%{1} src=%1 @0:2
nc_matmul dst=%{2} stationary=%{0} moving=%{1} @0:3
tensor_copy dst=%{3} src=%{2} @0:4
dma_copy dst=%2 src=%{3} @0:5
)",
                        4 * i + 3, 4 * i + 4, 4 * i + 5, 4 * i + 6);
  }
  return text + "output %2\n";
}

constexpr double product_flops = 2.0 * 128 * 128 * 512;

}  // namespace

TEST_CASE("profile: engines are not busy for longer than it takes") {
  const Timed t = timed(products(20));
  const Profile p = make_profile(t.timeline);
  CHECK(p.total_ns == t.timeline.total_ns);
  CHECK(p.steps == 100);
  CHECK(p.cores == 1);
  int64_t instructions = 0;
  for (const EngineProfile& e : p.engines) {
    CAPTURE(name_of(e.engine));
    const double waits = std::accumulate(e.waits_ns.begin(), e.waits_ns.end(), 0.0);
    CHECK(e.busy_ns <= p.total_ns - p.prologue_ns);
    CHECK(e.active_ns <= p.total_ns - p.prologue_ns);
    CHECK(e.active_ns >= 0);
    instructions += e.instructions;
    // Loads and stores that nobody has given to an engine stand beside each other.
    if (e.engine == Engine::sync) continue;
    CHECK(e.busy_ns + waits <= p.total_ns - p.prologue_ns + 1e-3);
  }
  CHECK(instructions == p.steps);
  CHECK(p.engine(Engine::tensor).instructions == 20);
  CHECK(p.engine(Engine::vector).instructions == 20);
  CHECK(p.engine(Engine::gpsimd).busy_ns == 0);
}

TEST_CASE("profile: an engine's time is what it does and what it waits for") {
  const Timed t = timed(products(20));
  const Profile p = make_profile(t.timeline);
  double last = 0;
  for (const TimelineStep& step : t.steps()) {
    if (step.engine == Engine::vector) last = std::max(last, step.free_ns);
  }
  const EngineProfile& vector = p.engine(Engine::vector);
  const double waits = std::accumulate(vector.waits_ns.begin(), vector.waits_ns.end(), 0.0);
  CHECK(vector.busy_ns + waits == doctest::Approx(last - p.prologue_ns));
  CHECK(vector.waits_ns[static_cast<size_t>(Wait::result)] > 0);
}

TEST_CASE("profile: traffic and multiplications are those of the program") {
  const Profile p = make_profile(timed(products(20)).timeline);
  CHECK(p.flops == 20 * product_flops);
  CHECK(p.transpose_flops == 0);
  CHECK(p.dma.transfers == 60);
  CHECK(p.dma.hbm_read_bytes == 20 * (128 * 128 * 2 + 128 * 512 * 2));
  CHECK(p.dma.hbm_written_bytes == 20 * 128 * 512 * 4);
  CHECK(p.dma.bytes == p.dma.hbm_read_bytes + p.dma.hbm_written_bytes);
  CHECK(p.dma.active_ns <= p.total_ns - p.prologue_ns);
  CHECK(p.dma.engine_ns <= 16 * p.dma.active_ns);
  int64_t transfers = 0, bytes = 0;
  for (const DmaSizeProfile& row : p.dma.by_size) {
    transfers += row.transfers;
    bytes += row.bytes;
  }
  CHECK(transfers == p.dma.transfers);
  CHECK(bytes == p.dma.bytes);
  // Rows of 256, 1024 and 2048 bytes.
  for (const size_t row : {0, 2, 3}) CHECK(p.dma.by_size[row].transfers == 20);
}

TEST_CASE("profile: nothing is faster than its bounds") {
  const Profile p = make_profile(timed(products(200)).timeline);
  const double work = p.total_ns - p.prologue_ns;
  CHECK(p.bounds.memory_ns <= work);
  CHECK(p.bounds.compute_ns <= work);
  CHECK(p.bounds.useful_ns <= p.bounds.compute_ns);
  CHECK(p.bounds.no_reload_ns <= p.bounds.memory_ns);
  // Each input and the output once.
  const double once = 128 * 128 * 2 + 128 * 512 * 2 + 128 * 512 * 4;
  CHECK(p.bounds.no_reload_ns == doctest::Approx(once / p.hbm_gb_per_s));
  CHECK(p.mfu > 0);
  CHECK(p.mfu <= p.hfu);
  CHECK(p.hfu <= 1);
  CHECK(p.mbu > 0);
  CHECK(p.mbu <= 1);
  CHECK(p.bounds.compute_ns == doctest::Approx(p.flops / p.peak_flops_per_ns).epsilon(1e-6));
}

TEST_CASE("profile: two cores have twice the peak, and the sum of the work") {
  const auto program = parsed_program(products(20));
  const Profile one = make_profile(timed({program}).timeline);
  const Profile two = make_profile(timed({program, program}).timeline);
  CHECK(two.cores == 2);
  CHECK(two.flops == 2 * one.flops);
  CHECK(two.peak_flops_per_ns == 2 * one.peak_flops_per_ns);
  CHECK(two.engine(Engine::vector).busy_ns ==
        doctest::Approx(2 * one.engine(Engine::vector).busy_ns));
  CHECK(two.bounds.no_reload_ns == one.bounds.no_reload_ns);
  CHECK(two.mbu <= 1);
}

TEST_CASE("profile: transposes are no useful work") {
  const Profile p = make_profile(timed(R"(storage %0 "" sbuf bfloat16 [128, 128]
storage %1 "" psum bfloat16 [128, 128]
memset dst=%0 value=1.0
nc_transpose dst=%1 data=%0
)")
                                     .timeline);
  CHECK(p.flops == 2.0 * 128 * 128 * 128);
  CHECK(p.transpose_flops == p.flops);
  CHECK(p.mfu == 0);
  CHECK(p.hfu > 0);
  CHECK(p.bounds.useful_ns == 0);
}

TEST_CASE("profile: the critical path leads from the start to the end") {
  for (const int count : {1, 20, 200}) {
    CAPTURE(count);
    const Profile p = make_profile(timed(products(count)).timeline);
    double sum = 0;
    for (const CriticalLine& line : p.critical) {
      sum += line.ns;
      CHECK(line.steps > 0);
      CHECK(line.ns >= 0);
      CHECK(line.location.line > 0);
    }
    CHECK(sum == doctest::Approx(p.total_ns - p.prologue_ns).epsilon(1e-6));
    CHECK(std::ranges::is_sorted(p.critical, std::greater{}, &CriticalLine::ns));
  }
}

TEST_CASE("profile: loading a table is on the critical path, too") {
  const Profile p = make_profile(timed(R"(storage %0 "" sbuf float32 [128, 16]
activation dst=%0 op=exp data=%0
)")
                                     .timeline);
  REQUIRE(p.critical.size() == 1);
  CHECK(p.critical[0].ns == doctest::Approx(p.total_ns - p.prologue_ns));
}

TEST_CASE("profile: of one chain, every line is on the critical path") {
  const Profile p = make_profile(timed(products(1)).timeline);
  std::vector<uint32_t> lines;
  for (const CriticalLine& line : p.critical) {
    lines.push_back(line.location.line);
    if (line.location.line == 4) {
      CHECK(line.name == "tensor_copy");
      CHECK(line.wait == Wait::result);
    }
  }
  std::ranges::sort(lines);
  CHECK(lines == std::vector<uint32_t>{1, 2, 3, 4, 5});
}

TEST_CASE("profile: registers are no engine's work") {
  const Profile p = make_profile(timed(R"(registers 1
storage %0 "" sbuf float32 [128, 16]
register_move dst=r0 src=3
memset dst=%0 value=1.0
)")
                                     .timeline);
  CHECK(p.steps == 2);
  CHECK(p.engine(Engine::sync).instructions == 0);
}

TEST_CASE("profile: a launch without instructions has a profile") {
  const Profile p = make_profile(timed("storage %0 \"\" sbuf float32 [128, 16]\n").timeline);
  CHECK(p.total_ns == p.prologue_ns);
  CHECK(p.critical.empty());
  CHECK(p.advice.empty());
  CHECK(p.flops_per_byte == 0);
}

TEST_CASE("advice: has a gain, at most the whole time, and the largest first") {
  std::string rows;
  for (int i = 0; i < 200; ++i) {
    rows += "dma_copy dst=%1 src=%0[0+0; 128:512 256:2] @0:8\nactivation dst=%2 op=exp data=%1\n";
  }
  const Timed t = timed(R"(storage %0 "a" shared_hbm float32 [128, 512] input
storage %1 "" sbuf float32 [128, 256]
storage %2 "" sbuf float32 [128, 256]
)" + rows);
  const Profile p = make_profile(t.timeline);
  REQUIRE(!p.advice.empty());
  for (const Advice& a : p.advice) {
    CHECK(a.gain_ns > 0);
    CHECK(a.gain_ns <= p.total_ns);
    CHECK(!a.text.empty());
  }
  CHECK(std::ranges::is_sorted(p.advice, std::greater{}, &Advice::gain_ns));
  const bool short_descriptors = std::ranges::any_of(p.advice, [](const Advice& a) {
    return a.text.find("descriptors are shorter") != std::string::npos && a.location.line == 8;
  });
  CHECK(short_descriptors);
}

TEST_CASE("advice: one buffer for all is told, a buffer each is not") {
  const auto tells = [](bool one) {
    std::string text = "storage %0 \"a\" shared_hbm float32 [128, 2048] input\n";
    for (int i = 0; i < 16; ++i) {
      text += fmt::format("storage %{} \"\" sbuf float32 [128, 2048] at (0 {})\n", 2 * i + 1,
                          one ? 0 : i * 8192);
      text += fmt::format("storage %{} \"\" sbuf float32 [128, 512] at (0 {})\n", 2 * i + 2,
                          131072 + i * 2048);
    }
    for (int i = 0; i < 16; ++i) {
      text += fmt::format("dma_copy dst=%{} src=%0\n", 2 * i + 1);
      for (int n = 0; n < 4; ++n) {
        text += fmt::format("activation dst=%{} op=exp data=%{}[0+{}; 128:1 512:1]\n", 2 * i + 2,
                            2 * i + 1, 512 * n);
      }
    }
    const Profile p = make_profile(timed(text).timeline);
    return std::ranges::any_of(p.advice, [](const Advice& a) {
      return a.text.find("a buffer that is still in use") != std::string::npos;
    });
  };
  CHECK(tells(true));
  CHECK_FALSE(tells(false));
}

}  // namespace kiln
