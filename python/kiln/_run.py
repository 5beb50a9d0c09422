"""Calls of kernels: arguments in, record, execute, results out."""

import contextlib
import linecache
import os
import threading
import traceback

import numpy as np

from kiln import _arrays, _compat, _core, _target

_state = threading.local()

# Set by the command line: 0 is as many threads as this process may use.
threads = int(os.environ.get("KILN_THREADS") or 0)

# Called with the provenance of every finished call.
listeners = []

# Sees every call before it is executed, if set: watch(kernel, choice, record, transport) returns
# record()'s launches, or raises what it raised. The checker looks at calls here (kiln._checking).
watch = None


class NkiValidationError(Exception):
    """The kernel breaks rules of the language or of the target; all that were found are listed.

    `diagnostics` has each as a dict: id, severity, message, file, line, text.
    """

    def __init__(self, kernel, diagnostics):
        self.diagnostics = diagnostics
        errors = [d for d in diagnostics if d["severity"] == "error"]
        count = f"{len(errors)} error{'s' if len(errors) != 1 else ''}"
        super().__init__("\n".join([f"{kernel}: {count}"] + [excerpt(d) for d in errors]))


def excerpt(diagnostic):
    """The diagnostic's text, and the source line it is about."""
    source = linecache.getline(diagnostic["file"], diagnostic["line"]).strip()
    return diagnostic["text"] + (f"\n    {source}" if source else "")


def origin(error):
    """The innermost frame of the exception that is not Kiln's own; None if there is none."""
    own = os.path.dirname(__file__) + "/"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((own, "<frozen"))
    ]
    return frames[-1] if frames else None


def latest_provenance():
    return getattr(_state, "provenance", None)


def program_grid():
    """(grid as a tuple, this program's index in it as a tuple); ((), ()) without a grid."""
    return getattr(_state, "grid", ((), ()))


class Inputs:
    """The array arguments of a call, found in nested lists, tuples and dicts."""

    def __init__(self):
        self.arguments = {}  # by the array's id: the same array twice is one tensor
        self.names = []
        self.kinds = set()

    def bind(self, call, name, value):
        if _arrays.kind_of(value) is None:
            if type(value) in (list, tuple):
                return type(value)(
                    self.bind(call, f"{name}_{i}", item) for i, item in enumerate(value)
                )
            if type(value) is dict:
                return {k: self.bind(call, f"{name}_{k}", v) for k, v in value.items()}
            return value
        argument = self.arguments.get(id(value))
        if argument is None:
            argument = self.arguments[id(value)] = self._argument(name, value)
            self.kinds.add(argument.kind)
        key = (id(call), id(value))
        if key not in self._tensors:
            array = argument.array
            self._tensors[key] = call.input(
                name, array.ctypes.data, list(array.shape), argument.dtype, array
            )
            self.names.append((name, array.shape, argument.dtype))
        return self._tensors[key]

    def _argument(self, name, value):
        try:
            return _arrays.Argument(value)
        except TypeError as error:
            raise TypeError(f"argument {name!r}: {error}") from None

    _tensors = None

    def begin_core(self):
        self._tensors = {}
        self.names = []

    def result_kind(self):
        for kind in ("torch", "jax"):
            if kind in self.kinds:
                return kind
        return "numpy"


def _flatten(value, tensors):
    """Replaces each tensor in a returned structure by its number in `tensors`."""
    if isinstance(value, _core.NkiTensor):
        tensors.append(value)
        return ("tensor", len(tensors) - 1)
    if isinstance(value, (list, tuple)):
        return ("sequence", type(value), [_flatten(item, tensors) for item in value])
    if isinstance(value, dict):
        return ("dict", {k: _flatten(v, tensors) for k, v in value.items()})
    return ("value", value)


def _rebuild(tree, arrays):
    match tree:
        case ("tensor", number):
            return arrays[number]
        case ("sequence", kind, items):
            built = [_rebuild(item, arrays) for item in items]
            return kind(*built) if hasattr(kind, "_fields") else kind(built)
        case ("dict", items):
            return {k: _rebuild(v, arrays) for k, v in items.items()}
        case ("value", value):
            return value


def new_call(kernel, choice, target=None, **options):
    """A call of a Kernel that is recorded as the Choice says, for a target or the chosen one."""
    from kiln.nki import _beta2

    return _core.Call(
        kernel.__name__,
        _target.index(kernel.platform_target) if target is None else target,
        compat=choice.release,
        dialect=_beta2.ADAPTERS if choice.name == _compat.BETA2 else None,
        **options,
    )


def record(call, fn, bound, inputs, choice=None):
    """Records fn(*bound.args, **bound.kwargs). Returns (program, tree of results).

    Raises NkiValidationError if the kernel has errors, and the kernel's own exception with notes on
    the arguments and on the errors found before it.
    """
    name = fn.__name__
    inputs.begin_core()
    with call, _compat.recording(choice) if choice else contextlib.nullcontext():
        arguments = {k: inputs.bind(call, k, v) for k, v in bound.arguments.items()}
        bound.arguments.update(arguments)
        try:
            returned = fn(*bound.args, **bound.kwargs)
        except Exception as error:
            _annotate(error, call, inputs)
            raise
        tensors = []
        tree = _flatten(returned, tensors)
        program = call.end(tensors)
        diagnostics = call.diagnostics()
    if any(d["severity"] == "error" for d in diagnostics):
        raise NkiValidationError(name, diagnostics)
    return program, tree


def _annotate(error, call, inputs):
    """Says what the kernel was called with, and what was wrong before the exception."""
    for name, shape, dtype in inputs.names:
        error.add_note(f"argument {name}: {dtype} of shape {tuple(shape)}")
    for diagnostic in call.diagnostics():
        error.add_note(excerpt(diagnostic))
    dialect = _compat.explain(error)
    if dialect:
        error.add_note(dialect)


def grid_indices(grid):
    return list(np.ndindex(*grid)) if grid else [()]


def call_kernel(kernel, bind):
    """Runs the Kernel once for each index of its grid, on cores that execute together; returns the
    results of the first.

    `bind()` returns fresh bound arguments.
    """
    return call_ranks(kernel, [bind])[0]


def call_ranks(kernel, binds, ranks=None, transport=None):
    """As call_kernel, on several ranks; returns the results of each.

    `binds` has one function for each of `ranks` (0, 1, … unless given). `transport` reaches ranks
    of other processes.
    """
    choice = _compat.choose(kernel.fn, kernel.compat)

    def record():
        return [
            Launch(kernel, choice, bind, rank)
            for rank, bind in zip(ranks or range(len(binds)), binds, strict=True)
        ]

    launches = watch(kernel, choice, record, transport) if watch else record()
    if kernel.checked:
        from kiln import _check  # which records by this module

        _check.refuse_errors(kernel, choice, launches)
    calls = [call for launch in launches for call in launch.calls]
    ran = _core.execute_together(calls, transport)
    provenance = None
    results = []
    for launch in launches:
        mine, ran = ran[: len(launch.calls)], ran[len(launch.calls) :]
        results.append(launch.results(mine[0][0]))
        for _, core in mine:
            if provenance is None:
                provenance = core | {"program": launch.programs[0], "ranks": len(launches)}
                provenance |= {"compat": choice.name, "compat_source": choice.source}
            else:
                _add(provenance, core)
    _publish(provenance)
    return results


class Launch:
    """A rank's cores, recorded one after the other."""

    def __init__(self, kernel, choice, bind, rank=0, target=None):
        indices = grid_indices(kernel.grid)
        keep_float32 = os.environ.get("NKI_PRECISE_FP") == "0"
        if len(indices) > 1 and keep_float32:
            raise ValueError("NKI_PRECISE_FP=0 runs kernels without a launch grid only")
        self._inputs = Inputs()
        shared = _core.SharedMemory() if len(indices) > 1 else None
        self.calls = []
        self.programs = []
        for core, index in enumerate(indices):
            call = new_call(
                kernel,
                choice,
                target,
                threads=threads,
                keep_float32=keep_float32,
                shared=shared,
                rank=rank,
                core=core,
            )
            outer = program_grid()
            _state.grid = (kernel.grid, index)
            try:
                program, tree = record(call, kernel.fn, bind(), self._inputs, choice)
            finally:
                _state.grid = outer
            self.calls.append(call)
            self.programs.append(program)
            if core == 0:
                self._tree = tree

    def diagnostics(self):
        """What recording said of all cores' programs."""
        return [d for call in self.calls for d in call.diagnostics()]

    def arrays(self):
        """The inputs of the programs, in their order."""
        return [argument.array for argument in self._inputs.arguments.values()]

    def results(self, outputs):
        """What the kernel returned, as arrays of core 0's outputs; strided inputs are updated."""
        kind = self._inputs.result_kind()
        for argument in self._inputs.arguments.values():
            argument.write_back()
        return _rebuild(self._tree, [_arrays.to_kind(_arrays.to_numpy(o), kind) for o in outputs])


def _add(provenance, core):
    """Adds what another core of the launch ran."""
    provenance["cores"] += 1
    for key in ("by_routine", "by_reference", "record_seconds", "execute_seconds"):
        provenance[key] += core[key]
    for name, count in core["instructions"].items():
        counts = provenance["instructions"]
        counts[name] = counts.get(name, 0) + count


class _Provenance(dict):
    """Computes the program's hash, which costs a pass over its text, when it is asked for."""

    def __missing__(self, key):
        if key != "program_hash":
            raise KeyError(key)
        self[key] = self["program"].hash
        return self[key]


def _publish(provenance):
    provenance["target"] = _target.instance(provenance["target"])
    _state.provenance = _Provenance(provenance)
    for listener in listeners:
        listener(_state.provenance)
