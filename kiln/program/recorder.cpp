#include "kiln/program/recorder.h"

#include <algorithm>

namespace kiln {

namespace {

// Far above any device memory; keeps sizes in bytes within int64.
constexpr int64_t elements_max = int64_t{1} << 40;

std::string text(std::span<const int64_t> shape) {
  return fmt::format("({})", fmt::join(shape, ", "));
}

// The shape that indices ask for, whether or not the tensor has it.
std::vector<int64_t> asked_shape(const Tile& tile, std::span<const Index> indices) {
  std::vector<int64_t> shape;
  int dim = 0;
  for (const Index& index : indices) {
    if (index.kind == Index::Kind::ellipsis) {
      const int rest = tile.rank() - static_cast<int>(indices.size()) + 1;
      for (int i = 0; i < rest; ++i) shape.push_back(tile.shape(dim++));
      continue;
    }
    const int64_t size = dim < tile.rank() ? tile.shape(dim) : 1;
    if (index.kind == Index::Kind::range) {
      const int64_t length = index.stop.value_or(size) - index.start.value_or(0);
      shape.push_back(std::max<int64_t>(0, length / std::max<int64_t>(1, index.step)));
    } else if (dim == 0 && tile.on_chip()) {
      shape.push_back(1);
    }
    ++dim;
  }
  for (; dim < tile.rank(); ++dim) shape.push_back(tile.shape(dim));
  while (shape.size() < (tile.on_chip() ? 2u : 1u)) shape.push_back(1);
  return shape;
}

}  // namespace

Recorder::Recorder(std::string_view kernel, Generation target, Compat compat)
    : owned_program_(std::make_shared<Program>()),
      program_(*owned_program_),
      machine_(machine(target)),
      compat_(compat) {
  program_.kernel = kernel;
  program_.target = target;
}

bool Recorder::fits(const TensorSpec& spec) {
  const size_t before = report_.error_count();
  const size_t rank_min = is_on_chip(spec.memory) ? 2 : 1;
  if (spec.shape.size() < rank_min || spec.shape.size() > max_rank) {
    report_.add(diag::bad_shape, "a tensor in {} has {} to {} dimensions; the shape is {}",
                name_of(spec.memory), rank_min, max_rank, text(spec.shape));
    return false;
  }
  int64_t elements = 1;
  for (int64_t size : spec.shape) {
    if (size < 1 || size > elements_max / elements) {
      report_.add(diag::bad_shape,
                  "every size is 1 or more, and all together at most 2^40; the "
                  "shape is {}",
                  text(spec.shape));
      return false;
    }
    elements *= size;
  }
  if (!is_on_chip(spec.memory)) return true;

  const int64_t row_bytes = elements / spec.shape[0] * size_bytes(spec.dtype);
  const bool psum = spec.memory == Memory::psum;
  const int64_t first = spec.address ? spec.address->partition : 0;
  const int64_t first_byte = spec.address ? spec.address->byte : 0;
  if (first < 0 || first_byte < 0) {
    report_.add(diag::bad_argument, "address ({}, {}) is negative", first, first_byte);
  }
  if (psum && first_byte % machine_.psum_bank_bytes() != 0) {
    report_.add(diag::misaligned, "address ({}, {}) is inside of a psum bank; a bank has {} bytes",
                first, first_byte, machine_.psum_bank_bytes());
  }
  if (first + spec.shape[0] > machine_.partitions) {
    report_.add(diag::partition_count, "shape {} needs {} partitions{}; {} has {}",
                text(spec.shape), spec.shape[0],
                first > 0 ? fmt::format(" from partition {}", first) : "", name_of(spec.memory),
                machine_.partitions.value);
  }
  const int64_t limit =
      psum ? machine_.psum_bytes_per_partition.value : machine_.sbuf_bytes_per_partition.value;
  if (first_byte + row_bytes > limit) {
    report_.add(diag::tensor_too_large, "{} tile needs {} bytes per partition{}; {} has {}",
                name_of(spec.memory), row_bytes,
                first_byte > 0 ? fmt::format(" from byte {}", first_byte) : "", machine_.instance,
                limit);
  }
  return report_.error_count() == before;
}

ViewId Recorder::poison(std::span<const int64_t> shape, DType dtype, Memory memory) {
  Storage storage{.memory = memory, .dtype = dtype, .binding = Binding::poison};
  storage.location = here_;
  for (int64_t size : shape) {
    if (storage.rank < max_rank) storage.shape[storage.rank++] = std::max<int64_t>(1, size);
  }
  while (storage.rank < 2) storage.shape[storage.rank++] = 1;
  return program_.tiles.whole(program_.tiles.add(std::move(storage)));
}

ViewId Recorder::add_storage(const TensorSpec& spec, Binding binding) {
  if (!fits(spec)) return poison(spec.shape, spec.dtype, spec.memory);
  Storage storage{.name = std::string(spec.name),
                  .memory = spec.memory,
                  .dtype = spec.dtype,
                  .binding = binding,
                  .address = spec.address,
                  .location = here_,
                  .born = static_cast<uint32_t>(program_.code.size())};
  for (int64_t size : spec.shape) storage.shape[storage.rank++] = size;
  return program_.tiles.whole(program_.tiles.add(std::move(storage)));
}

ViewId Recorder::allocate(const TensorSpec& spec) {
  report_.at(here_, "ndarray");
  if (!spec.name.empty()) give_name(spec.name, tensor_names_);
  return add_storage(spec, Binding::internal);
}

ViewId Recorder::input(const TensorSpec& spec) {
  report_.at(here_, spec.name);
  const ViewId view = add_storage(spec, Binding::input);
  program_.inputs.push_back(program_.tiles.storage_of(view));
  return view;
}

ViewId Recorder::constant(const TensorSpec& spec, std::vector<std::byte> bytes) {
  report_.at(here_, "shared_constant");
  const ViewId view = add_storage(spec, Binding::constant);
  program_.constants.emplace(program_.tiles.storage_of(view), std::move(bytes));
  return view;
}

std::string Recorder::message(const Tile& from, const Error& error) const {
  const std::string& name = from.storage->name;
  if (name.empty()) return error.message;
  return fmt::format("'{}' of shape {}: {}", name, view_ops::shape_text(*from.layout),
                     error.message);
}

ViewId Recorder::stand_in(const Tile& from, std::span<const int64_t> shape, Mistake mistake) {
  View view{.storage = from.storage_id};
  view.layout.dtype = from.dtype();
  for (int64_t size : shape.first(std::min<size_t>(shape.size(), max_rank))) {
    view.layout.shape[view.layout.rank++] = std::max<int64_t>(0, size);
  }
  const ViewId id = program_.tiles.add(view);
  mistakes_.emplace(id.value, std::move(mistake));
  return id;
}

ViewId Recorder::derive(std::string_view subject, ViewId from, const Result<View>& view,
                        std::span<const int64_t> fallback_shape) {
  const Tile tile = program_.tiles.tile(from);
  if (tile.storage->binding == Binding::poison) {
    return poison(fallback_shape, tile.dtype(), tile.memory());
  }
  if (const auto found = mistakes_.find(from.value); found != mistakes_.end()) {
    return stand_in(tile, fallback_shape, Mistake(found->second));
  }
  if (view.ok() && view->layout.elements() > 0) return program_.tiles.add(*view);
  if (view.ok()) {
    const Error none{fmt::format("the view has no elements: its shape is {}",
                                 view_ops::shape_text(view->layout))};
    return stand_in(tile, {view->layout.shape.at.data(), view->layout.rank},
                    {subject, message(tile, none), here_});
  }
  report_.at(here_, subject);
  report_.add(subject == "index" ? diag::view_out_of_range : diag::bad_view, "{}",
              message(tile, view.error()));
  return poison(fallback_shape, tile.dtype(), tile.memory());
}

ViewId Recorder::derive_for_use(std::string_view subject, ViewId from, const Result<View>& view,
                                std::span<const int64_t> fallback_shape) {
  const Tile tile = program_.tiles.tile(from);
  if (view.ok() || tile.storage->binding == Binding::poison || mistakes_.contains(from.value)) {
    return derive(subject, from, view, fallback_shape);
  }
  return stand_in(tile, fallback_shape, {subject, message(tile, view.error()), here_});
}

bool Recorder::is_in_ended_loop(const Storage& storage) const {
  // After an error, places in the code say nothing.
  if (storage.binding != Binding::internal || report_.has_errors()) return false;
  const auto after = std::ranges::lower_bound(ended_loops_, storage.born, {},
                                              [](const auto& loop) { return loop.second; });
  return after != ended_loops_.end() && after->first < storage.born;
}

void Recorder::give_name(std::string_view name, std::unordered_set<std::string>& given) {
  if (given.emplace(name).second) return;
  report_.add(diag::duplicate_name, "the name '{}' was given before", name);
}

bool Recorder::use(ViewId id) {
  const Storage& storage = program_.tiles.storage(program_.tiles.storage_of(id));
  if (storage.binding == Binding::poison) return false;
  if (!ended_loops_.empty() && is_in_ended_loop(storage)) {
    report_.add(diag::left_loop,
                fmt::format("{} was allocated inside of a loop that has ended",
                            storage.name.empty() ? "a tensor" : fmt::format("'{}'", storage.name)),
                {{"allocated here", storage.location}});
    return false;
  }
  if (mistakes_.empty()) return true;
  const auto found = mistakes_.find(id.value);
  if (found == mistakes_.end()) {
    const DynamicId dynamic = program_.tiles.tile(id).dynamic;
    const ViewId index = dynamic.valid() ? program_.tiles.dynamic(dynamic).index : ViewId{};
    return !index.valid() || use(index);
  }
  report_.at(found->second.location, found->second.subject);
  report_.add(diag::bad_view, "{}", found->second.message);
  return false;
}

ViewId Recorder::index(ViewId from, std::span<const Index> indices) {
  const Tile tile = program_.tiles.tile(from);
  const Result<View> view = view_ops::index(tile, indices);
  const bool is_real = tile.storage->binding != Binding::poison && mistakes_.empty();
  if (view.ok() && is_real && view->layout.elements() > 0) return program_.tiles.add(*view);
  return derive("index", from, view, asked_shape(tile, indices));
}

void Recorder::output(ViewId view) {
  report_.at(here_, program_.kernel);
  if (!use(view)) return;
  const Tile tile = program_.tiles.tile(view);
  if (tile.memory() == Memory::private_hbm) {
    report_.add(diag::may_not_build,
                "returns a tensor in private_hbm; from NKI 0.3 on a result is in shared_hbm");
  }
  if (tile.has_indices()) {
    report_.add(diag::bad_view, "'{}' is returned by a view that only instructions can follow",
                tile.storage->name);
    return;
  }
  program_.outputs.push_back(view);
}

void Recorder::track_nesting(const Instruction& instruction) {
  const bool loop = std::holds_alternative<Loop>(instruction);
  if (loop || std::holds_alternative<WhileLoop>(instruction)) {
    if (order_kept_ > 0) {
      report_.add(diag::bad_loop, "a loop of the device cannot be inside no_reorder");
    }
    open_loops_.push_back(instruction.index());
    loop_starts_.push_back(static_cast<uint32_t>(program_.code.size()));
    return;
  }
  const Instruction opening =
      std::holds_alternative<EndLoop>(instruction) ? Instruction(Loop{}) : Instruction(WhileLoop{});
  if (open_loops_.empty() || open_loops_.back() != opening.index()) {
    report_.add(diag::bad_loop, "no open {} to end here", name_of(opening));
    return;
  }
  open_loops_.pop_back();
  const uint32_t start = loop_starts_.back();
  loop_starts_.pop_back();
  while (!ended_loops_.empty() && ended_loops_.back().first > start) ended_loops_.pop_back();
  ended_loops_.emplace_back(start, static_cast<uint32_t>(program_.code.size()));
}

void Recorder::depend(uint32_t consumer, uint32_t producer) {
  if (consumer == no_instruction || producer == no_instruction) return;
  report_.at(here_, "depends_on");
  if (producer >= consumer) {
    report_.add(diag::bad_dependency, "{} would wait for {}, which is recorded {}",
                name_of(program_.code[consumer]), name_of(program_.code[producer]),
                producer == consumer ? "as the same instruction" : "after it");
    return;
  }
  int depth = 0;
  for (uint32_t i = producer; i < consumer && depth >= 0; ++i)
    depth += loop_depth_change(program_, i);
  if (depth < 0) {
    report_.add(diag::bad_dependency, "{} waits for {} in a loop that has ended",
                name_of(program_.code[consumer]), name_of(program_.code[producer]));
    return;
  }
  program_.dependencies[consumer].push_back(producer);
}

std::shared_ptr<const Program> Recorder::finish() {
  if (!open_loops_.empty()) {
    report_.at(here_, program_.kernel);
    report_.add(diag::bad_loop, "{} loop(s) have no end", open_loops_.size());
  }
  return owned_program_;
}

}  // namespace kiln
