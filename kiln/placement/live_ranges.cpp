#include "kiln/placement/live_ranges.h"

#include "kiln/placement/tile_uses.h"

namespace kiln {

namespace {

constexpr uint32_t none = UINT32_MAX;

class Pass {
 public:
  explicit Pass(const Program& program) : program_(program), states_(storage_count()) {
    for (uint32_t id = 0; id < storage_count(); ++id) {
      const Storage& storage = program.tiles.storage({id});
      states_[id].followed = storage.on_chip() && storage.binding != Binding::poison;
    }
  }

  LiveRanges run() {
    const auto size = static_cast<uint32_t>(program_.code.size());
    if (size == 0) return {{}, std::vector<LiveRange>(storage_count())};
    for (const StorageId input : program_.inputs) use(input.value, 0, Use::plain);
    std::vector<TileUse> uses;
    for (uint32_t i = 0; i < size; ++i) {
      const int change = loop_depth_change(program_, i);
      if (change > 0) loops_.push_back({i, {}});
      if (change < 0) end_loop(i);
      tile_uses(program_, i, uses);
      transfers_ = is_transfer(uses);
      // An instruction reads before it writes.
      for (const TileUse& u : uses) {
        if (u.kind != TileUse::Kind::overwrite) use(storage_of(u), i, Use::plain);
      }
      for (const TileUse& u : uses) {
        if (u.kind != TileUse::Kind::overwrite) continue;
        use(storage_of(u), i, covers(u) ? Use::renewing : Use::plain);
      }
      for (const TileUse& u : uses) {
        if (u.kind != TileUse::Kind::read && !transfers_) states_[storage_of(u)].computed = true;
      }
    }
    transfers_ = false;
    for (const ViewId output : program_.outputs) {
      use(program_.tiles.storage_of(output).value, size - 1, Use::plain);
    }
    return result();
  }

 private:
  enum class Use : uint8_t { plain, renewing };
  struct State {
    LiveRange life, needed;
    uint32_t birth = 0;     // the instruction since which the life's contents are wanted
    uint32_t block = none;  // the innermost loop around the birth
    uint32_t held = none;   // the open loop through which the storage lives
    bool followed = false;
    bool computed = false;  // the life's contents, by an instruction that is no load
  };
  struct OpenLoop {
    uint32_t start;
    std::vector<uint32_t> held;  // storages
  };

  size_t storage_count() const { return program_.tiles.storage_count(); }
  uint32_t storage_of(const TileUse& u) const { return program_.tiles.storage_of(u.view).value; }
  bool covers(const TileUse& u) const {
    return states_[storage_of(u)].followed && covers_storage(program_.tiles, u.view);
  }
  // Whether the instruction only loads or only stores: it has no tile that comes from another one.
  bool is_transfer(const std::vector<TileUse>& uses) const {
    bool reads = false, writes = false;
    for (const TileUse& u : uses) {
      if (!states_[storage_of(u)].followed) continue;
      reads |= u.kind == TileUse::Kind::read || u.kind == TileUse::Kind::accumulate;
      writes |= u.kind != TileUse::Kind::read;
    }
    return !(reads && writes);
  }
  uint32_t innermost() const { return loops_.empty() ? none : loops_.back().start; }

  void use(uint32_t id, uint32_t i, Use how) {
    State& s = states_[id];
    if (!s.followed) return;
    const bool renews = how == Use::renewing;
    if (s.life.empty()) {
      s.life = {i, i};
      s.birth = renews ? i : program_.tiles.storage({id}).born;
      s.block = renews ? innermost() : innermost_before(s.birth);
    } else if (renews && s.life.last < i && s.held == none && s.block == innermost()) {
      // In the same body as the birth, so that it comes whenever what follows comes.
      end_life(id);
      s.life = {i, i};
      s.birth = i;
    }
    s.life.last = std::max(s.life.last, i);
    if (!transfers_) s.needed = s.needed.joined({i, i});
    if (!loops_.empty() && s.held == none) hold(id, s);
  }

  uint32_t innermost_before(uint32_t birth) const {
    for (size_t n = loops_.size(); n-- > 0;) {
      if (loops_[n].start < birth) return loops_[n].start;
    }
    return none;
  }

  // Extends the life over the outermost open loop that began after the birth.
  void hold(uint32_t id, State& s) {
    for (OpenLoop& loop : loops_) {
      if (loop.start < s.birth) continue;
      s.held = loop.start;
      s.life.first = std::min(s.life.first, loop.start);
      s.needed = s.needed.joined({loop.start, loop.start});
      loop.held.push_back(id);
      return;
    }
  }

  void end_loop(uint32_t i) {
    for (const uint32_t id : loops_.back().held) {
      states_[id].life.last = i;
      states_[id].needed.last = i;
      states_[id].held = none;
    }
    loops_.pop_back();
  }

  void end_life(uint32_t id) {
    State& s = states_[id];
    // Stored as it was loaded: the two come one after the other.
    if (s.needed.empty()) s.needed = {s.life.last, s.life.last};
    // What is only loaded can be loaded again for each use.
    if (!s.computed) s.needed = {s.needed.last, s.needed.last};
    lives_.push_back({{id}, s.life, s.needed});
    s.needed = {};
    s.computed = false;
  }

  LiveRanges result() {
    for (uint32_t id = 0; id < states_.size(); ++id) {
      if (!states_[id].life.empty()) end_life(id);
    }
    std::sort(lives_.begin(), lives_.end(), [](const Life& a, const Life& b) {
      return a.range.first != b.range.first ? a.range.first < b.range.first : a.storage < b.storage;
    });
    LiveRanges ranges{std::move(lives_), std::vector<LiveRange>(states_.size())};
    for (const Life& life : ranges.lives) {
      LiveRange& all = ranges.of_storage[life.storage.value];
      all = all.joined(life.range);
    }
    return ranges;
  }

  const Program& program_;
  std::vector<State> states_;  // by StorageId
  std::vector<OpenLoop> loops_;
  std::vector<Life> lives_;  // that ended
  bool transfers_ = false;   // the instruction that is looked at
};

}  // namespace

LiveRanges live_ranges(const Program& program) { return Pass(program).run(); }

}  // namespace kiln
