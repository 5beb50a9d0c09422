#include "kiln/session/result.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>

#include "kiln/program/text.h"

namespace kiln {

HostTensor copy_view(Execution& execution, const Program& program, ViewId view) {
  const Tile tile = program.tiles.tile(view);
  HostTensor out{.dtype = tile.dtype()};
  for (int i = 0; i < tile.rank(); ++i) out.shape.push_back(tile.shape(i));
  const int64_t bytes = tile.elements() * size_bytes(tile.dtype());
  const TileAccess access = execution.read(view);
  if (!tile.on_chip() && access.contiguous() && tile.elements() == tile.storage->elements()) {
    out.buffer = execution.share(tile.storage_id);
    return out;
  }
  out.buffer = allocate_host_buffer(bytes);
  std::byte* to = out.buffer.data.get();
  for (int64_t p = 0; p < access.partitions; ++p) {
    for (int64_t i = 0; i < access.elements; ++i, to += size_bytes(tile.dtype())) {
      store_bits(access.dtype, to, access.bits(p, i));
    }
  }
  return out;
}

Provenance provenance_of(const Program& program, const Execution& execution,
                         const ExecuteOptions& options) {
  const ExecutionCounts& counts = execution.counts();
  Provenance p{.backend = fmt::format("cpu {}",
                                      options.reference_only ? "reference" : name_of(*options.cpu)),
               .kernel = program.kernel,
               .target = program.target,
               .threads = counts.threads,
               .by_routine = counts.by_routine,
               .by_reference = counts.by_reference,
               .memory_bytes = execution.peak_bytes()};
  size_t kind = 0;
  AllInstructions::for_each([&](auto tag) {
    using T = typename decltype(tag)::type;
    if (counts.by_kind[kind] > 0) p.instructions.emplace_back(T::spec.name, counts.by_kind[kind]);
    ++kind;
  });
  return p;
}

CallResult result_of(std::shared_ptr<const Program> program, Execution& execution,
                     const ExecuteOptions& options) {
  CallResult result{.program = program};
  for (ViewId output : program->outputs) {
    result.outputs.push_back(copy_view(execution, *program, output));
  }
  result.provenance = provenance_of(*program, execution, options);
  return result;
}

void Provenance::add(const Provenance& core) {
  ++cores;
  threads = std::max(threads, core.threads);
  for (const auto& [name, count] : core.instructions) {
    const auto found = std::find_if(instructions.begin(), instructions.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    if (found != instructions.end()) {
      found->second += count;
    } else {
      instructions.emplace_back(name, count);
    }
  }
  by_routine += core.by_routine;
  by_reference += core.by_reference;
  record_seconds += core.record_seconds;
  execute_seconds += core.execute_seconds;
  memory_bytes = std::max(memory_bytes, core.memory_bytes);
}

std::string program_hash(const Program& program) {
  const std::string text = to_text(program, {.locations = false});
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace kiln
