"""Rules on values: the types that kernels compute with, the size of integers, and the keys of
dictionaries."""

import ast
import enum

from kiln.gate import kinds
from kiln.gate.scopes import MISSING, UNKNOWN

_INT32_MIN, _INT32_MAX, _UINT32_MAX = -(2**31), 2**31 - 1, 2**32 - 1


def local_dictionaries(function):
    """The names that a function assigns dictionaries to, and nothing else."""
    assigned, others = set(), set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and _is_dict(node.value):
            target = node.targets[0]
            if isinstance(target, ast.Name):
                assigned.add(target)
        elif isinstance(node, ast.arg):
            others.add(node.arg)
    stores = (n for n in ast.walk(function) if isinstance(n, ast.Name))
    others |= {n.id for n in stores if isinstance(n.ctx, ast.Store) and n not in assigned}
    return {n.id for n in assigned} - others


def _is_dict(node):
    if isinstance(node, ast.Dict):
        return True
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return is_call and node.func.id == "dict"


def _constant(walk, node):
    value = node.value
    if isinstance(value, (bytes, complex)):
        walk.add(
            *(kinds.unsupported_value, node),
            f"{value!r} is {type(value).__name__}; kernels have None, bool, 32-bit numbers and "
            "strings",
        )
    elif _is_int(value) and value != -_INT32_MIN:  # which is written -2147483648
        _size(walk, node, value, str(value))


def _name(walk, node):
    value = walk.value(node)
    if _is_int(value):
        _size(walk, node, value, f"{ast.unparse(node)} is {value}")


def _is_int(value):
    return isinstance(value, int) and not isinstance(value, (bool, enum.Enum))


def _size(walk, node, value, text):
    if _INT32_MIN <= value <= _INT32_MAX:
        return
    if 0 <= value <= _UINT32_MAX:
        walk.add(
            *(kinds.doubtful_construct, node),
            f"{text}; the compiler's integers end at {_INT32_MAX}",
            f"write {value - 2**32}, if the bits are what matters",
        )
    else:
        walk.add(
            *(kinds.unsupported_value, node),
            f"{text}; integers of a kernel have 32 bits",
            "compute it before the kernel is called, or in float32",
        )


def _set(walk, node):
    walk.add(
        *(kinds.unsupported_value, node),
        "a set is no value of a kernel; it has tuples, lists and dictionaries",
        "use a list or a tuple",
    )


def _dict(walk, node):
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            walk.add(
                *(kinds.doubtful_construct, value),
                "** in a dictionary is not known to build for the device",
                "assign its keys one by one",
            )
        else:
            _key(walk, key)


def _subscript(walk, node):
    if isinstance(node.value, ast.Name) and node.value.id in walk.dictionaries:
        _key(walk, node.slice)


def _key(walk, node):
    """A key whose value is known. What is computed may be a string."""
    if isinstance(node, ast.Constant):
        known = node.value
    elif isinstance(node, (ast.Name, ast.Attribute)):
        known = walk.value(node)
    elif isinstance(node, ast.Tuple):
        known = ()
    else:
        return
    if known is not UNKNOWN and known is not MISSING and not isinstance(known, str):
        text = ast.unparse(node)
        walk.add(
            *(kinds.bad_key, node),
            f"key {text} of a dictionary is {type(known).__name__}; keys are strings",
        )


RULES = {
    "Constant": [_constant],
    "Name": [_name],
    "Attribute": [_name],
    "Set": [_set],
    "Dict": [_dict],
    "Subscript": [_subscript],
}
