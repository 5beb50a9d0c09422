"""A profile as the data of its HTML page; the format is told in kiln.profile_page."""

import linecache
import os

import numpy as np

from kiln import _core, _target
from kiln.profiling import NOBODY, error_bar
from kiln.profiling.text import bounds_of

_TRACKS = {"tensor": "Tensor", "vector": "Vector", "scalar": "Scalar", "gpsimd": "GpSimd"}
_TRACKS["sync"] = "Sync"
_QUEUES = ("qSyncHwDge", "qScalarHwDge", "qGpSimdSwDge", "qStatic")
_CODE_CHARACTERS_MAX = 160
_CODES_MAX = 20_000  # with more instructions, their texts would be most of the page
_BINS = 4000


class _Table:
    """Things by their number, each once."""

    def __init__(self):
        self.items = []
        self._numbers = {}

    def number(self, item):
        if item not in self._numbers:
            self._numbers[item] = len(self.items)
            self.items.append(item)
        return self._numbers[item]


class _Sources:
    def __init__(self):
        self.files, self.places = _Table(), _Table()

    def place(self, file, line):
        return self.places.number((self.files.number(file), line)) if file and line else -1

    def described(self):
        files = []
        for path in self.files.items:
            lines = [text.rstrip("\n") for text in linecache.getlines(path)]
            most = max(line for file, line in self.places.items if self.files.items[file] == path)
            lines += [""] * (most - len(lines))
            files.append({"path": os.path.basename(path), "lines": lines})
        return files


def data(profile):
    """The page's data, of all cores."""
    s = profile.summary
    names, sources = _Table(), _Sources()
    codes = _codes(profile)
    cores = [_core_data(profile, core, names, sources, codes) for core in range(s["cores"])]
    lines = _lines(profile, sources)
    advice = [
        {"text": a["text"], "place": sources.place(a["file"], a["line"]), "gain_ns": a["gain_ns"]}
        for a in s["advice"]
    ]
    return {
        "kernel": profile.kernel,
        "target": profile.target,
        "is_simulation": True,
        "provenance": profile.provenance,
        "total_ns": s["total_ns"],
        "prologue_ns": s["prologue_ns"],
        "error": error_bar.of(profile.target),
        "names": names.items,
        "codes": [text for core in codes for text in core],
        "files": sources.described(),
        "places": [list(place) for place in sources.places.items],
        "cores": cores,
        "lines": lines,
        "bounds": [{"name": n, "ns": ns, "about": about} for n, ns, about in bounds_of(s)],
        "roofline": _roofline(profile),
        "advice": advice,
        "unknown": s["unknown"],
    }


def _codes(profile):
    """The text of each instruction of each core; none if there are many."""
    counts = [len(code) for code in profile.code]
    if sum(counts) > _CODES_MAX:
        return [[] for _ in counts]
    return [profile.result.code_texts(c, _CODE_CHARACTERS_MAX) for c in range(len(counts))]


def _roofline(profile):
    s = profile.summary
    if s["flops"] == 0:
        return None
    cores = "one core" if s["cores"] == 1 else f"{s['cores']} cores"
    return {
        "peak_tflops": s["peak_flops_per_ns"] / 1000,
        "hbm_gbps": s["hbm_gb_per_s"],
        "intensity": s["flops_per_byte"],
        "achieved_tflops": (s["flops"] - s["transpose_flops"]) / s["total_ns"] / 1000,
        "about": f"bfloat16 on {cores}",
    }


def _core_data(profile, core, names, sources, codes):
    s = profile.summary
    steps, transfers = profile.steps(core), profile.transfers(core)
    code = profile.code[core]
    columns = {
        "name": np.array([names.number(name) for name, _, _ in code], np.int64),
        "place": np.array([sources.place(file, line) for _, file, line in code], np.int64),
    }
    first_code = sum(len(texts) for texts in codes[:core])
    columns["code"] = np.arange(len(code)) + first_code if codes[core] else None
    return {
        "name": f"core {core}",
        "tracks": _tracks(steps, transfers, columns, names),
        "throttled": [list(span) for span in profile.result.throttled(core)],
        "critical": _critical(steps),
        "engines": [
            {
                "name": _TRACKS[e["engine"]],
                "busy_ns": e["busy_ns"] / s["cores"],
                "stall_ns": {name: ns / s["cores"] for name, ns in e["waits_ns"].items()},
            }
            for e in s["engines"]
        ],
        "dma": _dma_series(transfers, s["total_ns"], profile.target),
        "sbuf": _memory(profile, core, psum=False),
        "psum": _memory(profile, core, psum=True),
    }


def _tracks(steps, transfers, columns, names):
    engines = tuple(_core.enum_names["engine"])
    waited = steps["waited_for"].astype(np.int64)
    waited[steps["waited_for"] == NOBODY] = -1
    tracks = []
    for engine, shown in _TRACKS.items():
        chosen = np.flatnonzero(
            (steps["engine"] == engines.index(engine)) & (steps["free_ns"] > steps["start_ns"])
        )
        if engine == "tensor":
            tracks += _weights(steps, chosen, names)
        if len(chosen) == 0:
            continue
        chosen = chosen[np.argsort(steps["start_ns"][chosen], kind="stable")]
        tracks.append({"name": shown, "slices": _slices(steps, chosen, columns, waited)})
    return tracks + _transfer_tracks(steps, transfers, columns, waited)


def _slices(steps, chosen, columns, waited):
    start, free = steps["start_ns"][chosen], steps["free_ns"][chosen]
    instruction = steps["instruction"][chosen]
    before = np.maximum.accumulate(np.concatenate([[start[0]], free[:-1]]))
    slices = {
        "start_ns": start,
        "duration_ns": free - start,
        "name": columns["name"][instruction],
        "step": chosen,
        "waited_for": waited[chosen],
        "wait": steps["wait"][chosen],
        "wait_ns": np.maximum(start - before, 0),
        "place": columns["place"][instruction],
        "result_ns": steps["end_ns"][chosen] - start,
    }
    if columns["code"] is not None:
        slices["code"] = columns["code"][instruction]
    return slices


def _weights(steps, chosen, names):
    loads = chosen[steps["weights_ns"][chosen] > 0]
    if len(loads) == 0:
        return []
    loads = loads[np.argsort(steps["start_ns"][loads] - steps["weights_ns"][loads])]
    slices = {
        "start_ns": steps["start_ns"][loads] - steps["weights_ns"][loads],
        "duration_ns": steps["weights_ns"][loads],
        "name": np.full(len(loads), names.number("LDWEIGHTS")),
        "step": loads,
    }
    return [{"name": "Tensor weights", "slices": slices}]


def _transfer_tracks(steps, transfers, columns, waited):
    tracks = []
    for queue, shown in enumerate(_QUEUES):
        chosen = np.flatnonzero(transfers["queue"] == queue)
        if len(chosen) == 0:
            continue
        chosen = chosen[np.argsort(transfers["start_ns"][chosen], kind="stable")]
        step = transfers["step"][chosen]
        instruction = steps["instruction"][step]
        slices = {
            "start_ns": transfers["start_ns"][chosen],
            "duration_ns": transfers["end_ns"][chosen] - transfers["start_ns"][chosen],
            "name": columns["name"][instruction],
            "step": step,
            "waited_for": waited[step],
            "wait": steps["wait"][step],
            "place": columns["place"][instruction],
            "bytes": transfers["bytes"][chosen],
            "descriptors": transfers["descriptors"][chosen],
            "result_ns": steps["end_ns"][step] - transfers["start_ns"][chosen],
        }
        tracks.append({"name": shown, "slices": slices})
    return tracks


def _critical(steps):
    """The steps of the critical path that wait for one another, the last first."""
    path = []
    at = int(np.argmax(steps["end_ns"])) if len(steps["end_ns"]) else NOBODY
    while at != NOBODY and len(path) < 100_000:
        path.append(at)
        at = int(steps["waited_for"][at])
    return path[::-1]


def _dma_series(transfers, total_ns, target):
    """GB/s over time, in bins."""
    edges = np.linspace(0, total_ns, _BINS + 1)
    width = edges[1]
    rate = transfers["bytes"] / transfers["engine_ns"]
    begin = transfers["start_ns"]
    moved = np.zeros(_BINS + 1)  # up to the end of each bin: the sum of ramps
    slope = np.zeros(_BINS + 1)
    for at, sign in ((begin, 1.0), (begin + transfers["engine_ns"], -1.0)):
        index = np.minimum((at / width).astype(int), _BINS - 1)
        np.add.at(moved, index, sign * rate * (edges[index + 1] - at))
        np.add.at(slope, index + 1, sign * rate * width)
    bytes_in_bin = moved[:_BINS] + np.cumsum(slope)[:_BINS]
    gbps = np.maximum(bytes_in_bin / width, 0)
    return {"ns": edges[:-1], "gbps": gbps, "peak_gbps": _peak_gbps(target)}


def _peak_gbps(target):
    rows = _core.rates(_target.find(target, "target"))
    each = next(r["value"] for r in rows if (r["group"], r["name"]) == ("dma", "gb_per_s"))
    return 16 * float(each)


def _memory(profile, core, psum):
    series = profile.memory(core, psum)
    report = _core.placement_report(profile.programs[core])
    use = next(m for m in report["memories"] if m["memory"] == ("psum" if psum else "sbuf"))
    return {
        "ns": series["ns"],
        "bytes": series["bytes"],
        "capacity_bytes": use["capacity_bytes"],
    }


def _lines(profile, sources):
    """Time by source line, of all cores."""
    critical = {}
    for row in profile.summary["critical"]:
        place = sources.place(row["file"], row["line"])
        critical[place] = critical.get(place, 0) + row["ns"]
    counts, busy = {}, {}
    for core in range(profile.summary["cores"]):
        steps = profile.steps(core)
        places = np.array([sources.place(f, n) for _, f, n in profile.code[core]], np.int64)
        of_step = places[steps["instruction"]]
        for place in np.unique(of_step):
            chosen = of_step == place
            place = int(place)
            counts[place] = counts.get(place, 0) + int(chosen.sum())
            spent = float((steps["free_ns"] - steps["start_ns"])[chosen].sum())
            busy[place] = busy.get(place, 0) + spent
    return [
        {
            "place": place,
            "count": counts[place],
            "busy_ns": busy[place],
            "critical_ns": critical.get(place, 0),
        }
        for place in counts
        if place >= 0
    ]
