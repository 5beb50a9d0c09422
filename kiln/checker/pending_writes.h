// PendingWrites: the latest writes to one storage that nobody has read yet.
#pragma once

#include <algorithm>
#include <vector>

#include "kiln/checker/footprint.h"

namespace kiln {

class PendingWrites {
 public:
  struct Write {
    Region region;
    uint32_t instruction = 0;
  };

  void read(const Footprint& footprint) {
    if (writes_.empty()) return;
    const Region region = footprint.region();
    std::erase_if(writes_, [&](const Write& w) { return w.region.overlaps(region); });
  }

  // Calls dead(write) for each earlier write that this one overwrites.
  template <class Fn>
  void write(const Footprint& footprint, uint32_t instruction, Fn&& dead) {
    const Region region = footprint.region();
    if (footprint.is_box()) {
      std::erase_if(writes_, [&](const Write& w) {
        if (!region.covers(w.region)) return false;
        dead(w);
        return true;
      });
    }
    if (writes_.size() == known_max) writes_.erase(writes_.begin());
    writes_.push_back({region, instruction});
  }

  // Calls dead(write) for all, and forgets them: the storage dies.
  template <class Fn>
  void end(Fn&& dead) {
    for (const Write& w : writes_) dead(w);
    writes_.clear();
  }
  void clear() { writes_.clear(); }

 private:
  // Of more, the oldest are forgotten: a little advice is lost, and the search stays short.
  static constexpr size_t known_max = 32;

  std::vector<Write> writes_;
};

}  // namespace kiln
