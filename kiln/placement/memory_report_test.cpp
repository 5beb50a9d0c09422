// The memory report: peak, owners, banks, steps and advice.
#include "kiln/placement/memory_report.h"

#include <algorithm>

#include "tests/program_text.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

MemoryReport report_of(const Program& program) { return memory_report(program, place(program)); }

}  // namespace

TEST_CASE("the peak is where most is alive, and says whose it is") {
  const auto program = parsed_program(
      "storage %0 \"a\" sbuf float32 [128, 512] @0:1\nstorage %1 \"b\" sbuf float32 [128, 256] "
      "@0:2\n"
      "storage %2 \"c\" sbuf float32 [128, 512] @0:1\nstorage %3 \"d\" sbuf float32 [128, 512] "
      "@0:9\n"
      "memset dst=%0 value=1.0 @0:3\nmemset dst=%1 value=1.0 @0:4\n"
      "memset dst=%2 value=1.0 @0:5\ntensor_copy dst=%2 src=%0 @0:6\n"
      "tensor_copy dst=%1 src=%1 @0:7\n");
  const MemoryUse use = report_of(*program).sbuf;
  CHECK(use.peak_bytes == 2048 + 1024 + 2048);
  CHECK(use.peak_instruction == 2);
  CHECK(use.used == 3);
  CHECK(use.unused == 1);
  REQUIRE(use.owners.size() == 2);
  CHECK(use.owners[0].storages.size() == 2);
  CHECK(use.owners[0].bytes() == 4096);
  CHECK(use.owners[0].range == LiveRange{0, 3});
  CHECK(use.owners[1].range == LiveRange{1, 4});
  CHECK(use.at_peak.size() == 3);
  const MemoryStep last = use.steps.back();
  CHECK(last.instruction == 5);
  CHECK(last.bytes == 0);
}

TEST_CASE("a bank lists what lies in it at the peak") {
  const auto program = parsed_program(
      "storage %0 \"wide\" psum float32 [128, 1024]\nstorage %1 \"p\" psum float32 [128, 512]\n"
      "memset dst=%0 value=1.0\nmemset dst=%1 value=1.0\nactivation dst=%0 op=copy data=%0\n");
  const MemoryUse use = report_of(*program).psum;
  REQUIRE(use.banks.size() == 8);
  CHECK(use.banks[0] == std::vector<uint32_t>{0});
  CHECK(use.banks[1] == std::vector<uint32_t>{0});
  CHECK(use.banks[2] == std::vector<uint32_t>{1});
  CHECK(use.banks[3].empty());
}

TEST_CASE("a long program has few steps, and none of its maxima is lost") {
  std::string text = "storage %0 \"\" sbuf float32 [128, 512]\n", code;
  for (int n = 1; n < 3000; ++n) {
    const int columns = n == 2002 ? 4096 : 64;
    text += fmt::format("storage %{} \"\" sbuf float32 [128, {}]\n", n, columns);
    code += fmt::format("memset dst=%{0} value=1.0\nactivation dst=%{0} op=copy data=%{0}\n", n);
  }
  const MemoryUse use = report_of(*parsed_program(text + code)).sbuf;
  CHECK(use.steps.size() <= 2000);
  int64_t most = 0;
  uint32_t before = 0;
  for (const MemoryStep& step : use.steps) {
    CHECK(step.instruction >= before);
    before = step.instruction;
    most = std::max(most, step.bytes);
  }
  CHECK(most == 4096 * 4);
  CHECK(use.peak_bytes == most);
  CHECK(use.blocks.size() + use.blocks_left_out == 2999);
  // The large one, and others from the beginning to the end.
  CHECK(std::any_of(use.blocks.begin(), use.blocks.end(),
                    [](const MemoryBlock& b) { return b.bytes == 4096 * 4; }));
  CHECK(use.blocks.front().range.first < 10);
  CHECK(use.blocks.back().range.first > 5900);
}

TEST_CASE("of many tensors of one line, fewer help most") {
  std::string text, code;
  for (int n = 0; n < 8; ++n) {
    text += fmt::format("storage %{0} \"x{0}\" sbuf bfloat16 [128, 4096] @0:4\n", n);
    code += fmt::format("memset dst=%{} value=1.0\n", n);
  }
  for (int n = 0; n < 8; ++n) code += fmt::format("activation dst=%{0} op=copy data=%{0}\n", n);
  const MemoryAdvice advice = report_of(*parsed_program(text + code)).sbuf.advice;
  CHECK(advice.gain_bytes == 4 * 8192);
  CHECK(advice.location.line == 4);
  CHECK(advice.text ==
        "8 tensors 'x0' (128, 4096) bfloat16 of k.py:4 are alive at once; with 4: the peak sinks "
        "by 32768 bytes (50%)");
}

TEST_CASE("a change of a line counts for all peaks that its tensors make") {
  std::string text, code;
  for (int n = 0; n < 8; n += 2) {
    for (int m = n; m < n + 2; ++m) {
      text += fmt::format("storage %{0} \"x{0}\" sbuf bfloat16 [128, 4096] @0:4\n", m);
      code += fmt::format("memset dst=%{} value=1.0\n", m);
    }
    code += fmt::format("tensor_copy dst=%{} src=%{}\n", n, n + 1);
  }
  CHECK(report_of(*parsed_program(text + code)).sbuf.advice.gain_bytes == 8192);
}

TEST_CASE("what waits long between two uses could be loaded again") {
  // `w` is used at both ends; in the middle, others need the memory.
  std::string text = "storage %0 \"w\" sbuf bfloat16 [128, 16384] @0:1\n", code;
  code = "memset dst=%0 value=1.0 @0:2\nactivation dst=%0 op=copy data=%0 @0:3\n";
  for (int n = 1; n < 20; ++n) {
    text += fmt::format("storage %{} \"\" sbuf bfloat16 [128, {}] @0:{}\n", n, 8192 + n, 10 + n);
    code += fmt::format("memset dst=%{0} value=1.0\nactivation dst=%{0} op=copy data=%{0}\n", n);
  }
  code += "activation dst=%0 op=copy data=%0 @0:9\n";
  const MemoryAdvice advice = report_of(*parsed_program(text + code)).sbuf.advice;
  CHECK(advice.text.starts_with(
      "'w' (128, 16384) bfloat16 of k.py:1 waits from line 3 to line 9; if it is freed"));
  // The peak is then where w is used.
  CHECK(advice.gain_bytes == (8192 + 19) * 2);
}

TEST_CASE("float32 could be half") {
  const auto program = parsed_program(
      "storage %0 \"x\" sbuf float32 [128, 4096] @0:1\n"
      "memset dst=%0 value=1.0\nactivation dst=%0 op=copy data=%0\n");
  const MemoryAdvice advice = report_of(*program).sbuf.advice;
  CHECK(advice.gain_bytes == 8192);
  CHECK(advice.text.find("as bfloat16") != std::string::npos);
}

TEST_CASE("a program without tiles has an empty report") {
  const auto program = parsed_program("registers 1\nregister_move dst=r0 src=0\n");
  const MemoryReport report = report_of(*program);
  CHECK(report.sbuf.peak_bytes == 0);
  CHECK(report.psum.owners.empty());
  CHECK(report.sbuf.advice.text.empty());
}

}  // namespace kiln
