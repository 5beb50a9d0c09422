"""Tensors in NumPy: a view of a storage as the array of the storage's element numbers.

`View` has the methods of NKI's tensors and does each on that array, which makes every one of them a
line of NumPy and says nothing of strides. A view remembers how it was made, to be made again on
Kiln's tensor.
"""

import math
from dataclasses import dataclass, field, replace

import nki.language as nl
import numpy as np
from storage_types import TYPES

ON_CHIP = ("sbuf", "psum")


@dataclass(eq=False)
class Storage:
    """One allocation and the bits it holds before the instruction."""

    memory: str
    type: str
    bits: np.ndarray

    def __repr__(self):
        return f"{self.type}{list(self.bits.shape)} in {self.memory}"


def dtype_of(name):
    """Kiln's object for a storage type."""
    return nl.bool_ if name == "bool" else getattr(nl, name)


def is_affine(index):
    """Whether the elements lie at fixed strides."""
    grid = np.full(index.shape, index.flat[0])
    for axis, stride in enumerate(strides_of(index)):
        along = np.arange(index.shape[axis]) * stride
        grid = grid + along.reshape([-1 if a == axis else 1 for a in range(index.ndim)])
    return bool((grid == index).all())


def strides_of(index):
    """The step along each axis; 0 where an axis has one element."""
    return [
        int(np.take(index, 1, axis).flat[0] - index.flat[0]) if size > 1 else 0
        for axis, size in enumerate(index.shape)
    ]


@dataclass(frozen=True, eq=False)
class View:
    """A view: the storage, its elements' numbers, the type they are read as, how it was made."""

    storage: Storage
    index: np.ndarray
    type: str
    made: tuple = field(default=())

    @classmethod
    def whole(cls, storage):
        shape = storage.bits.shape
        return cls(storage, np.arange(math.prod(shape)).reshape(shape), storage.type)

    def __repr__(self):
        calls = "".join(f".{name}({', '.join(map(repr, args))})" for name, args in self.made)
        return f"({self.storage}){calls}"

    @property
    def shape(self):
        return self.index.shape

    @property
    def partitions(self):
        return self.shape[0]

    @property
    def elements(self):
        """Elements of one partition."""
        return math.prod(self.shape[1:])

    @property
    def first_partition(self):
        """Where an on-chip view begins."""
        return int(self.index.flat[0]) // (self.flat().size // self.storage.bits.shape[0])

    @property
    def starts_on_word(self):
        """Whether an on-chip view begins at a multiple of four bytes of its row."""
        row = self.flat().size // self.storage.bits.shape[0]
        return int(self.index.flat[0]) % row * TYPES[self.type].bytes % 4 == 0

    @property
    def on_chip(self):
        return self.storage.memory in ON_CHIP

    def flat(self, bits=None):
        """The storage's elements in this view's type, as one line; of other bits if given."""
        bits = self.storage.bits if bits is None else bits
        return bits.reshape(-1).view(TYPES[self.type].bits)

    def bits(self):
        return self.flat()[self.index]

    def values(self):
        """float32, as the engines read it."""
        return TYPES[self.type].to_float32(self.bits())

    def integers(self):
        """int64 of an integer type."""
        return self.bits().view(TYPES[self.type].numpy).astype(np.int64)

    def on(self, tensor, resolve):
        """The same view of Kiln's tensor; `resolve` gives the tensors among the arguments."""
        for name, args in self.made:
            if name == "__getitem__":
                tensor = tensor[args[0]]
            else:
                tensor = getattr(tensor, name)(*[resolve(a) for a in args])
        return tensor

    def _made(self, index, name, *args, type=None):
        made = (*self.made, (name, args))
        return replace(self, index=index, type=type or self.type, made=made)

    def __getitem__(self, key):
        """On-chip: dimension 0 stays, and there are two at least; in HBM there is one at least."""
        items = [slice(None)] * self.index.ndim
        given = key if isinstance(key, tuple) else (key,)
        if Ellipsis in given:
            at = given.index(Ellipsis)
            items[:at] = given[:at]
            if at < len(given) - 1:
                items[at + 1 - len(given) :] = given[at + 1 :]
        else:
            items[: len(given)] = given
        if self.on_chip and isinstance(items[0], int):
            at = items[0] % self.shape[0]
            items[0] = slice(at, at + 1)
        index = self.index[tuple(items)]
        least = 2 if self.on_chip else 1
        index = np.reshape(index, index.shape + (1,) * (least - index.ndim))
        return self._made(index, "__getitem__", key)

    def permute(self, dims):
        return self._made(self.index.transpose(dims), "permute", dims)

    def broadcast(self, dim, size):
        return self._made(np.repeat(self.index, size, dim), "broadcast", dim, size)

    def expand_dim(self, dim):
        return self._made(np.expand_dims(self.index, dim), "expand_dim", dim)

    def squeeze_dim(self, dim):
        return self._made(np.squeeze(self.index, dim), "squeeze_dim", dim)

    def reshape(self, shape):
        return self._made(self.index.reshape(shape), "reshape", shape)

    def reshape_dim(self, dim, shape):
        before, after = self.shape[:dim], self.shape[dim + 1 :]
        sizes = np.empty(self.shape[dim], bool).reshape(shape).shape
        return self._made(self.index.reshape((*before, *sizes, *after)), "reshape_dim", dim, shape)

    def flatten_dims(self, start, end):
        before, after = self.shape[:start], self.shape[end + 1 :]
        index = self.index.reshape((*before, -1, *after))
        return self._made(index, "flatten_dims", start, end)

    def rearrange(self, source, target, sizes=None):
        """Splits the source's groups, reorders by name, merges the target's groups."""
        known = dict(sizes or {})
        for group, size in zip(source, self.shape, strict=True):
            names = (group,) if isinstance(group, str) else group
            unknown = [n for n in names if n not in known]
            rest = size // math.prod(known[n] for n in names if n in known)
            known.update(dict.fromkeys(unknown, rest))
        split = _names(source)
        index = self.index.reshape([known[n] for n in split])
        index = index.transpose([split.index(n) for n in _names(target)])
        merged = [
            math.prod(known[n] for n in ((group,) if isinstance(group, str) else group))
            for group in target
        ]
        args = (source, target) if sizes is None else (source, target, sizes)
        return self._made(index.reshape(merged), "rearrange", *args)

    def slice(self, dim, start, end, step=1):
        items = [slice(None)] * self.index.ndim
        items[dim] = slice(start, end, step)
        return self._made(self.index[tuple(items)], "slice", dim, start, end, step)

    def select(self, dim, at, number=None):
        """`at` is an integer, or a tensor with `number` as its value."""
        index = np.take(self.index, at if number is None else number, dim)
        return self._made(index, "select", dim, at)

    def vector_select(self, dim, at, numbers):
        """`at` is a tensor with `numbers` as its values."""
        return self._made(np.take(self.index, numbers, dim), "vector_select", dim, at)

    def view(self, type):
        """The last dimension's bytes read as another type."""
        old, new = TYPES[self.type].bytes, TYPES[type].bytes
        if new <= old:
            ratio = old // new
            index = (self.index[..., None] * ratio + np.arange(ratio)).reshape(
                (*self.shape[:-1], self.shape[-1] * ratio)
            )
        else:
            index = self.index[..., :: new // old] // (new // old)
        return self._made(index, "view", dtype_of(type), type=type)

    def ap(self, pattern, offset=0):
        """Element numbers of the whole storage, from `offset`."""
        index = np.full([count for _, count in pattern], offset)
        for axis, (step, count) in enumerate(pattern):
            shape = [-1 if a == axis else 1 for a in range(len(pattern))]
            index = index + (np.arange(count) * step).reshape(shape)
        return self._made(index, "ap", pattern, offset)

    def ap_from(self, pattern, offset, start, dim, scalar=None, vector=None):
        """As ap, from a runtime index along a dimension of this view: `start` is what the tensor or
        register `scalar` holds, or the column of what `vector` holds, one for each of the
        pattern's first dimension, whose own step then does not count. An element whose number is
        outside has the number -1."""
        stride = math.prod(self.shape[dim + 1 :])
        pattern_used = [[0, pattern[0][1]], *pattern[1:]] if vector is not None else pattern
        index = self.ap(pattern_used, offset).index
        start = np.asarray(start).reshape([-1] + [1] * (index.ndim - 1)) * stride
        index = index + start
        outside = (start < 0) | (start >= self.index.size)
        index = np.where(outside, -1, index)
        return self._made(index, "ap", pattern, offset, scalar, vector, dim)


def _names(pattern):
    return [n for group in pattern for n in ((group,) if isinstance(group, str) else group)]
