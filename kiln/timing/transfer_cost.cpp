#include "kiln/timing/transfer_cost.h"

#include <algorithm>
#include <cmath>

namespace kiln {

namespace {

// Elements that lie one after the other, without a gap.
int64_t run_elements(const Tile& tile) {
  int64_t run = 1;
  for (int d = tile.rank() - 1; d >= (tile.on_chip() ? 1 : 0); --d) {
    if (tile.shape(d) == 1) continue;
    if (tile.layout->stride[d] != run) break;
    run *= tile.shape(d);
  }
  return run;
}

int64_t bytes_of(const Tile& tile) { return tile.elements() * size_bytes(tile.dtype()); }

enum class Queue : uint8_t { sync_hardware, scalar_hardware, gpsimd_software, fixed };

struct Route {
  Queue queue;
  Engine engine;
  const DmaQueueRates& rates;
};

// Which queue a transfer takes. Where the kernel leaves it open: hardware descriptors where the
// machine has them, all started by the Sync engine, as the profiles of sources::matmul_tutorial
// show; descriptors made by software where an index of rows decides what is moved, see
// sources::dge_guide.
Route route_of(const TransferRequest& request, bool has_indices, const Machine& machine,
               const Rates& rates) {
  DgeMode mode = request.mode;
  if (mode == DgeMode::unknown) {
    mode = has_indices                      ? DgeMode::swdge
           : machine.hardware_dge_rings > 0 ? DgeMode::hwdge
                                            : DgeMode::none;
  }
  switch (mode) {
    case DgeMode::swdge:
      return {Queue::gpsimd_software, Engine::gpsimd, rates.dma.software};
    case DgeMode::hwdge:
      if (request.engine == Engine::scalar) {
        return {Queue::scalar_hardware, Engine::scalar, rates.dma.hardware};
      }
      return {Queue::sync_hardware, Engine::sync, rates.dma.hardware};
    default:
      return {Queue::fixed, Engine::sync, rates.dma.fixed};
  }
}

double rate_share(const TransferRequest& request, bool within_sbuf, const Rates& rates) {
  if (request.transposes) {
    return within_sbuf ? rates.dma.transpose_sbuf_share : rates.dma.transpose_share;
  }
  return request.accumulates ? rates.dma.accumulate_share : Fact<double>{1};
}

// Each engine serves some partitions; what has none is split evenly.
void choose_engines(const Tile& to, const Tile& from, const Machine& machine, const Rates& rates,
                    TransferCost& t) {
  const int64_t each = rates.dma.partitions_per_engine, all = machine.dma_engines_per_core;
  const Tile* rows = to.on_chip() ? &to : from.on_chip() ? &from : nullptr;
  if (rows == nullptr) {
    t.engines = static_cast<uint8_t>(std::clamp<int64_t>(t.bytes / 512, 1, all));
    t.descriptors = std::max<uint32_t>(t.descriptors, t.engines);
    return;
  }
  const int64_t first = rows->partition / each;
  const int64_t last = (rows->partition + rows->partitions() - 1) / each;
  t.first_engine = static_cast<uint8_t>(first % all);
  t.engines = static_cast<uint8_t>(std::min(last - first + 1, all - t.first_engine));
}

}  // namespace

Cost price_transfer(const TransferRequest& request, const Tile& to, std::span<const Tile> from,
                    const Machine& machine, const Rates& rates,
                    std::vector<TransferCost>& transfers) {
  const bool is_store = !to.on_chip();
  bool has_indices = to.has_indices();
  bool within_sbuf = to.on_chip();
  int64_t run = run_elements(to);
  TransferCost t;
  for (const Tile& tile : from) {
    has_indices |= tile.has_indices();
    within_sbuf &= tile.on_chip();
    run = std::min(run, run_elements(tile));
    t.bytes += std::max(bytes_of(tile), bytes_of(to));
    if (!tile.on_chip()) t.hbm_read_bytes += bytes_of(tile);
  }
  if (is_store) t.hbm_written_bytes = bytes_of(to);
  const size_t sources = std::max<size_t>(from.size(), 1);
  t.descriptors = static_cast<uint32_t>(to.elements() / std::max<int64_t>(run, 1) *
                                        static_cast<int64_t>(sources));
  choose_engines(to, from.empty() ? to : from.front(), machine, rates, t);

  const Route route = route_of(request, has_indices, machine, rates);
  t.queue = static_cast<uint8_t>(route.queue);
  const double each_bytes = static_cast<double>(t.bytes) / t.descriptors;
  const double gb_per_s = rates.dma.gb_per_s * rate_share(request, within_sbuf, rates);
  // A transpose moves at a share of the rate, whatever its rows.
  const double overhead = request.transposes ? 0.0 : route.rates.descriptor_ns.value;
  const double descriptor_ns =
      std::max<double>(rates.dma.descriptor_min_ns, overhead + each_bytes / gb_per_s);
  t.engine_ns = std::ceil(static_cast<double>(t.descriptors) / t.engines) * descriptor_ns;
  t.dispatch_ns = is_store ? route.rates.dispatch_store_ns : route.rates.dispatch_load_ns;
  t.base_ns = is_store ? rates.dma.base_store_ns : rates.dma.base_load_ns;
  t.notify_ns = is_store ? rates.dma.notify_store_ns : rates.dma.notify_load_ns;
  const double issue = is_store ? route.rates.issue_store_ns : route.rates.issue_load_ns;
  const double descriptors_ns = route.rates.issue_descriptor_ns * t.descriptors;
  t.queue_ns = std::max<double>(issue + descriptors_ns, route.rates.spacing_ns);
  transfers.push_back(t);
  // Hardware descriptors are made while the Scalar engine goes on.
  const bool goes_on = route.queue == Queue::scalar_hardware;
  return {.engine = route.engine,
          .arranged = request.engine == Engine::unknown && route.engine != Engine::gpsimd,
          .busy_ns = goes_on ? rates.dma.fixed.issue_load_ns : issue + descriptors_ns};
}

}  // namespace kiln
