#include "kiln/timing/tensor_clock.h"

#include <doctest/doctest.h>

namespace kiln {

namespace {

TensorRates easy_rates() {
  TensorRates r = rates(Generation::gen3).tensor;
  r.slow_factor.value = 2;
  r.window_ns.value = 1000;
  r.busy_share.value = 0.5;
  return r;
}

// Works without a pause from a time on, `ns` at full speed each; returns when it is through.
double work(TensorClock& clock, double from_ns, double to_ns, double ns, double rows_share = 1) {
  while (from_ns < to_ns) from_ns += ns * clock.start(from_ns, ns, rows_share);
  return from_ns;
}

}  // namespace

TEST_CASE("clock: an array that was idle is slow for one window, then fast") {
  const TensorRates r = easy_rates();
  TensorClock clock(r);
  for (double at = 500; at < 1500; at += 100) CHECK(clock.start(at, 50, 1) == 2);
  CHECK(clock.start(1500, 100, 1) == 1);
  CHECK(clock.start(1600, 100, 1) == 1);
  const std::vector<ThrottleSpan> spans = std::move(clock).spans(1700);
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].start_ns == 0);
  CHECK(spans[0].end_ns == 1500);
}

TEST_CASE("clock: a window with half of it idle is not enough") {
  const TensorRates r = easy_rates();
  TensorClock clock(r);
  // 250 ns at full speed are 500 of 1000.
  for (double at = 0; at < 5000; at += 1000) CHECK(clock.start(at, 250, 1) == 2);
  CHECK(clock.start(5000, 251, 1) == 2);
  CHECK(clock.start(6000, 1, 1) == 1);
}

TEST_CASE("clock: half of the rows never make it fast") {
  const TensorRates r = easy_rates();
  TensorClock clock(r);
  for (double at = 0; at < 20'000; at += 100) CHECK(clock.start(at, 50, 0.5) == 2);
  const std::vector<ThrottleSpan> spans = std::move(clock).spans(20'000);
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].end_ns == 20'000);
}

TEST_CASE("clock: it is slow again after a window with little work") {
  const TensorRates r = easy_rates();
  TensorClock clock(r);
  const double end = work(clock, 0, 2000, 50);
  CHECK(end == 2000);
  // Of the window from 2000 on, a tenth is used.
  CHECK(clock.start(2000, 100, 1) == 1);
  CHECK(clock.start(2999, 1, 1) == 1);
  CHECK(clock.start(3000, 100, 1) == 2);
  const std::vector<ThrottleSpan> spans = std::move(clock).spans(3500);
  REQUIRE(spans.size() == 2);
  CHECK(spans[0].end_ns == 1000);
  CHECK(spans[1].start_ns == 3000);
  CHECK(spans[1].end_ns == 3500);
}

TEST_CASE("clock: a long pause makes it slow, and the next window begins with the work") {
  const TensorRates r = easy_rates();
  TensorClock clock(r);
  work(clock, 0, 2000, 50);
  CHECK(work(clock, 70'300, 71'300, 50) == 71'300);
  CHECK(clock.start(71'300, 50, 1) == 1);
}

TEST_CASE("clock: work that goes on after a window counts for the next ones") {
  const TensorRates r = easy_rates();
  TensorClock clock(r);
  CHECK(clock.start(0, 1500, 1) == 2);  // until 3000
  CHECK(clock.start(3000, 100, 1) == 1);
  CHECK(clock.start(3100, 1900, 1) == 1);  // until 5000
  CHECK(clock.start(5000, 100, 1) == 1);
}

TEST_CASE("clock: an array without a slow state is always fast") {
  TensorRates r = easy_rates();
  r.slow_factor.value = 1;
  TensorClock clock(r);
  CHECK(clock.start(0, 100, 1) == 1);
  CHECK(std::move(clock).spans(1000).empty());
}

}  // namespace kiln
