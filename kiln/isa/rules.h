// Rules shared by many instructions' check(): each reports one kind of diagnostic and says whether
// the rule holds. A rule that holds costs a few comparisons, because recording checks every
// instruction; only a broken one leaves the header, to rules::broken.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

#include "kiln/base/diagnostic.h"
#include "kiln/base/diagnostic_kinds.h"
#include "kiln/isa/alu_op.h"
#include "kiln/isa/context.h"
#include "kiln/isa/operand.h"

namespace kiln {

// An operand's argument name and tile.
struct NamedTile {
  std::string_view name;
  Tile tile;
};

namespace rules {

// The first partition of the memory that the tile occupies; a storage that is not placed yet
// counts as starting at partition 0.
inline int64_t start_partition(const Tile& tile) {
  return tile.partition + (tile.storage->address ? tile.storage->address->partition : 0);
}

// Where an engine can start to access this many partitions: at 0 for more than 64, at 0 or 64 for
// more than 32, else at 0, 32, 64 or 96.
// Source: nki/guides/architecture/trainium_inferentia2_arch.rst.
constexpr bool may_start_at(int64_t start, int64_t partitions) {
  if (partitions > 64) return start == 0;
  return start % (partitions > 32 ? 64 : 32) == 0;
}

// An index for each partition, which only DMA follows.
inline bool has_vector_index(const Context& context, const Tile& tile) {
  return tile.dynamic.valid() &&
         context.tiles.dynamic(tile.dynamic).kind == Dynamic::Kind::vector_tile;
}

// What a broken rule reports. All return false.
namespace broken {

bool engine_tile(const Context& context, Report& report, const NamedTile& t);
bool memory(Report& report, const NamedTile& t, std::string_view allowed);
bool vector_index(Report& report, const NamedTile& t);
bool both_in_psum(Report& report, const NamedTile& a, const NamedTile& b);
bool partitions(Report& report, const NamedTile& a, const NamedTile& b);
bool free_elements(Report& report, const NamedTile& a, const NamedTile& b);
bool elements(Report& report, const NamedTile& a, const NamedTile& b);
bool column(Report& report, const NamedTile& t);
bool too_large(Report& report, const NamedTile& t, int64_t limit, std::string_view limit_name);
bool too_small(Report& report, const NamedTile& t, int64_t least);
bool element_count(Report& report, const NamedTile& t, int64_t count);
bool rank(Report& report, const NamedTile& t, int limit);
bool dtype(Report& report, const NamedTile& t, std::initializer_list<DType> allowed);
bool dtype(Report& report, const NamedTile& t, std::string_view allowed);
bool dtypes_differ(Report& report, const NamedTile& a, const NamedTile& b);
bool engine(Report& report, Engine chosen, EngineSet allowed);
bool gpsimd_in_psum(Report& report, const NamedTile& t);
bool op(Report& report, std::string_view name, AluOp op, std::string_view allowed);
bool op_generation(Report& report, std::string_view name, AluOp op);

}  // namespace broken

// Whether one access pattern can hold the free dimensions as they are. broken::engine_tile() merges
// those that lie without gaps.
inline bool is_small_pattern(const Machine& machine, const Layout& layout) {
  int64_t elements = 1;
  bool fits = layout.rank <= machine.access_pattern_dims + 1;
  for (int i = 1; i < layout.rank; ++i) {
    elements *= layout.shape[i];
    fits &= std::abs(layout.stride[i]) <= machine.access_pattern_step;
  }
  return fits && elements <= machine.access_pattern_elements;
}

// The tile is in SBUF or PSUM, has at most the machine's partitions, one after the other and from
// one where an engine can start, has no index for each partition, and is no larger than one
// access pattern.
inline bool engine_tile(const Context& context, Report& report, const NamedTile& t) {
  const Tile& tile = t.tile;
  const int64_t partitions = tile.layout->shape[0];
  return (tile.on_chip() && partitions <= context.machine.partitions &&
          (tile.layout->stride[0] == 1 || partitions == 1) &&
          may_start_at(start_partition(tile), partitions) && !has_vector_index(context, tile) &&
          is_small_pattern(context.machine, *tile.layout)) ||
         broken::engine_tile(context, report, t);
}

inline bool in_sbuf(const Context&, Report& report, const NamedTile& t) {
  return t.tile.in_sbuf() || broken::memory(report, t, "sbuf");
}

inline bool in_psum(const Context&, Report& report, const NamedTile& t) {
  return t.tile.in_psum() || broken::memory(report, t, "psum");
}

// DMA reaches HBM and SBUF.
inline bool dma_tile(const Context&, Report& report, const NamedTile& t) {
  return !t.tile.in_psum() || broken::memory(report, t, "hbm or sbuf");
}

// The tile's address does not depend on the partition.
inline bool no_vector_index(const Context& context, Report& report, const NamedTile& t) {
  return !has_vector_index(context, t.tile) || broken::vector_index(report, t);
}

// At most one of two inputs is in PSUM.
inline bool not_both_in_psum(Report& report, const NamedTile& a, const NamedTile& b) {
  return !(a.tile.in_psum() && b.tile.in_psum()) || broken::both_in_psum(report, a, b);
}

inline bool same_partitions(Report& report, const NamedTile& a, const NamedTile& b) {
  return a.tile.partitions() == b.tile.partitions() || broken::partitions(report, a, b);
}

inline bool same_free_elements(Report& report, const NamedTile& a, const NamedTile& b) {
  return a.tile.free_elements() == b.tile.free_elements() || broken::free_elements(report, a, b);
}

inline bool same_elements(Report& report, const NamedTile& a, const NamedTile& b) {
  return a.tile.elements() == b.tile.elements() || broken::elements(report, a, b);
}

// [partitions of `like`, 1].
inline bool column(Report& report, const NamedTile& t, const NamedTile& like) {
  return same_partitions(report, t, like) &&
         (t.tile.free_elements() == 1 || broken::column(report, t));
}

inline bool free_elements_at_most(Report& report, const NamedTile& t, int64_t limit,
                                  std::string_view limit_name) {
  return t.tile.free_elements() <= limit || broken::too_large(report, t, limit, limit_name);
}

inline bool free_elements_at_least(Report& report, const NamedTile& t, int64_t least) {
  return t.tile.free_elements() >= least || broken::too_small(report, t, least);
}

// At most `limit` dimensions.
inline bool rank_at_most(Report& report, const NamedTile& t, int limit) {
  return t.tile.rank() <= limit || broken::rank(report, t, limit);
}

// Exactly `count` elements per partition.
inline bool free_elements_are(Report& report, const NamedTile& t, int64_t count) {
  return t.tile.free_elements() == count || broken::element_count(report, t, count);
}

inline bool dtype_is(Report& report, const NamedTile& t, std::initializer_list<DType> allowed) {
  return std::find(allowed.begin(), allowed.end(), t.tile.dtype()) != allowed.end() ||
         broken::dtype(report, t, allowed);
}

inline bool same_dtype(Report& report, const NamedTile& a, const NamedTile& b) {
  return a.tile.dtype() == b.tile.dtype() || broken::dtypes_differ(report, a, b);
}

inline bool integer_dtype(Report& report, const NamedTile& t) {
  return is_integer(t.tile.dtype()) || broken::dtype(report, t, "an integer type");
}

// Not a packed (x4) type.
inline bool arithmetic_dtype(Report& report, const NamedTile& t) {
  return !is_packed(t.tile.dtype()) || broken::dtype(report, t, "a type that is not packed");
}

// The engine the user asked for, if any, is one of these.
inline bool engine_is(Report& report, Engine chosen, EngineSet allowed) {
  return chosen == Engine::unknown || allowed.contains(chosen) ||
         broken::engine(report, chosen, allowed);
}

// The GpSimd engine, if the user asked for it, can reach the tile.
inline bool within_gpsimd_reach(Report& report, Engine chosen, const NamedTile& t) {
  return chosen != Engine::gpsimd || !t.tile.in_psum() || broken::gpsimd_in_psum(report, t);
}

inline void allocated_register(Report& report, std::string_view name, const Register& r) {
  if (!r.given()) report.add(diag::bad_register, "{} is not an allocated register", name);
}

// An engine has the operator of the argument `name`, in this generation.
inline bool op_exists(const Context& context, Report& report, std::string_view name, AluOp op) {
  return (context.machine.generation >= info(op).since && !info(op).of_registers) ||
         broken::op_generation(report, name, op);
}

// An operator of one element or two.
inline bool elementwise_op(Report& report, std::string_view name, AluOp op) {
  return !info(op).of_many || broken::op(report, name, op, "an operator of one element or two");
}

// An arithmetic operator, of one operand or two.
inline bool arithmetic_op(Report& report, std::string_view name, AluOp op) {
  return (!info(op).bitvec && op != AluOp::none && !info(op).of_many) ||
         broken::op(report, name, op, "an arithmetic operator");
}

// An arithmetic operator of two operands.
inline bool binary_arithmetic_op(Report& report, std::string_view name, AluOp op) {
  return (!info(op).bitvec && takes_two_operands(op)) ||
         broken::op(report, name, op, "an arithmetic operator of two operands");
}

// A legal reduction operator.
inline bool reduction_op(Report& report, std::string_view name, AluOp op) {
  return info(op).reduces || broken::op(report, name, op, "a reduction operator");
}

}  // namespace rules
}  // namespace kiln
