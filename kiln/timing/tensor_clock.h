// TensorClock: whether the Tensor engine runs at full speed. An array that has been idle starts
// slow; after a window in which more than a share of it worked it is fast, after one in which less
// did it is slow again. Source: TensorRates.
#pragma once

#include <vector>

#include "kiln/machine/rates.h"
#include "kiln/timing/timeline.h"

namespace kiln {

class TensorClock {
 public:
  explicit TensorClock(const TensorRates& rates) : rates_(rates) {}

  // An instruction starts that takes `ns` at full speed, with a share of the array's rows. Returns
  // how often as long it takes.
  double start(double start_ns, double ns, double rows_share) {
    if (rates_.slow_factor == 1) return 1;
    close_windows(start_ns);
    const double factor = slow_ ? rates_.slow_factor.value : 1;
    work(start_ns, ns * factor, rows_share);
    return factor;
  }

  // When it was slow, up to the time given.
  std::vector<ThrottleSpan> spans(double end_ns) &&;

 private:
  void close_windows(double now);
  void work(double start_ns, double ns, double rows_share);
  void set(bool slow, double at_ns);

  const TensorRates& rates_;
  bool slow_ = true;
  bool open_ = false;  // a window is; if not, nothing has happened since the last
  double begin_ = 0;   // of the window
  double busy_ = 0;    // work in it so far
  double late_ = 0;    // work that goes on after it
  double slow_since_ = 0;
  std::vector<ThrottleSpan> spans_;
};

}  // namespace kiln
