#include "kiln/machine/machine.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <set>

namespace kiln {

namespace {

constexpr std::array generations{Generation::gen2, Generation::gen3, Generation::gen4};

const FactRow* find_row(const std::vector<FactRow>& rows, std::string_view name) {
  for (const FactRow& row : rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("every generation has a table that fits together") {
  for (Generation generation : generations) {
    CAPTURE(name_of(generation));
    CHECK(machine(generation).generation == generation);
    CHECK(validate(machine(generation)) == "");
  }
}

TEST_CASE("validate names the rule that is broken") {
  Machine m = machine(Generation::gen3);
  m.psum_banks.value = 7;
  CHECK(validate(m) == "psum_banks does not divide psum_bytes_per_partition");

  m = machine(Generation::gen3);
  m.sbuf_reserved_bytes_per_partition.value = m.sbuf_bytes_per_partition.value;
  CHECK(validate(m) == "the reserved part of sbuf leaves nothing");

  m = machine(Generation::gen3);
  m.tensor.clock_ghz.value = 1.4;
  CHECK(validate(m) == "the tensor engine's TFLOPS do not follow from its clock and width");

  m = machine(Generation::gen4);
  m.matmul_moving_free_bf16.value = 0;
  CHECK(validate(m) == "bf16_matmul_output and matmul_moving_free_bf16 disagree");

  m = machine(Generation::gen4);
  m.mx_matmul.source = "";
  CHECK(validate(m) == "a figure has no source");
}

TEST_CASE("a generation is found by the names its users know, spelled exactly") {
  for (std::string_view name : {"trn1", "inf2", "gen2", "NeuronCore-v2"}) {
    CHECK(find_generation(name) == Generation::gen2);
  }
  for (std::string_view name : {"trn2", "gen3", "NeuronCore-v3"}) {
    CHECK(find_generation(name) == Generation::gen3);
  }
  for (std::string_view name : {"trn3", "gen4", "NeuronCore-v4"}) {
    CHECK(find_generation(name) == Generation::gen4);
  }
  for (std::string_view name : {"", " ", "TRN2", "neuroncore-v3", "trn", "trn22", "gen1", "inf"}) {
    CAPTURE(name);
    CHECK(find_generation(name) == std::nullopt);
  }
}

TEST_CASE("memory sizes are those of the architecture guides") {
  const Machine& gen2 = machine(Generation::gen2);
  const Machine& gen3 = machine(Generation::gen3);
  const Machine& gen4 = machine(Generation::gen4);
  constexpr int64_t mib = 1 << 20;
  CHECK(gen2.partitions * gen2.sbuf_bytes_per_partition == 24 * mib);
  CHECK(gen3.partitions * gen3.sbuf_bytes_per_partition == 28 * mib);
  CHECK(gen4.partitions * gen4.sbuf_bytes_per_partition == 32 * mib);
  CHECK(gen2.sbuf_usable_bytes_per_partition() == 180224);
  CHECK(gen3.sbuf_usable_bytes_per_partition() == 212984);
  CHECK(gen4.sbuf_usable_bytes_per_partition() == 245752);
  for (const Machine* m : {&gen2, &gen3, &gen4}) {
    CHECK(m->partitions * m->psum_bytes_per_partition == 2 * mib);
    CHECK(m->psum_bank_bytes() == 2048);
  }
}

TEST_CASE("fact_rows lists every figure once") {
  // A Machine is its names followed by facts, which are all of one size.
  static_assert(sizeof(Fact<int>) == sizeof(Fact<double>) &&
                sizeof(Fact<int>) == sizeof(Fact<bool>) &&
                sizeof(Fact<int>) == sizeof(Fact<int64_t>));
  const size_t facts = (sizeof(Machine) - offsetof(Machine, cores_per_chip)) / sizeof(Fact<int>);
  for (Generation generation : generations) {
    const std::vector<FactRow> rows = fact_rows(machine(generation));
    std::set<std::string_view> names;
    for (const FactRow& row : rows) {
      CAPTURE(row.name);
      CHECK(names.insert(row.name).second);
      CHECK(!row.group.empty());
      CHECK(!row.value.empty());
      CHECK(!row.source.empty());
    }
    CHECK(rows.size() == facts);
  }
}

TEST_CASE("rows show the value, its unit and its source") {
  const std::vector<FactRow> rows = fact_rows(machine(Generation::gen3));
  const FactRow* clock = find_row(rows, "vector.clock_ghz");
  REQUIRE(clock != nullptr);
  CHECK(clock->group == "engines");
  CHECK(clock->value == "0.96");
  CHECK(clock->unit == "GHz");
  CHECK(clock->source == "nki/guides/architecture/trainium2_arch.rst");
  CHECK(clock->evidence == Evidence::documented);
  const FactRow* capability = find_row(rows, "mx_matmul");
  REQUIRE(capability != nullptr);
  CHECK(capability->value == "no");
}

}  // namespace kiln
