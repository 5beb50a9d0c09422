#include "kiln/machine/rates.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <set>
#include <string>

#include "kiln/machine/sources.h"

namespace kiln {

namespace {

constexpr std::array generations{Generation::gen2, Generation::gen3, Generation::gen4};

// What may be nothing: it comes on top of something else.
const std::set<std::string_view> may_be_zero{"overhead_cycles", "pointer_fixed",
                                             "issue_descriptor_ns", "spacing_ns", "descriptor_ns"};

}  // namespace

TEST_CASE("rates: every generation has its table") {
  for (const Generation generation : generations) {
    CHECK(rates(generation).generation == generation);
  }
}

TEST_CASE("rates: every figure is listed once, with a source and a unit that is its name's") {
  static_assert(sizeof(Fact<int>) == sizeof(Fact<double>) &&
                sizeof(Fact<int>) == sizeof(Fact<bool>));
  const size_t facts = (sizeof(Rates) - offsetof(Rates, prologue_ns)) / sizeof(Fact<int>);
  for (const Generation generation : generations) {
    CAPTURE(name_of(generation));
    const std::vector<FactRow> rows = fact_rows(rates(generation));
    CHECK(rows.size() == facts);
    std::set<std::pair<std::string_view, std::string_view>> names;
    for (const FactRow& row : rows) {
      CAPTURE(row.group);
      CAPTURE(row.name);
      CHECK(names.emplace(row.group, row.name).second);
      CHECK(!row.source.empty());
      CHECK((row.unit == "ns") == row.name.ends_with("_ns"));
      CHECK((row.unit == "GB/s") == row.name.ends_with("gb_per_s"));
      if (row.name.ends_with("_cycles")) CHECK(row.unit == "cycles");
    }
  }
}

TEST_CASE("rates: what takes time takes some") {
  for (const Generation generation : generations) {
    CAPTURE(name_of(generation));
    for (const FactRow& row : fact_rows(rates(generation))) {
      if (row.group == "ports") continue;
      CAPTURE(row.name);
      const double value = std::stod(row.value);
      CHECK(value >= 0);
      if (!may_be_zero.contains(row.name)) CHECK(value > 0);
    }
  }
}

TEST_CASE("rates: shares are shares, and what is slow is not fast") {
  for (const Generation generation : generations) {
    CAPTURE(name_of(generation));
    const Rates& r = rates(generation);
    for (const double share : {r.dma.transpose_share.value, r.dma.transpose_sbuf_share.value,
                               r.dma.accumulate_share.value, r.tensor.busy_share.value}) {
      CHECK(share > 0);
      CHECK(share <= 1);
    }
    CHECK(r.tensor.slow_factor >= 1);
    CHECK(r.activation.function_psum_element >= 1);
    CHECK(r.dma.gb_per_s * machine(generation).dma_engines_per_core <=
          2 * r.dma.hbm_gb_per_s.value);
  }
}

TEST_CASE("rates: a fast mode is not slower than what it is a fast mode of") {
  for (const Generation generation : generations) {
    CAPTURE(name_of(generation));
    const VectorModes& m = rates(generation).vector_modes;
    CHECK(m.copy_16_bit <= m.copy_32_bit);
    CHECK(m.copy_16_bit <= m.psum_16_bit);
    CHECK(m.copy_32_bit <= m.copy_widening);
    CHECK(m.copy_widening <= 1);
    CHECK(m.psum_16_bit <= 1);
    CHECK(m.pair_16_bit <= m.pair_32_bit);
    CHECK(m.pair_16_bit <= m.pair_psum);
  }
}

TEST_CASE("rates: hardware does not become slower from generation to generation") {
  for (size_t i = 1; i < generations.size(); ++i) {
    const VectorModes& before = rates(generations[i - 1]).vector_modes;
    const VectorModes& after = rates(generations[i]).vector_modes;
    CHECK(after.copy_16_bit <= before.copy_16_bit);
    CHECK(after.copy_32_bit <= before.copy_32_bit);
    CHECK(after.pair_16_bit <= before.pair_16_bit);
    CHECK(after.pair_32_bit <= before.pair_32_bit);
    CHECK(rates(generations[i]).dma.gb_per_s >= rates(generations[i - 1]).dma.gb_per_s.value);
  }
}

TEST_CASE("rates: evidence says how far a figure can be trusted") {
  for (const FactRow& row : fact_rows(rates(Generation::gen4))) {
    CAPTURE(row.name);
    // Nobody has published a measurement of this generation; what is measured is of the one before.
    if (row.source == sources::gen4_guide) CHECK(row.evidence != Evidence::measured);
  }
}

}  // namespace kiln
