"""Looks over the data of a profile page and makes it compact: a mistake in it is one clear error
here, not a page that shows nothing."""

import itertools
import math
import numbers
import reprlib

WAITS = ("none", "result", "load", "buffer", "port", "weights", "partner")

_REQUIRED = {"start_ns", "duration_ns", "name"}
_INDICES = ("name", "step", "waited_for", "wait", "code", "place", "bytes", "descriptors")
_COLUMNS = {"start_ns", "duration_ns", "wait_ns", "result_ns", *_INDICES}
_KINDS = {str: "text", bool: "True or False", int: "a whole number", list: "a list", dict: "a dict"}
_SENTENCE = {"text": str, "place": int, "gain_ns": (float, None)}


def packed(data):
    """The data with times to a tenth of a nanosecond, as plain lists, and with WAITS."""
    found = _record(
        data,
        "profile data",
        {
            "kernel": str,
            "target": str,
            "is_simulation": bool,
            "provenance": dict,
            "total_ns": float,
            "prologue_ns": float,
            "error": (dict, None),
            "names": list,
            "codes": list,
            "files": list,
            "places": list,
            "cores": list,
            "lines": list,
            "bounds": list,
            "roofline": (dict, None),
            "advice": list,
            "unknown": list,
        },
    )
    _need(found["is_simulation"], "is_simulation is False; the page is for modelled time only")
    _need(found["total_ns"] > 0, f"total_ns is {found['total_ns']}; it must be above 0")
    _need(found["cores"], "cores is empty")
    found["waits"] = WAITS
    for name in ("names", "codes"):
        found[name] = [_typed(text, f"{name}[{i}]", str) for i, text in enumerate(found[name])]
    found["provenance"] = {
        _typed(label, "a label of provenance", str): _typed(text, f"provenance[{label!r}]", str)
        for label, text in found["provenance"].items()
    }
    found["files"] = _each(found, "files", {"path": str, "lines": list})
    found["places"] = _places(found)
    for name, fields in (
        ("lines", {"place": int, "count": int, "busy_ns": float, "critical_ns": float}),
        ("advice", _SENTENCE),
    ):
        found[name] = _each(found, name, fields)
        for i, line in enumerate(found[name]):
            _index(line["place"], len(found["places"]), -1, f"{name}[{i}].place", "places")
    found["bounds"] = _each(found, "bounds", {"name": str, "ns": float, "about": str})
    found["unknown"] = _each(found, "unknown", {"name": str, "taken": str, "count": int})
    if found["error"] is not None:
        found["error"] = _fractions(found["error"], "error", {"low": float, "high": float})
    if found["roofline"] is not None:
        found["roofline"] = _roofline(found["roofline"])
    found["cores"] = [_core(core, f"cores[{i}]", found) for i, core in enumerate(found["cores"])]
    return found


def _wrong(message):
    raise ValueError(f"profile data: {message}")


def _need(right, message):
    if not right:
        _wrong(message)


def _typed(value, where, kind):
    if isinstance(kind, tuple):
        return None if value is None else _typed(value, where, kind[0])
    if hasattr(value, "tolist"):
        value = value.tolist()
    if kind is float:
        right = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not right or not math.isfinite(value):
            _wrong(f"{where} is {reprlib.repr(value)}; it must be a number")
        return _tenth(value)
    if kind is list and isinstance(value, tuple):
        return list(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        _wrong(f"{where} is {reprlib.repr(value)}; it must be {_KINDS[kind]}")
    return value


def _tenth(value):
    """Rounded, and without a decimal point where it is whole: what JSON writes shortest."""
    rounded = round(float(value), 1)
    return int(rounded) if rounded.is_integer() else rounded


def _record(value, where, fields):
    value = _typed(value, where, dict)
    inside = "" if where == "profile data" else f"{where}."
    missing = [name for name in fields if name not in value]
    _need(not missing, f"{inside}{', '.join(missing)} missing")
    strange = sorted(str(name) for name in value if name not in fields)
    _need(not strange, f"{inside}{', '.join(strange)} not known")
    return {name: _typed(value[name], inside + name, kind) for name, kind in fields.items()}


def _each(found, name, fields):
    return [_record(one, f"{name}[{i}]", fields) for i, one in enumerate(found[name])]


def _fractions(value, where, fields):
    """Without the rounding, which is meant for nanoseconds."""
    _record(value, where, fields)
    return {name: float(value[name]) for name in fields}


def _roofline(value):
    figures = ("peak_tflops", "hbm_gbps", "intensity", "achieved_tflops")
    found = _record(value, "roofline", dict.fromkeys(figures, float) | {"about": str})
    for name in figures:
        found[name] = float(f"{float(value[name]):.6g}")
        least = "above" if name in ("peak_tflops", "hbm_gbps") else "at least"
        right = found[name] > 0 if least == "above" else found[name] >= 0
        _need(right, f"roofline.{name} is {value[name]}; it must be {least} 0")
    return found


def _places(found):
    places = []
    for i, place in enumerate(found["places"]):
        where = f"places[{i}]"
        pair = [_typed(part, where, int) for part in _typed(place, where, list)]
        _need(len(pair) == 2, f"{where} has {len(pair)} parts; it is [file, line]")
        _index(pair[0], len(found["files"]), 0, f"{where}: file", "files")
        lines = len(found["files"][pair[0]]["lines"])
        _need(1 <= pair[1] <= lines, f"{where}: line {pair[1]}; the file has {lines}")
        places.append(pair)
    return places


def _index(value, size, least, where, table):
    _need(least <= value < size, f"{where} is {value}; {table} has {size}")


def _core(core, where, found):
    core = _record(
        core,
        where,
        {
            "name": str,
            "tracks": list,
            "throttled": list,
            "critical": list,
            "engines": list,
            "dma": dict,
            "sbuf": dict,
            "psum": dict,
        },
    )
    core["tracks"] = [
        _track(track, f"{where}.tracks[{i}]", found) for i, track in enumerate(core["tracks"])
    ]
    core["throttled"] = [
        [_typed(time, f"{where}.throttled[{i}]", float) for time in span]
        for i, span in enumerate(core["throttled"])
    ]
    core["critical"] = _column(core["critical"], f"{where}.critical", int)
    core["engines"] = [
        _engine(engine, f"{where}.engines[{i}]") for i, engine in enumerate(core["engines"])
    ]
    core["dma"] = _series(core["dma"], f"{where}.dma", "gbps", "peak_gbps")
    for memory in ("sbuf", "psum"):
        core[memory] = _series(core[memory], f"{where}.{memory}", "bytes", "capacity_bytes")
    return core


def _engine(engine, where):
    engine = _record(engine, where, {"name": str, "busy_ns": float, "stall_ns": dict})
    stalls = engine["stall_ns"]
    strange = sorted(str(cause) for cause in stalls if cause not in WAITS[1:])
    _need(not strange, f"{where}.stall_ns: {', '.join(strange)} not known")
    engine["stall_ns"] = {
        cause: _typed(ns, f"{where}.stall_ns.{cause}", float) for cause, ns in stalls.items()
    }
    return engine


def _series(series, where, value, limit):
    series = _record(series, where, {"ns": list, value: list, limit: float})
    for name in ("ns", value):
        series[name] = _column(series[name], f"{where}.{name}", float)
    times, values = len(series["ns"]), len(series[value])
    _need(times == values, f"{where}: {times} of ns, {values} of {value}")
    _sorted(series["ns"], f"{where}.ns")
    return series


def _column(values, where, kind):
    """Numbers in bulk the fast way; what it cannot take, one by one, which finds what is wrong."""
    values = values.tolist() if hasattr(values, "tolist") else list(values)
    kinds = set(map(type, values))
    if kind is int and kinds <= {int}:
        return values
    if kind is float and kinds <= {int, float} and math.isfinite(sum(values)):
        return [_tenth(value) for value in values]
    return [_typed(value, f"{where}[{i}]", kind) for i, value in enumerate(values)]


def _sorted(times, where):
    for i, (before, after) in enumerate(itertools.pairwise(times), 1):
        if after < before:
            _wrong(f"{where}[{i}] is {after}, after {before}")


def _track(track, where, found):
    track = _record(track, where, {"name": str, "slices": dict})
    given, where = track["slices"], f"{where}.slices"
    missing = ", ".join(sorted(_REQUIRED - given.keys()))
    _need(not missing, f"{where}: {missing} missing")
    strange = ", ".join(sorted(given.keys() - _COLUMNS))
    _need(not strange, f"{where}: {strange} not known")
    columns = {
        name: _column(values, f"{where}.{name}", int if name in _INDICES else float)
        for name, values in given.items()
    }
    size = len(columns["start_ns"])
    for name, column in columns.items():
        _need(len(column) == size, f"{where}: {size} of start_ns, {len(column)} of {name}")
    _sorted(columns["start_ns"], f"{where}.start_ns")
    limits = {
        "name": (0, len(found["names"]), "names"),
        "wait": (0, len(WAITS), "WAITS"),
        "code": (-1, len(found["codes"]), "codes"),
        "place": (-1, len(found["places"]), "places"),
    }
    for name, (least, end, table) in limits.items():
        column = columns.get(name, [])
        if column and not (least <= min(column) and max(column) < end):
            for i, value in enumerate(column):
                _index(value, end, least, f"{where}.{name}[{i}]", table)
    for name in ("duration_ns", "wait_ns", "result_ns", "bytes", "descriptors"):
        if columns.get(name) and min(columns[name]) < 0:
            i = columns[name].index(min(columns[name]))
            _wrong(f"{where}.{name}[{i}] is {columns[name][i]}")
    track["slices"] = columns
    return track
