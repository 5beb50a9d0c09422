"""What comes of a comparison: statistics, the page docs/timing_accuracy.md, the error bars."""

import json
import statistics

from kiln.profiling import error_bar

TARGETS = ("trn1", "trn2", "trn3")

# Measures of a whole kernel.
_WHOLE = ("total", "first_trigger_to_last_byte", "tflops", "mfu")


def group(case):
    """ "instruction", "dma" or "kernel": what the row is about."""
    measure = case.compared[0]
    if measure in _WHOLE:
        return "kernel"
    if measure in ("engine_active", "dma_active"):
        return "part of a kernel"
    if measure.startswith(("instruction", "weights", "table", "prologue", "end_to")):
        return "instruction"
    return "dma"


GROUPS = ("instruction", "dma", "kernel", "part of a kernel")


def statistics_of(rows):
    """(rows, median and worst size of the error)."""
    errors = [abs(row.error) for row in rows]
    return len(errors), statistics.median(errors), max(errors)


def summary_lines(rows):
    """A line for each generation, split and group that has rows."""
    lines = ["generation  split  about              rows  median   worst"]
    for target in TARGETS:
        for split in ("fit", "test"):
            for name in GROUPS:
                chosen = [
                    r
                    for r in rows
                    if (r.case.generation, r.case.split, group(r.case)) == (target, split, name)
                ]
                if chosen:
                    count, median, worst = statistics_of(chosen)
                    lines.append(
                        f"{target:10}  {split:5}  {name:17}  {count:4}  {100 * median:5.1f} %"
                        f"  {100 * worst:5.1f} %"
                    )
    return lines


def row_line(row):
    """ "203 trn2 test  39890 us measured, 39772 us predicted, -0.3 %  what it is"."""
    c = row.case
    return (
        f"{c.id:5} {c.generation} {c.split:4} {_number(c.value):>8} {_number(row.predicted):>8} "
        f"{c.unit:6} {100 * row.error:+7.1f} %  {c.kernel} {c.case} {c.shapes}".rstrip()
    )


def as_json(rows):
    return [
        {
            "name": f"{r.case.id} {r.case.kernel} {r.case.case}".strip(),
            "generation": r.case.generation,
            "split": r.case.split,
            "group": group(r.case),
            "predicted": r.predicted,
            "measured": r.case.value,
            "unit": r.case.unit,
            "error": r.error,
            "source": r.case.source,
        }
        for r in rows
    ]


def error_bars(rows):
    """{target: {rows, median, low, high}} of the whole kernels among the test rows."""
    bars = {}
    for target in TARGETS:
        kernels = [
            r
            for r in rows
            if r.case.generation == target and r.case.split == "test" and group(r.case) == "kernel"
        ]
        if len(kernels) < 10:
            continue
        # The time that the device took, as a multiple of the modelled one.
        ratios = sorted(
            (1 + r.error) if r.case.compared[0] in _WHOLE[2:] else 1 / (1 + r.error)
            for r in kernels
        )
        cut = len(ratios) // 20
        low, high = ratios[cut], ratios[-1 - cut]
        bars[target] = {
            "rows": len(kernels),
            "median": round(statistics_of(kernels)[1], 4),
            "low": round(max(1 - low, 0), 4),
            "high": round(max(high - 1, 0), 4),
        }
    return bars


def write_error_bars(rows):
    error_bar.FILE.write_text(json.dumps(error_bars(rows), indent=2) + "\n")


def page(rows, all_cases):
    """docs/timing_accuracy.md."""
    parts = [_INTRODUCTION, "```", *summary_lines(rows), "```", "", _BARS]
    for target, bar in error_bars(rows).items():
        parts.append(
            f"- {target}: of {bar['rows']} kernels, nine of ten took between "
            f"{1 - bar['low']:.2f} and {1 + bar['high']:.2f} times the modelled time; the median "
            f"error is {100 * bar['median']:.1f} %."
        )
    parts += ["- trn3: no measurement of it that could be rebuilt has been published.", ""]
    parts += _by_source(rows)
    parts += ["## Not rebuilt", ""]
    reasons = {}
    for case in all_cases:
        if not case.program:
            reasons.setdefault(case.why_not, []).append(str(case.id))
    for reason, ids in sorted(reasons.items(), key=lambda item: -len(item[1])):
        parts.append(f"- {reason} (rows {', '.join(ids)})")
    return "\n".join(_wrapped(parts)) + "\n"


_INTRODUCTION = """\
# How right the timing model is

Written by `kiln validate-timing --update`. Each row is a published measurement on a device; Kiln
models a program of its own that does the same, as far as what was published says what was done
(`python/kiln/timing_validation`). A parameter of the model may come from a *fit* row, never from a
*test* row; whole kernels are all test rows. The error is (modelled - measured) / measured.
"""

_BARS = """\
What `kiln profile` gives as the error bar comes from the test rows of whole kernels:
"""


def _by_source(rows):
    parts = []
    for target in TARGETS:
        sources = {}
        for row in rows:
            if row.case.generation == target:
                sources.setdefault(row.case.source, []).append(row)
        for source, chosen in sources.items():
            count, median, worst = statistics_of(chosen)
            parts += [f"## {target}: {source}", ""]
            parts += [f"{count} rows, median {100 * median:.1f} %, worst {100 * worst:.1f} %", ""]
            parts += ["| row | split | what | measured | modelled | unit | error |"]
            parts += ["|--:|---|---|--:|--:|---|--:|"]
            parts += [_table_row(row) for row in chosen] + [""]
    return parts


def _table_row(row):
    c = row.case
    what = " ".join(filter(None, (c.kernel, c.case, c.shapes, c.dtype if c.dtype != "-" else "")))
    what += f": {' '.join(c.compared)}"
    return (
        f"| {c.id} | {c.split} | {what.replace('|', '/')} | {_number(c.value)} | "
        f"{_number(row.predicted)} | {c.unit} | {100 * row.error:+.1f} % |"
    )


def _number(value):
    return f"{value:.4g}" if value < 1000 else f"{value:.0f}"


def _wrapped(parts):
    """Long list items, at 100 columns; tables stay as they are."""
    for part in parts:
        if not part.startswith("- ") or len(part) <= 100:
            yield part
            continue
        line = ""
        for word in part.split():
            if line and len(line) + len(word) + 1 > 100:
                yield line
                line = f"  {word}"
            else:
                line = f"{line} {word}" if line else word
        yield line
