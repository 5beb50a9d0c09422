"""How long a call of a kernel would take on its device, and why: a modelled timeline.

`text`, `as_json`, `page_data` and `comparison` are what is shown of it.
"""

import functools

import numpy as np

import kiln
from kiln import _check, _compat, _core, _run, _target

WAITS = ("none", "result", "load", "buffer", "port", "weights", "partner")
NOBODY = 0xFFFFFFFF  # of waited_for and transfer

# A trace with more slices is cut: browsers fail on files of a few hundred MB.
SLICES_MAX = 2_000_000

_DTYPES = {
    "instruction": np.uint32,
    "waited_for": np.uint32,
    "transfer": np.uint32,
    "engine": np.uint8,
    "wait": np.uint8,
    "step": np.uint32,
    "queue": np.uint8,
    "first_engine": np.uint8,
    "engines": np.uint8,
    "descriptors": np.uint32,
    "bytes": np.int64,
    "hbm_read_bytes": np.int64,
    "hbm_written_bytes": np.int64,
}


def host_costs(target):
    """What a call costs on the host, beside the kernel and in none of its times: {name: ns}."""
    rows = _core.rates(_target.find(target, "target"))
    return {r["name"].removesuffix("_ns"): float(r["value"]) for r in rows if r["group"] == "host"}


class NotTimed(Exception):
    """The checker found errors, so that nothing was timed. `diagnostics` has what it found."""

    def __init__(self, kernel, diagnostics):
        errors = [d for d in diagnostics if d["severity"] == "error"]
        lines = [f"{kernel} is not timed: the checker found {len(errors)} errors"]
        super().__init__("\n".join(lines + [_run.excerpt(d) for d in errors]))
        self.diagnostics = diagnostics


class Profile:
    """The timeline of one call. Times are in ns from the start, shares from 0 to 1.

    `summary` is a dict: total_ns, prologue_ns, cores, steps (instructions executed), engines
    (busy_ns, active_ns, waits_ns by cause), dma (bytes, by_size, …), flops, mfu, hfu, mbu, bounds,
    critical (the critical path by source line), advice and unknown (instructions without a known
    cost). `checked` says what is known of the program's rightness: "passed", "not asked", or
    "errors" if it was timed in spite of them.
    """

    def __init__(self, kernel, target, programs, arrays, checked):
        self.kernel = kernel
        self.target = target
        self.checked = checked
        self.programs = programs
        self.result = _core.profile_programs(programs, arrays, threads=_run.threads)
        self.summary = self.result.summary()

    @property
    def total_us(self):
        return self.summary["total_ns"] / 1000

    @property
    def provenance(self):
        """What the times are of: {label: text}."""
        known = {
            "program": self.programs[0].hash,
            "kiln": kiln.__version__,
            "model": "simulation",
            "checker": self.checked,
        }
        if self.summary["executed"]:
            known["loops"] = "followed by executing the program"
        return known

    @functools.cached_property
    def code(self):
        """(name, file, line) of each instruction, of each core."""
        return [self.result.code(core) for core in range(self.summary["cores"])]

    @functools.cache  # noqa: B019
    def steps(self, core=0):
        """A NumPy array for each field, an element for each executed instruction."""
        return _arrays(self.result.steps(core))

    @functools.cache  # noqa: B019
    def transfers(self, core=0):
        """Likewise, of DMA transfers."""
        return _arrays(self.result.transfers(core))

    def memory(self, core, psum):
        """ns, bytes: what of a partition is in use over time."""
        return _arrays(self.result.memory(core, psum))

    def write_trace(self, path, slices_max=SLICES_MAX):
        """Writes a Perfetto trace; returns {bytes, slices, slices_left_out}."""
        return self.result.write_trace(str(path), slices_max)

    def write_page(self, path):
        """Writes the self-contained HTML page."""
        from kiln import profile_page
        from kiln.profiling import page_data

        profile_page.write(page_data.data(self), path)


def _arrays(columns):
    return {
        name: np.frombuffer(data, dtype=_DTYPES.get(name, np.float64))
        for name, data in columns.items()
    }


def profile_call(kernel, bind, *, target=None, check="executed", force=False):
    """The Profile of one call of a Kernel; `bind()` returns fresh bound arguments.

    `check`: "executed", "recorded" (without executing it) or None. Raises NotTimed if it finds
    errors, unless `force`; NkiValidationError if the kernel cannot be recorded.
    """
    choice = _compat.choose(kernel.fn, kernel.compat)
    index = _target.index(kernel.platform_target)
    if target is not None:
        index = _target.find(target, "target")
    launch = _run.Launch(kernel, choice, bind, target=index)
    checked = "not asked"
    if check is not None:
        found = _check.check_recorded(kernel, choice, [launch], execute=check == "executed")
        checked = _outcome(found, force)
    name = kernel.__name__
    return Profile(name, _target.instance(index), launch.programs, launch.arrays(), checked)


def profile_program(program, arrays, *, check="executed", force=False):
    """The Profile of a parsed program; `arrays` are its inputs in order, or None."""
    checked = "not asked"
    if check is not None:
        execute = check == "executed" and arrays is not None
        checked = _outcome(_check.check_program(program, arrays, execute=execute), force)
    target = _target.instance(program.target)
    return Profile(program.kernel, target, [program], list(arrays or []), checked)


def _outcome(found, force):
    if not any(d["severity"] == "error" for d in found.diagnostics):
        return "passed"
    if not force:
        raise NotTimed(found.kernel, found.diagnostics)
    return "errors"
