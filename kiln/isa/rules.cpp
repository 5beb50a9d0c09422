#include "kiln/isa/rules.h"

#include <fmt/format.h>

#include <string>

namespace kiln::rules::broken {

namespace {

std::string list(auto&& names) {
  std::string text;
  for (std::string_view name : names) {
    if (!text.empty()) text += " or ";
    text += name;
  }
  return text;
}

// True if the pattern fits once dimensions that lie without gaps are one.
bool fits_access_pattern(const Context& context, Report& report, const NamedTile& t) {
  const Layout& layout = *t.tile.layout;
  const Machine& m = context.machine;
  int dims = 0;
  int64_t inner = 0;  // elements from one to the next of the dimension that would be merged
  for (int i = layout.rank - 1; i > 0; --i) {
    const int64_t size = layout.shape[i], step = layout.stride[i];
    if (size == 1) continue;
    if (std::abs(step) > m.access_pattern_step && step != inner) {
      report.add(diag::tile_too_large,
                 "dimension {} of {} steps by {} elements; an access pattern by {} at most", i,
                 t.name, step, m.access_pattern_step.value);
      return false;
    }
    if (dims == 0 || step != inner) ++dims;
    inner = size * step;
  }
  if (dims > m.access_pattern_dims) {
    report.add(diag::tile_too_large,
               "{} has {} free dimensions that lie with gaps; an access pattern has {}", t.name,
               dims, m.access_pattern_dims.value);
    return false;
  }
  return t.tile.free_elements() <= m.access_pattern_elements ||
         too_large(report, t, m.access_pattern_elements, "the limit of an access pattern");
}

}  // namespace

bool engine_tile(const Context& context, Report& report, const NamedTile& t) {
  const Tile& tile = t.tile;
  if (!tile.on_chip()) return memory(report, t, "sbuf or psum");
  const int64_t partitions = tile.partitions(), step = tile.layout->stride[0];
  const int64_t start = start_partition(tile);
  if (partitions > context.machine.partitions) {
    report.add(diag::partition_count, "{} has {} partitions; {} has {}", t.name, partitions,
               name_of(context.machine.generation), context.machine.partitions.value);
  } else if (step != 1 && partitions != 1) {
    report.add(diag::bad_view, "{} steps by {} in the partition dimension; engines step by 1",
               t.name, step);
  } else if (!may_start_at(start, partitions)) {
    report.add(diag::start_partition,
               "{} starts at partition {}; a tile of {} partitions starts at {}", t.name, start,
               partitions,
               partitions > 64   ? "0"
               : partitions > 32 ? "0 or 64"
                                 : "0, 32, 64 or 96");
  } else if (has_vector_index(context, tile)) {
    return vector_index(report, t);
  } else {
    return fits_access_pattern(context, report, t);
  }
  return false;
}

bool memory(Report& report, const NamedTile& t, std::string_view allowed) {
  report.add(diag::wrong_memory, "{} is in {}; it must be in {}", t.name, name_of(t.tile.memory()),
             allowed);
  return false;
}

bool vector_index(Report& report, const NamedTile& t) {
  report.add(diag::bad_view, "{} has an index for each partition; only dma follows such an index",
             t.name);
  return false;
}

bool both_in_psum(Report& report, const NamedTile& a, const NamedTile& b) {
  report.add(diag::wrong_memory, "{} and {} are both in psum; at most one may be", a.name, b.name);
  return false;
}

bool partitions(Report& report, const NamedTile& a, const NamedTile& b) {
  // A tile in the wrong memory is told by another rule, and has no partitions to compare.
  if (a.tile.on_chip() != b.tile.on_chip()) return false;
  report.add(diag::partition_mismatch, "{} has {} partitions, {} has {}", a.name,
             a.tile.partitions(), b.name, b.tile.partitions());
  return false;
}

bool free_elements(Report& report, const NamedTile& a, const NamedTile& b) {
  // A tile in the wrong memory is told by another rule, and has no partitions to compare.
  if (a.tile.on_chip() != b.tile.on_chip()) return false;
  report.add(diag::size_mismatch, "{} has {} elements per partition, {} has {}", a.name,
             a.tile.free_elements(), b.name, b.tile.free_elements());
  return false;
}

bool elements(Report& report, const NamedTile& a, const NamedTile& b) {
  report.add(diag::size_mismatch, "{} has {} elements, {} has {}", a.name, a.tile.elements(),
             b.name, b.tile.elements());
  return false;
}

bool column(Report& report, const NamedTile& t) {
  report.add(diag::size_mismatch, "{} has {} elements per partition; it takes 1", t.name,
             t.tile.free_elements());
  return false;
}

bool too_large(Report& report, const NamedTile& t, int64_t limit, std::string_view limit_name) {
  report.add(diag::tile_too_large, "{} has {} elements per partition; {} is {}", t.name,
             t.tile.free_elements(), limit_name, limit);
  return false;
}

bool too_small(Report& report, const NamedTile& t, int64_t least) {
  report.add(diag::size_mismatch, "{} has {} elements per partition; it needs at least {}", t.name,
             t.tile.free_elements(), least);
  return false;
}

bool rank(Report& report, const NamedTile& t, int limit) {
  report.add(diag::bad_shape, "{} has {} dimensions; it has {} at most", t.name, t.tile.rank(),
             limit);
  return false;
}

bool element_count(Report& report, const NamedTile& t, int64_t count) {
  report.add(diag::size_mismatch, "{} has {} elements per partition; it needs {}", t.name,
             t.tile.free_elements(), count);
  return false;
}

bool dtype(Report& report, const NamedTile& t, std::initializer_list<DType> allowed) {
  std::vector<std::string_view> names;
  for (DType d : allowed) names.push_back(name_of(d));
  return dtype(report, t, list(names));
}

bool dtype(Report& report, const NamedTile& t, std::string_view allowed) {
  report.add(diag::dtype_mismatch, "{} is {}; it must be {}", t.name, name_of(t.tile.dtype()),
             allowed);
  return false;
}

bool dtypes_differ(Report& report, const NamedTile& a, const NamedTile& b) {
  report.add(diag::dtype_mismatch, "{} is {}, {} is {}; they must be the same", a.name,
             name_of(a.tile.dtype()), b.name, name_of(b.tile.dtype()));
  return false;
}

bool engine(Report& report, Engine chosen, EngineSet allowed) {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < EnumNames<Engine>::names.size(); ++i) {
    if (allowed.contains(static_cast<Engine>(i))) names.push_back(EnumNames<Engine>::names[i]);
  }
  report.add(diag::wrong_engine, "engine is {}; the instruction runs on {}", name_of(chosen),
             list(names));
  return false;
}

bool gpsimd_in_psum(Report& report, const NamedTile& t) {
  report.add(diag::wrong_memory, "{} is in psum, which engine=gpsimd cannot reach", t.name);
  return false;
}

bool op(Report& report, std::string_view name, AluOp op, std::string_view allowed) {
  report.add(diag::bad_operator, "{} is {}; it must be {}", name, name_of(op), allowed);
  return false;
}

bool op_generation(Report& report, std::string_view name, AluOp op) {
  if (info(op).of_registers) {
    report.add(diag::bad_operator, "{} is {}, which no engine has; multiply by the reciprocal",
               name, name_of(op));
    return false;
  }
  report.add(diag::wrong_generation, "{} is {}; only {} and later have it", name, name_of(op),
             name_of(info(op).since));
  return false;
}

}  // namespace kiln::rules::broken
