"""A tiled matmul as data for the profile page: its instructions scheduled on a plain picture of the
engines, so that waits, transfers and memory in use look like those of a kernel."""

import math

TILES = """\
import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def matmul_tiled(lhs_t, rhs):
    \"\"\"lhs_t [k, m] is lhs transposed, rhs is [k, n]; the result is [m, n].\"\"\"
    (k, m), n = lhs_t.shape, rhs.shape[1]
    out = nl.ndarray((m, n), dtype=lhs_t.dtype, buffer=nl.shared_hbm)
    for i in range(0, m, 128):
        # The stationary tiles of a row serve all of its columns.
        lhs_tiles = load_row(lhs_t, i)
        for j in range(0, n, 512):
            product = nl.ndarray((128, 512), dtype=nl.float32, buffer=nl.psum)
            for s in range(0, k, 128):
                rhs_tile = nl.ndarray((128, 512), dtype=rhs.dtype, buffer=nl.sbuf)
                nisa.dma_copy(dst=rhs_tile, src=rhs[nl.ds(s, 128), nl.ds(j, 512)])
                nisa.nc_matmul(dst=product, stationary=lhs_tiles[s // 128], moving=rhs_tile)
            result = nl.ndarray((128, 512), dtype=out.dtype, buffer=nl.sbuf)
            if (j // 512) % 2:
                nisa.activation(dst=result, op=nl.gelu, data=product)
            else:
                nisa.tensor_copy(dst=result, src=product)
            nisa.dma_copy(dst=out[nl.ds(i, 128), nl.ds(j, 512)], src=result)
    return out
"""
LOADS = """\
def load_row(lhs_t, i):
    \"\"\"The stationary tiles of 128 rows of the result.\"\"\"
    tiles = []
    for s in range(0, lhs_t.shape[0], 128):
        tile = nl.ndarray((128, 128), dtype=lhs_t.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=tile, src=lhs_t[nl.ds(s, 128), nl.ds(i, 128)])
        tiles.append(tile)
    return tiles
"""
PLACES = [[0, 18], [0, 19], [0, 22], [0, 24], [0, 25], [1, 6]]
NAMES = ["dma_copy", "nc_matmul", "tensor_copy", "activation", "LoadStationary"]
CODES = [
    "dma_copy dst=rhs_tile[128, 512] bfloat16 src=rhs[128, 512]",
    "nc_matmul dst=product[128, 512] stationary=lhs_tile[128, 128] moving=rhs_tile[128, 512]",
    "activation dst=result[128, 512] op=gelu data=product[128, 512]",
    "tensor_copy dst=result[128, 512] src=product[128, 512]",
    "dma_copy dst=out[128, 512] src=result[128, 512]",
    "dma_copy dst=tile[128, 128] bfloat16 src=lhs_t[128, 128]",
]
WAITS = ("none", "result", "load", "buffer", "port", "weights", "partner")
NAME_OF_PLACE = [0, 1, 3, 2, 0, 0]
PROLOGUE_NS = 9400.0
DMA_GBPS = 415.0
BUFFERS = 6  # tiles of rhs in flight


class _Schedule:
    """Each engine in order; a step begins when its engine and what it waits for are through."""

    def __init__(self):
        self.free = {}
        self.tracks = {}
        self.steps = 0
        self.end_of = []
        self.busy = {}
        self.stalls = {}

    def slice(self, track, **values):
        columns = self.tracks.setdefault(track, {})
        for name, value in values.items():
            columns.setdefault(name, []).append(value)

    def step(self, engine, place, cost, awaits, tail=0.0):
        """Its number. `awaits` is (steps, cause)s; the tail is what the result needs after that."""
        begin = self.free.get(engine, PROLOGUE_NS)
        start, wait, waited_for = begin, 0, -1
        for steps, cause in awaits:
            for other in steps:
                if self.end_of[other] > start:
                    start, wait = self.end_of[other], WAITS.index(cause)
                    waited_for = other
        step, self.steps = self.steps, self.steps + 1
        self.free[engine] = start + cost
        self.end_of.append(start + cost + tail)
        self.busy[engine] = self.busy.get(engine, 0) + cost
        if wait:
            stalls = self.stalls.setdefault(engine, {})
            stalls[WAITS[wait]] = stalls.get(WAITS[wait], 0) + start - begin
        self.slice(
            engine, start_ns=start, duration_ns=cost, name=NAME_OF_PLACE[place], step=step,
            waited_for=waited_for, wait=wait, wait_ns=start - begin, code=place, place=place,
            result_ns=cost + tail,
        )  # fmt: skip
        return step

    def copy(self, place, size, awaits, queue, engine="Sync"):
        """A transfer: started by an engine, in a queue until the DMA engines have moved it."""
        step = self.step(engine, place, 58.0, awaits)
        issued = self.end_of[step]
        start = max(issued + 750, self.free.get("DMA engines", 0))
        length = size / DMA_GBPS
        self.free["DMA engines"] = start + length
        self.end_of[step] = start + length + 310
        for track, begin in (("DMA engines", start), (queue, issued)):
            self.slice(
                track, start_ns=begin, duration_ns=start + length - begin, name=0, step=step,
                code=place, place=place, bytes=size, descriptors=128,
            )  # fmt: skip
        self.busy["DMA engines"] = self.busy.get("DMA engines", 0) + length
        return step


def _run(schedule, rows, columns, depth):
    tiles, results, memory = [], [], []
    matmul = None
    for _ in range(rows):
        lhs = [schedule.copy(5, 32768, [], "qScalarHwDge", "Scalar") for _ in range(depth)]
        for j in range(columns):
            for s in range(depth):
                freed = [tiles[-BUFFERS][1]] if len(tiles) >= BUFFERS else []
                load = schedule.copy(0, 131072, [(freed, "buffer")], "qSyncHwDge")
                first = [results[-2]] if s == 0 and len(results) > 1 else []
                awaits = [([load], "load"), ([lhs[s]], "load"), (first, "buffer")]
                cost = 213.3 if len(tiles) % 97 > 14 else 426.7
                matmul = schedule.step("Tensor", 1, cost, awaits, tail=165)
                start = schedule.end_of[matmul] - 165 - cost
                schedule.slice(
                    "Tensor weights", start_ns=start - 58, duration_ns=53.0, name=4, step=matmul,
                    code=1, place=1,
                )  # fmt: skip
                tiles.append((load, matmul))
                memory.append((schedule.end_of[load] - 600, schedule.end_of[matmul]))
            engine, place, cost = ("Scalar", 2, 620.0) if j % 2 else ("Vector", 3, 690.0)
            copied = schedule.step(engine, place, cost, [([matmul], "result")], tail=60)
            results.append(copied)
            queue = "qScalarHwDge" if j % 2 else "qSyncHwDge"
            schedule.copy(4, 131072, [([copied], "result")], queue, "GpSimd")
    return memory


def _in_use(spans, size, fixed, capacity):
    changes = sorted([(start, size) for start, _ in spans] + [(end, -size) for _, end in spans])
    times, values, used = [0.0], [fixed], fixed
    for time, change in changes:
        used += change
        times.append(max(times[-1], time))
        values.append(used)
    return {"ns": times, "bytes": values, "capacity_bytes": capacity}


def _throughput(slices, total):
    width = total / 400
    moved = [0.0] * 400
    for start, length, size in zip(
        slices["start_ns"], slices["duration_ns"], slices["bytes"], strict=True
    ):
        for i in range(int(start / width), min(399, int((start + length) / width)) + 1):
            inside = min(start + length, (i + 1) * width) - max(start, i * width)
            moved[i] += size * inside / length
    return {
        "ns": [i * width for i in range(400)],
        "gbps": [size / width for size in moved],
        "peak_gbps": 433.0,
    }


def _core(rows, columns, depth):
    schedule = _Schedule()
    spans = _run(schedule, rows, columns, depth)
    total = max(schedule.end_of)
    order = ["Tensor", "Tensor weights", "Vector", "Scalar", "GpSimd", "Sync", "DMA engines"]
    order += sorted(name for name in schedule.tracks if name.startswith("q"))
    for columns_of in schedule.tracks.values():
        by_start = sorted(
            range(len(columns_of["start_ns"])), key=columns_of["start_ns"].__getitem__
        )
        for name, values in columns_of.items():
            columns_of[name] = [values[i] for i in by_start]
    matmuls = schedule.tracks["Tensor"]
    return total, {
        "name": "core 0",
        "tracks": [{"name": name, "slices": schedule.tracks[name]} for name in order],
        "throttled": [
            [start, start + length]
            for start, length in zip(matmuls["start_ns"], matmuls["duration_ns"], strict=True)
            if length > 400
        ],
        "critical": [
            step for step, wait in zip(matmuls["step"], matmuls["wait"], strict=True) if wait != 2
        ],
        "engines": [
            {
                "name": name,
                "busy_ns": schedule.busy[name],
                "stall_ns": schedule.stalls.get(name, {}),
            }
            for name in ("Tensor", "Vector", "Scalar", "GpSimd", "Sync", "DMA engines")
        ],
        "dma": _throughput(schedule.tracks["DMA engines"], total),
        "sbuf": _in_use(spans, 8192, 73728, 196608),
        "psum": _in_use(spans[depth - 1 :: depth], 2048, 2048, 16384),
    }


def _line_times(core, total):
    lines = {}
    for track in core["tracks"][:6]:
        slices = track["slices"]
        for place, length in zip(slices["place"], slices["duration_ns"], strict=True):
            line = lines.setdefault(place, {"place": place, "count": 0, "busy_ns": 0.0})
            line["count"] += 1
            line["busy_ns"] += length
    shares = {0: 0.31, 1: 0.46, 2: 0.05, 3: 0.07, 4: 0.02, 5: 0.04}
    return [line | {"critical_ns": shares[place] * total} for place, line in lines.items()]


def matmul(slices=2000, cores=1):
    """The data of a matmul with about so many slices a core."""
    depth, columns = 8, 8
    rows = max(1, math.ceil(slices / (depth * columns * 5.4)))
    built = [_core(rows, columns, depth) for _ in range(cores)]
    total = built[0][0]
    flops = rows * columns * depth * 2 * 128 * 128 * 512
    moved = rows * columns * (depth + 1) * 131072 + rows * depth * 32768
    for number, (_, core) in enumerate(built):
        core["name"] = f"core {number}"
    return {
        "kernel": "matmul_tiled",
        "target": "trn2",
        "is_simulation": True,
        "provenance": {"program": "9f3c2a7710be44d1", "kiln": "0.5.0"},
        "total_ns": total,
        "prologue_ns": PROLOGUE_NS,
        "error": {"low": 0.08, "high": 0.12},
        "names": [*NAMES],
        "codes": [*CODES],
        "files": [
            {"path": "examples/matmul_tiled.py", "lines": TILES.splitlines()},
            {"path": "examples/loads.py", "lines": LOADS.splitlines()},
        ],
        "places": [*PLACES],
        "cores": [core for _, core in built],
        "lines": _line_times(built[0][1], total),
        "bounds": [
            {"name": "memory-bound", "ns": moved / 433, "about": "every byte moved at full rate"},
            {"name": "no-reload", "ns": moved / 433 / 2.6, "about": "each input read once"},
            {"name": "compute-bound", "ns": flops / 78643, "about": "every matmul at full clock"},
            {"name": "useful-work", "ns": flops / 78643 * 0.94, "about": "without transposes"},
        ],
        "roofline": {
            "peak_tflops": 78.6,
            "hbm_gbps": 433.0,
            "intensity": flops / moved,
            "achieved_tflops": flops / total / 1000,
            "about": "bfloat16 on one core",
        },
        "advice": [
            {
                "text": "rhs is loaded again for each row of the result; keep a block of it in"
                " SBUF, where 80 KiB of a partition are free",
                "place": 0,
                "gain_ns": 0.42 * total,
            },
            {
                "text": "the Tensor engine waits for loads; start them earlier, with more buffers",
                "place": 1,
                "gain_ns": 0.11 * total,
            },
            {
                "text": "loads of 32 KiB spread over 128 descriptors of 256 B; rows of 512 B or"
                " more move at twice the rate",
                "place": 5,
                "gain_ns": None,
            },
        ],
        "unknown": [
            {"name": "activation gelu", "taken": "the cost of exp", "count": rows * columns // 2}
        ],
    }
