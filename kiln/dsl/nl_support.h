// What the functions of nl are made of: new tiles, single instructions that write one, and their
// common complaints. Nothing of it is for kernels.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kiln/dsl/op.h"
#include "kiln/dsl/tensor.h"

namespace kiln::dsl::internal {

template <class T>
void record(const T& instruction) {
  recorder().record(instruction);
}

// The report, set to complain about the function `name` at the current line.
Report& report_as(std::string_view name);

Tensor new_tile(const Shape& shape, DType dtype, Memory memory = Memory::sbuf);
// What a function returns after a complaint.
Tensor stand_in(const Shape& shape, DType dtype, Memory memory = Memory::sbuf);

// Whether the argument is in SBUF or PSUM; complains if not.
bool must_be_on_chip(std::string_view function, std::string_view argument, const Tensor& x);

std::string shape_text(const Tensor& x);

// A constant for memset, which does not convert floats to integers, in the tile's type.
InOrScalar fill_constant(const Value& value, DType dtype);

// Each records one instruction into a new tile of the shape of `data` (of `a`).
Tensor copied(const Tensor& data, DType dtype);
Tensor activated(ActivationOp op, const Tensor& data, DType dtype);
struct Stage {
  AluOp op = AluOp::none;
  InOrScalar operand = {};
  bool reverse = false;
};
Tensor scalar_op(const Tensor& data, const Stage& first, const Stage& second, DType dtype);
Tensor tensor_op(const Tensor& a, AluOp op, const Tensor& b, DType dtype);

// The tile itself if it is in SBUF, else a copy there.
Tensor in_sbuf(const Tensor& x);

// A tile whose one partition is repeated `partitions` times.
Tensor repeat_partition(const Tensor& x, int64_t partitions);

// Two tiles as views, or partition-wise repetitions, that differ only in free dimensions of size 1.
struct Aligned {
  Tensor x, y;
  Shape shape;  // of both together
};
// NumPy's broadcasting, except that the dimensions a tile lacks are inserted after the partition
// dimension. None, after a complaint, if the shapes do not fit.
std::optional<Aligned> align(std::string_view function, const Tensor& x, const Tensor& y);

// The free dimensions of size 1 repeated, without moving data.
Tensor stretched(Tensor x, const Shape& shape);

// The type of a function of two values: the one asked for, else that of the tile, else of two tiles
// the floating one, the wider one, or float32. None, after a complaint, if neither value is a tile,
// or one is not on chip.
std::optional<DType> result_dtype(std::string_view function, const Value& x, const Value& y,
                                  std::optional<DType> dtype);

// What a function of two values returns after a complaint.
Tensor stand_in(const Value& x, const Value& y, std::optional<DType> dtype);

// op(x, y) into a new tile.
Tensor combined(std::string_view function, AluOp op, const Value& x, const Value& y,
                std::optional<DType> dtype);

}  // namespace kiln::dsl::internal
