#include "host.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "convert.h"
#include "kiln/base/severity_names.h"
#include "kiln/session/call.h"

namespace kiln::python {

nb::str text(std::string_view s) { return nb::str(s.data(), s.size()); }

nb::object& progress_callback() {
  static auto* callback = new nb::object(nb::none());
  return *callback;
}

ExecuteOptions execute_options(int threads, bool reference_only) {
  ExecuteOptions options{.threads = threads, .reference_only = reference_only};
  options.tick = [](const Progress& progress) {
    const nb::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0) return false;
    if (progress_callback().is_none()) return true;
    try {
      progress_callback()(progress.done, progress.total);
    } catch (nb::python_error& error) {
      error.restore();
      return false;
    }
    return true;
  };
  Result<ExecuteOptions> resolved = resolve(std::move(options));
  if (!resolved) throw nb::value_error(resolved.error().message.c_str());
  return std::move(resolved).value();
}

HostBuffer borrow_array(uintptr_t address, int64_t bytes, nb::object owner) {
  auto* kept = new nb::object(std::move(owner));
  const auto free = [kept](std::byte*) {
    const nb::gil_scoped_acquire gil;
    delete kept;
  };
  return {std::shared_ptr<std::byte>(reinterpret_cast<std::byte*>(address), free), bytes};
}

HostTensor borrow_tensor(nb::handle array) {
  HostTensor tensor{.dtype = dtype_from_python(array.attr("dtype")),
                    .shape = nb::cast<std::vector<int64_t>>(array.attr("shape"))};
  tensor.buffer = borrow_array(nb::cast<uintptr_t>(array.attr("ctypes").attr("data")),
                               nb::cast<int64_t>(array.attr("nbytes")), nb::borrow(array));
  return tensor;
}

nb::list describe_outputs(std::vector<HostTensor> outputs) {
  nb::list list;
  for (HostTensor& output : outputs) list.append(nb::cast(HostArray{std::move(output)}));
  return list;
}

nb::list describe_report(const Report& report, const FileTable& files) {
  nb::list list;
  for (const Diagnostic& diagnostic : report.diagnostics()) {
    nb::dict d;
    d["id"] = text(diagnostic.kind->id);
    d["severity"] = text(name_of(diagnostic.kind->severity));
    d["message"] = diagnostic.message;
    d["file"] = diagnostic.location.file.valid() ? files.path(diagnostic.location.file) : "";
    d["line"] = diagnostic.location.line;
    d["text"] = to_string(diagnostic, files);
    d["fix"] = text(diagnostic.kind->fix);
    d["count"] = diagnostic.count;
    nb::list notes;
    for (const Note& note : diagnostic.notes) {
      nb::dict n;
      n["message"] = note.message;
      n["file"] = note.location.file.valid() ? files.path(note.location.file) : "";
      n["line"] = note.location.line;
      notes.append(n);
    }
    d["notes"] = notes;
    list.append(d);
  }
  return list;
}

}  // namespace kiln::python
