"""How a kernel uses SBUF and PSUM: the report of a recorded program, as text and as a picture.

report(program) is a dict of plain values; text() and svg() render it and decide nothing.
"""

from kiln import _core
from kiln._memory_labels import cut, kib, place, tensor, wrapped
from kiln._memory_svg import svg

__all__ = ["report", "svg", "text"]

BARS = " ▁▂▃▄▅▆▇█"
OWNERS_MAX = 12
LABEL_MIN = 20  # columns for a tensor's name, shape and type


def report(program):
    """Where the program's tensors live, and what is wrong with that."""
    return _core.placement_report(program)


def text(found, width=100):
    """The report for a terminal of so many columns."""
    lines = [
        f"{found['kernel']} on {found['target']}: {found['instructions']} instructions; "
        "sizes are of one partition"
    ]
    for use in found["memories"]:
        lines += ["", *_memory(use, found["instructions"], width)]
    for diagnostic in found["diagnostics"]:
        lines += ["", diagnostic["text"]]
        lines += [f"    {place(n)}: {n['message']}" for n in diagnostic["notes"]]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _memory(use, instructions, width):
    name, capacity = use["memory"].upper(), use["capacity_bytes"]
    if not use["peak_bytes"]:
        yield f"{name}: not used"
        return
    share = use["peak_bytes"] / capacity
    peak = use["peak"]
    yield (
        f"{name}: at most {kib(use['peak_bytes'])} of {kib(capacity)} ({share:.0%}), "
        f"at {place(peak)} {peak['name']} (instruction {peak['instruction']})"
    )
    columns = width - 4
    full = min(columns, round(share * columns))
    yield "  [" + "#" * full + "." * (columns - full) + "]"
    yield "  |" + _over_time(use, instructions, columns) + "|"
    counts = f"  {use['used']} tensors, addresses up to {kib(use['extent_bytes'])}"
    if use["unused"]:
        counts += f", {use['unused']} never used"
    if use["unplaced"]:
        counts += f", {use['unplaced']} without a place"
    yield counts
    yield from _owners(use, width)
    if use["banks"]:
        yield from _banks(use, width)
    if use["advice"]:
        first, *others = wrapped(f"what helps most: {use['advice']}", width - 4)
        yield f"  {first}"
        yield from (f"    {line}" for line in others)


def _over_time(use, instructions, columns):
    """One character for each stretch of the program: the most that is in use in it."""
    heights = [0] * columns
    steps = [*use["steps"], (instructions, 0)]
    for (first, size), (end, _) in zip(steps, steps[1:], strict=False):
        if end <= first:
            continue
        begin, last = first * columns // instructions, (end - 1) * columns // instructions
        for column in range(begin, min(last + 1, columns)):
            heights[column] = max(heights[column], size)
    top = len(BARS) - 1
    return "".join(BARS[min(top, -(-height * top // use["capacity_bytes"]))] for height in heights)


def _owners(use, width):
    owners = use["owners"][:OWNERS_MAX]
    rows = [
        (
            kib(o["bytes"]),
            f"{o['bytes'] / use['peak_bytes']:.0%}",
            (f"{o['count']} x " if o["count"] > 1 else "") + tensor(o),
            place(o),
            _alive(o),
        )
        for o in owners
    ]
    header = ("size", "share", "owners at the peak", "line", "alive from, to")
    rows.insert(0, header)
    widths = [max(len(row[n]) for row in rows) for n in range(len(header))]
    others = sum(widths) - widths[2] + 2 * len(widths)
    widths[2] = min(widths[2], max(LABEL_MIN, width - others))
    for row in rows:
        size, share, label, line, alive = row
        yield (
            f"  {size:>{widths[0]}}  {share:>{widths[1]}}  {cut(label, widths[2]):{widths[2]}}  "
            f"{line:{widths[3]}}  {alive}"
        )
    left = len(use["owners"]) - len(owners)
    if left:
        size = sum(o["bytes"] for o in use["owners"][OWNERS_MAX:])
        yield f"  {kib(size):>{widths[0]}}  of {left} other lines"


def _alive(owner):
    """Where its life begins and ends; the file is not said again."""
    first, last = owner["first"], owner["last"]
    if not first["file"] and not last["file"]:
        return f"instruction {first['instruction']} to {last['instruction']}"
    if first["file"] and first["file"] == last["file"] == owner["file"]:
        return f"line {first['line']} to {last['line']}"
    return f"{place(first)} to {place(last)}"


def _banks(use, width):
    """The banks at the peak, four in a row."""
    cell = (width - 2) // 4 - 1
    for start in range(0, len(use["banks"]), 4):
        row = []
        for number in range(start, min(start + 4, len(use["banks"]))):
            names = [block["name"] or place(block) for block in use["banks"][number]]
            inside = f"{names[0]} +{len(names) - 1}" if len(names) > 2 else ", ".join(names)
            row.append(f"{cut(f'bank {number}: {inside or chr(45)}', cell):{cell}}")
        yield "  " + " ".join(row)
