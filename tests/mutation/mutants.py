"""Mutants: programs with one mistake each, made of the text form of right ones."""

import dataclasses
import inspect
import re

import nki.isa as nisa

STORAGE = re.compile(r'storage %(\d+) "([^"]*)" (\w+) (\w+) \[([\d, ]+)\](.*)')
VIEW = re.compile(r"%(\d+)(?:\[(\d+)\+(\d+);((?: \d+:-?\d+)+)\])?")
ENGINES = ("tensor", "vector", "scalar", "gpsimd", "sync")
NARROWER = {"float32": "bfloat16", "bfloat16": "float8_e5m2", "int32": "int16"}
LOADS = ("dma_copy", "dma_transpose")


@dataclasses.dataclass
class Mutant:
    """What was changed, as words, and the texts of the cores' programs."""

    kind: str
    what: str
    texts: list


class Lines:
    """A program's text, line by line."""

    def __init__(self, text):
        self.all = text.splitlines()
        self.storages = {}  # number: line number
        self.code = []  # line numbers of instructions
        for number, line in enumerate(self.all):
            if match := STORAGE.match(line):
                self.storages[int(match[1])] = number
            elif number > 2 and not line.startswith(("output", "registers", "file")):
                self.code.append(number)

    def with_line(self, number, line):
        return "\n".join([*self.all[:number], *([line] if line else []), *self.all[number + 1 :]])

    def moved(self, number, behind):
        """With a line behind a later one, or with `behind` smaller, before an earlier one."""
        lines = list(self.all)
        line = lines.pop(number)
        lines.insert(behind, line)
        return "\n".join(lines)

    def storage(self, number):
        """(memory, dtype, sizes, the rest of the line)"""
        match = STORAGE.match(self.all[self.storages[number]])
        sizes = [int(size) for size in match[5].split(",")]
        return match[3], match[4], sizes, match[6].strip()

    def on_chip(self):
        return [n for n in self.storages if self.storage(n)[0] in ("sbuf", "psum")]

    def uses(self, storage):
        pattern = re.compile(rf"%{storage}\b")
        return [n for n in self.code if pattern.search(self.all[n])]


def _name(line):
    return line.split(" ", 1)[0]


def drop_dma(lines):
    for n in lines.code:
        if _name(lines.all[n]) in LOADS:
            yield f"without {lines.all[n]}", lines.with_line(n, None)


def reorder_dma(lines):
    """A load after the first use of its tile, a store before the last write to its tile."""
    for n in lines.code:
        if _name(lines.all[n]) not in LOADS:
            continue
        for argument, later in (("dst", True), ("src", False)):
            match = re.search(rf" {argument}=%(\d+)", lines.all[n])
            if int(match[1]) not in lines.on_chip():
                continue
            others = [u for u in lines.uses(int(match[1])) if (u > n if later else u < n)]
            born = lines.storages[int(match[1])]
            if others and later:
                yield f"later: {lines.all[n]}", lines.moved(n, others[0])
            elif others and others[-1] > born:
                yield f"earlier: {lines.all[n]}", lines.moved(n, others[-1])


def shift_slice(lines):
    """A view by one element, or by one of its rows, to either side."""
    for n in lines.code:
        for match in VIEW.finditer(lines.all[n]):
            if match[2] is None:
                continue
            strides = {int(dim.split(":")[1]) for dim in match[4].split()}
            for step in sorted({1, *strides} - {0}):
                for offset in (int(match[3]) + step, int(match[3]) - step):
                    if offset < 0:
                        continue
                    view = f"%{match[1]}[{match[2]}+{offset};{match[4]}]"
                    line = lines.all[n][: match.start()] + view + lines.all[n][match.end() :]
                    yield f"{match[0]} to {view} in line {n}", lines.with_line(n, line)


def reuse_live_tile(lines):
    """An instruction writes to another tile of the same kind, which is read later."""
    for n in lines.code:
        match = re.search(r" dst=%(\d+)(?= |$)", lines.all[n])
        if not match or int(match[1]) not in lines.on_chip():
            continue
        own = lines.storage(int(match[1]))
        for other in lines.on_chip():
            uses = lines.uses(other)
            if other == int(match[1]) or lines.storage(other) != own or not uses:
                continue
            if uses[0] < n < uses[-1]:
                line = lines.all[n].replace(match[0], f" dst=%{other}")
                yield f"dst=%{other} in {lines.all[n]}", lines.with_line(n, line)


def wrong_accumulate(lines):
    for n in lines.code:
        if _name(lines.all[n]) != "nc_matmul" or "is_transpose=true" in lines.all[n]:
            continue
        line = re.sub(r" accumulate=\w+", "", lines.all[n])
        for value in ("true", "false"):
            changed = f"{line} accumulate={value}"
            if changed != lines.all[n]:
                yield f"{changed}", lines.with_line(n, changed)


def enlarge_tile(lines):
    for storage in lines.on_chip():
        _, _, sizes, _ = lines.storage(storage)
        n = lines.storages[storage]
        for where, factor in ((0, 2), (-1, 4096), (-1, 2)):
            larger = list(sizes)
            larger[where] *= factor
            text = lines.all[n].replace(
                f"[{', '.join(map(str, sizes))}]", f"[{', '.join(map(str, larger))}]"
            )
            yield f"%{storage} as {larger}", lines.with_line(n, text)


def swap_engine(lines):
    for n in lines.code:
        if "engine" not in inspect.signature(getattr(nisa, _name(lines.all[n]), _name)).parameters:
            continue
        line = re.sub(r" engine=\w+", "", lines.all[n])
        for engine in ENGINES:
            if f"engine={engine}" not in lines.all[n]:
                yield f"{engine} for {line}", lines.with_line(n, f"{line} engine={engine}")


def drop_barrier(lines):
    for n in lines.code:
        if _name(lines.all[n]) in ("core_barrier", "sendrecv"):
            yield f"without {lines.all[n]}", lines.with_line(n, None)


def overrun_bound(lines):
    """A dimension of a view, or a loop, that goes one further."""
    for n in lines.code:
        for match in VIEW.finditer(lines.all[n]):
            if match[2] is None:
                continue
            dims = match[4].split()
            for i, dim in enumerate(dims):
                size, stride = dim.split(":")
                longer = [*dims[:i], f"{int(size) + 1}:{stride}", *dims[i + 1 :]]
                view = f"%{match[1]}[{match[2]}+{match[3]}; {' '.join(longer)}]"
                line = lines.all[n][: match.start()] + view + lines.all[n][match.end() :]
                yield f"{match[0]} as {view} in line {n}", lines.with_line(n, line)
        if (match := re.match(r"loop (.*)upper=(\d+)(.*)", lines.all[n])) is not None:
            line = f"loop {match[1]}upper={int(match[2]) + 1}{match[3]}"
            yield line, lines.with_line(n, line)


def shrink_dtype(lines):
    for storage in lines.on_chip():
        _, dtype, _, _ = lines.storage(storage)
        if dtype in NARROWER:
            n = lines.storages[storage]
            line = lines.all[n].replace(f" {dtype} ", f" {NARROWER[dtype]} ", 1)
            yield f"%{storage} as {NARROWER[dtype]}", lines.with_line(n, line)


KINDS = (
    *(drop_dma, reorder_dma, shift_slice, reuse_live_tile, wrong_accumulate),
    *(enlarge_tile, swap_engine, drop_barrier, overrun_bound, shrink_dtype),
)


def _everywhere(texts):
    """Without the same barrier of every core."""
    found = [list(drop_barrier(Lines(text))) for text in texts]
    for changes in zip(*found, strict=True):
        yield changes[0][0], [text for _, text in changes]


def mutants(texts, random, most):
    """Up to `most` mutants of each kind of the programs of a launch; each changes one of them."""
    for kind in KINDS:
        made = []
        for core, text in enumerate(texts):
            for what, changed in kind(Lines(text)):
                cores = [*texts[:core], changed, *texts[core + 1 :]]
                made.append(Mutant(kind.__name__, what, cores))
        if kind is drop_barrier:
            made += [
                Mutant(kind.__name__, f"each core {what}", all_)
                for what, all_ in _everywhere(texts)
            ]
        random.shuffle(made)
        yield from made[:most]
