"""Kernels and their arguments, as the command line names them."""

import ast
import importlib.util
import inspect
import pathlib
import re
import sys

import numpy as np

import kiln
from kiln import _arrays, _compat, _core, _dtypes, _run, _target
from kiln.cli.errors import UsageError

FORMS = """\
arguments (--arg NAME=VALUE, as often as needed):
  file.npy                 an array from a file
  rand:128x512[:DTYPE[:SEED]]   uniform in [0, 1)
  randn:128x512[:DTYPE[:SEED]]  normal
  zeros:… ones:… arange:…  the same form, without a seed
  3  1.5  True  None  (3, 4)  'text'   a Python literal, passed as it is
DTYPE is a name of nki.language (bfloat16, float8_e4m3, int32, …), or bf16, f16, f32; float32
without one. Seeds are integers; 0 without one."""

_SHORT = {"bf16": "bfloat16", "f16": "float16", "f32": "float32", "fp32": "float32"}
_GENERATED = re.compile(r"(rand|randn|zeros|ones|arange):(\d+(?:x\d+)*)(?::(\w+))?(?::(\d+))?$")

COMPAT_HELP = f"the NKI that kernels are written for: {', '.join(_compat.NAMES)}"


def set_compat(name):
    """Makes --compat's value, if there is one, the choice for all kernels."""
    try:
        _compat.override = name and _compat.check(name, "--compat")
    except ValueError as error:
        raise UsageError(str(error)) from None


def refuse_compat(name):
    if name:
        raise UsageError(
            "--compat is for kernels; a program says itself what its instructions mean"
        )


def parse_targets(text, most=None):
    """["trn1", "trn3"] of "trn1,gen4", each once; at most so many."""
    names = [name.strip() for name in text.split(",")]
    try:
        found = [_target.instance(_target.find(name, "--target")) for name in names]
    except ValueError as error:
        raise UsageError(str(error)) from None
    targets = list(dict.fromkeys(found))
    if most is not None and len(targets) > most:
        raise UsageError(f"--target {text}: one target; `kiln check` takes several")
    return targets


def split_file(spec):
    """("kernel.py", "name") of "kernel.py:name"; the name is None if not given."""
    path, colon, name = spec.rpartition(":")
    if colon and (path.endswith(".py") or pathlib.Path(path).exists()):
        return path, name
    return spec, None


def existing(path):
    if not pathlib.Path(path).is_file():
        raise UsageError(f"{path}: there is no such file")
    return path


def load_kernel(path, name):
    """The function or kernel `name` of a Python file, imported on Kiln's nki."""
    module = _import(path)
    if not callable(getattr(module, name, None)):
        known = [kernel.__name__ for kernel in _kernels(module)]
        near = _core.nearest(name, known)
        hint = f"did you mean {near}?" if near else f"its kernels are {', '.join(known) or 'none'}"
        raise UsageError(f"{path} has no kernel {name!r}; {hint}")
    from kiln.nki import jit

    return jit(getattr(module, name))


def load_kernels(path):
    """All kernels that a Python file itself defines, in its order."""
    module = _import(path)
    own = [k for k in _kernels(module) if getattr(k, "__module__", None) == module.__name__]
    if not own:
        raise UsageError(f"{path} defines no kernel (a function with @nki.jit)")
    return own


def _import(path):
    kiln.install()
    module_name = pathlib.Path(path).stem
    spec = importlib.util.spec_from_file_location(module_name, existing(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(module_name, module)
    sys.path.insert(0, str(pathlib.Path(path).resolve().parent))
    spec.loader.exec_module(module)
    return module


def _kernels(module):
    from kiln.nki import Kernel

    return [value for value in vars(module).values() if isinstance(value, Kernel)]


def parse_arguments(texts):
    """{name: value} of --arg texts."""
    values = {}
    for text in texts:
        name, equals, form = text.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"--arg {text}: write NAME=VALUE")
        if name in values:
            raise UsageError(f"--arg {name} is given twice")
        values[name] = parse_value(form, f"--arg {name}")
    return values


def parse_value(form, subject):
    """The value of one form; see FORMS."""
    generated = _GENERATED.match(form)
    if generated:
        return _generate(*generated.groups(), subject)
    if form.endswith(".npy"):
        try:
            return np.load(existing(form))
        except ValueError as error:
            raise UsageError(f"{subject}: {form}: {error}") from None
    try:
        return ast.literal_eval(form)
    except (ValueError, SyntaxError):
        raise UsageError(f"{subject}: {form!r} is no value\n{FORMS}") from None


def _generate(kind, sizes, dtype, seed, subject):
    shape = tuple(int(size) for size in sizes.split("x"))
    if min(shape) < 1:
        raise UsageError(f"{subject}: sizes are 1 or more; got {sizes}")
    if dtype is not None and dtype.isdigit() and seed is None:
        dtype, seed = None, dtype
    try:
        member = _dtypes.canonical(_SHORT.get(dtype, dtype) or "float32")
    except TypeError as error:
        raise UsageError(f"{subject}: {error}") from None
    if _dtypes.is_packed(member) and kind != "zeros":
        values = _generate(kind, f"{sizes}x4", "float32", seed, subject)
        return _dtypes.pack(values, member)[..., 0]
    numpy_dtype = np.dtype(member)
    rng = np.random.default_rng(int(seed or 0))
    if kind == "zeros":
        return np.zeros(shape, numpy_dtype)
    if kind == "ones":
        return np.ones(shape, numpy_dtype)
    if kind == "arange":
        return np.arange(np.prod(shape)).reshape(shape).astype(numpy_dtype)
    if np.issubdtype(numpy_dtype, np.integer):
        limits = np.iinfo(numpy_dtype)
        return rng.integers(max(limits.min, -100), min(limits.max, 100), shape, numpy_dtype)
    values = rng.random(shape) if kind == "rand" else rng.standard_normal(shape)
    return values.astype(np.float32).astype(numpy_dtype)


def bind(kernel, values):
    """kernel.bind with a message that says what the kernel takes."""
    try:
        return kernel.bind((), values)
    except TypeError as error:
        signature = inspect.signature(kernel.fn)
        raise UsageError(f"{kernel.__name__}{signature}: {error}\n{FORMS}") from None


def parsed_program(path):
    """(program, diagnostics) of a .kiln file."""
    try:
        return _core.parse_program(pathlib.Path(path).read_text())
    except (ValueError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from None


def valid_program(path):
    """The program of a .kiln file; NkiValidationError if it has errors."""
    program, diagnostics = parsed_program(path)
    if any(d["severity"] == "error" for d in diagnostics):
        raise _run.NkiValidationError(program.kernel, diagnostics)
    return program


def program_inputs(program, values):
    """The arrays of a program's inputs, from {name or number: value}."""
    arrays = []
    for number, (name, shape, dtype) in enumerate(program.inputs):
        key = name if name in values else str(number)
        if key not in values:
            sizes = "x".join(map(str, shape))
            raise UsageError(f"the program needs --arg {name}=… (e.g. rand:{sizes}:{dtype})")
        array = _arrays.Argument(values.pop(key))
        if array.array.shape != shape or array.dtype is not dtype:
            raise UsageError(
                f"--arg {name} is {array.dtype} {array.array.shape}; "
                f"the program wants {dtype} {shape}"
            )
        arrays.append(array.array)
    if values:
        raise UsageError(f"the program has no input {', '.join(values)}")
    return arrays
