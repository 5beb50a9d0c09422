#include "kiln/timing/tensor_clock.h"

#include <algorithm>

namespace kiln {

void TensorClock::close_windows(double now) {
  while (open_ && now >= begin_ + rates_.window_ns) {
    const double end = begin_ + rates_.window_ns;
    set(!(busy_ > rates_.busy_share * rates_.window_ns), end);
    busy_ = std::min<double>(late_, rates_.window_ns);
    late_ -= busy_;
    begin_ = end;
    // A slow array that does nothing stays as it is.
    open_ = !(slow_ && busy_ == 0);
  }
}

void TensorClock::work(double start_ns, double ns, double rows_share) {
  if (!open_) {
    open_ = true;
    begin_ = start_ns;
    busy_ = late_ = 0;
  }
  const double left = begin_ + rates_.window_ns - start_ns;
  busy_ += std::min(ns, left) * rows_share;
  late_ += std::max(ns - left, 0.0) * rows_share;
}

void TensorClock::set(bool slow, double at_ns) {
  if (slow == slow_) return;
  slow_ = slow;
  if (slow) {
    slow_since_ = at_ns;
  } else {
    spans_.push_back({slow_since_, at_ns});
  }
}

std::vector<ThrottleSpan> TensorClock::spans(double end_ns) && {
  if (rates_.slow_factor == 1) return {};
  close_windows(end_ns);
  if (slow_ && end_ns > slow_since_) spans_.push_back({slow_since_, end_ns});
  return std::move(spans_);
}

}  // namespace kiln
