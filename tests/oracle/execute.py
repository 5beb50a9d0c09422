"""Runs cases: their storages enter the device's memories, the calls are made, all comes back.

Contents travel as unsigned integers, which every copy keeps bit for bit.
"""

import contextlib
import os

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
from case import Register
from mirror import View, dtype_of
from storage_types import TYPES


def run(case):
    """What each storage holds after the calls, as {id of the storage: bits}."""
    cores = [case] if case.peer is None else [case, case.peer]
    storages = [s for core in cores for s in core.storages()]

    @nki.jit
    def kernel(inputs):
        mine = cores[nl.program_id(0)]
        given = {id(s): i for s, i in zip(storages, inputs, strict=True)}
        tensors = {id(s): _enter(s, given[id(s)]) for s in mine.storages()}
        for name, arguments in mine.calls:
            call = name if callable(name) else getattr(nisa, name)
            call(**{key: _resolve(value, tensors) for key, value in arguments.items()})
        outs = [nl.ndarray(s.bits.shape, dtype=_carrier(s), buffer=nl.shared_hbm) for s in storages]
        for storage, out in zip(storages, outs, strict=True):
            if id(storage) in tensors:
                _leave(storage, tensors[id(storage)], out)
        return outs

    launched = kernel if case.peer is None else kernel[2]
    outputs = launched([_input(s) for s in storages])
    return {
        id(s): np.ascontiguousarray(o).view(TYPES[s.type].bits).reshape(s.bits.shape)
        for s, o in zip(storages, outputs, strict=True)
    }


def _input(storage):
    """The contents as an array that Kiln takes: of the type if NumPy has it, else of its bits."""
    kind = TYPES[storage.type]
    named = not kind.is_packed and storage.type not in ("tfloat32", "bool")
    return np.array(storage.bits.view(kind.numpy) if named else storage.bits)


def _resolve(value, tensors):
    """An argument of the case as what Kiln takes."""
    if isinstance(value, View):
        return value.on(tensors[id(value.storage)], lambda item: _resolve(item, tensors))
    if isinstance(value, Register):
        return _register(_resolve(value.value, tensors))
    if isinstance(value, (list, tuple)):
        return type(value)(_resolve(item, tensors) for item in value)
    if isinstance(value, dict):
        return {key: _resolve(item, tensors) for key, item in value.items()}
    return value


def _register(value):
    if isinstance(value, int):
        return nisa.register_alloc(value)
    register = nisa.register_alloc()
    nisa.register_load(register, value)
    return register


def _carrier(storage):
    """A type of the same size whose elements every instruction copies bit for bit."""
    return dtype_of(f"uint{8 * TYPES[storage.type].bytes}")


def _as_bits(tensor, storage):
    return tensor if str(tensor.dtype) == str(_carrier(storage)) else tensor.view(_carrier(storage))


def _enter(storage, given):
    """The storage's tensor in its memory, with its contents."""
    shape, dtype = storage.bits.shape, dtype_of(storage.type)
    memory = nl.private_hbm if storage.memory == "hbm" else getattr(nl, storage.memory)
    tensor = nl.ndarray(shape, dtype=dtype, buffer=memory)
    source, target = _as_bits(given, storage), _as_bits(tensor, storage)
    if storage.memory == "psum":
        staged = nl.ndarray(shape, dtype=_carrier(storage), buffer=nl.sbuf)
        nisa.dma_copy(dst=staged, src=source)
        nisa.tensor_copy(dst=target, src=staged)
    else:
        nisa.dma_copy(dst=target, src=source)
    return tensor


def _leave(storage, tensor, out):
    """Copies the tensor's contents to HBM."""
    source = _as_bits(tensor, storage)
    if storage.memory == "psum":
        staged = nl.ndarray(storage.bits.shape, dtype=_carrier(storage), buffer=nl.sbuf)
        nisa.tensor_copy(dst=staged, src=source)
        source = staged
    nisa.dma_copy(dst=out, src=source)


@contextlib.contextmanager
def target(name):
    """Kernels are recorded for this generation."""
    before = os.environ.get("NKI_NC_VERSION")
    os.environ["NKI_NC_VERSION"] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ["NKI_NC_VERSION"]
        else:
            os.environ["NKI_NC_VERSION"] = before
