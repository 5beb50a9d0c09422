#include "kiln/timing/sequence.h"

#include "tests/program_text.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

using Steps = std::vector<uint32_t>;

Steps sequence(std::string_view body) {
  const auto program = parsed_program(body);
  const Result<Steps> steps = sequence_of(*program);
  INFO((steps.ok() ? "" : steps.error().message));
  REQUIRE(steps.ok());
  return *steps;
}

std::string error(std::string_view body, size_t steps_max = 1000) {
  const auto program = parsed_program(body);
  const Result<Steps> steps = sequence_of(*program, steps_max);
  return steps.ok() ? "" : steps.error().message;
}

}  // namespace

TEST_CASE("sequence: without loops it is the code") {
  CHECK(sequence(R"(storage %0 "" sbuf float32 [2, 4]
memset dst=%0 value=0.0
tensor_copy dst=%0 src=%0
)") == Steps{0, 1});
}

TEST_CASE("sequence: a loop's body is repeated, its ends are not in it") {
  CHECK(sequence(R"(registers 1
storage %0 "" sbuf float32 [2, 4]
memset dst=%0 value=0.0
loop counter=r0 lower=0 upper=3
  tensor_copy dst=%0 src=%0
end_loop
memset dst=%0 value=1.0
)") == Steps{0, 2, 2, 2, 4});
}

TEST_CASE("sequence: steps, and loops that are never entered") {
  CHECK(sequence(R"(registers 3
storage %0 "" sbuf float32 [2, 4]
loop counter=r0 lower=1 upper=8 step=3
  memset dst=%0 value=0.0
end_loop
loop counter=r1 lower=5 upper=5
  memset dst=%0 value=1.0
  loop counter=r2 lower=0 upper=2
    memset dst=%0 value=2.0
  end_loop
end_loop
)") == Steps{1, 1, 1});
}

TEST_CASE("sequence: an inner loop may end where the outer one is") {
  CHECK(sequence(R"(registers 2
storage %0 "" sbuf float32 [2, 4]
loop counter=r0 lower=0 upper=3
  memset dst=%0 value=0.0
  loop counter=r1 lower=0 upper=r0
    memset dst=%0 value=1.0
  end_loop
end_loop
)") == Steps{1, 1, 3, 1, 3, 3});
}

TEST_CASE("sequence: a while loop follows what the registers hold") {
  CHECK(sequence(R"(registers 1
storage %0 "" sbuf float32 [2, 4]
register_move dst=r0 src=3
while_loop condition=r0
  memset dst=%0 value=0.0
  register_alu dst=r0 a=r0 b=1 op=subtract
end_while
memset dst=%0 value=1.0
)") == Steps{0, 2, 3, 2, 3, 2, 3, 5});
}

TEST_CASE("sequence: a bound that comes from memory is an error that names the line") {
  const std::string message = error(R"(registers 2
storage %0 "" sbuf int32 [1, 1]
memset dst=%0 value=3
register_load dst=r1 src=%0
loop counter=r0 lower=0 upper=r1 @0:7
  memset dst=%0 value=1
end_loop
)");
  CHECK(message == "the loop at k.py:7 depends on values in memory");
}

TEST_CASE("sequence: what is computed from memory is not known either") {
  CHECK(error(R"(registers 2
storage %0 "" sbuf int32 [1, 1]
memset dst=%0 value=3
register_load dst=r1 src=%0
register_alu dst=r0 a=r1 b=1 op=add
while_loop condition=r0 @0:9
  register_move dst=r0 src=0
end_while
)") == "the loop at k.py:9 depends on values in memory");
}

TEST_CASE("sequence: a register that is given a constant again is known again") {
  CHECK(error(R"(registers 2
storage %0 "" sbuf int32 [1, 1]
memset dst=%0 value=3
register_load dst=r1 src=%0
register_move dst=r1 src=2
loop counter=r0 lower=0 upper=r1
  memset dst=%0 value=1
end_loop
)") == "");
}

TEST_CASE("sequence: more than the limit is an error, also without an end") {
  constexpr std::string_view endless = R"(registers 1
storage %0 "" sbuf float32 [2, 4]
register_move dst=r0 src=1
while_loop condition=r0
  memset dst=%0 value=0.0
end_while
)";
  CHECK(error(endless, 10) == "more than 10 instructions are executed");
}

TEST_CASE("sequence: a loop without anything in it ends") {
  CHECK(error(R"(registers 1
loop counter=r0 lower=0 upper=5
end_loop
)") == "");
}

TEST_CASE("sequence: code without a loop is under the limit, too") {
  CHECK(error(R"(storage %0 "" sbuf float32 [2, 4]
memset dst=%0 value=0.0
memset dst=%0 value=0.0
memset dst=%0 value=0.0
)",
              2) == "more than 2 instructions are executed");
}

TEST_CASE("sequence: an endless loop without anything in it is stopped") {
  CHECK(error(R"(registers 1
register_move dst=r0 src=1
while_loop condition=r0
end_while
)",
              10) == "more than 10 instructions are executed");
}

}  // namespace kiln
