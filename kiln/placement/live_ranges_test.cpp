// Live ranges: straight code, loops, and tiles that are written anew.
#include "kiln/placement/live_ranges.h"

#include "tests/program_text.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

using Lives = std::vector<std::vector<uint32_t>>;  // storage, first, last

Lives lives(std::string_view text) {
  Lives found;
  for (const Life& life : live_ranges(*parsed_program(text)).lives) {
    found.push_back({life.storage.value, life.range.first, life.range.last});
  }
  return found;
}

constexpr std::string_view three_tiles = R"(storage %0 "a" shared_hbm float32 [128, 512] input
storage %1 "x" sbuf float32 [128, 512]
storage %2 "y" sbuf float32 [128, 512]
storage %3 "z" sbuf float32 [128, 512]
)";

std::string with_tiles(std::string_view code) { return std::string(three_tiles) + code.data(); }

}  // namespace

TEST_CASE("a storage is alive from its first to its last use") {
  CHECK(lives(with_tiles("dma_copy dst=%1 src=%0\n"
                         "memset dst=%2 value=1.0\n"
                         "tensor_tensor dst=%2 data1=%1 data2=%2 op=add\n"
                         "dma_copy dst=%0 src=%2\n")) == Lives{{1, 0, 2}, {2, 1, 3}});
}

TEST_CASE("what is never used is not alive, and HBM is not followed") {
  const auto program = parsed_program(with_tiles("memset dst=%1 value=1.0\n"));
  const LiveRanges ranges = live_ranges(*program);
  CHECK(ranges.lives.size() == 1);
  REQUIRE(ranges.of_storage.size() == 4);
  CHECK(ranges.of_storage[0].empty());
  CHECK(ranges.of_storage[1] == LiveRange{0, 0});
  CHECK(ranges.of_storage[2].empty());
  CHECK(live_ranges(*parsed_program(three_tiles)).lives.empty());
}

TEST_CASE("a tile that is written anew as a whole has another life") {
  const std::string first = "memset dst=%1 value=1.0\ntensor_copy dst=%2 src=%1\n";
  CHECK(lives(with_tiles(first + "memset dst=%2 value=0.0\nmemset dst=%1 value=2.0\n")) ==
        Lives{{1, 0, 1}, {2, 1, 1}, {2, 2, 2}, {1, 3, 3}});
  // In part, or from itself, it goes on living.
  CHECK(lives(with_tiles(first + "memset dst=%1[0+0; 128:1 256:1] value=0.0\n")) ==
        Lives{{1, 0, 2}, {2, 1, 1}});
  CHECK(lives(with_tiles(first + "tensor_copy dst=%1 src=%1\n")) == Lives{{1, 0, 2}, {2, 1, 1}});
  // Reinterpreted, it is still all of the tile.
  CHECK(lives(with_tiles(first + "memset dst=%1[0+0; 128:1 1024:1]:bfloat16 value=0.0\n")) ==
        Lives{{1, 0, 1}, {2, 1, 1}, {1, 2, 2}});
}

TEST_CASE("a matmul that adds keeps the sum alive, one that overwrites does not") {
  const std::string head =
      "storage %0 \"x\" sbuf float32 [128, 128]\nstorage %1 \"p\" psum float32 [128, 128]\n"
      "memset dst=%0 value=1.0\nnc_matmul dst=%1 stationary=%0 moving=%0\n";
  CHECK(lives(head + "nc_matmul dst=%1 stationary=%0 moving=%0\n") == Lives{{0, 0, 2}, {1, 1, 2}});
  CHECK(lives(head + "nc_matmul dst=%1 stationary=%0 moving=%0 accumulate=false\n") ==
        Lives{{0, 0, 2}, {1, 1, 1}, {1, 2, 2}});
}

TEST_CASE("a row that an index out of bounds leaves alone keeps the tile alive") {
  const std::string head =
      "storage %0 \"a\" shared_hbm float32 [128, 512] input\n"
      "storage %1 \"x\" sbuf float32 [128, 512]\nstorage %2 \"i\" sbuf int32 [128, 1]\n"
      "memset dst=%2 value=0\nmemset dst=%1 value=1.0\ntensor_copy dst=%2 src=%2\n";
  const std::string copy = "dma_copy dst=%1 src=%0[0+0; 128:0 512:1]@vector(%2)*512<128";
  CHECK(lives(head + copy + " oob_mode=skip\n") == Lives{{2, 0, 3}, {1, 1, 3}});
  CHECK(lives(head + copy + "\n") == Lives{{2, 0, 3}, {1, 1, 1}, {1, 3, 3}});
}

TEST_CASE("what was there before a loop lives through it; what is born in the body does not") {
  constexpr std::string_view code = R"(registers 1
storage %0 "a" sbuf float32 [128, 512]
memset dst=%0 value=1.0
loop counter=r0 lower=0 upper=4
  storage %1 "b" sbuf float32 [128, 512]
  memset dst=%1[0+0; 128:1 256:1] value=1.0
  tensor_copy dst=%1[0+256; 128:1 256:1] src=%0[0+0; 128:1 256:1]
  register_move dst=r0 src=0
end_loop
register_move dst=r0 src=0
)";
  CHECK(lives(code) == Lives{{0, 0, 5}, {1, 2, 3}});
}

TEST_CASE("of nested loops the outermost counts that began after the birth") {
  constexpr std::string_view code = R"(registers 2
storage %0 "a" sbuf float32 [128, 512]
loop counter=r0 lower=0 upper=4
  storage %1 "b" sbuf float32 [128, 512]
  memset dst=%1[0+0; 128:1 1:1] value=1.0
  loop counter=r1 lower=0 upper=4
    memset dst=%0[0+0; 128:1 1:1] value=1.0
    tensor_copy dst=%1[0+1; 128:1 1:1] src=%1[0+0; 128:1 1:1]
  end_loop
  register_move dst=r1 src=0
end_loop
)";
  CHECK(lives(code) == Lives{{0, 0, 7}, {1, 1, 5}});
}

TEST_CASE("a tile from before the loop that each iteration writes first is one of the body") {
  constexpr std::string_view head = R"(registers 2
storage %0 "a" sbuf float32 [128, 512]
storage %1 "b" sbuf float32 [128, 512]
while_loop condition=r0
  register_move dst=r1 src=0
)";
  const std::string text(head);
  CHECK(lives(text + "  memset dst=%0 value=1.0\n  tensor_copy dst=%1 src=%0\n"
                     "  register_move dst=r0 src=0\nend_while\n") == Lives{{0, 2, 3}, {1, 3, 3}});
  // Read first, it comes from the iteration before.
  CHECK(lives(text + "  tensor_copy dst=%1 src=%0\n  memset dst=%0 value=1.0\n"
                     "  register_move dst=r0 src=0\nend_while\n") == Lives{{0, 0, 5}, {1, 2, 2}});
  // An inner loop may have no iteration: what it writes does not end what was there before.
  CHECK(lives(text + "  memset dst=%0 value=1.0\n"
                     "  loop counter=r1 lower=0 upper=r0\n    memset dst=%0 value=2.0\n"
                     "  end_loop\n  tensor_copy dst=%1 src=%0\nend_while\n") ==
        Lives{{0, 2, 6}, {1, 6, 6}});
}

}  // namespace kiln
