#include "kiln/timing/model.h"

#include <fmt/format.h>

#include <string>

#include "tests/timed_program.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

const Rates& trn2 = rates(Generation::gen3);

double busy_ns(const TimelineStep& step) { return step.free_ns - step.start_ns; }

// Loads, works on and stores `rounds` tiles, in as many buffers as said.
std::string rounds(int count, int buffers) {
  std::string text = R"(storage %0 "a" shared_hbm float32 [128, 512] input
storage %1 "b" shared_hbm float32 [128, 512] input
)";
  for (int i = 0; i < count; ++i) {
    text += fmt::format("storage %{} \"\" sbuf float32 [128, 512] at (0 {})\n", 2 + i,
                        i % buffers * 2048);
  }
  for (int i = 0; i < count; ++i) {
    text += fmt::format("dma_copy dst=%{0} src=%0\nactivation dst=%{0} op=exp data=%{0}\n", 2 + i);
    text += fmt::format("dma_copy dst=%1 src=%{}\n", 2 + i);
  }
  return text;
}

// Products into one tile of PSUM, or into one each.
std::string products(int count, bool accumulate, int rows = 128) {
  std::string text = fmt::format(R"(storage %0 "" sbuf bfloat16 [{0}, 128]
storage %1 "" sbuf bfloat16 [{0}, 512]
)",
                                 rows);
  for (int i = 0; i < (accumulate ? 1 : count); ++i) {
    text +=
        fmt::format("storage %{} \"\" psum float32 [128, 512] at (0 {})\n", 2 + i, i % 8 * 2048);
  }
  text += "memset dst=%0 value=1.0\nmemset dst=%1 value=1.0\n";
  for (int i = 0; i < count; ++i) {
    text += fmt::format("nc_matmul dst=%{} stationary=%0 moving=%1\n", accumulate ? 2 : 2 + i);
  }
  return text;
}

bool same_bits(const Timeline& a, const Timeline& b) {
  if (a.cores.size() != b.cores.size() || a.total_ns != b.total_ns) return false;
  for (size_t c = 0; c < a.cores.size(); ++c) {
    const auto &x = a.cores[c].steps, &y = b.cores[c].steps;
    if (x.size() != y.size()) return false;
    for (size_t i = 0; i < x.size(); ++i) {
      const bool same = x[i].start_ns == y[i].start_ns && x[i].free_ns == y[i].free_ns &&
                        x[i].end_ns == y[i].end_ns && x[i].wait == y[i].wait &&
                        x[i].waited_for == y[i].waited_for;
      if (!same) return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("model: a program without instructions takes the prologue") {
  const Timed t = timed("storage %0 \"\" sbuf float32 [128, 512]\n");
  CHECK(t.timeline.total_ns == trn2.prologue_ns);
  CHECK(t.steps().empty());
}

TEST_CASE("model: load, work, store: each waits for the one before") {
  const Timed t = timed(rounds(1, 1));
  check_timeline(t);
  const auto& steps = t.steps();
  CHECK(steps[0].start_ns == trn2.prologue_ns);
  CHECK(steps[1].wait == Wait::load);
  CHECK(steps[1].waited_for == 0);
  CHECK(steps[1].start_ns == steps[0].end_ns);
  CHECK(steps[2].wait == Wait::result);
  CHECK(steps[2].waited_for == 1);
  CHECK(steps[2].start_ns == doctest::Approx(steps[1].end_ns + trn2.handoff_ns));
  CHECK(t.timeline.total_ns == steps[2].end_ns);
}

TEST_CASE("model: the way of a load") {
  const Timed t = timed(rounds(1, 1));
  const TimelineTransfer& load = t.transfers()[0];
  const DmaRates& d = trn2.dma;
  CHECK(load.issued_ns == t.steps()[0].start_ns);
  CHECK(load.start_ns == doctest::Approx(load.issued_ns + d.hardware.dispatch_load_ns));
  CHECK(load.end_ns == doctest::Approx(load.start_ns + load.engine_ns + d.base_load_ns));
  CHECK(t.steps()[0].end_ns == doctest::Approx(load.end_ns + d.notify_load_ns));
}

TEST_CASE("model: a tile at an address in use waits until it is free, elsewhere it does not") {
  const auto second_load = [](std::string_view address) {
    const Timed t = timed(fmt::format(R"(storage %0 "a" shared_hbm float32 [64, 512] input
storage %1 "" sbuf float32 [64, 512] at (0 0)
storage %2 "" sbuf float32 [64, 512] at {}
storage %3 "" sbuf float32 [64, 512] at (0 8192)
storage %4 "" sbuf float32 [64, 512] at (0 16384)
dma_copy dst=%1 src=%0
activation dst=%3 op=exp data=%1
dma_copy dst=%2 src=%0
activation dst=%4 op=exp data=%2
)",
                                      address));
    check_timeline(t);
    return t.steps()[2];
  };
  const TimelineStep same = second_load("(0 0)");
  CHECK(same.wait == Wait::buffer);
  CHECK(same.waited_for == 1);
  const TimelineStep partly = second_load("(0 2044)");
  CHECK(partly.wait == Wait::buffer);
  CHECK(second_load("(0 2048)").wait == Wait::none);
  // Other partitions of the same bytes are another place.
  CHECK(second_load("(64 0)").wait == Wait::none);
}

TEST_CASE("model: a place is shared with all that had some of it, also beside each other") {
  const Timed t = timed(R"(storage %0 "a" shared_hbm float32 [128, 512] input
storage %1 "" sbuf float32 [64, 512] at (0 0)
storage %2 "" sbuf float32 [64, 512] at (64 0)
storage %3 "" sbuf float32 [128, 512] at (0 0)
storage %4 "" sbuf float32 [64, 512] at (0 8192)
storage %5 "" sbuf float32 [64, 512] at (64 8192)
dma_copy dst=%1 src=%0[0+0; 64:512 512:1]
dma_copy dst=%2 src=%0[0+0; 64:512 512:1]
activation dst=%4 op=exp data=%1
reciprocal dst=%5 data=%2
dma_copy dst=%3 src=%0
tensor_copy dst=%3 src=%3
)");
  check_timeline(t);
  CHECK(t.steps()[4].wait == Wait::buffer);
  CHECK(t.steps()[4].start_ns >= t.steps()[2].free_ns);
  CHECK(t.steps()[4].start_ns >= t.steps()[3].free_ns);
}

TEST_CASE("model: more buffers make it shorter") {
  const auto total = [](int buffers) {
    const Timed t = timed(rounds(32, buffers));
    check_timeline(t);
    return t.timeline.total_ns - t.timeline.prologue_ns;
  };
  const double one = total(1), two = total(2), four = total(4), many = total(32);
  CHECK(one > 1.7 * two);
  CHECK(two > 1.2 * four);
  CHECK(four >= many);
}

TEST_CASE("model: accumulating products follow each other without a pause") {
  const Timed t = timed(products(6, true));
  check_timeline(t);
  const auto& steps = t.steps();
  for (size_t i = 3; i < steps.size(); ++i) {
    CHECK(steps[i].start_ns == steps[i - 1].free_ns);
    CHECK(steps[i].wait == Wait::none);
    CHECK(steps[i].weights_ns == 0);
  }
  CHECK(steps[2].weights_ns > 0);
}

TEST_CASE("model: a reader waits for the last product, not for the first") {
  const Timed t = timed(products(6, true) + "activation dst=%1 op=copy data=%2\n");
  check_timeline(t);
  const TimelineStep &last = t.steps()[7], &reader = t.steps()[8];
  CHECK(reader.waited_for == 7);
  CHECK(reader.start_ns == doctest::Approx(last.end_ns + trn2.handoff_ns));
}

TEST_CASE("model: the array starts at half of its speed") {
  const Timed t = timed(products(64, false));
  check_timeline(t);
  const auto& steps = t.steps();
  const double slow = busy_ns(steps[2]), fast = busy_ns(steps.back());
  CHECK(slow == doctest::Approx(2 * fast));
  REQUIRE(t.timeline.cores[0].throttled.size() == 1);
  const ThrottleSpan& span = t.timeline.cores[0].throttled[0];
  CHECK(span.start_ns == t.timeline.prologue_ns);
  CHECK(span.end_ns == doctest::Approx(steps[2].start_ns + trn2.tensor.window_ns));
  // With half of its rows it never becomes fast.
  const Timed half = timed(products(64, false, 64));
  CHECK(busy_ns(half.steps().back()) == doctest::Approx(slow));
  CHECK(half.timeline.cores[0].throttled.back().end_ns == half.timeline.total_ns);
}

TEST_CASE("model: another stationary matrix is loaded behind the product before") {
  std::string text = R"(storage %0 "" sbuf bfloat16 [128, 256]
storage %1 "" sbuf bfloat16 [128, 512]
storage %2 "" psum float32 [128, 512]
memset dst=%0 value=1.0
memset dst=%1 value=1.0
)";
  for (const int columns : {512, 512, 1, 1}) {
    for (const int first : {0, 128}) {
      text += fmt::format(
          "nc_matmul dst=%2[0+0; 128:1 {0}:1] stationary=%0[0+{1}; 128:1 128:1] moving=%1[0+0; "
          "128:1 {0}:1]\n",
          columns, first);
    }
  }
  const Timed t = timed(text);
  check_timeline(t);
  CHECK(t.steps()[4].wait == Wait::none);
  CHECK(t.steps()[4].weights_ns > 0);
  CHECK(t.steps()[9].weights_ns > 0);
}

TEST_CASE("model: a function of another table has it loaded before") {
  const Timed t = timed(R"(storage %0 "" sbuf float32 [128, 512]
memset dst=%0 value=1.0
activation dst=%0 op=exp data=%0
activation dst=%0 op=exp data=%0
activation dst=%0 op=tanh data=%0
activation dst=%0 op=square data=%0
activation dst=%0 op=tanh data=%0
)");
  check_timeline(t);
  const auto table = static_cast<float>(trn2.activation.table_load_ns);
  const std::array expected{0.0f, table, 0.0f, table, 0.0f, 0.0f};
  for (size_t i = 0; i < expected.size(); ++i) CHECK(t.steps()[i].table_ns == expected[i]);
  CHECK(t.steps()[3].start_ns >= t.steps()[2].free_ns + table);
}

TEST_CASE("model: engines that share a port wait for each other") {
  constexpr std::string_view text = R"(storage %0 "" sbuf bfloat16 [128, 4096]
storage %1 "" sbuf bfloat16 [128, 4096]
storage %2 "" sbuf bfloat16 [128, 4096]
memset dst=%1 value=1.0 engine=gpsimd
tensor_copy dst=%2 src=%0 engine=vector
)";
  const Timed t = timed(text);
  check_timeline(t);
  // Both could start at once.
  CHECK(t.steps()[0].wait == Wait::port);
  CHECK(t.steps()[0].waited_for == 1);
  CHECK(t.steps()[0].start_ns == t.steps()[1].free_ns);
}

TEST_CASE("model: on NeuronCore-v2 Vector and Scalar engine take turns at PSUM") {
  constexpr std::string_view text = R"(storage %0 "" psum float32 [128, 512]
storage %1 "" sbuf float32 [128, 512]
storage %2 "" sbuf float32 [128, 512]
tensor_copy dst=%1 src=%0 engine=vector
activation dst=%2 op=copy data=%0
)";
  const Timed together = timed(text, "gen3"), turns = timed(text, "gen2");
  CHECK(together.steps()[1].start_ns == together.steps()[0].start_ns);
  CHECK(turns.steps()[1].wait == Wait::port);
  CHECK(turns.steps()[1].waited_for == 0);
  CHECK(turns.steps()[1].start_ns == turns.steps()[0].free_ns);
}

TEST_CASE("model: an instruction in place waits for the result, not for the engine") {
  const Timed t = timed(R"(storage %0 "" sbuf float32 [128, 512]
tensor_scalar dst=%0 data=%0 op0=add operand0=1.0
activation dst=%0 op=square data=%0
)");
  check_timeline(t);
  CHECK(t.steps()[1].wait == Wait::result);
  CHECK(t.steps()[1].start_ns == doctest::Approx(t.steps()[0].end_ns + trn2.handoff_ns));
}

TEST_CASE("model: a loop is followed, and its tile is used again") {
  const Timed t = timed(R"(registers 1
storage %0 "a" shared_hbm float32 [128, 512] input
storage %1 "" sbuf float32 [128, 512]
storage %2 "" sbuf float32 [128, 512]
loop counter=r0 lower=0 upper=4
  dma_copy dst=%1 src=%0
  activation dst=%2 op=exp data=%1
end_loop
)");
  check_timeline(t);
  REQUIRE(t.steps().size() == 8);
  CHECK(t.steps()[6].instruction == 1);
  CHECK(t.steps()[6].wait == Wait::buffer);
  CHECK(t.steps()[6].waited_for == 5);
}

TEST_CASE("model: an order that the user asks for is kept") {
  constexpr std::string_view text = R"(storage %0 "" sbuf float32 [128, 512]
storage %1 "" sbuf float32 [128, 512]
memset dst=%0 value=1.0 engine=gpsimd
activation dst=%1 op=square data=%1{}
)";
  const Timed free = timed(fmt::format(text, "")), ordered = timed(fmt::format(text, " after=[1]"));
  CHECK(free.steps()[1].start_ns == free.timeline.prologue_ns);
  CHECK(ordered.steps()[1].waited_for == 0);
  CHECK(ordered.steps()[1].start_ns >= ordered.steps()[0].end_ns);
}

TEST_CASE("model: loads overtake stores, and what one engine starts does not overtake") {
  const Timed t = timed(rounds(4, 4));
  CHECK(t.steps()[3].start_ns < t.steps()[2].start_ns);
  CHECK(t.steps()[6].start_ns > t.steps()[3].start_ns);
}

TEST_CASE("model: memory is read no faster than it can be") {
  std::string text = "storage %0 \"a\" shared_hbm float32 [128, 8192] input\n";
  for (int i = 1; i <= 6; ++i) {
    text += fmt::format("storage %{} \"\" sbuf float32 [128, 8192]\n", i);
  }
  for (int i = 1; i <= 6; ++i) text += fmt::format("dma_copy dst=%{} src=%0\n", i);
  for (const std::string_view target : {"gen2", "gen3", "gen4"}) {
    const Timed t = timed(text, target);
    check_timeline(t);
    const Rates& r = rates(t.timeline.target);
    double bytes = 0;
    for (const TimelineTransfer& x : t.transfers()) bytes += static_cast<double>(x.hbm_read_bytes);
    const double ns = t.timeline.total_ns - t.timeline.prologue_ns;
    CHECK(bytes / ns <= r.dma.hbm_gb_per_s);
    CHECK(bytes / ns <= 16 * r.dma.gb_per_s);
    CHECK(bytes / ns > 0.5 * std::min<double>(r.dma.hbm_gb_per_s, 16 * r.dma.gb_per_s));
  }
}

TEST_CASE("model: what has no law is listed") {
  const Timed t = timed(R"(storage %0 "" sbuf uint32 [128, 16]
rng dst=%0 engine=gpsimd
rng dst=%0 engine=gpsimd
)");
  REQUIRE(t.timeline.unknown.size() == 1);
  CHECK(t.timeline.unknown[0].name == "rng");
  CHECK(t.timeline.unknown[0].count == 2);
  CHECK(!t.timeline.unknown[0].taken.empty());
}

TEST_CASE("model: the same program has the same timeline") {
  CHECK(same_bits(timed(rounds(20, 3)).timeline, timed(rounds(20, 3)).timeline));
}

TEST_CASE("model: the caller can stop it, and hears how far it is") {
  const Timed t = prepared({parsed_program(rounds(4, 2))});
  double share = -1;
  const auto stop = [&](double done) {
    share = done;
    return false;
  };
  const Result<Timeline> stopped = make_timeline(t.cores, {.tick = stop});
  REQUIRE_FALSE(stopped.ok());
  CHECK(stopped.error().message == "stopped");
  CHECK(share == 0);
}

namespace {

// Works for a while, stores what comes of it, then meets the other core, or not.
std::shared_ptr<const Program> member(int columns, std::string_view meeting) {
  return parsed_program(fmt::format(R"(storage %0 "shared" shared_hbm float32 [128, 512] input
storage %1 "" sbuf float32 [128, 512]
storage %2 "" sbuf float32 [128, 512]
activation dst=%1[0+0; 128:1 {0}:1] op=exp data=%1[0+0; 128:1 {0}:1]
dma_copy dst=%0[0+0; 128:512 {0}:1] src=%1[0+0; 128:1 {0}:1]
{1}
)",
                                    columns, meeting));
}

constexpr std::string_view barrier = "core_barrier data=%0 cores=[0 1]";

}  // namespace

TEST_CASE("model: two cores pass a barrier together, and wait for the slower one") {
  const Timed t = timed({member(8, barrier), member(512, barrier)});
  check_timeline(t);
  const TimelineStep &a = t.steps(0)[2], &b = t.steps(1)[2];
  CHECK(a.start_ns == b.start_ns);
  CHECK(a.start_ns >= std::max(t.steps(0)[1].end_ns, t.steps(1)[1].end_ns));
  CHECK(t.steps(0)[2].wait == Wait::partner);
  CHECK(t.steps(1)[2].wait == Wait::load);
}

TEST_CASE("model: two cores exchange at the same time") {
  const std::string exchange =
      "sendrecv src=%1 dst=%2 send_to_rank=1 recv_from_rank=1 pipe_id=0\n"
      "activation dst=%2 op=exp data=%2";
  const std::string back =
      "sendrecv src=%1 dst=%2 send_to_rank=0 recv_from_rank=0 pipe_id=0\n"
      "activation dst=%2 op=exp data=%2";
  const Timed t = timed({member(8, exchange), member(512, back)});
  check_timeline(t);
  CHECK(t.steps(0)[2].start_ns == t.steps(1)[2].start_ns);
  CHECK(t.steps(0)[3].start_ns >= t.steps(0)[2].end_ns);
}

TEST_CASE("model: a core that waits for one that never comes is an error") {
  const Timed t = prepared({member(8, barrier), member(8, "")});
  const Result<Timeline> timeline = make_timeline(t.cores, {});
  REQUIRE_FALSE(timeline.ok());
  CHECK(timeline.error().message == "the cores of the launch do not meet");
}

TEST_CASE("model: two cores share the memory's rate") {
  std::string text = "storage %0 \"a\" shared_hbm float32 [128, 8192] input\n";
  for (int i = 1; i <= 6; ++i) {
    text += fmt::format("storage %{} \"\" sbuf float32 [128, 8192]\n", i);
  }
  for (int i = 1; i <= 6; ++i) text += fmt::format("dma_copy dst=%{} src=%0\n", i);
  const auto program = parsed_program(text);
  const Timed one = timed({program}), two = timed({program, program});
  check_timeline(two);
  const double bytes = 12.0 * 128 * 8192 * 4;
  CHECK(two.timeline.total_ns > one.timeline.total_ns);
  CHECK(bytes / (two.timeline.total_ns - two.timeline.prologue_ns) <= trn2.dma.hbm_gb_per_s);
}

TEST_CASE("model: a core alone passes its own barrier") {
  const Timed t = timed({member(8, barrier)});
  check_timeline(t);
}

}  // namespace kiln
