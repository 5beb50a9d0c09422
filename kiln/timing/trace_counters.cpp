#include "kiln/timing/trace_counters.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kiln/timing/trace_slices.h"

namespace kiln {

namespace {

// An amount per nanosecond as means over samples of equal length, from 0 to the end.
class SampledRate {
 public:
  SampledRate(double total_ns, int samples)
      : sample_ns_(total_ns / samples),
        parts_(static_cast<size_t>(samples)),
        changes_(static_cast<size_t>(samples) + 1) {}

  // Spreads the amount evenly over a time.
  void add(double begin_ns, double end_ns, double amount);
  std::vector<double> means() const;
  double sample_ns() const { return sample_ns_; }

 private:
  // Rates are added up as whole multiples of this, so that nothing is left where all have ended.
  static constexpr double resolution = 1e-6;

  size_t sample_at(double samples) const {
    return std::min(static_cast<size_t>(std::max(samples, 0.0)), parts_.size() - 1);
  }

  double sample_ns_;
  std::vector<double> parts_;  // of samples that a time covers in part
  std::vector<int64_t> changes_;
};

void SampledRate::add(double begin_ns, double end_ns, double amount) {
  const double begin = begin_ns / sample_ns_, end = end_ns / sample_ns_;
  const size_t first = sample_at(begin), last = sample_at(end);
  if (first == last) {
    parts_[first] += amount / sample_ns_;
    return;
  }
  const double rate = amount / (end_ns - begin_ns);
  parts_[first] += rate * (static_cast<double>(first + 1) - begin);
  parts_[last] += rate * (end - static_cast<double>(last));
  changes_[first + 1] += std::llround(rate / resolution);
  changes_[last] -= std::llround(rate / resolution);
}

std::vector<double> SampledRate::means() const {
  std::vector<double> means(parts_);
  int64_t rate = 0;
  for (size_t i = 0; i < means.size(); ++i) {
    rate += changes_[i];
    means[i] += static_cast<double>(rate) * resolution;
  }
  return means;
}

// Writes a value only where it differs from the one before.
class Counter {
 public:
  Counter(TracePackets& packets, uint64_t track) : packets_(packets), track_(track) {}

  void set(double at_ns, double value) {
    if (value == value_) return;
    value_ = value;
    packets_.counter(track_, trace_ns(at_ns), value);
  }

 private:
  TracePackets& packets_;
  uint64_t track_;
  double value_ = -1;
};

void write_means(Counter counter, const SampledRate& rate, double total_ns) {
  double at_ns = 0;
  for (const double mean : rate.means()) {
    counter.set(at_ns, mean);
    at_ns += rate.sample_ns();
  }
  counter.set(total_ns, 0);
}

}  // namespace

void write_counters(TracePackets& packets, const Timeline& timeline, size_t core,
                    const PerfettoOptions& options, const NewCounter& new_counter) {
  const CoreTimeline& timed = timeline.cores[core];
  // No sample is shorter than 10 ns.
  const double total_ns = std::max(timeline.total_ns, 10.0);
  const int samples =
      static_cast<int>(std::clamp(total_ns / 10, 1.0, std::max(options.samples_max, 1) + 0.0));
  SampledRate throughput(total_ns, samples), pending(total_ns, samples);
  for (const TimelineTransfer& transfer : timed.transfers) {
    throughput.add(transfer.start_ns, transfer.end_ns, static_cast<double>(transfer.bytes));
    pending.add(transfer.issued_ns, transfer.end_ns, transfer.end_ns - transfer.issued_ns);
  }
  const auto counter = [&](std::string_view name, std::string_view unit) {
    return Counter(packets, new_counter(name, unit));
  };
  write_means(counter("DMA Throughput", "GB/s"), throughput, total_ns);
  write_means(counter("Pending DMA Count", "transfers"), pending, total_ns);
  Counter throttling = counter("Throttling", "");
  if (timed.throttled.empty() || timed.throttled[0].start_ns > 0) throttling.set(0, 0);
  for (const ThrottleSpan& span : timed.throttled) {
    throttling.set(span.start_ns, 1);
    throttling.set(span.end_ns, 0);
  }
  if (core >= options.sbuf_usage.size() || options.sbuf_usage[core].empty()) return;
  Counter usage = counter("Sb Usage", "of the SBUF");
  for (const SbufUsage& use : options.sbuf_usage[core]) usage.set(use.at_ns, use.fraction);
}

}  // namespace kiln
