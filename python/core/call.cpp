// Recording and running: Call, Program, text form.
#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings.h"
#include "convert.h"
#include "dialect.h"
#include "host.h"
#include "kiln/program/text.h"
#include "kiln/session/call.h"
#include "kiln/session/run.h"
#include "source_line.h"

namespace kiln::python {

namespace {

nb::dict describe(const Provenance& p) {
  nb::dict counts;
  for (const auto& [name, count] : p.instructions) counts[text(name)] = count;
  nb::dict d;
  d["backend"] = p.backend;
  d["kernel"] = p.kernel;
  d["target"] = static_cast<size_t>(p.target);
  d["cores"] = p.cores;
  d["threads"] = p.threads;
  d["instructions"] = counts;
  d["by_routine"] = p.by_routine;
  d["by_reference"] = p.by_reference;
  d["record_seconds"] = p.record_seconds;
  d["execute_seconds"] = p.execute_seconds;
  d["memory_bytes"] = p.memory_bytes;
  return d;
}

class PyCall {
 public:
  PyCall(const std::string& kernel, size_t target, size_t compat, int threads, bool keep_float32,
         std::shared_ptr<SharedMemory> shared, int rank, int core, nb::object dialect)
      : call_({.kernel = kernel,
               .target = static_cast<Generation>(target),
               .compat = static_cast<Compat>(compat),
               .execute = execute_options(threads, false),
               .keep_float32 = keep_float32,
               .member = {rank, core},
               .shared = std::move(shared)}),
        number_(++made),
        dialect_(std::move(dialect)) {}

  static PyCall* current() { return innermost; }

  void enter() {
    reset_lines();
    previous_ = std::exchange(innermost, this);
    previous_number_ = current_call();
    set_current_call(number_);
    recording_ = std::make_unique<dsl::Recording>(call_.recorder());
    previous_dialect_ = exchange_dialect(dialect_.is_none() ? nullptr : dialect_.ptr());
  }

  void exit() {
    exchange_dialect(previous_dialect_);
    recording_.reset();
    set_current_call(previous_number_);
    innermost = previous_;
    reset_lines();
  }

  NkiTensor input(const std::string& name, uintptr_t address, std::vector<int64_t> shape,
                  nb::handle dtype, nb::object owner) {
    const DType type = dtype_from_python(dtype);
    int64_t bytes = size_bytes(type);
    for (int64_t size : shape) bytes *= size;
    const ViewId view =
        call_.input({.shape = shape, .dtype = type, .memory = Memory::shared_hbm, .name = name},
                    borrow_array(address, bytes, std::move(owner)));
    return {dsl::Tensor(view), number_};
  }

  Recorder& recorder() { return call_.recorder(); }

  nb::list diagnostics() {
    return describe_report(call_.recorder().report(), call_.recorder().program().files);
  }

  std::shared_ptr<const Program> end(const std::vector<NkiTensor>& outputs) {
    std::vector<ViewId> views;
    for (const NkiTensor& output : outputs) views.push_back(unwrap(output).view_id());
    return call_.end(views);
  }

  Call& call() { return call_; }

  HostArray look(const NkiTensor& tensor) {
    call_.recorder().use(tensor.tensor.view_id());
    if (call_.recorder().report().has_errors()) {
      throw std::runtime_error("no value: the kernel has errors up to here");
    }
    Result<HostTensor> result = [&] {
      const nb::gil_scoped_release no_gil;
      return call_.look(tensor.tensor.view_id());
    }();
    return {value_or_throw(std::move(result))};
  }

 private:
  static thread_local PyCall* innermost;
  static std::atomic<uint64_t> made;

  Call call_;
  const uint64_t number_;
  std::unique_ptr<dsl::Recording> recording_;
  PyCall* previous_ = nullptr;
  uint64_t previous_number_ = 0;
  nb::object dialect_;  // a dict of adapters, or None
  PyObject* previous_dialect_ = nullptr;
};

thread_local PyCall* PyCall::innermost = nullptr;
std::atomic<uint64_t> PyCall::made = 0;

HostArray look_now(const NkiTensor& tensor) {
  unwrap(tensor);
  return PyCall::current()->look(tensor);
}

// (outputs, provenance) of each of the calls, which are executed together.
nb::list execute_together(const std::vector<PyCall*>& launch,
                          const std::shared_ptr<Transport>& transport) {
  std::vector<Call*> calls;
  for (PyCall* call : launch) calls.push_back(&call->call());
  const TogetherOptions options{.transport = transport.get(), .go_on = [] {
                                  const nb::gil_scoped_acquire gil;
                                  return PyErr_CheckSignals() == 0;
                                }};
  Result<std::vector<CallResult>> results = [&] {
    const nb::gil_scoped_release no_gil;
    return execute(calls, options);
  }();
  nb::list list;
  for (CallResult& done : value_or_throw(std::move(results))) {
    list.append(
        nb::make_tuple(describe_outputs(std::move(done.outputs)), describe(done.provenance)));
  }
  return list;
}

nb::tuple run_program(const std::shared_ptr<const Program>& program, nb::list arrays, int threads,
                      bool reference_only) {
  std::vector<HostTensor> inputs;
  for (nb::handle array : arrays) inputs.push_back(borrow_tensor(array));
  const ExecuteOptions options = execute_options(threads, reference_only);
  Result<CallResult> result = [&] {
    const nb::gil_scoped_release no_gil;
    return run(program, inputs, options);
  }();
  CallResult done = value_or_throw(std::move(result));
  return nb::make_tuple(describe_outputs(std::move(done.outputs)), describe(done.provenance));
}

nb::list describe_inputs(const Program& program) {
  nb::list list;
  for (StorageId id : program.inputs) {
    const Storage& storage = program.tiles.storage(id);
    nb::list shape;
    for (int i = 0; i < storage.rank; ++i) shape.append(storage.shape[i]);
    list.append(nb::make_tuple(storage.name, nb::tuple(shape), dtype_to_python(storage.dtype)));
  }
  return list;
}

void bind_program(nb::module_& module) {
  nb::class_<Program>(module, "Program", "A recorded program.")
      .def_prop_ro("kernel", [](const Program& p) { return p.kernel; })
      .def_prop_ro("target", [](const Program& p) { return static_cast<size_t>(p.target); })
      .def_prop_ro("inputs", &describe_inputs, "(name, shape, dtype) of each input")
      .def_prop_ro("hash", [](const Program& p) { return program_hash(p); })
      .def("__len__", [](const Program& p) { return p.code.size(); })
      .def(
          "text",
          [](const Program& p, bool locations) { return to_text(p, {.locations = locations}); },
          nb::arg("locations") = true);
  module.def(
      "parse_program",
      [](const std::string& source) {
        Result<ParsedProgram> parsed = parse_program(source);
        if (!parsed.ok()) throw nb::value_error(parsed.error().message.c_str());
        return nb::make_tuple(std::const_pointer_cast<Program>(parsed->program),
                              describe_report(parsed->report, parsed->program->files));
      },
      nb::arg("text"), "(Program, diagnostics) of a program's text form.");
  module.def(
      "run_program",
      [](const std::shared_ptr<Program>& program, nb::list arrays, int threads,
         bool reference_only) {
        return run_program(program, std::move(arrays), threads, reference_only);
      },
      nb::arg("program"), nb::arg("arrays"), nb::arg("threads") = 0,
      nb::arg("reference_only") = false);
}

}  // namespace

void bind_call(nb::module_& module) {
  nb::class_<HostArray>(module, "HostTensor", "A row-major array in memory that C++ owns.")
      .def_prop_ro("address",
                   [](const HostArray& r) {
                     return reinterpret_cast<uintptr_t>(r.tensor.buffer.data.get());
                   })
      .def_prop_ro("bytes",
                   [](const HostArray& r) {
                     int64_t bytes = size_bytes(r.tensor.dtype);
                     for (int64_t size : r.tensor.shape) bytes *= size;
                     return bytes;
                   })
      .def_prop_ro("dtype", [](const HostArray& r) { return dtype_to_python(r.tensor.dtype); })
      .def_prop_ro("shape", [](const HostArray& r) { return nb::tuple(nb::cast(r.tensor.shape)); });

  nb::class_<SharedMemory>(module, "SharedMemory", "What the cores of a launch grid share.")
      .def(nb::init<>());

  nb::class_<PyCall>(module, "Call", "One call of a kernel on one core of a launch.")
      .def(nb::init<const std::string&, size_t, size_t, int, bool, std::shared_ptr<SharedMemory>,
                    int, int, nb::object>(),
           nb::arg("kernel"), nb::arg("target"), nb::kw_only(),
           nb::arg("compat") = static_cast<size_t>(Compat::nki_0_6), nb::arg("threads") = 0,
           nb::arg("keep_float32") = false, nb::arg("shared").none() = nb::none(),
           nb::arg("rank") = 0, nb::arg("core") = 0, nb::arg("dialect").none() = nb::none())
      .def(
          "__enter__",
          [](PyCall& call) -> PyCall& {
            call.enter();
            return call;
          },
          nb::rv_policy::reference)
      .def("__exit__", [](PyCall& call, nb::args) { call.exit(); })
      .def("input", &PyCall::input, nb::arg("name"), nb::arg("address"), nb::arg("shape"),
           nb::arg("dtype"), nb::arg("owner"))
      .def("diagnostics", &PyCall::diagnostics)
      .def("end", [](PyCall& call, const std::vector<NkiTensor>& outputs) {
        return std::const_pointer_cast<Program>(call.end(outputs));
      });
  nb::class_<Transport>(module, "Transport", "The way to ranks in other processes.")
      .def("is_local", &Transport::is_local, nb::arg("rank"));
  module.def("execute_together", &execute_together, nb::arg("calls"),
             nb::arg("transport").none() = nb::none(),
             "Executes the calls of one launch; (outputs, provenance) of each.");

  module.def("is_recording", &dsl::is_recording);
  module.def("current_call", &current_call, "The number of the call that is being recorded.");
  module.def(
      "fresh_integer", [](size_t compat) { return fresh_integer_in(static_cast<Compat>(compat)); },
      nb::arg("compat"), "What integers that were never written hold, in the release.");
  module.def("recording_target",
             [] { return static_cast<size_t>(dsl::recorder().program().target); });
  module.def("look", &look_now, nb::arg("tensor"),
             "The tensor's value now, after executing what has been recorded so far.");
  module.def(
      "set_progress", [](nb::object callback) { progress_callback() = std::move(callback); },
      nb::arg("callback").none());
  bind_program(module);
}

}  // namespace kiln::python
