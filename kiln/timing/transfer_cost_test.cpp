// Queues, engines and descriptors of DMAs.
#include "kiln/timing/transfer_cost.h"

#include <fmt/format.h>

#include <string>

#include "tests/program_text.h"

// Last, because it has a CHECK of its own.
#include <doctest/doctest.h>

namespace kiln {

namespace {

struct Priced {
  Cost cost;
  TransferCost transfer;
};

// Of the last instruction of a text, on tensors that are always there.
Priced price(std::string_view instructions, std::string_view target = "gen3") {
  const auto program =
      parsed_program(fmt::format(R"(storage %0 "a" shared_hbm float32 [128, 512] input
storage %1 "b" shared_hbm float32 [128, 512] input
storage %2 "" sbuf float32 [128, 512]
storage %3 "" sbuf float32 [128, 512]
storage %4 "" sbuf uint32 [128, 1]
storage %5 "c" shared_hbm bfloat16 [128, 512] input
storage %6 "" sbuf bfloat16 [128, 128]
{}
)",
                                 instructions),
                     target);
  const Costs costs = costs_of(*program);
  REQUIRE(costs.of.back().transfer < costs.transfers.size());
  return {costs.of.back(), costs.transfers[costs.of.back().transfer]};
}

std::string_view queue_of(std::string_view instructions, std::string_view target = "gen3") {
  return Timeline::queue_names[price(instructions, target).transfer.queue];
}

const DmaRates& trn2 = rates(Generation::gen3).dma;

}  // namespace

TEST_CASE("transfer: a load of whole rows") {
  const auto [cost, t] = price("dma_copy dst=%2 src=%0");
  CHECK(t.bytes == 128 * 512 * 4);
  CHECK(t.hbm_read_bytes == t.bytes);
  CHECK(t.hbm_written_bytes == 0);
  CHECK(t.descriptors == 128);
  CHECK(t.first_engine == 0);
  CHECK(t.engines == 16);
  const double each = trn2.hardware.descriptor_ns + 2048 / trn2.gb_per_s;
  CHECK(t.engine_ns == doctest::Approx(8 * each));
  CHECK(t.base_ns == trn2.base_load_ns);
  CHECK(t.notify_ns == trn2.notify_load_ns);
  CHECK(t.dispatch_ns == trn2.hardware.dispatch_load_ns);
  CHECK(t.queue_ns == trn2.hardware.issue_load_ns);
  CHECK(cost.engine == Engine::sync);
  CHECK(cost.arranged);
}

TEST_CASE("transfer: a store") {
  const TransferCost t = price("dma_copy dst=%1 src=%2").transfer;
  CHECK(t.hbm_read_bytes == 0);
  CHECK(t.hbm_written_bytes == 128 * 512 * 4);
  CHECK(t.base_ns == trn2.base_store_ns);
  CHECK(t.notify_ns == trn2.notify_store_ns);
  CHECK(t.dispatch_ns == trn2.hardware.dispatch_store_ns);
}

TEST_CASE("transfer: one DMA engine for each eight partitions") {
  const auto engines = [](std::string_view to, std::string_view from) {
    const TransferCost t = price(fmt::format("dma_copy dst=%2[{}] src=%0[{}]", to, from)).transfer;
    return std::pair(int{t.first_engine}, int{t.engines});
  };
  CHECK(engines("0+0; 32:1 512:1", "0+0; 32:512 512:1") == std::pair(0, 4));
  CHECK(engines("64+0; 32:1 512:1", "0+0; 32:512 512:1") == std::pair(8, 4));
  CHECK(engines("96+0; 1:1 512:1", "0+0; 1:512 512:1") == std::pair(12, 1));
  CHECK(engines("32+0; 9:1 512:1", "0+0; 9:512 512:1") == std::pair(4, 2));
}

TEST_CASE("transfer: a descriptor is what lies together at both ends") {
  const auto descriptors = [](std::string_view to, std::string_view from) {
    return price(fmt::format("dma_copy dst=%2[{}] src=%0[{}]", to, from)).transfer.descriptors;
  };
  CHECK(descriptors("0+0; 128:1 256:1", "0+0; 128:512 256:1") == 128);
  // Every second element.
  CHECK(descriptors("0+0; 128:1 256:1", "0+0; 128:512 256:2") == 128 * 256);
  CHECK(descriptors("0+0; 128:1 256:2", "0+0; 128:512 256:1") == 128 * 256);
  // Two pieces of a row.
  CHECK(descriptors("0+0; 128:1 2:256 128:1", "0+0; 128:512 2:256 128:1") == 256);
  // Transposed in HBM.
  CHECK(descriptors("0+0; 128:1 128:1", "0+0; 128:1 128:512") == 128 * 128);
}

TEST_CASE("transfer: a short descriptor takes the time of the shortest") {
  const auto [cost, t] = price("dma_copy dst=%2[0+0; 128:1 256:1] src=%0[0+0; 128:512 256:2]");
  const double each =
      std::max<double>(trn2.descriptor_min_ns, trn2.hardware.descriptor_ns + 4 / trn2.gb_per_s);
  CHECK(t.engine_ns == doctest::Approx(128 * 256 / 16 * each));
}

TEST_CASE("transfer: within HBM it is spread over the engines, and read and written") {
  const TransferCost t = price("dma_copy dst=%1 src=%0").transfer;
  CHECK(t.engines == 16);
  CHECK(t.descriptors == 16);
  CHECK(t.hbm_read_bytes == t.bytes);
  CHECK(t.hbm_written_bytes == t.bytes);
  const TransferCost small =
      price("dma_copy dst=%1[0+0; 1:512 256:1] src=%0[0+0; 1:512 256:1]").transfer;
  CHECK(small.engines == 2);
  CHECK(small.descriptors == 2);
}

TEST_CASE("transfer: queues by dge_mode, engine and generation") {
  CHECK(queue_of("dma_copy dst=%2 src=%0") == "qSyncHwDge");
  CHECK(queue_of("dma_copy dst=%2 src=%0 dge_mode=hwdge engine=sync") == "qSyncHwDge");
  CHECK(queue_of("dma_copy dst=%2 src=%0 dge_mode=hwdge engine=scalar") == "qScalarHwDge");
  CHECK(queue_of("dma_copy dst=%2 src=%0 dge_mode=swdge") == "qGpSimdSwDge");
  CHECK(queue_of("dma_copy dst=%2 src=%0 dge_mode=none") == "qStatic");
  CHECK(queue_of("dma_copy dst=%2 src=%0", "gen2") == "qStatic");
  // Rows that an index chooses are software's.
  CHECK(queue_of("memset dst=%4 value=0\ndma_copy dst=%2 src=%0[0+0; 128:512 512:1]@vector(%4)"
                 "*512<128") == "qGpSimdSwDge");
}

TEST_CASE("transfer: who starts it is busy as long as its queue asks for") {
  const Cost software = price("dma_copy dst=%2 src=%0 dge_mode=swdge").cost;
  CHECK(software.engine == Engine::gpsimd);
  CHECK_FALSE(software.arranged);
  CHECK(software.busy_ns ==
        doctest::Approx(trn2.software.issue_load_ns + 128 * trn2.software.issue_descriptor_ns));
  const Cost scalar = price("dma_copy dst=%2 src=%0 dge_mode=hwdge engine=scalar").cost;
  CHECK(scalar.engine == Engine::scalar);
  CHECK_FALSE(scalar.arranged);
  CHECK(scalar.busy_ns < trn2.hardware.issue_load_ns);
}

TEST_CASE("transfer: transposing and adding up are slower") {
  // At a share of the rate, without a time for each row.
  const TransferCost transposed = price("dma_transpose dst=%6 src=%5[0+0; 128:512 128:1]").transfer;
  const double each = static_cast<double>(transposed.bytes) / transposed.engines;
  CHECK(transposed.engine_ns ==
        doctest::Approx(std::max(each / (trn2.gb_per_s * trn2.transpose_share),
                                 transposed.descriptors / 16.0 * trn2.descriptor_min_ns)));
  const TransferCost sum =
      price("dma_compute dst=%1 srcs=[%0 %1] reduce_op=add scales=[1.0 1.0]").transfer;
  CHECK(sum.bytes == 2 * 128 * 512 * 4);
  CHECK(sum.hbm_read_bytes == sum.bytes);
  CHECK(sum.hbm_written_bytes == sum.bytes / 2);
  CHECK(sum.engine_ns > 2 * price("dma_copy dst=%1 src=%0").transfer.engine_ns);
}

}  // namespace kiln
