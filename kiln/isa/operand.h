// Operand types: what an instruction's fields can be. The roles In, Out and InOut say how a tile is
// used; dependencies, races and uninitialised reads are derived from them alone.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include "kiln/base/enum_names.h"
#include "kiln/tile/view_ops.h"

namespace kiln {

// Anything that stands for a view: a ViewId itself, or the DSL's Tensor.
template <class T>
concept ViewLike = requires(const T& t) {
  { t.view_id() } -> std::same_as<ViewId>;
};

struct TileOperand {
  ViewId view;

  TileOperand() = default;
  TileOperand(ViewId id) : view(id) {}
  template <ViewLike T>
  TileOperand(const T& t) : view(t.view_id()) {}
  bool given() const { return view.valid(); }
};

// Read.
struct In : TileOperand {
  using TileOperand::TileOperand;
};
// Written in full.
struct Out : TileOperand {
  using TileOperand::TileOperand;
};
// Read and written, or written in part.
struct InOut : TileOperand {
  using TileOperand::TileOperand;
};
// As In and Out; may be left out.
struct OptionalIn : TileOperand {
  using TileOperand::TileOperand;
};
struct OptionalOut : TileOperand {
  using TileOperand::TileOperand;
};

// A tensor type that can keep a list of its tensors beside the program: the DSL's Tensor.
template <class T>
concept ListedViewLike = requires(std::span<const T> tensors) {
  { view_list(tensors) } -> std::same_as<ViewListId>;
};

// Any number of tiles; the list itself is kept in Tiles.
struct TileListOperand {
  ViewListId list;

  TileListOperand() = default;
  TileListOperand(ViewListId id) : list(id) {}
  template <ListedViewLike T>
  TileListOperand(std::initializer_list<T> tensors)
      : list(view_list(std::span<const T>(tensors.begin(), tensors.size()))) {}
  bool given() const { return list.valid(); }
};

// Each member as In, Out or InOut.
struct InList : TileListOperand {
  using TileListOperand::TileListOperand;
};
struct OutList : TileListOperand {
  using TileListOperand::TileListOperand;
};
struct InOutList : TileListOperand {
  using TileListOperand::TileListOperand;
};

// One tensor for each channel of a ring of ranks.
struct ChannelIn : InList {
  using InList::InList;
};
struct ChannelOut : OutList {
  using OutList::OutList;
};

// Any number of constants; the list itself is kept in Tiles.
struct NumberList {
  NumberListId list;

  NumberList() = default;
  NumberList(NumberListId id) : list(id) {}
  bool given() const { return list.valid(); }
};

// A tile to read, or a constant. Constants are 32-bit, as the device's immediates are: a float32,
// or an integer for bitwise operators.
struct InOrScalar {
  static constexpr ViewId float_tag{ViewId::none_value - 1};
  static constexpr ViewId int_tag{ViewId::none_value - 2};

  ViewId view;  // none: not given
  uint32_t bits = 0;

  InOrScalar() = default;
  InOrScalar(ViewId id) : view(id) {}
  template <ViewLike T>
  InOrScalar(const T& t) : view(t.view_id()) {}
  InOrScalar(std::floating_point auto value)
      : view(float_tag), bits(std::bit_cast<uint32_t>(static_cast<float>(value))) {}
  InOrScalar(std::integral auto value) : view(int_tag), bits(static_cast<uint32_t>(value)) {}

  bool given() const { return view.valid(); }
  bool is_tile() const { return given() && view != float_tag && view != int_tag; }
  bool is_scalar() const { return view == float_tag || view == int_tag; }
  bool is_int() const { return view == int_tag; }
  // The constant as the engines' float32.
  float scalar() const {
    return is_int() ? static_cast<float>(static_cast<int32_t>(bits)) : std::bit_cast<float>(bits);
  }
};

// A register, or none.
struct Register {
  RegisterId id;

  Register() = default;
  Register(RegisterId r) : id(r) {}
  bool given() const { return id.valid(); }
};

// A register that is written.
struct OutRegister : Register {
  using Register::Register;
  OutRegister(Register r) : Register(r) {}
};

// A register or a compile-time integer.
struct RegisterOrInt {
  RegisterId reg;
  int32_t value = 0;

  RegisterOrInt() = default;
  RegisterOrInt(RegisterId r) : reg(r) {}
  RegisterOrInt(Register r) : reg(r.id) {}
  RegisterOrInt(std::integral auto v) : value(static_cast<int32_t>(v)) {}
  bool is_register() const { return reg.valid(); }
};

// [[step, num], …] of iota and affine_select: up to four dimensions, outermost first.
struct Pattern {
  struct Dim {
    int32_t step = 0;
    int32_t num = 1;
  };
  std::array<Dim, 4> dims{};
  uint8_t rank = 0;

  Pattern() = default;
  Pattern(std::initializer_list<Dim> list) {
    for (const Dim& d : list) {
      if (rank < 4) dims[rank] = d;
      ++rank;
    }
  }
  bool too_long() const { return rank > 4; }
  int64_t elements() const {
    int64_t n = 1;
    for (int i = 0; i < rank && i < 4; ++i) n *= dims[static_cast<size_t>(i)].num;
    return n;
  }
  // The affine value at free index i, without offset and channel part.
  int64_t value(int64_t i) const {
    int64_t v = 0;
    for (int d = rank - 1; d >= 0; --d) {
      const Dim& dim = dims[static_cast<size_t>(d)];
      v += (i % dim.num) * dim.step;
      i /= dim.num;
    }
    return v;
  }
};

// 32 source partitions within a quadrant; 255 leaves the destination as it is.
struct ShuffleMask {
  static constexpr uint8_t keep = 255;
  std::array<uint8_t, 32> source{};
};

// Free dimensions to reduce, bit i for dimension i.
struct Axes {
  uint8_t bits = 0;

  Axes() = default;
  Axes(std::initializer_list<int> dims) {
    for (int d : dims) bits |= static_cast<uint8_t>(1 << d);
  }
  bool contains(int dim) const { return (bits >> dim & 1) != 0; }
};

// A set of small numbers, of cores or channels: bit i for number i.
struct SmallSet {
  static constexpr int end = 8;
  uint8_t bits = 0;

  SmallSet() = default;
  SmallSet(std::initializer_list<int> numbers) {
    for (int number : numbers) bits |= static_cast<uint8_t>(1 << number);
  }
  std::vector<int32_t> list() const {
    std::vector<int32_t> numbers;
    for (int number = 0; number < end; ++number) {
      if ((bits >> number & 1) != 0) numbers.push_back(number);
    }
    return numbers;
  }
};

// Groups of ranks, or pairs of them; the groups themselves are kept in Tiles.
struct RankGroups {
  RankGroupsId id;

  RankGroups() = default;
  RankGroups(RankGroupsId groups) : id(groups) {}
  bool given() const { return id.valid(); }
};

// Dimension order of a transpose; rank 0: not given.
struct Permutation {
  std::array<uint8_t, 4> dims{};
  uint8_t rank = 0;

  Permutation() = default;
  Permutation(std::initializer_list<int> list) {
    for (int d : list) {
      if (rank < 4) dims[rank] = static_cast<uint8_t>(d);
      ++rank;
    }
  }
};

// (row, column) in the Tensor engine's array; not given if negative.
struct RowColumn {
  int16_t row = -1;
  int16_t column = -1;

  bool given() const { return row >= 0; }
};

// True, False, or left to the compiler (None).
enum class Tristate : uint8_t { automatic, no, yes };

enum class ReduceCmd : uint8_t { idle, reset, reduce, reset_reduce, load_reduce };
enum class DgeMode : uint8_t { unknown, swdge, hwdge, none };
enum class OobMode : uint8_t { error, skip };
enum class MatmulPerfMode : uint8_t { none, double_row };

template <>
struct EnumNames<Tristate> {
  static constexpr std::string_view type = "bool or None";
  static constexpr std::array<std::string_view, 3> names{"none", "false", "true"};
};
template <>
struct EnumNames<ReduceCmd> {
  static constexpr std::string_view type = "reduce_cmd";
  static constexpr std::array<std::string_view, 5> names{"idle", "reset", "reduce", "reset_reduce",
                                                         "load_reduce"};
};
template <>
struct EnumNames<DgeMode> {
  static constexpr std::string_view type = "dge_mode";
  static constexpr std::array<std::string_view, 4> names{"unknown", "swdge", "hwdge", "none"};
};
template <>
struct EnumNames<OobMode> {
  static constexpr std::string_view type = "oob_mode";
  static constexpr std::array<std::string_view, 2> names{"error", "skip"};
};
template <>
struct EnumNames<MatmulPerfMode> {
  static constexpr std::string_view type = "matmul_perf_mode";
  static constexpr std::array<std::string_view, 2> names{"none", "double_row"};
};

}  // namespace kiln
