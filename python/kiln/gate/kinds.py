"""The kinds of findings: what each means, a line that makes the mistake, and what to do.

An error is what NKI's documents exclude. A warning builds or may build, but the public sources of
the compiler's front end refuse it, or the documents call its result undefined. Advice is what no
document speaks of. docs/decisions/0016_language_gate.md has the evidence.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Kind:
    """A rule, as the registry of diagnostics describes one."""

    id: str
    severity: str  # "error", "warning" or "advice"
    explanation: str  # one sentence on the rule
    example: str  # a short line of NKI that breaks it
    fix: str  # what to do, in a clause


unsupported_construct = Kind(
    "unsupported_construct",
    "error",
    "a kernel and what it calls use the part of Python that NKI's compiler reads",
    "try: tile = nl.load(x)",
    "write it with if, for, while and assert, or move it to the function that calls the kernel",
)
doubtful_construct = Kind(
    "doubtful_construct",
    "warning",
    "the public front end of NKI's compiler refuses the construct, or gives it another meaning",
    "tiles = [nl.load(x[i]) for i in range(4)]",
    "write it with plain statements",
)
unlisted_construct = Kind(
    "unlisted_construct",
    "advice",
    "no document of NKI says whether the compiler knows this",
    "for a, b in zip(xs, ys): nisa.tensor_copy(dst=a, src=b)",
    "build the kernel for the device early, or write it with what the language guide names",
)
unsupported_value = Kind(
    "unsupported_value",
    "error",
    "kernels compute with None, bool, 32-bit numbers, strings, tensors, tuples, lists, "
    "dictionaries and NKIObjects",
    "seen = {1, 2}",
    "use a list, a tuple, or a dictionary with strings as keys",
)
bad_key = Kind(
    "bad_key",
    "error",
    "keys of dictionaries in a kernel are strings",
    "tiles = {0: nl.load(x)}",
    "use a string as the key, or a list",
)
class_without_nki_object = Kind(
    "class_without_nki_object",
    "error",
    "a class that a kernel uses inherits from NKIObject, or is an Enum, and from nothing else",
    "class Config: rows = 128",
    "write class Config(nl.NKIObject)",
)
unknown_name = Kind(
    "unknown_name",
    "error",
    "a name that a kernel uses is defined, and NKI's modules have it",
    "nisa.dma_cpy(dst=out, src=x)",
    "write the name that exists",
)
undefined_in_branch = Kind(
    "undefined_in_branch",
    "warning",
    "a name that nobody defines stops the build when the branch that uses it is taken",
    "if scale == None: scale = DEFAULT_SCALE  # which was never imported",
    "define it, or import it",
)
unknown_argument = Kind(
    "unknown_argument",
    "error",
    "an instruction takes only the arguments in its documentation",
    "nisa.memset(dst=tile, val=0)",
    "write the argument's documented name",
)
outside_call = Kind(
    "outside_call",
    "warning",
    "the compiler knows NKI's functions, those that the kernel brings along and a few of Python's, "
    "no other library",
    "size = np.prod(x.shape)",
    "compute it before the kernel is called, or with plain arithmetic",
)
impure_kernel = Kind(
    "impure_kernel",
    "error",
    "a kernel has no side effects and depends on nothing but its arguments, since it is compiled "
    "once for the same arguments",
    "seed = time.time()",
    "pass the value as an argument, or return it",
)
mutable_state = Kind(
    "mutable_state",
    "warning",
    "a kernel that depends on an object which others may change can return stale results, since it "
    "is compiled once for the same arguments",
    "scale = settings['scale']  # settings is a dict of the enclosing function",
    "pass the value as an argument",
)
unreadable_source = Kind(
    "unreadable_source",
    "warning",
    "the compiler reads a kernel's source, so that must be in a file",
    "exec('def kernel(x): return x')",
    "put the kernel into a file",
)

ALL = (
    *(unsupported_construct, doubtful_construct, unlisted_construct, unsupported_value, bad_key),
    *(class_without_nki_object, unknown_name, undefined_in_branch, unknown_argument),
    *(outside_call, impure_kernel, mutable_state, unreadable_source),
)
