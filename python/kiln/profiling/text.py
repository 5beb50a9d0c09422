"""A profile as text for a terminal."""

import linecache
import os

from kiln.profiling import error_bar, host_costs
from kiln.profiling.units import percent, size, time

_BAR = 30
_MARKS = {"load": "l", "result": "r", "buffer": "b", "port": "p", "weights": "w", "partner": "m"}


def report(profile, rows=8, host=False):
    """All that is said of one profile; `host` adds what a call costs besides."""
    parts = [
        _head(profile),
        _engines(profile.summary),
        _dma(profile.summary),
        _bounds(profile.summary),
        _critical(profile.summary, rows),
        _advice(profile.summary),
        _unknown(profile.summary),
        _host(profile) if host else [],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _head(profile):
    s = profile.summary
    cores = f" on {s['cores']} cores" if s["cores"] > 1 else ""
    lines = [
        f"{profile.kernel} on {profile.target}{cores}: {time(s['total_ns'])} (simulated; "
        f"{error_bar.sentence(profile.target, s['total_ns'])})",
        f"{s['steps']} instructions, prologue {time(s['prologue_ns'])}, "
        f"MFU {percent(s['mfu'])}, MBU {percent(s['mbu'])}, "
        f"HBM {size(s['dma']['hbm_read_bytes'])} read, "
        f"{size(s['dma']['hbm_written_bytes'])} written",
    ]
    if profile.checked == "errors":
        lines.append("WARNING: timed although the checker found errors")
    if s["executed"]:
        lines.append("the program was executed to follow loops that depend on data")
    return lines


def _bar(shares):
    """ "####llrr......" of {mark: share}."""
    text = "".join(mark * round(_BAR * share) for mark, share in shares)
    return text[:_BAR].ljust(_BAR, ".")


def _engines(s):
    total = s["total_ns"] * s["cores"]
    lines = ["engine    busy     bar: # busy, waits: " + ", ".join(_legend())]
    for engine in s["engines"]:
        if engine["instructions"] == 0:
            continue
        waits = sorted(engine["waits_ns"].items(), key=lambda item: -item[1])
        shares = [("#", engine["busy_ns"] / total)]
        shares += [(_MARKS[name], ns / total) for name, ns in waits]
        most = ", ".join(f"{name} {time(ns)}" for name, ns in waits[:2] if ns > 0.01 * total)
        lines.append(
            f"{engine['engine']:8} {percent(engine['busy_ns'] / total):>7}  [{_bar(shares)}] "
            f"{engine['instructions']} instructions" + (f"; waits: {most}" if most else "")
        )
    dma = s["dma"]
    if dma["transfers"]:
        share = dma["active_ns"] / total
        lines.append(
            f"{'dma':8} {percent(share):>7}  [{_bar([('#', share)])}] "
            f"{dma['transfers']} transfers; 16 engines busy "
            f"{percent(dma['engine_ns'] / 16 / total)}"
        )
    if s["throttled_ns"] > 0:
        lines.append(f"the Tensor engine was slow for {time(s['throttled_ns'])} of its busy time")
    return lines


def _legend():
    return (f"{mark} {name}" for name, mark in _MARKS.items())


def _dma(s):
    used = [row for row in s["dma"]["by_size"] if row["transfers"]]
    if not used:
        return []
    lines = ["DMA by size of a descriptor: transfers, bytes, GB/s of an engine while it works"]
    for row in used:
        most = row["descriptor_bytes_max"]
        name = f"to {most} B" if most else "larger"
        rate = row["bytes"] / row["engine_ns"] if row["engine_ns"] else 0
        lines.append(f"  {name:12} {row['transfers']:8} {size(row['bytes']):>9} {rate:6.1f}")
    return lines


def bounds_of(summary):
    """(name, ns, what it is) of each bound, in the order of the report."""
    b = summary["bounds"]
    return [
        ("memory-bound", b["memory_ns"], "the HBM traffic at the memory's rate"),
        ("no reloads", b["no_reload_ns"], "each input read once, each output written once"),
        ("compute-bound", b["compute_ns"], "all matmuls without a pause"),
        ("useful work", b["useful_ns"], "matmuls without transposes"),
    ]


def _bounds(s):
    lines = ["bounds: what the kernel would need if only one thing limited it"]
    for name, ns, about in bounds_of(s):
        lines.append(
            f"  {name:14} {time(ns):>9}  {percent(ns / s['total_ns']):>7} of the total; {about}"
        )
    best = max(s["bounds"]["no_reload_ns"], s["bounds"]["useful_ns"])
    if best > 0:
        lines.append(f"  at best {s['total_ns'] / best:.2f} x as fast")
    if s["flops_per_byte"] > 0:
        ridge = s["peak_flops_per_ns"] / s["hbm_gb_per_s"]
        lines.append(
            f"  {s['flops_per_byte']:.1f} FLOP per byte of HBM; the roofline bends at {ridge:.0f}"
        )
    return lines


def place(row):
    """ "matmul.py:12", or "" for none."""
    return f"{os.path.basename(row['file'])}:{row['line']}" if row["file"] else ""


def _critical(s, rows):
    path = s["critical"]
    if not path:
        return []
    lines = ["critical path by source line"]
    for row in path[:rows]:
        source = linecache.getline(row["file"], row["line"]).strip() if row["file"] else ""
        wait = f", mostly after a wait for: {row['wait']}" if row["wait"] != "none" else ""
        lines.append(f"  {time(row['ns']):>9}  {row['name']} x{row['steps']} {place(row)}{wait}")
        if source:
            lines.append(f"             {source[:84]}")
    left = sum(row["ns"] for row in path[rows:])
    if left > 0:
        lines.append(f"  {time(left):>9}  {len(path) - rows} more lines")
    return lines


def _advice(s):
    if not s["advice"]:
        return []
    lines = ["advice, with what it can gain at most"]
    for row in s["advice"][:4]:
        where = f" ({place(row)})" if row["file"] else ""
        lines.append(f"  {time(row['gain_ns']):>9}  {row['text']}{where}")
    return lines


def _host(profile):
    costs = host_costs(profile.target)
    warm = profile.summary["total_ns"] + costs["dispatch"]
    return [
        "host, in none of the times above",
        f"  {time(costs['dispatch']):>9}  to dispatch a kernel that is loaded: {time(warm)} a call",
        f"  {time(costs['first_dispatch']):>9}  to dispatch it for the first time",
        f"  {time(costs['load']):>9}  to load it",
        f"  {time(costs['compile']):>9}  to compile it, at least",
    ]


def _unknown(s):
    if not s["unknown"]:
        return []
    lines = ["instructions whose cost nobody has published"]
    for row in s["unknown"]:
        lines.append(f"  {row['name']} x{row['count']}, taken as {row['taken']}")
    return lines
