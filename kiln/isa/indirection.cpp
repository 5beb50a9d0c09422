#include "kiln/isa/indirection.h"

#include <algorithm>
#include <optional>
#include <string>

namespace kiln::rules {

namespace {

constexpr int64_t quadrant = 32;

const Dynamic& dynamic_of(const Context& c, const Tile& tile) {
  return c.tiles.dynamic(tile.dynamic);
}

Tile index_of(const Context& c, const Tile& tile) { return c.tile(dynamic_of(c, tile).index); }

// Where the tile starts; nothing if its storage may still be placed at another partition.
std::optional<int64_t> known_start(const Context& c, const Tile& tile) {
  const bool fills_memory = tile.storage->partitions() + quadrant > c.machine.partitions;
  if (!tile.storage->address && !fills_memory) return std::nullopt;
  return start_partition(tile);
}

void same_start(const Context& c, Report& report, std::string_view index_of_what, const Tile& index,
                std::string_view name, const Tile& tile) {
  const auto a = known_start(c, index), b = known_start(c, tile);
  if (!a || !b || *a == *b) return;
  report.add(diag::start_partition,
             "the index of {} starts at partition {}, {} at {}; they must be the same",
             index_of_what, *a, name, *b);
}

// The index itself: where it is, what it holds, and that it holds enough.
void check_index(const Context& c, Report& report, const NamedTile& t, int64_t group) {
  const Tile index = index_of(c, t.tile);
  if (!index.in_sbuf()) {
    report.add(diag::wrong_memory, "the index of {} is in {}; it must be in sbuf", t.name,
               name_of(index.memory()));
    return;
  }
  if (index.dtype() != DType::uint16) {
    report.add(diag::dtype_mismatch, "the index of {} is {}; it must be uint16", t.name,
               name_of(index.dtype()));
  }
  if (index.shape(0) > 1 && index.layout->stride[0] != 1) {
    report.add(diag::bad_view,
               "the index of {} steps by {} in the partition dimension; engines step by 1", t.name,
               index.layout->stride[0]);
  }
  if (start_partition(index) % quadrant != 0) {
    report.add(diag::start_partition,
               "the index of {} starts at partition {}; it must be a multiple of {}", t.name,
               start_partition(index), quadrant);
  }
  const int64_t partitions = t.tile.partitions(), count = t.tile.free_elements();
  if (index.partitions() != partitions) {
    report.add(diag::partition_mismatch, "{} has {} partitions, its index {}", t.name, partitions,
               index.partitions());
    return;
  }
  // The last group may be a part of one.
  const int64_t rows = partitions % group == 0 ? group : partitions % group;
  const int64_t held = rows < group ? rows : group * index.free_elements();
  if (count > held) {
    report.add(diag::size_mismatch,
               "{} takes {} offsets; {} rows of its index, {} elements each, hold {} of every {} "
               "partitions",
               t.name, count, rows, index.free_elements(), held, group);
  }
}

const NamedTile* find(NamedTiles tiles, std::string_view name) {
  const auto found =
      std::find_if(tiles.begin(), tiles.end(), [&](const NamedTile& t) { return t.name == name; });
  return found == tiles.end() ? nullptr : &*found;
}

// dst is written where its index says: the index lies beside the input that dst is computed from.
void check_scattered(const Context& c, Report& report, const Spec& spec, Engine engine,
                     const NamedTile& d, const NamedTile& input) {
  const bool on_scalar =
      engine == Engine::scalar || spec.engines.bits == EngineSet(Engine::scalar).bits;
  if (on_scalar && d.tile.in_psum()) {
    report.add(diag::wrong_memory, "{} is in psum; the scalar engine scatters to sbuf only",
               d.name);
  }
  const Tile index = index_of(c, d.tile);
  if (input.tile.in_sbuf()) {
    same_start(c, report, d.name, index, input.name, input.tile);
  } else if (input.tile.indirect) {
    same_start(c, report, d.name, index, "that of the input", index_of(c, input.tile));
  }
}

std::string names(const Spec& spec) {
  std::string text;
  for (std::string_view name : spec.indirect) {
    if (!name.empty()) text += fmt::format("{}{}", text.empty() ? "" : ", ", name);
  }
  return text.empty() ? "none" : text;
}

}  // namespace

void indirection(const Context& c, Report& report, const Spec& spec, Engine engine,
                 NamedTiles tiles) {
  for (const NamedTile& t : tiles) {
    if (!t.tile.indirect) continue;
    if (std::find(spec.indirect.begin(), spec.indirect.end(), t.name) == spec.indirect.end()) {
      report.add(diag::bad_view, "{} is a view made by indirect(); operands that may be one: {}",
                 t.name, names(spec));
      continue;
    }
    if (!c.machine.tensor_indirection) {
      report.add(diag::wrong_generation, "{} is a view made by indirect(), which {} does not have",
                 t.name, c.machine.core);
      continue;
    }
    check_index(c, report, t, indirection_group(spec));
    if (t.name == spec.indirect[0]) {
      const NamedTile* input = find(tiles, spec.indirect[1]);
      if (input != nullptr) check_scattered(c, report, spec, engine, t, *input);
    } else if (t.name == spec.indirect[1] || t.name == spec.indirect[2]) {
      same_start(c, report, t.name, index_of(c, t.tile), t.name, t.tile);
    }
  }
}

void same_index(const Context& c, Report& report, const NamedTile& a, const NamedTile& b) {
  if (a.tile.indirect != b.tile.indirect) {
    report.add(diag::bad_view, "{} is a view made by indirect() and {} is not; both or neither",
               a.tile.indirect ? a.name : b.name, a.tile.indirect ? b.name : a.name);
    return;
  }
  if (!a.tile.indirect) return;
  const View x = index_of(c, a.tile).view(), y = index_of(c, b.tile).view();
  if (x == y && a.tile.free_elements() == b.tile.free_elements()) return;
  report.add(diag::bad_view, "{} and {} have different indices; they must have the same", a.name,
             b.name);
}

}  // namespace kiln::rules
