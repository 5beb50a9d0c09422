"""The profile of a launch as one HTML page that needs no other file and no network.

The page is given plain data; nothing here knows a Timeline. `data` is a dict of what JSON has
(numpy arrays and numbers are taken too). Times are nanoseconds from the start of the kernel; a
fraction is 0.1 for ten percent. A *place* is an index of `places`, -1 where there is none.

    kernel, target     names
    is_simulation      True: the page says of everything that it is modelled, not measured
    provenance         {label: text}, shown in this order, as {"program": hash, "kiln": version}
    total_ns           from the start to the last result, the prologue included
    prologue_ns        before the first instruction
    error              {"low", "high"}: the device's time is expected between total_ns * (1 - low)
                       and total_ns * (1 + high), fractions; None where nobody knows
    names              the names of slices, as "nc_matmul"
    codes              texts of instructions
    files              [{"path", "lines": [text of each line]}]
    places             [[index of files, line from 1], …]
    cores              one or more, see below
    lines              [{"place", "count", "busy_ns", "critical_ns"}]: of a source line the executed
                       instructions, what they kept engines busy, and its share of the critical path
    bounds             [{"name", "ns", "about"}]: what no kernel of this work can beat, for each
                       reason, as "memory-bound"; about is a sentence
    roofline           {"peak_tflops", "hbm_gbps", "intensity", "achieved_tflops", "about"}; the
                       intensity in FLOP per byte of HBM, about as "bf16 on one core"; None where no
                       matmul was executed
    advice             [{"text", "place", "gain_ns"}], the most useful first; gain_ns may be None
    unknown            [{"name", "taken", "count"}]: instructions whose cost is not known

A core:

    name               as "core 0"
    tracks             [{"name", "slices"}]; in the order in which they are shown
    throttled          [[start_ns, end_ns], …]: the Tensor engine ran at a fraction of its clock
    critical           the steps of the critical path; may be empty
    engines            [{"name", "busy_ns", "stall_ns": {cause of WAITS: ns}}]
    dma                {"ns", "gbps", "peak_gbps"}: a series, as below
    sbuf, psum         {"ns", "bytes", "capacity_bytes"}: bytes of a partition in use

A series has a value from each time of `ns`, in increasing order, to the next; the last holds to the
end. A track's slices are columns of one length, in the order of start_ns; those that overlap are
shown in rows of their own:

    start_ns, duration_ns   needed; the rest is left out where no slice has any
    name                    needed: index of names
    step                    the core's step that it is of, from 0, -1 for none; several slices may
                            be of one, as an instruction and its transfer
    waited_for              the step that was waited for last, -1 for none
    wait, wait_ns           index of WAITS: why it did not start earlier, and how long that took,
                            from when its engine could have begun it
    code                    index of codes, -1 for none
    place                   the source line
    bytes, descriptors      what a transfer moves
    result_ns               from the start until who waits for its results knows of them
"""

import html
import json
import pathlib
import re

from kiln import _files
from kiln.profile_page import packing

WAITS = packing.WAITS

_FOLDER = pathlib.Path(__file__).parent
_SCRIPTS = (
    "format",
    "model",
    "theme",
    "levels",
    "view",
    "state",
    "layout",
    "draw",
    "timeline",
    "gestures",
    "overview",
    "details",
    "code",
    "source",
    "summary",
    "charts",
    "roofline",
    "main",
)
_MARK = re.compile(r"\{\{(\w+)\}\}")


def page(data):
    """The page as text. ValueError, naming the place in `data`, if it is not as described above."""
    packed = packing.packed(data)
    parts = {
        "title": _ascii(html.escape(f"{packed['kernel']} on {packed['target']}")),
        "style": _asset("page.css"),
        "script": "\n".join(_asset(f"{name}.js") for name in _SCRIPTS),
        "data": _embedded(packed),
    }
    return _MARK.sub(lambda mark: parts[mark[1]], _asset("page.html"))


def write(data, path):
    """Writes the page: the file is the old one or the whole new one."""
    _files.write_text(path, page(data))


def _asset(name):
    return (_FOLDER / name).read_text(encoding="utf-8")


def _ascii(text):
    """With character references, which also keep half a surrogate pair out of the file."""
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _embedded(packed):
    """JSON for a script element: no `<` can end the element or begin a comment in it."""
    text = json.dumps(packed, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
