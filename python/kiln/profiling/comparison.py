"""Profiles side by side."""

from kiln.profiling.units import percent, size, time

# Name, number of a summary, how it is shown.
_ROWS = [
    ("total", lambda s: s["total_ns"], time),
    ("instructions", lambda s: s["steps"], str),
    ("MFU", lambda s: s["mfu"], percent),
    ("MBU", lambda s: s["mbu"], percent),
    ("HBM read", lambda s: s["dma"]["hbm_read_bytes"], size),
    ("HBM written", lambda s: s["dma"]["hbm_written_bytes"], size),
    ("DMA transfers", lambda s: s["dma"]["transfers"], str),
    ("memory-bound", lambda s: s["bounds"]["memory_ns"], time),
    ("compute-bound", lambda s: s["bounds"]["compute_ns"], time),
]


def table(profiles, names):
    """Lines of a table with a column each; of two, a last column has their ratio."""
    summaries = [p.summary for p in profiles]
    rows = [["", *names]]
    for name, number, show in _ROWS + _engine_rows(summaries[0]):
        numbers = [number(s) for s in summaries]
        if any(numbers):
            rows.append([name, *map(show, numbers), _ratio(numbers)])
    if len(profiles) == 2:
        rows[0].append("ratio")
    columns = len(rows[0])
    widths = [max(len(row[c]) for row in rows) for c in range(columns)]
    return [
        "  ".join(
            cell.rjust(width) if c else cell.ljust(width)
            for c, (cell, width) in enumerate(zip(row[:columns], widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _engine_rows(summary):
    return [
        (f"{engine['engine']} busy", lambda s, i=i: s["engines"][i]["busy_ns"], time)
        for i, engine in enumerate(summary["engines"])
    ]


def _ratio(numbers):
    return f"{numbers[1] / numbers[0]:.2f} x" if len(numbers) == 2 and numbers[0] else ""
