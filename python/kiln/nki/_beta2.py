"""The dialect of NKI beta 2 (NKI 0.2): memories that every kernel can name, and instructions that
take other arguments than today's. All that Kiln knows of it is here.

In a kernel of this dialect `sbuf`, `psum` and `hbm` need no import: `sbuf.view(dtype, shape)` is
`nl.ndarray(shape, dtype, buffer=nl.sbuf)`, and a memory can be sliced into regions first. ADAPTERS
has a function for each call that changed, with the arguments it had then; it calls today's, and its
doc string says what was different.
"""

import builtins
import contextlib
import dis
import threading
import types
import weakref

from kiln import _core
from kiln.nki import _names


class Region:
    """A part of a memory, or all of it: partitions, and bytes of each."""

    def __init__(self, memory, start=None, size=None, name=""):
        self.memory = memory  # "sbuf", "psum" or "hbm"
        self.start = start  # (partition, byte), or None: wherever there is room
        self.size = size  # (partitions, bytes of each), or None: all there is
        self.name = name

    def __repr__(self):
        return self.memory if self.start is None else f"{self.memory} at {self.start}"

    def view(self, dtype, shape, name="", address_rotation=None):
        """A tensor of this memory, with undefined contents. Addresses are not rotated in Kiln."""
        from kiln.nki import language as nl

        if not _core.is_recording():
            raise RuntimeError(f"{self.memory}.view can only be called in a kernel")
        # What a kernel returns is in shared HBM, and beta 2 has one name for all HBM.
        buffer = nl.shared_hbm if self.memory == "hbm" else nl.MemoryRegion[self.memory]
        shape = tuple(shape)
        self._check_fits(dtype, shape)
        return nl.ndarray(shape, dtype, buffer=buffer, name=name or "", address=self.start)

    def ptr(self, size, offset=None, name=""):
        """The region of this size, (partitions, bytes), at an offset from this region's start."""
        start = self.start
        if offset is not None:
            partition, byte = self.start or (0, 0)
            start = (partition + offset[0], byte + offset[1])
        return Region(self.memory, start, tuple(size), name or "")

    def __getitem__(self, key):
        """The region of a slice of partitions and a slice of bytes."""
        if self.memory == "hbm":
            raise TypeError("hbm has no partitions to slice; use hbm.view")
        if not isinstance(key, tuple) or len(key) != 2:
            raise TypeError(f"a memory is sliced by partitions and bytes; got {key!r}")
        limits = self.size or _sizes(self.memory)
        start, size = [], []
        for index, limit in zip(key, limits, strict=True):
            chosen = index if isinstance(index, slice) else slice(index, index + 1)
            first, last, step = chosen.indices(limit)
            outside = chosen.stop is not None and chosen.stop > limit
            if step != 1 or last <= first or outside:
                raise IndexError(f"{self} has {limit} here; got {index}")
            start.append(first)
            size.append(last - first)
        partition, byte = self.start or (0, 0)
        return Region(self.memory, (partition + start[0], byte + start[1]), tuple(size))

    def _check_fits(self, dtype, shape):
        if self.size is None or self.memory == "hbm":
            return
        free = _item_bytes(dtype)
        for extent in shape[1:]:
            free *= extent
        if shape[0] > self.size[0] or free > self.size[1]:
            raise ValueError(
                f"a view of {shape[0]} partitions of {free} bytes does not fit into "
                f"{self}, which has {self.size[0]} of {self.size[1]}"
            )


def _sizes(memory):
    """(partitions, bytes of each) of the recorded target's memory."""
    from kiln.nki import language as nl

    sizes = nl.tile_size
    if memory == "sbuf":
        return sizes.pmax, sizes.sbuf_fmax_bytes
    return sizes.pmax, sizes.psum_bank_fmax_bytes * sizes.psum_num_banks


def _item_bytes(dtype):
    from kiln import _dtypes

    return _dtypes.canonical(dtype).itemsize


NAMES = {name: Region(name) for name in ("sbuf", "psum", "hbm")}

_lock = threading.Lock()
_users = 0


@contextlib.contextmanager
def names():
    """While it is open, code that does not define the memories' names itself finds them.

    They are builtins, so that functions which the kernel calls see them too.
    """
    global _users
    with _lock:
        _users += 1
        if _users == 1:
            vars(builtins).update(NAMES)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                for name in NAMES:
                    delattr(builtins, name)


_known = weakref.WeakKeyDictionary()


def is_used_by(fn):
    """Whether the function, or one that it calls, takes a view of a memory it does not define."""
    if not isinstance(fn, types.FunctionType):
        return False
    if fn not in _known:
        _known[fn] = _uses_memories(fn, set())
    return _known[fn]


def _uses_memories(fn, seen):
    seen.add(fn)
    codes = [fn.__code__]
    while codes:
        code = codes.pop()
        codes += [c for c in code.co_consts if isinstance(c, types.CodeType)]
        if _views_memory(code, fn.__globals__):
            return True
        for name in code.co_names:
            called = fn.__globals__.get(name)
            called = getattr(called, "fn", called)  # a kernel's function
            is_new = isinstance(called, types.FunctionType) and called not in seen
            if is_new and _uses_memories(called, seen):
                return True
    return False


def _views_memory(code, defined):
    """Whether the code has `sbuf.view`, `psum.ptr`, `sbuf[…]`, … of a global that is undefined."""
    if not any(n in NAMES and n not in defined for n in code.co_names):
        return False
    memory = False
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_GLOBAL":
            memory = instruction.argval in NAMES and instruction.argval not in defined
        elif memory and instruction.argval in ("view", "ptr"):
            return True
        elif instruction.opname not in _SLICING:
            memory = False
    return False


# What may stand between a memory and its method: sbuf[0:32, 0:n].view.
_SLICING = {
    *("CACHE", "LOAD_CONST", "LOAD_FAST", "LOAD_DEREF", "BINARY_OP"),
    *("BUILD_SLICE", "BUILD_TUPLE", "BINARY_SUBSCR", "BINARY_SLICE"),
}


def _enum_member(kind, value):
    """NKI beta 2 took the numbers of its enums too."""
    from kiln.nki.isa import constants

    return getattr(constants, kind)(value) if type(value) is int else value


def _without(arguments, *removed):
    """Drops arguments that beta 2 had and that said nothing: they are None."""
    for name in removed:
        if arguments.pop(name, None) is not None:
            raise TypeError(f"{name!r} can only be None in NKI beta 2")
    return arguments


def _memory_of(tensor):
    return tensor.buffer.name


def _on_sbuf(src):
    """A copy in SBUF of a PSUM tile, which DMA could read in beta 2; other tiles as they are."""
    from kiln.nki import language as nl

    if not isinstance(src, nl.NkiTensor) or _memory_of(src) != "psum":
        return src
    copy = nl.ndarray(src.shape, src.dtype, buffer=nl.sbuf)
    _core.isa.tensor_copy(dst=copy, src=src)
    return copy


def _dma_copy(
    dst, src, dst_rmw_op=None, oob_mode=0, dge_mode=0, unique_indices=True, name=None, **rest
):
    """reads PSUM too; dst_rmw_op and unique_indices add to dst, as dma_compute does"""
    from kiln.nki import isa as nisa

    rest = _without(rest, "mask")
    modes = {
        "oob_mode": _enum_member("oob_mode", oob_mode),
        "dge_mode": _enum_member("dge_mode", dge_mode),
    }
    if dst_rmw_op is None:
        return nisa.dma_copy(dst, _on_sbuf(src), name=name, **modes, **rest)
    return nisa.dma_compute(
        dst, [_on_sbuf(src), dst], dst_rmw_op, unique_indices=unique_indices, name=name, **rest
    )


def _dma_transpose(dst, src, axes=None, dge_mode=0, oob_mode=0, name=None, **rest):
    """takes the numbers of dge_mode and oob_mode"""
    from kiln.nki import isa as nisa

    return nisa.dma_transpose(
        *(dst, src, axes),
        dge_mode=_enum_member("dge_mode", dge_mode),
        oob_mode=_enum_member("oob_mode", oob_mode),
        name=name,
        **_without(rest, "mask"),
    )


def _dma_compute(dst, srcs, scales, reduce_op, name=None):
    """scales come before reduce_op and must be given"""
    from kiln.nki import isa as nisa

    return nisa.dma_compute(dst, srcs, reduce_op, scales=scales, name=name)


def _affine_select(
    dst, pattern, offset, channel_multiplier, on_true_tile, on_false_value, cmp_op=None, **rest
):
    """offset is the third argument"""
    from kiln.nki import isa as nisa
    from kiln.nki import language as nl

    return nisa.affine_select(
        *(dst, pattern, channel_multiplier, on_true_tile, on_false_value),
        cmp_op=nl.equal if cmp_op is None else cmp_op,
        offset=offset,
        **_without(rest, "mask"),
    )


def _memset(dst, value, **rest):
    """a float is cut to an integer for a dst of integers"""
    from kiln.nki import isa as nisa

    is_integer = str(dst.dtype).startswith(("int", "uint", "bool"))
    return nisa.memset(dst, int(value) if is_integer else value, **_without(rest, "mask"))


def _tensor_copy(dst, src, **rest):
    """takes mask and dtype, if they are None"""
    from kiln.nki import isa as nisa

    return nisa.tensor_copy(dst, src, **_without(rest, "mask", "dtype"))


def _tensor_reduce(dst, op, data, axis, **rest):
    """axis 1 is the last axis, of however many"""
    from kiln.nki import isa as nisa

    return nisa.tensor_reduce(
        dst, op, data, data.ndim - 1 if axis == 1 else axis, **_without(rest, "mask")
    )


def _range_select(dst, on_true_tile, comp_op0, comp_op1, bound0, bound1, **rest):
    """reduce_cmd and on_false_value do not matter: reset_reduce and the lowest float32"""
    from kiln.nki import isa as nisa

    for name in ("reduce_cmd", "on_false_value"):
        rest.pop(name, None)
    return nisa.range_select(
        *(dst, on_true_tile, comp_op0, comp_op1, bound0, bound1), **_without(rest, "mask")
    )


def _nc_matmul(dst, stationary, moving, *rest, is_moving_zero=None, **named):
    """is_moving_onezero is also called is_moving_zero"""
    from kiln.nki import isa as nisa

    if is_moving_zero is not None:
        named["is_moving_onezero"] = is_moving_zero
    return nisa.nc_matmul(dst, stationary, moving, *rest, **_without(named, "mask"))


def _register_move(dst, imm):
    """src is called imm and is an integer"""
    from kiln.nki import isa as nisa

    return nisa.register_move(dst, imm)


def _sendrecv(src, dst, send_to_rank, recv_from_rank, pipe_id, use_gpsimd_dma=False, name=None):
    """use_gpsimd_dma, a bool, chooses the dma_engine"""
    from kiln.nki import isa as nisa

    engine = nisa.dma_engine.gpsimd_dma if use_gpsimd_dma else nisa.dma_engine.dma
    return nisa.sendrecv(
        *(src, dst, send_to_rank, recv_from_rank, pipe_id), dma_engine=engine, name=name
    )


def _with_named_buffer(function):
    """The nl function, whose buffer may be a string."""

    def call(*args, buffer=None, **rest):
        """buffer may be a string: "sbuf", "shared_hbm", …"""
        from kiln.nki import language as nl

        if isinstance(buffer, str):
            buffer = getattr(nl, buffer) if buffer != "hbm" else nl.private_hbm
        elif isinstance(buffer, Region):
            buffer = nl.shared_hbm if buffer.memory == "hbm" else nl.MemoryRegion[buffer.memory]
        return getattr(nl, function)(*args, buffer=buffer, **rest)

    return call


def _adapters():
    instructions = (
        *(_affine_select, _dma_compute, _dma_copy, _dma_transpose, _memset, _nc_matmul),
        *(_range_select, _register_move, _sendrecv, _tensor_copy, _tensor_reduce),
    )
    adapters = {}
    for adapter in instructions:
        name = f"nisa.{adapter.__name__[1:]}"
        adapters[name] = _names.checked(name, adapter)
    for name in ("ndarray", "zeros", "ones", "full", "zeros_like", "empty_like"):
        adapters[f"nl.{name}"] = _with_named_buffer(name)
    return adapters


ADAPTERS = _adapters()
