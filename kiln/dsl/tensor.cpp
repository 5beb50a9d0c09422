#include "kiln/dsl/tensor.h"

#include <algorithm>
#include <array>

namespace kiln::dsl {

namespace {

thread_local Recorder* current = nullptr;

}  // namespace

Recorder& recorder() {
  KILN_CHECK(current != nullptr);
  return *current;
}

Recording::Recording(Recorder& recorder) : previous_(current) { current = &recorder; }

Recording::~Recording() { current = previous_; }

bool is_recording() { return current != nullptr; }

void at(const std::source_location& where) {
  recorder().at({recorder().add_literal(where.file_name()), where.line()});
}

Shape Tensor::shape() const {
  const Tile t = tile();
  return Shape(t.layout->shape.at.begin(), t.layout->shape.at.begin() + t.rank());
}

Tensor Tensor::base_tensor() const { return Tensor(recorder().tiles().whole(tile().storage_id)); }

Tensor Tensor::derive(std::string_view what, const Result<View>& view, const Shape& asked) const {
  return Tensor(recorder().derive(what, id_, view, asked));
}

Tensor Tensor::operator[](std::initializer_list<IndexArgument> indices) const {
  std::array<Index, 2 * max_rank> list;
  KILN_CHECK(indices.size() <= list.size());
  std::copy(indices.begin(), indices.end(), list.begin());
  return index({list.data(), indices.size()});
}

Tensor Tensor::slice(int dim, int64_t start, int64_t stop, int64_t step) const {
  Shape asked = shape();
  if (dim >= 0 && dim < rank() && step > 0) {
    asked[static_cast<size_t>(dim)] = std::max<int64_t>(1, (stop - start + step - 1) / step);
  }
  return derive("slice", view_ops::slice(tile(), dim, start, stop, step), asked);
}

Tensor Tensor::select(int dim, int64_t index) const {
  Shape asked = shape();
  if (dim >= 0 && dim < rank()) asked.erase(asked.begin() + dim);
  return derive("select", view_ops::select(tile(), dim, index), asked);
}

Tensor Tensor::with_runtime_index(std::string_view what, Result<View> view, int dim,
                                  const RuntimeIndex& index, const Shape& asked) const {
  if (view.ok() && is_indirect()) {
    view = Error{"the view already has a runtime index, and can have only one"};
  }
  if (view.ok() && index.tile.valid()) {
    if (recorder().tile(index.tile).has_indices()) {
      view = Error{"the index is itself a view with a vector of indices"};
    }
  }
  const Result<Dynamic> along = view_ops::dynamic_along(tile(), dim);
  if (view.ok() && !along.ok()) view = along.error();
  if (!view.ok()) return derive(what, view, asked);
  Dynamic dynamic = *along;
  dynamic.kind = !index.tile.valid()   ? Dynamic::Kind::scalar_register
                 : index.per_partition ? Dynamic::Kind::vector_tile
                                       : Dynamic::Kind::scalar_tile;
  dynamic.reg = index.reg;
  dynamic.index = index.tile;
  View indirect = *view;
  indirect.dynamic = recorder().add(dynamic);
  return derive(what, indirect, asked);
}

Tensor Tensor::select(int dim, const RuntimeIndex& index) const {
  Shape asked = shape();
  if (dim >= 0 && dim < rank()) asked.erase(asked.begin() + dim);
  if (tile().on_chip() && dim == 0) {
    return derive("select", Error{"a runtime index cannot select a partition (dimension 0)"},
                  asked);
  }
  return with_runtime_index("select", view_ops::select(tile(), dim, 0), dim, index, asked);
}

Tensor Tensor::vector_select(int dim, const RuntimeIndex& offsets) const {
  Shape asked = shape();
  asked[0] = recorder().tile(offsets.tile).partitions();
  if (dim != 0 || tile().on_chip()) {
    return derive("vector_select", Error{"takes dimension 0 of an HBM tensor"}, asked);
  }
  View view = tile().view();
  view.layout.shape[0] = asked[0];
  view.layout.stride[0] = 0;
  return with_runtime_index("vector_select", view, 0, {.tile = offsets.tile, .per_partition = true},
                            asked);
}

Tensor Tensor::permute(std::span<const int64_t> dims) const {
  Shape asked;
  for (int64_t d : dims) asked.push_back(d >= 0 && d < rank() ? shape(static_cast<int>(d)) : 1);
  return derive("permute", view_ops::permute(tile(), dims), asked);
}

Tensor Tensor::broadcast(int dim, int64_t size) const {
  Shape asked = shape();
  if (dim >= 0 && dim < rank()) asked[static_cast<size_t>(dim)] = size;
  return derive("broadcast", view_ops::broadcast(tile(), dim, size), asked);
}

Tensor Tensor::expand_dim(int dim) const {
  Shape asked = shape();
  if (dim >= 0 && dim <= rank()) asked.insert(asked.begin() + dim, 1);
  return derive("expand_dim", view_ops::expand_dim(tile(), dim), asked);
}

Tensor Tensor::squeeze_dim(int dim) const {
  Shape asked = shape();
  if (dim >= 0 && dim < rank()) asked.erase(asked.begin() + dim);
  return derive("squeeze_dim", view_ops::squeeze_dim(tile(), dim), asked);
}

Tensor Tensor::reshape_dim(int dim, std::span<const int64_t> sizes) const {
  Shape asked = shape();
  if (dim >= 0 && dim < rank()) {
    asked.erase(asked.begin() + dim);
    asked.insert(asked.begin() + dim, sizes.begin(), sizes.end());
  }
  return derive("reshape_dim", view_ops::reshape_dim(tile(), dim, sizes), asked);
}

Tensor Tensor::flatten_dims(int first, int last) const {
  return derive("flatten_dims", view_ops::flatten_dims(tile(), first, last), shape());
}

Tensor Tensor::reshape(std::span<const int64_t> shape) const {
  return derive("reshape", view_ops::reshape(tile(), shape), Shape(shape.begin(), shape.end()));
}

Tensor Tensor::rearrange(const view_ops::NamePattern& from, const view_ops::NamePattern& to,
                         std::span<const std::pair<std::string, int64_t>> sizes) const {
  return derive("rearrange", view_ops::rearrange(tile(), from, to, sizes), shape());
}

Tensor Tensor::view(DType dtype) const {
  return derive("view", view_ops::reinterpret(tile(), dtype), shape());
}

Tensor Tensor::ap(const Ap& ap) const {
  Shape asked;
  for (const Step& step : ap.pattern) asked.push_back(step.count);
  std::vector<Step> pattern = ap.pattern;
  // The index of each row takes the place of the row's number, whatever the step.
  if (ap.runtime && ap.runtime->per_partition && !pattern.empty()) pattern[0].step = 0;
  const Result<View> view = view_ops::access_pattern(tile(), pattern, ap.offset, ap.dtype);
  if (!ap.runtime || !view.ok()) {
    return Tensor(recorder().derive_for_use("ap", id_, view, asked));
  }
  return with_runtime_index("ap", view, ap.indirect_dim, *ap.runtime, asked);
}

Tensor Tensor::indirect(const Tensor& index, std::optional<int64_t> num_elem) const {
  const Shape asked{shape(0), std::max<int64_t>(1, num_elem.value_or(index.size()))};
  const Result<view_ops::Indirection> made =
      view_ops::indirect(tile(), index.view_id(), index.tile(), num_elem);
  if (!made.ok()) return derive("indirect", made.error(), asked);
  View view = made->view;
  view.dynamic = recorder().add(made->dynamic);
  return derive("indirect", view, asked);
}

ViewListId view_list(std::span<const Tensor> tensors) {
  std::vector<ViewId> views;
  for (const Tensor& tensor : tensors) views.push_back(tensor.view_id());
  return recorder().add_list(views);
}

NumberListId number_list(std::initializer_list<float> numbers) {
  return recorder().add_list(std::span(numbers.begin(), numbers.size()));
}

}  // namespace kiln::dsl
