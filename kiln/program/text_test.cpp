#include "kiln/program/text.h"

#include <doctest/doctest.h>

#include <random>

using namespace kiln;

namespace {

constexpr std::string_view every_kind_of_value = R"(kiln 1
kernel "every \"kind\""
target gen4
registers 2
file 0 "kernel.py"
storage %0 "a" shared_hbm float32 [256, 512] input @0:3
storage %1 "" sbuf float32 [128, 512] at (0 1024)
storage %2 "" psum float32 [128, 512]
storage %3 "table" shared_hbm uint8 [4] constant 00ff10a0
storage %4 "" sbuf int32 [1, 1]
storage %5 "" sbuf bfloat16 [128, 1024]
storage %6 "" sbuf uint16 [128, 4]
memset dst=%4 value=7
memset dst=%1 value=-0.5 name="clear"
register_move dst=r0 src=3
register_load dst=r1 src=%4
loop counter=r0 lower=0 upper=r1 step=2
  dma_copy dst=%1 src=%0[0+0; 128:512 512:1]@r0*65536<2 oob_mode=skip @0:12
  while_loop condition=r1
    register_move dst=r1 src=0
  end_while
end_loop
dma_copy dst=%1 src=%0[0+512; 128:512 512:1]@scalar(%4)*65536<2
tensor_tensor dst=%1[0+0; 64:1 256:2] data1=%1[64+0; 64:1 256:2] data2=%1[64+1; 64:1 256:2] op=add engine=gpsimd
tensor_scalar dst=%1 data=%1 op0=multiply operand0=2.0 op1=add operand1=%1[0+3; 128:1 1:1]
tensor_reduce dst=%1[0+0; 128:1 1:1] op=maximum data=%1 axis=[1]
tensor_copy dst=%1[0+0; 128:1 256:1] src=%1[0+256; 128:1 256:1] @0:14
memset dst=%1 value=nan:7fc00001
affine_select dst=%1 pattern=[-1:512] channel_multiplier=1 on_true_tile=%1 on_false_value=-1e+30 cmp_op=greater_equal
tensor_copy dst=%5[0+0; 128:1 512:1]:float32 src=%1
tensor_copy dst=%1[0+0; 128:1 40:1] src=%1[0+0; 128:1 40:0]@indirect(%6)*1<512
dma_compute dst=%1 srcs=[%0[0+4; 128:512 512:1] %1] reduce_op=add scales=[1.0 1.0]
output %1
output %0[0+4; 4:512 4:1]
)";

std::string message(const Result<ParsedProgram>& parsed) {
  return parsed.ok() ? "" : parsed.error().message;
}

std::string round_trip(std::string_view text) {
  const Result<ParsedProgram> parsed = parse_program(text);
  INFO(message(parsed));
  REQUIRE(parsed.ok());
  for (const Diagnostic& d : parsed->report.diagnostics()) {
    FAIL_CHECK(to_string(d, parsed->program->files));
  }
  return to_text(*parsed->program);
}

std::string error_of(std::string_view text) { return message(parse_program(text)); }

}  // namespace

TEST_CASE("text is read and written without loss") {
  CHECK(round_trip(every_kind_of_value) == every_kind_of_value);
}

TEST_CASE("without locations the text has no files and lines") {
  const Result<ParsedProgram> parsed = parse_program(every_kind_of_value);
  REQUIRE(parsed.ok());
  const std::string text = to_text(*parsed->program, {.locations = false});
  CHECK(text.find("kernel.py") == std::string::npos);
  CHECK(text.find("@0:12") == std::string::npos);
  CHECK(text.find("memset dst=%4 value=7") != std::string::npos);
}

TEST_CASE("what is wrong in a text is said with its line") {
  const std::string head = "kiln 1\nkernel \"k\"\ntarget gen3\n";
  CHECK(error_of("") == "line 0: the text is empty; it starts with 'kiln 1'");
  CHECK(error_of("kiln 1\ntarget gen9\n") == "line 2: 'gen9' is no nc_version");
  CHECK(error_of(head + "memsett dst=%0") ==
        "line 4: 'memsett' is no declaration and no instruction");
  CHECK(error_of(head + "memset dst=%3 value=0") ==
        "line 4: storage %3 is not declared; there are 0");
  const std::string one = head + "storage %0 \"\" sbuf float32 [128, 64]\n";
  CHECK(error_of(one + "memset value=0") ==
        "line 5: memset needs 'dst', which is " + std::string(std::get<0>(Memset::fields).doc));
  CHECK(error_of(one + "memset dst=%0 value=x") == "line 5: 'x' is no number");
  CHECK(error_of(one + "memset dst=%0[0+1; 128:1 64:1] value=0") ==
        "line 5: the view reaches partitions 0 to 128 and bytes 4 to 260 of %0, which has 128 and "
        "256");
  CHECK(error_of(one + "memset dst=%0[0+0; 128:1 1:0]@vector(%0[0+0; 128:1 "
                       "1:0]@indirect(%0)*1<64)*1<64 value=0") ==
        "line 5: the index of a view is itself a view with a vector of indices");
  CHECK(error_of(one + "memset dst=%0[0+0; 128:1 1:0]@register(%0)*1<64 value=0") ==
        "line 5: the program declares no registers");
  CHECK(error_of(one + "memset dst=%0 value=0 value=1") ==
        "line 5: 'value' is no further argument of memset");
}

TEST_CASE("a loop without an end is reported") {
  const Result<ParsedProgram> parsed = parse_program(
      "kiln 1\nkernel \"k\"\ntarget gen3\nregisters 1\nloop counter=r0 lower=0 "
      "upper=4\n");
  REQUIRE(parsed.ok());
  CHECK(parsed->report.has_errors());
}

TEST_CASE("any change of a text gives a program or an error") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 3000; ++round) {
    std::string text(every_kind_of_value);
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(32 + random() % 95);
          break;
        case 1:
          text.erase(at, random() % 8);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 8));
          break;
      }
      if (text.empty()) text.push_back('k');
    }
    const Result<ParsedProgram> parsed = parse_program(text);
    if (parsed.ok() && !parsed->report.has_errors()) {
      const std::string written = to_text(*parsed->program);
      CAPTURE(text);
      CHECK(round_trip(written) == written);
    }
  }
}
