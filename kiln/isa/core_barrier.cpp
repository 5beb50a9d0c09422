#include "kiln/isa/core_barrier.h"

#include "kiln/isa/rules.h"

namespace kiln {

void CoreBarrier::check(const Context& c, Report& report) const {
  const Tile d = c.tile(data.view);
  if (d.memory() != Memory::shared_hbm) {
    report.add(diag::unshared_barrier, "data is in {}, which only one core sees",
               name_of(d.memory()));
  }
  if (cores.bits != 0b11) {
    report.add(diag::bad_argument, "cores are {}; the two that share an HBM stack are (0, 1)",
               fmt::join(cores.list(), ", "));
  }
}

Result<Meeting> CoreBarrier::meeting(const Tiles&, Member self) const {
  Meeting m;
  for (int32_t core : cores.list()) m.members.push_back({self.rank, core});
  return m;
}

}  // namespace kiln
