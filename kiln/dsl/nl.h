// nl: the functions of nki.language. They allocate tiles and record instructions, nothing more; a
// mistake is noted in the recorder's report and a stand-in of the right shape is returned. Results
// are in SBUF unless said. Operators and element-wise functions are in op.h.
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "kiln/dsl/op.h"
#include "kiln/dsl/tensor.h"

namespace kiln::dsl::nl {

using enum DType;
using enum Memory;
inline constexpr Memory hbm = private_hbm;

constexpr bool is_hbm(Memory buffer) { return !is_on_chip(buffer); }
constexpr bool is_on_chip(Memory buffer) { return kiln::is_on_chip(buffer); }
constexpr bool is_sbuf(Memory buffer) { return buffer == sbuf; }
constexpr bool is_psum(Memory buffer) { return buffer == psum; }

// Sizes of the target that the recording is for.
struct TileSize {
  // Partitions of an on-chip tile.
  int64_t pmax() const { return recorder().target().partitions; }
  // float32 elements of one partition of a PSUM bank.
  int64_t psum_bank_fmax() const { return recorder().target().psum_bank_bytes() / 4; }
  // Columns of the matmul's operands.
  int64_t gemm_stationary_fmax() const { return recorder().target().matmul_stationary_free; }
  // One PSUM bank of float32 on every generation: what portable kernels tile by.
  int64_t gemm_moving_fmax() const { return psum_bank_fmax(); }
  int64_t bn_stats_fmax() const { return recorder().target().bn_stats_free; }
};
inline constexpr TileSize tile_size;

// `size` indices from `start` on, for t[{…}].
Index ds(int64_t start, int64_t size);

struct TensorOptions {
  std::string_view name = {};
  std::optional<Address> address = {};
};
// Memory of this shape, with undefined contents.
Tensor ndarray(const Shape& shape, DType dtype, Memory buffer = sbuf,
               const TensorOptions& options = {},
               const CallSite& site = std::source_location::current());
Tensor full(const Shape& shape, const Value& fill_value, DType dtype, Memory buffer = sbuf,
            std::string_view name = {}, const CallSite& site = std::source_location::current());
Tensor zeros(const Shape& shape, DType dtype, Memory buffer = sbuf, std::string_view name = {},
             const CallSite& site = std::source_location::current());
Tensor ones(const Shape& shape, DType dtype, Memory buffer = sbuf, std::string_view name = {},
            const CallSite& site = std::source_location::current());

// What is not given is as in the tensor that the new one is to be like.
struct LikeOptions {
  std::optional<DType> dtype = {};
  std::optional<Memory> buffer = {};
  std::string_view name = {};
};
Tensor empty_like(const Tensor& x, const LikeOptions& options = {},
                  const CallSite& site = std::source_location::current());
Tensor zeros_like(const Tensor& x, const LikeOptions& options = {},
                  const CallSite& site = std::source_location::current());

// A new tile with the elements of an HBM tensor. A tensor of one dimension becomes one partition.
Tensor load(const Tensor& src, std::optional<DType> dtype = {},
            const CallSite& site = std::source_location::current());
// The transpose of an HBM tensor of two dimensions.
Tensor load_transpose2d(const Tensor& src, std::optional<DType> dtype = {},
                        const CallSite& site = std::source_location::current());
// Writes a tile to an HBM tensor of as many elements.
void store(const Tensor& dst, const Tensor& value,
           const CallSite& site = std::source_location::current());

// A tensor in shared HBM with these row-major contents.
Tensor shared_constant(const Shape& shape, DType dtype, std::vector<std::byte> contents,
                       const CallSite& site = std::source_location::current());
// An SBUF tile [n, n] with the identity matrix: `dst` if it is given, else a new one. The program
// has one constant for all identity matrices of a size and type.
Tensor shared_identity_matrix(int64_t n, DType dtype = uint8, std::optional<Tensor> dst = {},
                              const CallSite& site = std::source_location::current());

// Free dimensions to reduce: the last ones. Negative numbers count from the end.
struct Axis {
  std::vector<int> dims;

  Axis(int dim) : dims{dim} {}
  Axis(std::initializer_list<int> list) : dims(list) {}
  Axis(std::vector<int> list) : dims(std::move(list)) {}
};
struct ReduceOptions {
  std::optional<DType> dtype = {};
  bool keepdims = false;  // reduced dimensions stay, with size 1
};
Tensor sum(const Tensor& x, const Axis& axis, const ReduceOptions& options = {},
           const CallSite& site = std::source_location::current());
Tensor prod(const Tensor& x, const Axis& axis, const ReduceOptions& options = {},
            const CallSite& site = std::source_location::current());
Tensor max(const Tensor& x, const Axis& axis, const ReduceOptions& options = {},
           const CallSite& site = std::source_location::current());
Tensor min(const Tensor& x, const Axis& axis, const ReduceOptions& options = {},
           const CallSite& site = std::source_location::current());
Tensor mean(const Tensor& x, const Axis& axis, const ReduceOptions& options = {},
            const CallSite& site = std::source_location::current());
// The population variance; reduced dimensions always stay, with size 1.
Tensor var(const Tensor& x, const Axis& axis, const ReduceOptions& options = {},
           const CallSite& site = std::source_location::current());
// 1 where no element is 0, else 0.
Tensor all(const Tensor& x, const Axis& axis, std::optional<DType> dtype = {},
           const CallSite& site = std::source_location::current());
Tensor softmax(const Tensor& x, const Axis& axis = -1, std::optional<DType> dtype = {},
               const CallSite& site = std::source_location::current());

struct RmsNormOptions {
  double epsilon = 1e-6;
  std::optional<DType> dtype = {};
  std::optional<DType> compute_dtype = {};  // of the squares and the normalised x; float32
};
// x / sqrt(sum(x * x) / n + epsilon) * w, where w is as large as x or has size 1 where it is not.
Tensor rms_norm(const Tensor& x, const Tensor& w, const Axis& axis, int64_t n,
                const RmsNormOptions& options = {},
                const CallSite& site = std::source_location::current());

// x where the condition is not 0, else y.
Tensor where(const Tensor& condition, const Value& x, const Value& y,
             std::optional<DType> dtype = {},
             const CallSite& site = std::source_location::current());

// The elements of each partition of `data` that the same partition of `indices` names, counted
// through all free dimensions. `axis` is 0; it has no other meaning yet.
Tensor gather_flattened(const Tensor& data, const Tensor& indices, int axis = 0,
                        std::optional<DType> dtype = {},
                        const CallSite& site = std::source_location::current());

// A view with one more dimension.
Tensor expand_dims(const Tensor& x, int axis,
                   const CallSite& site = std::source_location::current());
// Repeats dimensions of size 1, the partition dimension too. The tile itself if it has that shape.
Tensor broadcast_to(const Tensor& x, const Shape& shape, std::optional<DType> dtype = {},
                    const CallSite& site = std::source_location::current());
// In PSUM: a tile of two dimensions, of up to 128 each, transposed.
Tensor transpose(const Tensor& x, std::optional<DType> dtype = {},
                 const CallSite& site = std::source_location::current());
// In PSUM and float32: x @ y, or x.T @ y, which saves a transpose.
Tensor matmul(const Tensor& x, const Tensor& y, bool transpose_x = false,
              const CallSite& site = std::source_location::current());

// Random numbers, uniform in [0, 1).
Tensor rand(const Shape& shape, DType dtype, Memory buffer = sbuf, std::string_view name = {},
            const CallSite& site = std::source_location::current());
// Makes what rand and dropout give depend on this [1, 1] tile of 32 bits alone.
void random_seed(const Tensor& seed, const CallSite& site = std::source_location::current());
// x with each element replaced by 0 with the probability `rate`, a constant or a column.
Tensor dropout(const Tensor& x, const Value& rate, std::optional<DType> dtype = {},
               const CallSite& site = std::source_location::current());

// A new register, set to `value` if it is given.
Register register_alloc(std::optional<int32_t> value = {},
                        const CallSite& site = std::source_location::current());
// Records one body, which the device repeats with the register from lower to upper - 1.
void fori_loop(const RegisterOrInt& lower, const RegisterOrInt& upper,
               const std::function<void(Register)>& body, int32_t step = 1,
               const CallSite& site = std::source_location::current());
// Records one body, which the device repeats while the condition is not 0. The body is given the
// condition in a register of the loop and returns the next one.
void while_loop(const Register& init, const std::function<Register(Register)>& body,
                const CallSite& site = std::source_location::current());

// Records a body whose instructions keep their order, as they always do on Kiln, and that opens no
// loop of the device.
void no_reorder(const std::function<void()>& body);

}  // namespace kiln::dsl::nl
