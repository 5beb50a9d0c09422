// Where tensors live: the memory report and the diagnostics of placement, as plain dicts and lists.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "bindings.h"
#include "host.h"
#include "kiln/placement/capacity.h"
#include "kiln/placement/memory_report.h"

namespace kiln::python {

namespace {

void add_location(nb::dict& d, const Program& program, SourceLocation location) {
  d["file"] = location.file.valid() ? program.files.path(location.file) : "";
  d["line"] = location.line;
}

nb::dict describe_instruction(const Program& program, uint32_t index) {
  nb::dict d;
  d["instruction"] = index;
  d["name"] = text(name_of(program.code[index]));
  add_location(d, program, program.locations[index]);
  return d;
}

void add_storage(nb::dict& d, const Program& program, StorageId id) {
  const Storage& storage = program.tiles.storage(id);
  nb::list shape;
  for (int i = 0; i < storage.rank; ++i) shape.append(storage.shape[i]);
  d["name"] = storage.name;
  d["shape"] = nb::tuple(shape);
  d["dtype"] = text(name_of(storage.dtype));
  d["partitions"] = storage.partitions();
  d["explicit"] = storage.address.has_value();
  add_location(d, program, storage.location);
}

nb::dict describe_block(const Program& program, const MemoryBlock& block) {
  nb::dict d;
  add_storage(d, program, block.storage);
  d["first"] = block.range.first;
  d["last"] = block.range.last;
  d["partition"] = block.address.partition;
  d["byte"] = block.address.byte;
  d["bytes"] = block.bytes;
  return d;
}

nb::list describe_blocks(const Program& program, const std::vector<MemoryBlock>& blocks) {
  nb::list list;
  for (const MemoryBlock& block : blocks) list.append(describe_block(program, block));
  return list;
}

nb::list describe_owners(const Program& program, const std::vector<OwnerGroup>& owners) {
  nb::list list;
  for (const OwnerGroup& owner : owners) {
    nb::dict d;
    add_storage(d, program, owner.storages.front());
    d["count"] = owner.storages.size();
    d["bytes_each"] = owner.bytes_each;
    d["bytes"] = owner.bytes();
    d["first"] = describe_instruction(program, owner.range.first);
    d["last"] = describe_instruction(program, owner.range.last);
    list.append(d);
  }
  return list;
}

nb::list describe_banks(const Program& program, const MemoryUse& use) {
  nb::list banks;
  for (const std::vector<uint32_t>& bank : use.banks) {
    nb::list inside;
    for (const uint32_t n : bank) inside.append(describe_block(program, use.at_peak[n]));
    banks.append(inside);
  }
  return banks;
}

nb::dict describe_use(const Program& program, const MemoryUse& use) {
  nb::dict d;
  d["memory"] = text(name_of(use.memory));
  d["capacity_bytes"] = use.capacity_bytes;
  d["bank_bytes"] = use.bank_bytes;
  d["peak_bytes"] = use.peak_bytes;
  d["bound_bytes"] = use.bound_bytes;
  d["extent_bytes"] = use.extent_bytes;
  d["peak"] = use.peak_bytes > 0 ? nb::object(describe_instruction(program, use.peak_instruction))
                                 : nb::none();
  d["used"] = use.used;
  d["unused"] = use.unused;
  d["unplaced"] = use.unplaced;
  nb::list steps;
  for (const MemoryStep& s : use.steps) steps.append(nb::make_tuple(s.instruction, s.bytes));
  d["steps"] = steps;
  d["owners"] = describe_owners(program, use.owners);
  d["banks"] = describe_banks(program, use);
  d["blocks"] = describe_blocks(program, use.blocks);
  d["blocks_left_out"] = use.blocks_left_out;
  d["advice"] = use.advice.text;
  d["advice_gain_bytes"] = use.advice.gain_bytes;
  return d;
}

nb::dict placement_report(const Program& program) {
  Report report;
  const MemoryReport memory = [&] {
    const nb::gil_scoped_release no_gil;
    const Placement placement = place(program);
    check_capacity(program, placement, report);
    return memory_report(program, placement);
  }();
  nb::dict d;
  d["kernel"] = program.kernel;
  d["target"] = text(machine(program.target).instance);
  d["instructions"] = program.code.size();
  d["diagnostics"] = describe_report(report, program.files);
  nb::list memories;
  memories.append(describe_use(program, memory.sbuf));
  memories.append(describe_use(program, memory.psum));
  d["memories"] = memories;
  return d;
}

}  // namespace

void bind_placement(nb::module_& module) {
  module.def("placement_report", &placement_report, nb::arg("program"),
             "How the program uses SBUF and PSUM, and what is wrong with that.");
}

}  // namespace kiln::python
