// Tensor: a view of device memory in a kernel that is being recorded. The C++ and the Python face
// of NKI share this class. No operation moves data; a mistake is noted in the recorder's report and
// a stand-in of the asked-for shape is returned.
#pragma once

#include <initializer_list>
#include <optional>
#include <source_location>
#include <span>
#include <string_view>
#include <vector>

#include "kiln/program/recorder.h"

namespace kiln::dsl {

// The recorder that dsl calls on this thread record into.
Recorder& recorder();

// Makes `recorder` the current one while this object lives.
class Recording {
 public:
  explicit Recording(Recorder& recorder);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

 private:
  Recorder* previous_;
};

// Whether a kernel is being recorded on this thread.
bool is_recording();

// Notes the C++ line that what follows belongs to.
void at(const std::source_location& where);

using Shape = std::vector<int64_t>;

// One dimension's index in t[{…}]: an integer, a range, `all`, or `rest` (NumPy's Ellipsis).
struct IndexArgument : Index {
  IndexArgument(std::integral auto i) {
    kind = Kind::integer;
    start = static_cast<int64_t>(i);
  }
  IndexArgument(const Index& index) : Index(index) {}
};
inline constexpr Index all{};
inline constexpr Index rest{.kind = Index::Kind::ellipsis};

// A runtime index: a register, or a tile of one element (or one a partition).
struct RuntimeIndex {
  RegisterId reg;
  ViewId tile;
  bool per_partition = false;
};

class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(ViewId id) : id_(id) {}

  ViewId view_id() const { return id_; }
  bool valid() const { return id_.valid(); }
  Tile tile() const { return recorder().tile(id_); }

  Shape shape() const;
  int64_t shape(int dim) const { return tile().shape(dim); }
  int rank() const { return tile().rank(); }
  int64_t size() const { return tile().elements(); }
  DType dtype() const { return tile().dtype(); }
  Memory buffer() const { return tile().memory(); }
  const std::string& name() const { return tile().storage->name; }
  bool is_contiguous() const { return view_ops::is_contiguous(tile()); }
  bool is_indirect() const { return tile().dynamic.valid(); }
  std::vector<Step> get_pattern() const { return view_ops::pattern(tile()); }
  int64_t offset() const { return view_ops::storage_offset(tile()); }
  // The whole storage this is a view of.
  Tensor base_tensor() const;

  Tensor operator[](std::initializer_list<IndexArgument> indices) const;
  Tensor index(std::span<const Index> indices) const {
    return Tensor(recorder().index(id_, indices));
  }

  Tensor slice(int dim, int64_t start, int64_t stop, int64_t step = 1) const;
  Tensor select(int dim, int64_t index) const;
  Tensor select(int dim, const RuntimeIndex& index) const;
  Tensor vector_select(int dim, const RuntimeIndex& offsets) const;
  Tensor permute(std::span<const int64_t> dims) const;
  Tensor permute(std::initializer_list<int64_t> dims) const { return permute(Shape(dims)); }
  Tensor broadcast(int dim, int64_t size) const;
  Tensor expand_dim(int dim) const;
  Tensor squeeze_dim(int dim) const;
  Tensor reshape_dim(int dim, std::span<const int64_t> sizes) const;
  Tensor flatten_dims(int first, int last) const;
  Tensor reshape(std::span<const int64_t> shape) const;
  Tensor reshape(std::initializer_list<int64_t> shape) const { return reshape(Shape(shape)); }
  Tensor rearrange(const view_ops::NamePattern& from, const view_ops::NamePattern& to,
                   std::span<const std::pair<std::string, int64_t>> sizes) const;
  Tensor view(DType dtype) const;

  struct Ap {
    std::vector<Step> pattern;
    std::optional<int64_t> offset = {};
    std::optional<RuntimeIndex> runtime = {};
    int indirect_dim = 0;
    std::optional<DType> dtype = {};
  };
  // An explicit access pattern over the storage. One that leaves the storage is an error when it is
  // used: kernels make patterns in the last round of a loop that they then do not use.
  Tensor ap(const Ap& ap) const;

 private:
  Tensor derive(std::string_view what, const Result<View>& view, const Shape& asked) const;
  Tensor with_runtime_index(std::string_view what, Result<View> view, int dim,
                            const RuntimeIndex& index, const Shape& asked) const;

  ViewId id_;
};

// The tensors, or numbers, as an instruction's list: .srcs = {a, b} calls the first.
ViewListId view_list(std::span<const Tensor> tensors);
NumberListId number_list(std::initializer_list<float> numbers);

}  // namespace kiln::dsl
