"""The memory report as one picture: for each memory what is in use over time, and who lies at which
address when; for PSUM also its banks at the peak. Names, sizes and lines are in the tooltips.
"""

from html import escape

from kiln._memory_labels import cut, kib, place, shape, tensor, wrapped

WIDTH = 1120
HEADING = 14
LEFT, RIGHT = 70, 800  # of the charts; the legend stands right of them
USE_HEIGHT, MAP_HEIGHT, BANK_HEIGHT = 110, 220, 64
LEGEND_MAX = 11
CHARACTER = 6.1  # width of one at 11 px, on average

INK, FAINT, GRID, LIMIT = "#1f2933", "#66727f", "#e4e8ec", "#c62828"
OTHER = "#b8c0c8"
# Told apart by people with any colour vision, next to each other and on white.
COLOURS = (
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#ee7733", "#009988",
    "#882255", "#999933", "#332288",
)  # fmt: skip


def svg(found):
    """The report as a self-contained SVG document."""
    parts, y = [], 58
    for use in found["memories"]:
        drawn, y = _memory(use, max(1, found["instructions"]), y)
        parts += drawn
    title = f"{found['kernel']} on {found['target']}: memory of one partition"
    head = _text(HEADING, 30, title, size=17, weight="bold")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" '
        f'height="{y}" font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif" '
        f'fill="{INK}">\n<rect width="{WIDTH}" height="{y}" fill="#ffffff"/>\n'
        + "\n".join([head, *parts])
        + "\n</svg>\n"
    )


def _memory(use, instructions, y):
    """(elements, where the next memory begins)."""
    name = use["memory"].upper()
    parts = [_text(HEADING, y + 4, name, size=15, weight="bold")]
    if not use["peak_bytes"]:
        return [*parts, _text(LEFT, y + 4, "not used", colour=FAINT)], y + 36
    share = use["peak_bytes"] / use["capacity_bytes"]
    peak = use["peak"]
    summary = (
        f"at most {kib(use['peak_bytes'])} of {kib(use['capacity_bytes'])} ({share:.0%}), "
        f"at {place(peak)} {peak['name']}"
    )
    parts.append(_text(LEFT, y + 4, summary, size=13))
    colours = _colours(use)
    top = y + 30
    parts += _use_chart(use, instructions, top)
    map_top = top + USE_HEIGHT + 26
    parts += _map(use, instructions, map_top, colours)
    parts += _legend(use, colours, top)
    y = map_top + MAP_HEIGHT + 44
    if use["banks"]:
        parts += _banks(use, colours, y)
        y += BANK_HEIGHT + 40
    for line in wrapped(f"What helps most: {use['advice']}." if use["advice"] else "", 165):
        parts.append(_text(LEFT, y, line, size=12))
        y += 17
    return parts, y + 30


def _x(instruction, instructions):
    return LEFT + (RIGHT - LEFT) * instruction / instructions


def _scale(limit):
    """Sizes for about four lines of a grid up to the limit."""
    step = 1024
    while limit / step > 5:
        step *= 2
    return range(0, int(limit) + 1, step)


def _use_chart(use, instructions, top):
    bottom = top + USE_HEIGHT
    limit = max(use["capacity_bytes"], use["peak_bytes"]) * 1.06

    def height(size):
        return bottom - USE_HEIGHT * size / limit

    parts = [_text(LEFT, top - 8, "in use over time", size=11, colour=FAINT)]
    for size in _scale(limit):
        parts += _grid_line(height(size), size)
    points = [(_x(0, instructions), bottom)]
    for instruction, size in use["steps"]:
        x = _x(min(instruction, instructions), instructions)
        points += [(x, points[-1][1]), (x, height(size))]
    points += [(RIGHT, points[-1][1]), (RIGHT, bottom)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts.append(
        f'<polygon points="{path}" fill="{COLOURS[0]}" fill-opacity="0.35" '
        f'stroke="{COLOURS[0]}" stroke-width="1"/>'
    )
    y = height(use["capacity_bytes"])
    parts.append(_line(LEFT, y, RIGHT, y, LIMIT, dashes="5 3"))
    parts.append(
        _text(
            RIGHT,
            y - 4,
            f"capacity {kib(use['capacity_bytes'])}",
            colour=LIMIT,
            anchor="end",
        )
    )
    x, y = _x(use["peak"]["instruction"] + 0.5, instructions), height(use["peak_bytes"])
    tip = f"peak: {kib(use['peak_bytes'])} at {place(use['peak'])} {use['peak']['name']}"
    parts.append(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{LIMIT}" stroke="#ffffff">'
        f"<title>{escape(tip)}</title></circle>"
    )
    return parts


def _map(use, instructions, top, colours):
    bottom = top + MAP_HEIGHT
    limit = use["capacity_bytes"]

    def height(byte):
        return bottom - MAP_HEIGHT * byte / limit

    left_out = use["blocks_left_out"]
    caption = "addresses" + (f", without {left_out} of the smaller tensors" if left_out else "")
    parts = [_text(LEFT, top - 8, caption, size=11, colour=FAINT)]
    for byte in range(0, limit + 1, use["bank_bytes"]) if use["bank_bytes"] else _scale(limit):
        parts += _grid_line(height(byte), byte)
    for block in use["blocks"]:
        x = _x(block["first"], instructions)
        wide = max(0.6, _x(block["last"] + 1, instructions) - x)
        y = height(block["byte"] + block["bytes"])
        tall = max(0.6, height(block["byte"]) - y)
        edge = ' stroke="#ffffff" stroke-width="0.5"' if wide > 3 and tall > 3 else ""
        parts.append(
            f'<rect x="{x:.2f}" y="{y:.2f}" width="{wide:.2f}" height="{tall:.2f}" '
            f'fill="{colours.get(_kind(block), OTHER)}"{edge}>'
            f"<title>{escape(_tooltip(block))}</title></rect>"
        )
        label = block["name"] or shape(block)
        if wide > len(label) * CHARACTER + 6 and tall > 13:
            parts.append(
                _text(x + wide / 2, y + tall / 2 + 4, label, colour="#ffffff", anchor="middle")
            )
    x = _x(use["peak"]["instruction"] + 0.5, instructions)
    parts.append(_line(x, top - USE_HEIGHT - 26, x, bottom, LIMIT, dashes="2 3"))
    parts.append(_line(LEFT, bottom, RIGHT, bottom, INK))
    step = max(1, instructions // 6)
    step = round(step, 1 - len(str(step))) or 1
    for instruction in range(0, instructions + 1, step):
        x = _x(instruction, instructions)
        parts.append(_line(x, bottom, x, bottom + 4, INK))
        parts.append(_text(x, bottom + 17, str(instruction), colour=FAINT, anchor="middle"))
    parts.append(_text(RIGHT + 28, bottom + 17, "instruction", colour=FAINT))
    return parts


def _legend(use, colours, top):
    x = RIGHT + 30
    parts = [_text(x, top - 8, "who is there at the peak", size=11, colour=FAINT)]
    y = top + 10
    shown = use["owners"][:LEGEND_MAX]
    for owner in shown:
        colour = colours.get(_kind(owner), OTHER)
        parts.append(f'<rect x="{x}" y="{y - 9}" width="11" height="11" fill="{colour}"/>')
        count = f"{owner['count']} × " if owner["count"] > 1 else ""
        size = f"{kib(owner['bytes'])}  "
        room = int((WIDTH - x - 24) / CHARACTER)
        parts.append(_text(x + 18, y, cut(size + count + (owner["name"] or shape(owner)), room)))
        about = f"{shape(owner)}, {place(owner)}" if owner["name"] else place(owner)
        parts.append(_text(x + 18, y + 13, cut(about, room), colour=FAINT))
        y += 31
    left = use["owners"][LEGEND_MAX:]
    if left:
        rest = f"{kib(sum(o['bytes'] for o in left))}  of {len(left)} other lines"
        parts.append(_text(x + 18, y, rest, colour=FAINT))
    return parts


def _banks(use, colours, top):
    parts = [_text(LEFT, top - 6, "banks at the peak", size=11, colour=FAINT)]
    gap = 8
    wide = (RIGHT - LEFT + gap) / len(use["banks"]) - gap
    for number, inside in enumerate(use["banks"]):
        x = LEFT + number * (wide + gap)
        start = number * use["bank_bytes"]
        for block in inside:
            first = max(block["byte"], start)
            end = min(block["byte"] + block["bytes"], start + use["bank_bytes"])
            left = x + wide * (first - start) / use["bank_bytes"]
            part = wide * (end - first) / use["bank_bytes"]
            parts.append(
                f'<rect x="{left:.1f}" y="{top}" width="{part:.1f}" height="{BANK_HEIGHT - 18}" '
                f'fill="{colours.get(_kind(block), OTHER)}" stroke="#ffffff" '
                f'stroke-width="0.5"><title>{escape(_tooltip(block))}</title></rect>'
            )
            label = cut(block["name"] or shape(block), int((part - 6) / CHARACTER))
            if len(label) > 2:
                parts.append(
                    _text(left + part / 2, top + 27, label, colour="#ffffff", anchor="middle")
                )
        parts.append(
            f'<rect x="{x:.1f}" y="{top}" width="{wide:.1f}" height="{BANK_HEIGHT - 18}" '
            f'fill="none" stroke="{FAINT}"/>'
        )
        free = use["bank_bytes"] - sum(
            min(b["byte"] + b["bytes"], start + use["bank_bytes"]) - max(b["byte"], start)
            for b in inside
        )
        label = f"bank {number}" + (f", {kib(free)} free" if inside and free > 0 else "")
        parts.append(
            _text(
                x + wide / 2, top + BANK_HEIGHT - 4, label, colour=FAINT, anchor="middle", size=10
            )
        )
    return parts


def _colours(use):
    """A colour for each kind of tensor, first for the owners of the peak, then for the largest."""
    order = dict.fromkeys(_kind(owner) for owner in use["owners"])
    areas = {}
    for block in use["blocks"]:
        area = block["bytes"] * (block["last"] - block["first"] + 1)
        areas[_kind(block)] = areas.get(_kind(block), 0) + area
    order |= dict.fromkeys(sorted(areas, key=areas.get, reverse=True))
    return dict(zip(order, COLOURS, strict=False))


def _kind(thing):
    """What has one colour: the tensors of a source line that are alike, or of a name."""
    line = (thing["file"], thing["line"]) if thing["file"] else thing["name"]
    return line, thing["shape"], thing["dtype"]


def _tooltip(block):
    given = ", as given" if block["explicit"] else ""
    return (
        f"{tensor(block)}\n{kib(block['bytes'])} from byte {block['byte']}, partition "
        f"{block['partition']}{given}\nalive from instruction {block['first']} to {block['last']}\n"
        f"{place(block)}"
    )


def _text(x, y, content, size=11, colour=INK, anchor="start", weight="normal"):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" '
        f'text-anchor="{anchor}" font-weight="{weight}">{escape(content)}</text>'
    )


def _line(x1, y1, x2, y2, colour, dashes="none"):
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-dasharray="{dashes}"/>'
    )


def _grid_line(y, size):
    label = f"{size / 1024:g} KiB"
    return [_line(LEFT, y, RIGHT, y, GRID), _text(LEFT - 8, y + 4, label, 10, FAINT, "end")]
