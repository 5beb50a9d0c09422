// What is reported as too large, as overlapping and as badly placed; and what is not.
#include "kiln/placement/capacity.h"

#include "tests/program_text.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

using Texts = std::vector<std::string>;

Texts problems(std::string_view body) {
  const auto program = parsed_program(body);
  Report report;
  check_capacity(*program, place(*program), report);
  Texts texts;
  for (const Diagnostic& d : report.diagnostics()) texts.push_back(to_string(d, program->files));
  return texts;
}

// Tiles of one shape, from %0 on, which are all written, and then used twice.
std::string tiles(int count, std::string_view memory, std::string_view dtype,
                  std::string_view shape) {
  std::string text;
  for (int n = 0; n < count; ++n) {
    text += fmt::format("storage %{} \"\" {} {} {} @0:1\n", n, memory, dtype, shape);
  }
  for (const int value : {1, 2, 3}) {
    for (int n = 0; n < count; ++n) {
      text += value == 1
                  ? fmt::format("memset dst=%{} value=1.0 @0:2\n", n)
                  : fmt::format("activation dst=%{0} op=copy data=%{0} @0:{1}\n", n, value + 1);
    }
  }
  return text;
}

// Two tiles of SBUF at given bytes.
std::string two_at(int64_t first, int64_t second, std::string_view code) {
  return fmt::format(
      "storage %0 \"a\" sbuf float32 [128, 512] at (0 {})\n"
      "storage %1 \"b\" sbuf float32 [128, 512] at (0 {})\n"
      "storage %2 \"c\" sbuf float32 [128, 512]\n{}",
      first, second, code);
}

constexpr std::string_view lost =
    "warning: memset: writes 'b' (128, 512) float32 at (0, 1024) over 'a' (128, 512) float32 at "
    "(0, 0), which tensor_copy at instruction 2 still reads [address_overlap]";

}  // namespace

TEST_CASE("what fits is not reported") {
  // 104 of 2048 bytes are 212992; a partition has 212984.
  CHECK(problems(tiles(103, "sbuf", "float32", "[128, 512]")).empty());
  CHECK(problems(tiles(8, "psum", "float32", "[128, 512]")).empty());
  // Four lie beside one another in the partitions.
  CHECK(problems(tiles(32, "psum", "float32", "[64, 128]")).empty());
}

TEST_CASE("more than the memory has is reported where the most is alive") {
  CHECK(
      problems(tiles(104, "sbuf", "float32", "[128, 512]")) ==
      Texts{"k.py:3: error: activation: tensors in use here need 212992 bytes of each partition of "
            "sbuf; trn2 has 212984 [out_of_sbuf]"});
  CHECK(
      problems(tiles(9, "psum", "float32", "[128, 512]")) ==
      Texts{"k.py:3: error: activation: tensors in use here need 18432 bytes of each partition of "
            "psum; trn2 has 16384 [out_of_psum]"});
  // More than half a bank has a bank of its own.
  CHECK(problems(tiles(8, "psum", "float32", "[128, 257]")).empty());
  CHECK(problems(tiles(9, "psum", "float32", "[128, 257]")) ==
        Texts{"k.py:3: error: activation: tensors in use here need 18432 bytes of each partition "
              "of psum; trn2 has 16384 [out_of_psum]"});
}

TEST_CASE("the largest owners are named") {
  const auto program = parsed_program(tiles(9, "psum", "float32", "[128, 512]"));
  Report report;
  check_capacity(*program, place(*program), report);
  REQUIRE(report.diagnostics().size() == 1);
  const std::vector<Note>& notes = report.diagnostics()[0].notes;
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].message == "18432 bytes: (128, 512) float32 and 8 like it");
  CHECK(notes[0].location.line == 1);
}

TEST_CASE("tensors that fit side by side only are a warning: all start at partition 0") {
  const Texts found = problems(tiles(9, "psum", "float32", "[32, 512]"));
  REQUIRE(found.size() == 1);
  CHECK(found[0] ==
        "k.py:2: warning: memset: in the program's order, each from partition 0, tensors in psum "
        "need 18432 bytes here and 1 of them find no place; trn2 has 16384, and 4608 can do "
        "[fragmented]");
}

TEST_CASE("loads before and stores after all uses are no error: they can be moved") {
  std::string text = "storage %0 \"a\" shared_hbm float32 [128, 512] input\n", loads, uses, stores;
  for (int n = 1; n <= 120; ++n) {
    text += fmt::format("storage %{} \"\" sbuf float32 [128, 512]\n", n);
    loads += fmt::format("dma_copy dst=%{} src=%0\n", n);
    uses += fmt::format("activation dst=%{0} op=copy data=%{0}\n", n);
    stores += fmt::format("dma_copy dst=%0 src=%{}\n", n);
  }
  for (const std::string& code : {loads + uses, uses + stores, loads + stores}) {
    const Texts found = problems(text + code);
    REQUIRE(found.size() == 1);
    CHECK(found[0].find("[fragmented]") != std::string::npos);
  }
  const Texts found = problems(text + loads + uses + uses);
  REQUIRE(found.size() == 1);
  CHECK(found[0].find("[out_of_sbuf]") != std::string::npos);
}

TEST_CASE("a tensor that is written over and then read is reported") {
  CHECK(problems(two_at(0, 1024,
                        "memset dst=%0 value=1.0\nmemset dst=%1 value=1.0\n"
                        "tensor_copy dst=%2 src=%0\n")) == Texts{std::string(lost)});
  // Both in a loop, where the end of an iteration meets the beginning of the next.
  const std::string in_loop =
      two_at(0, 1024,
             "memset dst=%0 value=1.0\nloop counter=r0 lower=0 upper=4\n"
             "  tensor_copy dst=%2 src=%0\n  memset dst=%1 value=1.0\nend_loop\n");
  CHECK(problems("registers 1\n" + in_loop).size() == 1);
}

TEST_CASE("the notes of an overlap name the lines of both tensors") {
  const auto program = parsed_program(
      "storage %0 \"a\" sbuf float32 [128, 512] at (0 0) @0:1\n"
      "storage %1 \"b\" sbuf float32 [128, 512] at (0 0) @0:2\n"
      "memset dst=%0 value=1.0 @0:3\nmemset dst=%1 value=1.0 @0:4\n"
      "tensor_copy dst=%1 src=%0 @0:5\n");
  Report report;
  check_capacity(*program, place(*program), report);
  REQUIRE(report.diagnostics().size() == 1);
  const Diagnostic& d = report.diagnostics()[0];
  CHECK(d.location.line == 4);
  REQUIRE(d.notes.size() == 3);
  CHECK(d.notes[0].location.line == 1);
  CHECK(d.notes[1].location.line == 2);
  CHECK(d.notes[2].location.line == 5);
}

TEST_CASE("a place may be used again, and in turn") {
  const std::string in_turn =
      "memset dst=%0 value=1.0\ntensor_copy dst=%2 src=%0\n"
      "memset dst=%1 value=1.0\ntensor_copy dst=%2 src=%1\n";
  CHECK(problems(two_at(0, 0, in_turn)).empty());
  CHECK(problems(two_at(0, 0, in_turn + in_turn)).empty());
  CHECK(problems("registers 1\n" +
                 two_at(0, 0, "loop counter=r0 lower=0 upper=4\n" + in_turn + "end_loop\n"))
            .empty());
  // What is read in the loop's next iteration was written again.
  CHECK(problems("registers 1\n" +
                 two_at(0, 0,
                        "loop counter=r0 lower=0 upper=4\n  memset dst=%0 value=1.0\n"
                        "  tensor_copy dst=%2 src=%0\n  memset dst=%1 value=1.0\nend_loop\n"))
            .empty());
}

TEST_CASE("a pool's tensors may be used where they do not meet") {
  const std::string half = "[0+0; 128:1 256:1]", rest = "[0+256; 128:1 256:1]";
  // Of `a` only what lies before `b`.
  CHECK(problems(two_at(0, 1024,
                        "memset dst=%0 value=1.0\nmemset dst=%1 value=1.0\n"
                        "tensor_copy dst=%2" +
                            half + " src=%0" + half + "\n"))
            .empty());
  // Written over in part, and this part written again.
  CHECK(problems(two_at(0, 1024,
                        "memset dst=%0 value=1.0\nmemset dst=%1 value=1.0\n"
                        "memset dst=%0" +
                            rest + " value=1.0\ntensor_copy dst=%2 src=%0\n"))
            .empty());
  CHECK(problems(two_at(0, 1024,
                        "memset dst=%0 value=1.0\nmemset dst=%1" + half +
                            " value=1.0\n"
                            "tensor_copy dst=%2" +
                            rest + " src=%0" + rest + "\n"))
            .size() == 1);
}

TEST_CASE("the same bytes of other partitions are another place") {
  CHECK(problems("storage %0 \"a\" sbuf float32 [64, 512] at (0 0)\n"
                 "storage %1 \"b\" sbuf float32 [64, 512] at (64 0)\n"
                 "memset dst=%0 value=1.0\nmemset dst=%1 value=1.0\n"
                 "tensor_copy dst=%1 src=%0\n")
            .empty());
}

TEST_CASE("tiles that go round are reported when they go round too early") {
  // Tile n is at place n % places; it is read after `ahead` more were written.
  const auto round = [](int places, int ahead) {
    std::string text, code;
    for (int n = 0; n < 12; ++n) {
      text +=
          fmt::format("storage %{} \"\" sbuf float32 [128, 512] at (0 {})\n", n, n % places * 2048);
      code += fmt::format("memset dst=%{} value=1.0\n", n);
      if (n >= ahead) code += fmt::format("activation dst=%{0} op=copy data=%{0}\n", n - ahead);
    }
    return text + code;
  };
  CHECK(problems(round(3, 2)).empty());
  CHECK(problems(round(2, 2)).size() == 10);
}

TEST_CASE("addresses outside of the memory or between its units are reported") {
  const auto at = [](std::string_view memory, std::string_view dtype, int64_t byte) {
    return problems(
        fmt::format("storage %0 \"t\" {} {} [128, 3] at (0 {})\n", memory, dtype, byte));
  };
  CHECK(at("sbuf", "float32", 212984 - 12).empty());
  CHECK(at("sbuf", "float32", 212984 - 8) ==
        Texts{"error: ndarray: 't' (128, 3) float32 at byte 212976 ends at 212988; trn2 leaves "
              "kernels 212984 bytes of each partition of sbuf [bad_address]"});
  CHECK(at("sbuf", "bfloat16", 6).empty());
  CHECK(at("sbuf", "float32", 6) ==
        Texts{"error: ndarray: 't' (128, 3) float32 is at byte 6, which is no multiple of 4 "
              "[bad_address]"});
}

TEST_CASE("what is only loaded does not count between its uses") {
  // Eight tiles of 32 KiB, each used twice, with all the others in between.
  const auto program = [](std::string_view first) {
    std::string text = "storage %0 \"x\" shared_hbm float32 [128, 8192] input\n", code;
    for (int n = 1; n <= 8; ++n) {
      text += fmt::format("storage %{} \"\" sbuf float32 [128, 8192]\n", n);
      code += fmt::format("dma_copy dst=%{} src=%0\n", n);
      if (!first.empty()) code += fmt::format(fmt::runtime(first), n);
    }
    text += "storage %9 \"\" sbuf float32 [128, 1]\n";
    for (int n = 1; n <= 16; ++n) {
      code += fmt::format("activation dst=%9[0+0; 128:1 1:1] op=copy data=%{}[0+0; 128:1 1:1]\n",
                          (n - 1) % 8 + 1);
    }
    return text + code;
  };
  for (const std::string& text : problems(program(""))) CHECK(text.ends_with("[fragmented]"));
  REQUIRE(problems(program("activation dst=%{0} op=exp data=%{0}\n")).size() == 1);
  CHECK(problems(program("activation dst=%{0} op=exp data=%{0}\n"))[0].ends_with("[out_of_sbuf]"));
}

}  // namespace kiln
