"""Random shapes, contents, views and engines, all from one seed.

A `Generator` draws what an oracle asks for. What it gives back carries its NumPy mirror, so an
oracle reads the operands' values from it and never from Kiln.
"""

import math

import numpy as np
from mirror import Storage, View, strides_of
from storage_types import ALL, ARITHMETIC, FLOATS, INTEGERS, TYPES

TARGETS = ("gen2", "gen3", "gen4")

# Bytes of one partition that a drawn storage may have. PSUM has eight banks of 2 KiB.
_PARTITION_BYTES = {"sbuf": 12 << 10, "psum": 2 << 10}
# Elements of one drawn view, to keep a comparison at about a millisecond.
_MAX_ELEMENTS = 16 << 10


def allowed_starts(partitions):
    """First partitions that compute engines can access this many partitions from."""
    if partitions > 64:
        return (0,)
    return (0, 64) if partitions > 32 else (0, 32, 64, 96)


class Generator:
    """Draws for one comparison: `target` is the generation it is for."""

    def __init__(self, rng, target):
        self.rng = rng
        self.target = target

    def chance(self, probability):
        return self.rng.random() < probability

    def integer(self, low, high):
        """One of low to high, both included."""
        return int(self.rng.integers(low, high, endpoint=True))

    def pick(self, items):
        items = list(items)
        return items[self.integer(0, len(items) - 1)]

    def shuffled(self, items):
        items = list(items)
        return [items[i] for i in self.rng.permutation(len(items))]

    # Sizes.

    def size(self, most):
        """1 to `most`: often small, often at a power of two."""
        if self.chance(0.1):
            return 1
        if self.chance(0.3):
            near = (1 << self.integer(0, 10)) + self.integer(-1, 1)
            return min(max(near, 1), most)
        return self.integer(1, most if self.chance(0.4) else min(most, 20))

    def partitions(self):
        return self.pick((1, 2, 16, 31, 32, 33, 64, 65, 127, 128, self.integer(1, 128)))

    def elements(self, partitions=128, most=700):
        return self.size(min(most, _MAX_ELEMENTS // partitions))

    def dims(self, elements, most=4):
        """A free shape of this many elements."""
        shape = [elements]
        while len(shape) < most and self.chance(0.35):
            at = self.integer(0, len(shape) - 1)
            divisors = [d for d in range(1, shape[at] + 1) if shape[at] % d == 0 and d <= 64]
            divisor = self.pick(divisors)
            shape[at : at + 1] = self.shuffled([divisor, shape[at] // divisor])
        return tuple(shape)

    # Types, memories, engines.

    def arithmetic_type(self):
        return self.pick(("float32", "float32", "bfloat16", *ARITHMETIC))

    def float_type(self):
        return self.pick(("float32", "float32", "bfloat16", *FLOATS))

    def integer_type(self):
        return self.pick(INTEGERS)

    def any_type(self):
        return self.pick(ALL)

    def memory(self):
        """SBUF, and sometimes PSUM."""
        return "psum" if self.chance(0.2) else "sbuf"

    def memories(self, count):
        """Memories of an instruction's inputs, of which at most one may be in PSUM."""
        memories = ["sbuf"] * count
        if self.chance(0.3):
            memories[self.integer(0, count - 1)] = "psum"
        return memories

    def tensor_engine_tile(self, shape, type, values):
        """A tile in PSUM that the Tensor engine can write."""
        while True:
            view = self.tile(shape, type, "psum", values, written=True)
            if view.starts_on_word:
                return view

    # Contents.

    def bits(self, type, shape, values):
        """Contents: `values` is "any" bits, "finite" numbers, "wide" ones of all exponents with
        zeros and infinities, "whole" small integers, or a (low, high) range."""
        kind = TYPES[type]
        if type == "bool":
            return self.rng.integers(0, 2, shape, dtype=np.uint8)
        if values == "any" or kind.is_packed:
            return self._any_bits(kind, shape)
        if kind.is_integer:
            return self._integers(kind, shape, values)
        drawn = self._floats(shape, values)
        bits = kind.from_float32(drawn)
        if values != "wide":
            # A narrow type has no room for large numbers.
            stored = kind.to_float32(bits)
            bits = np.where(np.isfinite(stored), bits, kind.from_float32(np.float32(1)))
        elif type not in ("float32", "tfloat32"):
            bits = np.where(kind.is_nan(bits), kind.from_float32(np.float32(1)), bits)
        return bits.astype(kind.bits)

    def _any_bits(self, kind, shape):
        bits = self.rng.integers(0, 1 << (8 * kind.bytes), shape, dtype=np.uint64)
        if kind.name == "tfloat32":
            bits &= np.uint64(0xFFFFE000)
        return bits.astype(kind.bits)

    def _integers(self, kind, shape, values):
        limits = np.iinfo(kind.numpy)
        low, high = {"whole": (-8, 8)}.get(values, (limits.min, limits.max))
        if isinstance(values, tuple):
            low, high = math.ceil(values[0]), math.floor(values[1])
        elif values != "whole" and self.chance(0.5):
            low, high = -100, 100
        low, high = max(low, limits.min), min(high, limits.max)
        drawn = self.rng.integers(low, high, shape, dtype=np.int64, endpoint=True)
        return drawn.astype(kind.numpy).view(kind.bits)

    def _floats(self, shape, values):
        rng = self.rng
        if values == "whole":
            return rng.integers(-8, 8, shape, endpoint=True).astype(np.float32)
        if isinstance(values, tuple):
            return rng.uniform(values[0], values[1], shape).astype(np.float32)
        drawn = rng.standard_normal(shape)
        if values == "finite":
            return (drawn * 10.0 ** self.integer(-2, 2)).astype(np.float32)
        assert values == "wide", values
        with np.errstate(over="ignore"):
            drawn = (drawn * 2.0 ** rng.integers(-40, 40, shape)).astype(np.float32)
        special = np.float32([0.0, -0.0, np.inf, -np.inf, 1e-45, -1e-40, 3.4028235e38, 1.0])
        return np.where(rng.random(shape) < 0.1, rng.choice(special, shape), drawn)

    def constant(self, values="finite"):
        """A number that float32 holds exactly."""
        return float(self._floats((), values))

    def storage(self, memory, type, shape, values):
        return Storage(memory, type, self.bits(type, shape, values))

    # Views.

    def tile(self, shape, type, memory="sbuf", values="finite", written=False, dma=False):
        """A view of this shape, of a storage made for it: plain, or with an offset, steps, permuted
        or repeated dimensions, a reinterpreted type, an explicit access pattern. What is written
        has no element twice. `dma` accesses start at any partition."""
        shape = tuple(shape)
        for _ in range(8):
            found = self._tile(shape, type, memory, values, written, dma)
            if found is not None:
                return found
        return self._plain(shape, type, memory, values)

    def filled(self, type, bits, memory="sbuf"):
        """A view of this type that holds these bits."""
        view = self.tile(bits.shape, type, memory, written=True)
        view.flat()[view.index] = bits
        return view

    def column(self, partitions, type="float32", memory="sbuf", values="finite", written=False):
        """A view of one element per partition."""
        return self.tile((partitions, 1), type, memory, values, written)

    def _plain(self, shape, type, memory, values):
        return View.whole(self.storage(memory, type, shape, values))

    def _tile(self, shape, type, memory, values, written, dma):
        style = self.rng.random()
        if style < 0.25:
            return self._plain(shape, type, memory, values)
        if style < 0.35 and not written and memory != "hbm":
            return self._windows(shape, type, memory, values, dma)
        made = self._sliced(shape, type, memory, values, written, dma)
        if made is None or not self.chance(0.25):
            return made
        return self._as_pattern(made)

    def _rows(self, partitions, dma):
        """(first partition, partitions of the storage)."""
        starts = [s for s in allowed_starts(partitions) if s + partitions <= 128]
        start = self.integer(0, 128 - partitions) if dma else self.pick(starts)
        if self.chance(0.5):
            start = 0
        most = 128 if self.chance(0.3) else start + partitions
        return start, max(most, start + partitions)

    def _fits(self, memory, type, shape):
        if memory not in _PARTITION_BYTES:
            return math.prod(shape) <= 8 * _MAX_ELEMENTS
        row = math.prod(shape[1:])
        return row * TYPES[type].bytes <= _PARTITION_BYTES[memory] and (
            row * shape[0] <= 8 * _MAX_ELEMENTS
        )

    def _windows(self, shape, type, memory, values, dma):
        """An access pattern whose dimensions may overlap or repeat."""
        start, rows = self._rows(shape[0], dma)
        steps = [self.pick((0, 1, 1, 2, 3)) for _ in shape[1:]]
        at = self.integer(0, 3)
        row = at + 1 + sum((n - 1) * s for n, s in zip(shape[1:], steps, strict=True))
        row += self.integer(0, 3)
        if not self._fits(memory, type, (rows, row)):
            return None
        storage = self.storage(memory, type, (rows, row), values)
        pattern = [[row, shape[0]], *([s, n] for s, n in zip(steps, shape[1:], strict=True))]
        return View.whole(storage).ap(pattern, start * row + at)

    def _as_pattern(self, view):
        """The same view by one access pattern."""
        if view.type != view.storage.type:
            return view
        index = view.index
        pattern = []
        for axis, (size, stride) in enumerate(zip(view.shape, strides_of(index), strict=True)):
            if axis == 0 and view.on_chip:
                stride = math.prod(view.storage.bits.shape[1:])
            elif size == 1:
                stride = 1
            pattern.append([stride, size])
        return View.whole(view.storage).ap(pattern, int(index.flat[0]))

    def _sliced(self, shape, type, memory, values, written, dma):
        """Slices with steps, selected, repeated and permuted dimensions of a larger storage."""
        on_chip = memory != "hbm"
        fixed = 1 if on_chip else 0
        order = [*range(fixed), *(fixed + i for i in self.rng.permutation(len(shape) - fixed))]
        order = [int(i) for i in order] if self.chance(0.4) else list(range(len(shape)))
        sizes, key, repeated = [], [], []
        for axis in order:
            size = shape[axis]
            if axis == 0 and on_chip:
                start, count = self._rows(size, dma)
                sizes.append(count)
                key.append(slice(start, start + size))
                continue
            if not written and size > 1 and self.chance(0.1):
                repeated.append((len(sizes), size))
                size = 1
            start, step, slack = self._spacing()
            sizes.append(start + (size - 1) * step + 1 + slack)
            key.append(slice(start, start + (size - 1) * step + 1, step))
        if on_chip and len(shape) < 5 and self.chance(0.15):
            extra = self.integer(1, len(sizes))
            sizes.insert(extra, self.integer(1, 3))
            key.insert(extra, self.integer(0, sizes[extra] - 1))
        if not self._fits(memory, type, sizes):
            return None
        view = self._base(memory, type, sizes, values)
        view = view[tuple(key)] if self.chance(0.7) else self._by_methods(view, key)
        for axis, size in repeated:
            view = view.broadcast(axis, size)
        if order != list(range(len(shape))):
            view = view.permute(tuple(order.index(axis) for axis in range(len(shape))))
        assert view.shape == shape, (view.shape, shape)
        return view

    def _spacing(self):
        """(start, step, slack) along a dimension."""
        if self.chance(0.5):
            return 0, 1, 0
        return self.integer(0, 3), self.pick((1, 1, 2, 3)), self.integer(0, 3)

    def _by_methods(self, view, key):
        dim = 0
        for item in key:
            if isinstance(item, int):
                view = view.select(dim, item)
                continue
            if item != slice(0, view.shape[dim]):
                view = view.slice(dim, item.start, item.stop, item.step or 1)
            dim += 1
        return view

    def _base(self, memory, type, sizes, values):
        """A whole tensor of these sizes: allocated so, reshaped, or another type's bytes."""
        way = self.rng.random()
        whole = math.prod(sizes[1:])
        if way < 0.15 and len(sizes) > 2:
            storage = self.storage(memory, type, (sizes[0], whole), values)
            return View.whole(storage).reshape(tuple(sizes))
        if way < 0.25 and len(sizes) > 1 and values == "any":
            return self._reinterpreted(memory, type, sizes)
        return View.whole(self.storage(memory, type, tuple(sizes), values))

    def _reinterpreted(self, memory, type, sizes):
        size = TYPES[type].bytes
        others = [t for t in ("uint8", "int16", "bfloat16", "int32") if TYPES[t].bytes != size]
        other = self.pick(others)
        last = sizes[-1] * size
        if last % TYPES[other].bytes:
            other = "uint8"
        shape = (*sizes[:-1], last // TYPES[other].bytes)
        bits = self.bits(type, tuple(sizes), "any").view(TYPES[other].bits).reshape(shape)
        return View.whole(Storage(memory, other, bits)).view(type)
