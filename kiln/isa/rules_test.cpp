#include "kiln/isa/rules.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace kiln {
namespace {

const Machine gen3{.generation = Generation::gen3,
                   .instance = "trn2",
                   .partitions = {128},
                   .access_pattern_dims = {4},
                   .access_pattern_elements = {65536},
                   .access_pattern_step = {32767}};

struct TileSpec {
  std::vector<int64_t> shape;
  Memory memory = Memory::sbuf;
  DType dtype = DType::float32;
  std::optional<Address> address = {};
};

// Tiles to apply rules to, and what the rules reported.
struct Bench {
  Tiles tiles;
  Report report;
  Context context{gen3, tiles};

  NamedTile tile(const TileSpec& spec) {
    Storage storage{.memory = spec.memory, .dtype = spec.dtype, .address = spec.address};
    for (int64_t size : spec.shape) storage.shape[storage.rank++] = size;
    return {"t", tiles.tile(tiles.whole(tiles.add(storage)))};
  }
  NamedTile changed(const NamedTile& from, auto&& change) {
    View view = from.tile.view();
    change(view);
    return {"t", tiles.tile(tiles.add(view))};
  }
  // The one diagnostic there is: "id: message", or "" if there is none.
  std::string said() const {
    if (report.diagnostics().empty()) return "";
    REQUIRE(report.diagnostics().size() == 1);
    const Diagnostic& d = report.diagnostics()[0];
    return std::string(d.kind->id) + ": " + d.message;
  }
};

TEST_CASE("engines start at partitions that fit the size") {
  for (int64_t start = 0; start < 128; ++start) {
    CAPTURE(start);
    const bool quadrant = start == 0 || start == 32 || start == 64 || start == 96;
    CHECK(rules::may_start_at(start, 1) == quadrant);
    CHECK(rules::may_start_at(start, 32) == quadrant);
    CHECK(rules::may_start_at(start, 33) == (start == 0 || start == 64));
    CHECK(rules::may_start_at(start, 64) == (start == 0 || start == 64));
    CHECK(rules::may_start_at(start, 65) == (start == 0));
    CHECK(rules::may_start_at(start, 128) == (start == 0));
  }
}

TEST_CASE("engine_tile takes tiles in sbuf and psum") {
  Bench b;
  CHECK(rules::engine_tile(b.context, b.report, b.tile({{128, 4}})));
  CHECK(rules::engine_tile(b.context, b.report, b.tile({{128, 4}, Memory::psum})));
  CHECK(b.said() == "");
  CHECK_FALSE(rules::engine_tile(b.context, b.report, b.tile({{128, 4}, Memory::shared_hbm})));
  CHECK(b.said() == "wrong_memory: t is in shared_hbm; it must be in sbuf or psum");
}

TEST_CASE("engine_tile limits the number of partitions") {
  Bench b;
  CHECK_FALSE(rules::engine_tile(b.context, b.report, b.tile({{129, 4}})));
  CHECK(b.said() == "partition_count: t has 129 partitions; gen3 has 128");
}

TEST_CASE("engine_tile counts the start partition from the storage's address") {
  Bench b;
  const NamedTile placed = b.tile({{96, 4}, Memory::sbuf, DType::float32, Address{32, 0}});
  const auto rows = [&](int32_t first, int64_t count) {
    return b.changed(placed, [&](View& v) {
      v.partition = first;
      v.layout.shape[0] = count;
    });
  };
  CHECK(rules::engine_tile(b.context, b.report, rows(32, 64)));
  CHECK(rules::engine_tile(b.context, b.report, rows(64, 32)));
  CHECK(b.said() == "");
  CHECK_FALSE(rules::engine_tile(b.context, b.report, rows(0, 64)));
  CHECK(b.said() ==
        "start_partition: t starts at partition 32; a tile of 64 partitions starts at 0 or 64");
}

TEST_CASE("engine_tile takes neighbouring partitions only") {
  Bench b;
  const NamedTile whole = b.tile({{64, 4}});
  const auto stepped = [&](int64_t partitions) {
    return b.changed(whole, [&](View& v) {
      v.layout.shape[0] = partitions;
      v.layout.stride[0] = 2;
    });
  };
  CHECK(rules::engine_tile(b.context, b.report, stepped(1)));
  CHECK_FALSE(rules::engine_tile(b.context, b.report, stepped(32)));
  CHECK(b.said() == "bad_view: t steps by 2 in the partition dimension; engines step by 1");
}

TEST_CASE("engine_tile refuses an index for each partition") {
  Bench b;
  const DynamicId vector = b.tiles.add({.kind = Dynamic::Kind::vector_tile});
  const DynamicId scalar = b.tiles.add({.kind = Dynamic::Kind::scalar_register});
  const NamedTile whole = b.tile({{64, 4}});
  CHECK(rules::engine_tile(b.context, b.report,
                           b.changed(whole, [&](View& v) { v.dynamic = scalar; })));
  const NamedTile gathered = b.changed(whole, [&](View& v) { v.dynamic = vector; });
  CHECK(rules::dma_tile(b.context, b.report, gathered));
  CHECK_FALSE(rules::engine_tile(b.context, b.report, gathered));
  CHECK(b.said() == "bad_view: t has an index for each partition; only dma follows such an index");
}

TEST_CASE("each memory rule names the memories") {
  Bench b;
  const NamedTile sbuf = b.tile({{4, 4}}), psum = b.tile({{4, 4}, Memory::psum}),
                  hbm = b.tile({{4, 4}, Memory::private_hbm});
  CHECK(rules::in_sbuf(b.context, b.report, sbuf));
  CHECK(rules::in_psum(b.context, b.report, psum));
  CHECK(rules::dma_tile(b.context, b.report, sbuf));
  CHECK(rules::dma_tile(b.context, b.report, hbm));
  CHECK(rules::not_both_in_psum(b.report, sbuf, psum));
  CHECK(rules::within_gpsimd_reach(b.report, Engine::vector, psum));
  CHECK(rules::within_gpsimd_reach(b.report, Engine::gpsimd, sbuf));
  CHECK(b.said() == "");
  SUBCASE("sbuf") {
    CHECK_FALSE(rules::in_sbuf(b.context, b.report, psum));
    CHECK(b.said() == "wrong_memory: t is in psum; it must be in sbuf");
  }
  SUBCASE("psum") {
    CHECK_FALSE(rules::in_psum(b.context, b.report, hbm));
    CHECK(b.said() == "wrong_memory: t is in private_hbm; it must be in psum");
  }
  SUBCASE("dma") {
    CHECK_FALSE(rules::dma_tile(b.context, b.report, psum));
    CHECK(b.said() == "wrong_memory: t is in psum; it must be in hbm or sbuf");
  }
  SUBCASE("both in psum") {
    CHECK_FALSE(rules::not_both_in_psum(b.report, {"a", psum.tile}, {"b", psum.tile}));
    CHECK(b.said() == "wrong_memory: a and b are both in psum; at most one may be");
  }
  SUBCASE("gpsimd") {
    CHECK_FALSE(rules::within_gpsimd_reach(b.report, Engine::gpsimd, psum));
    CHECK(b.said() == "wrong_memory: t is in psum, which engine=gpsimd cannot reach");
  }
}

TEST_CASE("each size rule gives both sizes") {
  Bench b;
  const NamedTile a{"a", b.tile({{64, 2, 6}}).tile}, same{"b", b.tile({{64, 12}}).tile};
  const NamedTile other{"b", b.tile({{32, 24}}).tile}, column{"c", b.tile({{64, 1}}).tile};
  CHECK(rules::same_partitions(b.report, a, same));
  CHECK(rules::same_free_elements(b.report, a, same));
  CHECK(rules::same_elements(b.report, a, other));
  CHECK(rules::column(b.report, column, a));
  CHECK(rules::free_elements_at_most(b.report, a, 12, "limit"));
  CHECK(rules::free_elements_are(b.report, a, 12));
  CHECK(b.said() == "");
  SUBCASE("partitions") {
    CHECK_FALSE(rules::same_partitions(b.report, a, other));
    CHECK(b.said() == "partition_mismatch: a has 64 partitions, b has 32");
  }
  SUBCASE("free elements") {
    CHECK_FALSE(rules::same_free_elements(b.report, a, other));
    CHECK(b.said() == "size_mismatch: a has 12 elements per partition, b has 24");
  }
  SUBCASE("elements") {
    CHECK_FALSE(rules::same_elements(b.report, a, column));
    CHECK(b.said() == "size_mismatch: a has 768 elements, c has 64");
  }
  SUBCASE("column of other partitions") {
    CHECK_FALSE(rules::column(b.report, column, other));
    CHECK(b.said() == "partition_mismatch: c has 64 partitions, b has 32");
  }
  SUBCASE("more than a column") {
    CHECK_FALSE(rules::column(b.report, a, same));
    CHECK(b.said() == "size_mismatch: a has 12 elements per partition; it takes 1");
  }
  SUBCASE("too large") {
    CHECK_FALSE(rules::free_elements_at_most(b.report, a, 11, "bn_stats_fmax"));
    CHECK(b.said() == "tile_too_large: a has 12 elements per partition; bn_stats_fmax is 11");
  }
  SUBCASE("count") {
    CHECK_FALSE(rules::free_elements_are(b.report, a, 6));
    CHECK(b.said() == "size_mismatch: a has 12 elements per partition; it needs 6");
  }
}

TEST_CASE("each dtype rule names the dtypes") {
  Bench b;
  const NamedTile f32 = b.tile({{4, 4}}), i8 = b.tile({{4, 4}, Memory::sbuf, DType::int8}),
                  packed = b.tile({{4, 4}, Memory::sbuf, DType::float8_e5m2_x4});
  CHECK(rules::dtype_is(b.report, i8, {DType::int8, DType::uint8}));
  CHECK(rules::same_dtype(b.report, i8, i8));
  CHECK(rules::integer_dtype(b.report, i8));
  CHECK(rules::arithmetic_dtype(b.report, i8));
  CHECK(rules::arithmetic_dtype(b.report, f32));
  CHECK(b.said() == "");
  SUBCASE("one of") {
    CHECK_FALSE(rules::dtype_is(b.report, f32, {DType::int8, DType::uint8}));
    CHECK(b.said() == "dtype_mismatch: t is float32; it must be int8 or uint8");
  }
  SUBCASE("same") {
    CHECK_FALSE(rules::same_dtype(b.report, {"a", f32.tile}, {"b", i8.tile}));
    CHECK(b.said() == "dtype_mismatch: a is float32, b is int8; they must be the same");
  }
  SUBCASE("integer") {
    CHECK_FALSE(rules::integer_dtype(b.report, f32));
    CHECK(b.said() == "dtype_mismatch: t is float32; it must be an integer type");
  }
  SUBCASE("packed") {
    CHECK_FALSE(rules::arithmetic_dtype(b.report, packed));
    CHECK(b.said() == "dtype_mismatch: t is float8_e5m2_x4; it must be a type that is not packed");
  }
}

TEST_CASE("engine and operator rules") {
  Bench b;
  const EngineSet vector_or_gpsimd = Engine::vector | Engine::gpsimd;
  CHECK(rules::engine_is(b.report, Engine::unknown, vector_or_gpsimd));
  CHECK(rules::engine_is(b.report, Engine::vector, vector_or_gpsimd));
  CHECK(rules::op_exists(b.context, b.report, "op", AluOp::add));
  CHECK(rules::arithmetic_op(b.report, "op", AluOp::abs));
  CHECK(rules::binary_arithmetic_op(b.report, "op", AluOp::add));
  CHECK(rules::reduction_op(b.report, "op", AluOp::bitwise_xor));
  CHECK(b.said() == "");
  SUBCASE("engine") {
    CHECK_FALSE(rules::engine_is(b.report, Engine::tensor, vector_or_gpsimd));
    CHECK(b.said() == "wrong_engine: engine is tensor; the instruction runs on gpsimd or vector");
  }
  SUBCASE("generation") {
    CHECK_FALSE(rules::op_exists(b.context, b.report, "op0", AluOp::abs_max));
    CHECK(b.said() == "wrong_generation: op0 is abs_max; only gen4 and later have it");
  }
  SUBCASE("arithmetic") {
    CHECK_FALSE(rules::arithmetic_op(b.report, "op", AluOp::invert));
    CHECK(b.said() == "bad_operator: op is invert; it must be an arithmetic operator");
  }
  SUBCASE("not given") {
    CHECK_FALSE(rules::arithmetic_op(b.report, "op", AluOp::none));
    CHECK(b.said() == "bad_operator: op is none; it must be an arithmetic operator");
  }
  SUBCASE("binary") {
    CHECK_FALSE(rules::binary_arithmetic_op(b.report, "op", AluOp::relu));
    CHECK(b.said() ==
          "bad_operator: op is relu; it must be an arithmetic operator of two operands");
  }
  SUBCASE("reduction") {
    CHECK_FALSE(rules::reduction_op(b.report, "op", AluOp::divide));
    CHECK(b.said() == "bad_operator: op is divide; it must be a reduction operator");
  }
}

}  // namespace
}  // namespace kiln
