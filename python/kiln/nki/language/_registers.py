"""Registers in Python's expressions and in `while`: both become part of the program."""

import ast
import functools
import linecache
import sys
import threading

from kiln import _core

_state = threading.local()  # call: the kernel's call; loops: its open `while register:`

_OPERATORS = {
    "add": _core.language.add,
    "sub": _core.language.subtract,
    "mul": _core.language.multiply,
    "floordiv": _core.language.divide,
    "and": _core.language.bitwise_and,
    "or": _core.language.bitwise_or,
    "xor": _core.language.bitwise_xor,
    "lshift": _core.language.left_shift,
    "rshift": _core.language.right_shift,
}
_COMPARISONS = {
    "lt": _core.language.less,
    "le": _core.language.less_equal,
    "gt": _core.language.greater,
    "ge": _core.language.greater_equal,
}


def _binary(op):
    return lambda self, other: _core.register.register_alu(self, other, op)


def _reflected(op):
    return lambda self, other: _core.register.register_alu(other, self, op)


def _remainder(a, b):
    return a - (a // b) * b


def _truth(register):
    """The truth of a register, which only `while register:` may ask for.

    The first time, it opens a loop of the program and is true, so that Python records the body;
    when the same `while` asks again, it ends the loop and is false.
    """
    frame = sys._getframe(1)
    call = _core.current_call()
    if getattr(_state, "call", None) != call:
        _state.call, _state.loops = call, []
    path, line = frame.f_code.co_filename, frame.f_lineno
    loops = _state.loops
    if loops and loops[-1] == (frame, line):
        loops.pop()
        _core.language.end_while(register, register)
        return False
    if not any(first <= line <= last for first, last in _while_tests(path)):
        raise TypeError(
            "a register's value is not known while a kernel is recorded; use it in "
            "`while register:`, nl.dynamic_range, nl.while_loop or as an index"
        )
    _core.language.begin_while_register(register)
    loops.append((frame, line))
    return True


@functools.cache
def _while_tests(path):
    """(first line, last line) of the condition of each `while` in a file."""
    tree = ast.parse("".join(linecache.getlines(path)))
    return [
        (node.test.lineno, node.test.end_lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.While)
    ]


def install():
    """Gives VirtualRegister Python's operators."""
    register = _core.VirtualRegister
    for name, op in _OPERATORS.items():
        setattr(register, f"__{name}__", _binary(op))
        setattr(register, f"__r{name}__", _reflected(op))
    for name, op in _COMPARISONS.items():
        setattr(register, f"__{name}__", _binary(op))
    register.__mod__ = _remainder
    register.__bool__ = _truth
