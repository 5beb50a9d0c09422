// Timing recorded programs: timelines and profiles, as plain dicts, lists and columns of numbers.
#include "kiln/session/profile.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include "bindings.h"
#include "host.h"
#include "kiln/machine/rates.h"
#include "kiln/program/text.h"
#include "kiln/timing/perfetto.h"

namespace kiln::python {

namespace {

// {file, line} of a location in the first core's source.
void add_location(nb::dict& d, const ProfileResult& r, SourceLocation location) {
  const FileTable& files = r.programs.front()->files;
  d["file"] = location.file.valid() ? files.path(location.file) : "";
  d["line"] = location.line;
}

nb::list describe_engines(const Profile& p) {
  nb::list list;
  for (const EngineProfile& engine : p.engines) {
    nb::dict waits;
    for (size_t w = 1; w < wait_count; ++w) {
      waits[text(name_of(static_cast<Wait>(w)))] = engine.waits_ns[w];
    }
    nb::dict d;
    d["engine"] = text(name_of(engine.engine));
    d["instructions"] = engine.instructions;
    d["busy_ns"] = engine.busy_ns;
    d["active_ns"] = engine.active_ns;
    d["waits_ns"] = waits;
    list.append(d);
  }
  return list;
}

nb::dict describe_dma(const DmaProfile& dma) {
  nb::list sizes;
  for (const DmaSizeProfile& size : dma.by_size) {
    nb::dict d;
    d["descriptor_bytes_max"] = size.descriptor_bytes_max == INT64_MAX
                                    ? nb::object(nb::none())
                                    : nb::object(nb::int_(size.descriptor_bytes_max));
    d["transfers"] = size.transfers;
    d["descriptors"] = size.descriptors;
    d["bytes"] = size.bytes;
    d["engine_ns"] = size.engine_ns;
    sizes.append(d);
  }
  nb::dict d;
  d["transfers"] = dma.transfers;
  d["descriptors"] = dma.descriptors;
  d["bytes"] = dma.bytes;
  d["hbm_read_bytes"] = dma.hbm_read_bytes;
  d["hbm_written_bytes"] = dma.hbm_written_bytes;
  d["active_ns"] = dma.active_ns;
  d["engine_ns"] = dma.engine_ns;
  d["by_size"] = sizes;
  return d;
}

nb::dict describe(const ProfileResult& r) {
  const Profile& p = r.profile;
  nb::dict bounds;
  bounds["memory_ns"] = p.bounds.memory_ns;
  bounds["no_reload_ns"] = p.bounds.no_reload_ns;
  bounds["compute_ns"] = p.bounds.compute_ns;
  bounds["useful_ns"] = p.bounds.useful_ns;
  nb::list critical, advice, unknown;
  for (const CriticalLine& line : p.critical) {
    nb::dict d;
    add_location(d, r, line.location);
    d["name"] = line.name;
    d["steps"] = line.steps;
    d["ns"] = line.ns;
    d["wait"] = text(name_of(line.wait));
    critical.append(d);
  }
  for (const Advice& a : p.advice) {
    nb::dict d;
    add_location(d, r, a.location);
    d["text"] = a.text;
    d["gain_ns"] = a.gain_ns;
    advice.append(d);
  }
  for (const UnknownCost& u : r.timeline.unknown) {
    nb::dict d;
    d["name"] = u.name;
    d["taken"] = u.taken;
    d["count"] = u.count;
    unknown.append(d);
  }
  nb::dict d;
  d["total_ns"] = p.total_ns;
  d["prologue_ns"] = p.prologue_ns;
  d["cores"] = p.cores;
  d["steps"] = p.steps;
  d["executed"] = r.executed;
  d["engines"] = describe_engines(p);
  d["dma"] = describe_dma(p.dma);
  d["flops"] = p.flops;
  d["transpose_flops"] = p.transpose_flops;
  d["peak_flops_per_ns"] = p.peak_flops_per_ns;
  d["hbm_gb_per_s"] = p.hbm_gb_per_s;
  d["throttled_ns"] = p.throttled_ns;
  d["mfu"] = p.mfu;
  d["hfu"] = p.hfu;
  d["mbu"] = p.mbu;
  d["flops_per_byte"] = p.flops_per_byte;
  d["bounds"] = bounds;
  d["critical"] = critical;
  d["advice"] = advice;
  d["unknown"] = unknown;
  return d;
}

// One number of each element, as the bytes of an array.
template <class Out, class T, class Fn>
nb::bytes column(const std::vector<T>& of, Fn&& value) {
  std::vector<Out> numbers;
  numbers.reserve(of.size());
  for (const T& item : of) numbers.push_back(static_cast<Out>(value(item)));
  return nb::bytes(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Out));
}

const CoreTimeline& core_of(const ProfileResult& r, size_t core) {
  if (core >= r.timeline.cores.size()) throw nb::index_error("no such core");
  return r.timeline.cores[core];
}

nb::dict step_columns(const ProfileResult& r, size_t core) {
  const CoreTimeline& c = core_of(r, core);
  using S = TimelineStep;
  nb::dict d;
  d["instruction"] = column<uint32_t>(c.steps, [](const S& s) { return s.instruction; });
  d["waited_for"] = column<uint32_t>(c.steps, [](const S& s) { return s.waited_for; });
  d["transfer"] = column<uint32_t>(c.steps, [](const S& s) { return s.transfer; });
  d["engine"] = column<uint8_t>(c.steps, [](const S& s) { return s.engine; });
  d["wait"] = column<uint8_t>(c.steps, [](const S& s) { return s.wait; });
  d["weights_ns"] = column<double>(c.steps, [](const S& s) { return s.weights_ns; });
  d["table_ns"] = column<double>(c.steps, [](const S& s) { return s.table_ns; });
  d["start_ns"] = column<double>(c.steps, [](const S& s) { return s.start_ns; });
  d["free_ns"] = column<double>(c.steps, [](const S& s) { return s.free_ns; });
  d["end_ns"] = column<double>(c.steps, [](const S& s) { return s.end_ns; });
  return d;
}

nb::dict transfer_columns(const ProfileResult& r, size_t core) {
  const CoreTimeline& c = core_of(r, core);
  using T = TimelineTransfer;
  nb::dict d;
  d["step"] = column<uint32_t>(c.transfers, [](const T& t) { return t.step; });
  d["queue"] = column<uint8_t>(c.transfers, [](const T& t) { return t.queue; });
  d["first_engine"] = column<uint8_t>(c.transfers, [](const T& t) { return t.first_engine; });
  d["engines"] = column<uint8_t>(c.transfers, [](const T& t) { return t.engines; });
  d["descriptors"] = column<uint32_t>(c.transfers, [](const T& t) { return t.descriptors; });
  d["bytes"] = column<int64_t>(c.transfers, [](const T& t) { return t.bytes; });
  d["hbm_read_bytes"] = column<int64_t>(c.transfers, [](const T& t) { return t.hbm_read_bytes; });
  d["hbm_written_bytes"] =
      column<int64_t>(c.transfers, [](const T& t) { return t.hbm_written_bytes; });
  d["engine_ns"] = column<double>(c.transfers, [](const T& t) { return t.engine_ns; });
  d["issued_ns"] = column<double>(c.transfers, [](const T& t) { return t.issued_ns; });
  d["start_ns"] = column<double>(c.transfers, [](const T& t) { return t.start_ns; });
  d["end_ns"] = column<double>(c.transfers, [](const T& t) { return t.end_ns; });
  return d;
}

// (name, file, line) of each instruction of a core's program.
nb::list describe_code(const ProfileResult& r, size_t core) {
  const Program& program = *core_of(r, core).program;
  nb::list list;
  for (size_t i = 0; i < program.code.size(); ++i) {
    const SourceLocation at = program.locations[i];
    list.append(nb::make_tuple(text(name_of(program.code[i])),
                               at.file.valid() ? program.files.path(at.file) : "", at.line));
  }
  return list;
}

nb::dict memory_columns(const ProfileResult& r, size_t core, bool psum) {
  core_of(r, core);
  const Memory memory = psum ? Memory::psum : Memory::sbuf;
  const std::vector<MemoryAtTime> series = memory_over_time(r, core, memory);
  using M = MemoryAtTime;
  nb::dict d;
  d["ns"] = column<double>(series, [](const M& m) { return m.ns; });
  d["bytes"] = column<int64_t>(series, [](const M& m) { return m.bytes; });
  return d;
}

nb::list throttled(const ProfileResult& r, size_t core) {
  nb::list list;
  for (const ThrottleSpan& span : core_of(r, core).throttled) {
    list.append(nb::make_tuple(span.start_ns, span.end_ns));
  }
  return list;
}

// {bytes, slices, slices_left_out} of the file.
nb::dict write_trace(const ProfileResult& r, const std::string& path, int64_t slices_max) {
  PerfettoOptions options{.slices_max = slices_max};
  options.operands = [&](size_t core, uint32_t instruction) {
    return to_text(*r.timeline.cores[core].program, instruction);
  };
  const double capacity =
      static_cast<double>(machine(r.timeline.target).sbuf_usable_bytes_per_partition());
  for (size_t core = 0; core < r.timeline.cores.size(); ++core) {
    std::vector<SbufUsage>& usage = options.sbuf_usage.emplace_back();
    for (const MemoryAtTime& m : memory_over_time(r, core, Memory::sbuf)) {
      usage.push_back({m.ns, static_cast<double>(m.bytes) / capacity});
    }
  }
  options.progress = [](double) {
    const nb::gil_scoped_acquire gil;
    return PyErr_CheckSignals() == 0;
  };
  Result<PerfettoSummary> written = [&] {
    const nb::gil_scoped_release no_gil;
    return write_perfetto(r.timeline, path, options);
  }();
  if (PyErr_Occurred()) throw nb::python_error();
  if (!written) {
    PyErr_SetString(PyExc_OSError, written.error().message.c_str());
    throw nb::python_error();
  }
  nb::dict d;
  d["bytes"] = written->bytes;
  d["slices"] = written->slices;
  d["slices_left_out"] = written->slices_left_out;
  return d;
}

// The text of each instruction of a core's program, up to so many characters.
nb::list code_texts(const ProfileResult& r, size_t core, size_t characters_max) {
  const Program& program = *core_of(r, core).program;
  nb::list list;
  for (uint32_t i = 0; i < program.code.size(); ++i) {
    list.append(text(std::string_view(to_text(program, i)).substr(0, characters_max)));
  }
  return list;
}

nb::list describe_rates(size_t generation) {
  nb::list list;
  for (const FactRow& row : fact_rows(rates(static_cast<Generation>(generation)))) {
    nb::dict d;
    d["group"] = text(row.group);
    d["name"] = text(row.name);
    d["value"] = row.value;
    d["unit"] = text(row.unit);
    d["source"] = text(row.source);
    d["evidence"] = text(name_of(row.evidence));
    list.append(d);
  }
  return list;
}

std::shared_ptr<ProfileResult> profile_programs(nb::list programs, nb::list arrays, int threads) {
  RankPrograms rank;
  for (nb::handle program : programs) {
    rank.cores.push_back(nb::cast<std::shared_ptr<Program>>(program));
  }
  for (nb::handle array : arrays) rank.inputs.push_back(borrow_tensor(array));
  ProfileOptions options{.execute = execute_options(threads, false)};
  options.tick = [](double) {
    const nb::gil_scoped_acquire gil;
    return PyErr_CheckSignals() == 0;
  };
  Result<ProfileResult> result = [&] {
    const nb::gil_scoped_release no_gil;
    return profile(rank, options);
  }();
  return std::make_shared<ProfileResult>(value_or_throw(std::move(result)));
}

}  // namespace

void bind_profile(nb::module_& module) {
  nb::class_<ProfileResult>(module, "ProfileResult", "The timeline of a launch.")
      .def("summary", &describe, "What it says, as a dict; times in ns.")
      .def("steps", &step_columns, nb::arg("core"), "A column of bytes for each field of a step.")
      .def("transfers", &transfer_columns, nb::arg("core"), "Likewise, of its DMA transfers.")
      .def("memory", &memory_columns, nb::arg("core"), nb::arg("psum"),
           "Bytes of a partition in use over time, of SBUF or PSUM.")
      .def("throttled", &throttled, nb::arg("core"),
           "(start, end) of the times in which the Tensor engine was slow.")
      .def("write_trace", &write_trace, nb::arg("path"), nb::arg("slices_max"),
           "Writes a Perfetto trace; returns bytes, slices, slices_left_out.")
      .def("code_texts", &code_texts, nb::arg("core"), nb::arg("characters_max"),
           "The text of each instruction.")
      .def("code", &describe_code, nb::arg("core"), "(name, file, line) of each instruction.");
  module.def("profile_programs", &profile_programs, nb::arg("programs"), nb::arg("arrays"),
             nb::kw_only(), nb::arg("threads") = 0,
             "The ProfileResult of the programs of one rank's cores. `arrays`, their inputs, are "
             "needed only if loops depend on values in memory.");
  module.def("rates", &describe_rates, nb::arg("generation"),
             "Every figure of the timing model of a generation, with its source.");
}

}  // namespace kiln::python
