"""The page of a profile in a browser: what it shows, and what it does when it is used."""

import chromium
import profile_page_data
import pytest
from test_profile_page import HOSTILE

from kiln import profile_page

pytestmark = pytest.mark.skipif(chromium.FOUND is None, reason="chromium is not installed")
TROUBLE = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")


@pytest.fixture(scope="module")
def browser():
    with chromium.Browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def small():
    return profile_page_data.matmul(2000)


@pytest.fixture(scope="module")
def large():
    return profile_page_data.matmul(200_000)


class Page:
    """An open page; `span` is what its timeline shows."""

    def __init__(self, browser, data, path, **how):
        self.browser = browser
        self.data = data
        profile_page.write(data, path)
        browser.open(path, **how)
        browser.frames()

    def text(self, selector):
        return self.browser.run(f"document.querySelector({selector!r}).innerText")

    def texts(self, selector):
        every = f"[...document.querySelectorAll({selector!r})]"
        return self.browser.run(f"{every}.map((one) => one.innerText)")

    def box(self, selector):
        return self.browser.run(
            f"(({{left, top, width, height}}) => [left, top, width, height])"
            f"(document.querySelector({selector!r}).getBoundingClientRect())"
        )

    def ns(self, x):
        left, _, width, _ = self.box("#timeline")
        first, last = self.span
        return first + (last - first) * (x - left) / width

    @property
    def span(self):
        dataset = self.browser.run("({...document.getElementById('timeline').dataset})")
        return float(dataset["from"]), float(dataset["to"])

    def press(self, selector):
        self.browser.run(f"document.querySelector({selector!r}).click()")
        self.browser.frames()

    def x(self, ns):
        left, _, width, _ = self.box("#timeline")
        first, last = self.span
        return left + width * (ns - first) / (last - first)

    def track(self, name):
        """(its slices, y of its middle)."""
        slices = next(t for t in self.data["cores"][0]["tracks"] if t["name"] == name)["slices"]
        number = self.texts("#lanes .lane").index(name)
        _, top, _, height = self.box(f"#lanes .lane:nth-child({number + 1})")
        return slices, top + height / 2

    def show(self, first, last):
        """Zooms until the timeline shows about this span."""
        left, _, width, _ = self.box("#timeline")
        _, y = self.track("Tensor")
        middle = (first + last) / 2
        while self.span[1] - self.span[0] > 1.5 * (last - first):
            x = min(max(self.x(middle), left), left + width)
            self.browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-150)

    def middle(self, track, i):
        slices, y = self.track(track)
        return self.x(slices["start_ns"][i] + slices["duration_ns"][i] / 2), y

    def hover(self, track, i):
        self.browser.mouse("mouseMoved", *self.middle(track, i))
        return self.text("#tip")

    def click(self, track, i):
        self.browser.click(*self.middle(track, i))


@pytest.fixture
def opened(browser, tmp_path):
    def opened(data, **how):
        return Page(browser, data, tmp_path / "page.html", **how)

    yield opened
    assert browser.events(*TROUBLE) == []
    requests = browser.events("Network.requestWillBeSent")
    addresses = {request["request"]["url"].split(":")[0] for _, request in requests}
    assert addresses <= {"file", "data"}


@pytest.fixture
def page(opened, small):
    return opened(small)


def waiting(slices, cause):
    """A slice in the middle that waited for this."""
    wait = profile_page.WAITS.index(cause)
    found = [i for i, one in enumerate(slices["wait"]) if one == wait]
    return found[len(found) // 2]


def focus(page, slices, i, around=4000):
    start = slices["start_ns"][i]
    page.show(start - around, start + around)


def test_head_says_what_it_is(page):
    assert page.text("h1") == "matmul_tiled"
    assert "modelled, not measured" in page.text("header").replace("\n", " ")
    assert "9f3c2a7710be44d1" in page.text("header")
    numbers = dict(zip(page.texts("#numbers dt"), page.texts("#numbers dd"), strict=True))
    assert numbers["Modelled time"].startswith("264") and "243 µs" in numbers["Modelled time"]
    assert "memory-bound" in numbers["Over the bound"]
    assert page.browser.run("document.title") == "matmul_tiled on trn2 – Kiln profile"


def test_lanes_and_charts_are_there(page):
    lanes = page.texts("#lanes .lane")
    assert lanes[:3] == ["Tensor", "Tensor weights", "Vector"]
    assert [lane.split("\n")[0] for lane in lanes[-3:]] == ["DMA", "SBUF", "PSUM"]
    assert page.texts("#engines dt")[0] == "Tensor"
    assert "waits for data that a DMA brings" in page.text("#engines")
    assert page.texts("#bounds dt") == [
        "memory-bound",
        "no-reload",
        "compute-bound",
        "useful-work",
        "modelled",
    ]
    assert "that the memory allows" in page.text("#roofline")
    assert page.browser.run("document.querySelectorAll('#roofline circle').length") == 1
    assert page.texts("#advice li")[0].startswith("−111 µs")
    assert page.texts("#path dt")[0] == "matmul_tiled.py:19"
    assert "activation gelu" in page.text("#unknown")


def colour_at(page, track, i):
    x, y = page.middle(track, i)
    left, top, _, _ = page.box("#timeline")
    return page.browser.run(
        "(() => { const pixel = new OffscreenCanvas(1, 1).getContext('2d');"
        f"pixel.drawImage(document.getElementById('timeline'), {left} - {x}, {top} - {y});"
        "return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3) })()"
    )


def test_a_slice_has_its_colour_and_fades_where_others_are_kept(page):
    slices, _ = page.track("Tensor")
    i = waiting(slices, "load")
    focus(page, slices, i)
    assert colour_at(page, "Tensor", i) == [0xE1, 0xA6, 0x41]  # --name-1
    page.press('.line[data-place="0"]')
    assert min(colour_at(page, "Tensor", i)) > 0xC0
    page.press('.line[data-place="1"]')
    assert colour_at(page, "Tensor", i) == [0xE1, 0xA6, 0x41]


def test_wheel_zooms_around_the_pointer(page):
    assert page.span == (0, pytest.approx(page.data["total_ns"], abs=0.1))
    _, y = page.track("Tensor")
    x = 400  # the pointer's events have whole pixels
    ns = page.ns(x)
    page.browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-300)
    first, last = page.span
    assert last - first < 0.6 * page.data["total_ns"]
    assert page.x(ns) == pytest.approx(x, abs=0.5)
    page.browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=900)
    assert page.browser.run("scrollY") == 0
    assert page.span == (0, pytest.approx(page.data["total_ns"], abs=0.1))


def test_zoom_goes_over_frames_where_motion_is_welcome(opened, small):
    page = opened(small, calm=False)
    _, y = page.track("Tensor")
    ns = page.ns(400)
    page.browser.run(
        "window.spans = new Set(); (function watch() { const { from, to } ="
        " document.getElementById('timeline').dataset; spans.add(to - from);"
        " requestAnimationFrame(watch) })()"
    )
    page.browser.mouse("mouseWheel", 400, y, deltaX=0, deltaY=-600)
    page.browser.frames(40)
    assert page.browser.run("window.spans.size") > 5
    assert page.x(ns) == pytest.approx(400, abs=0.5)


def test_drag_moves_and_selects_nothing(page):
    page.show(100_000, 140_000)
    before = page.span
    slices, y = page.track("Tensor")
    page.browser.mouse("mousePressed", 500, y, button="left", clickCount=1)
    page.browser.mouse("mouseMoved", 400, y, button="left")
    page.browser.mouse("mouseReleased", 400, y, button="left", clickCount=1)
    width = page.box("#timeline")[2]
    moved = 100 / width * (before[1] - before[0])
    assert page.span[0] - before[0] == pytest.approx(moved, rel=0.01)
    assert page.text("#details").startswith("Click a slice")


def test_keys_move_zoom_and_choose(page):
    page.browser.run("document.getElementById('timeline').focus()")
    for key in ("+", "+", "+", "ArrowRight"):
        page.browser.key(key)
    first, last = page.span
    total = page.data["total_ns"]
    assert last - first == pytest.approx(0.343 * total, rel=0.01)
    assert first == pytest.approx(0.3285 * total + 0.12 * 0.343 * total, rel=0.01)
    page.browser.key("n")
    step = page.text("#details")
    page.browser.key("n")
    assert page.text("#details") != step
    page.browser.key("p")
    assert page.text("#details") == step
    page.browser.key("Escape")
    page.browser.key("f")
    assert page.span == (0, pytest.approx(total, abs=0.1))
    assert page.text("#details").startswith("Click a slice")


def test_buttons_zoom(page):
    page.press("#in")
    assert page.span[1] - page.span[0] == pytest.approx(page.data["total_ns"] / 2, rel=0.01)
    page.press("#fit")
    assert page.span[0] == 0


def test_overview_moves_the_window(page):
    page.show(100_000, 140_000)
    left, top, width, height = page.box("#overview")
    page.browser.click(left + 0.75 * width, top + height / 2)
    assert sum(page.span) / 2 == pytest.approx(0.75 * page.data["total_ns"], rel=0.01)


def test_tip_tells_all_of_a_slice(page):
    slices, _ = page.track("Tensor")
    i = waiting(slices, "load")
    focus(page, slices, i)
    tip = page.hover("Tensor", i)
    assert tip.startswith("nc_matmul")
    assert "stationary=lhs_tile[128, 128]" in tip
    assert "213 ns, from " in tip
    assert "378 ns after its start" in tip
    assert "for data that a DMA brings" in tip
    assert "dma_copy on DMA engines, " in tip
    assert "matmul_tiled.py:19" in tip
    assert f"step\n{slices['step'][i]}" in tip
    page.browser.mouse("mouseMoved", 5, 5)
    assert not page.browser.run("document.getElementById('tip').checkVisibility()")


def test_tip_of_a_transfer_tells_its_bytes(page):
    slices, _ = page.track("DMA engines")
    i = next(i for i, size in enumerate(slices["bytes"]) if size == 131072 and i > 100)
    focus(page, slices, i)
    tip = page.hover("DMA engines", i)
    assert "128 KiB, 415 GB/s" in tip
    assert "descriptors\n128" in tip


def test_tip_of_a_series_tells_its_value(page):
    left, top, width, height = page.box("#lanes .lane:last-child")
    page.browser.mouse("mouseMoved", page.x(100_000), top + height / 2)
    assert page.text("#tip").startswith("PSUM ")
    assert "of 16 KiB of a partition" in page.text("#tip")


def test_a_click_shows_what_was_waited_for_and_the_source_line(page):
    slices, _ = page.track("Tensor")
    i = waiting(slices, "load")
    focus(page, slices, i)
    page.click("Tensor", i)
    assert page.text("#details strong") == "nc_matmul"
    chosen = ".line.chosen"
    assert page.text(f"{chosen} .number") == "19"
    assert "dma_copy on DMA engines" in page.text("#details .link")
    matmul = page.text("#details")
    page.press("#details .link")
    assert page.text("#details strong") == "dma_copy"
    awaited = page.text("#details")
    page.click("Tensor", i)
    assert page.text("#details") == matmul
    page.browser.run("document.getElementById('timeline').focus()")
    page.browser.key("w")
    assert page.text("#details") == awaited
    assert f"step\n{slices['waited_for'][i]}" in page.text("#details")
    assert page.text(f"{chosen} .number") in ("18", "6")


def test_a_slice_of_another_file_shows_that_file(page):
    slices, _ = page.track("Scalar")
    i = next(i for i, place in enumerate(slices["place"]) if place == 5)
    focus(page, slices, i, around=500)
    page.click("Scalar", i)
    assert page.browser.run("document.getElementById('file').selectedOptions[0].text") == "loads.py"
    assert page.text(".line.chosen .number") == "6"


def test_a_source_line_keeps_its_slices(page):
    row = '.line[data-place="1"]'
    tracks = [track["slices"] for track in page.data["cores"][0]["tracks"]]
    count = sum(slices["place"].count(1) for slices in tracks)
    page.press(row)
    assert page.text("#filter").startswith(f"matmul_tiled.py:19 {count} slices")
    assert page.browser.run(f"document.querySelector('{row}').ariaPressed") == "true"
    page.press(row)
    assert not page.browser.run("document.getElementById('filter').checkVisibility()")
    assert page.browser.run(f"document.querySelector('{row}').ariaPressed") == "false"


def test_legend_and_critical_path_keep_slices(page):
    page.press("#legend button")
    assert page.text("#filter").startswith("dma_copy ")
    page.press("#critical")
    assert page.text("#filter").startswith("critical path ")
    page.press("#filter button")
    assert not page.browser.run("document.getElementById('filter').checkVisibility()")


def test_advice_leads_to_its_line(page):
    page.press("#advice .link")
    assert page.text(".line.chosen .number") == "18"


def test_heat_follows_what_it_is_a_share_of(page):
    heat = '.line[data-place="1"] .heat'
    critical = page.text(heat)
    assert critical == "48%"
    page.browser.run(
        "(() => { const box = document.getElementById('measure'); box.value = 'busy_ns';"
        "box.dispatchEvent(new Event('change')) })()"
    )
    assert page.text(heat) != critical


def test_cores_are_chosen(opened):
    data = profile_page_data.matmul(600, cores=2)
    data["cores"][1]["tracks"] = data["cores"][1]["tracks"][:2]
    page = opened(data)
    assert page.texts("#cores option") == ["core 0", "core 1"]
    page.browser.run(
        "(() => { const box = document.getElementById('cores'); box.value = '1';"
        "box.dispatchEvent(new Event('change')) })()"
    )
    assert page.texts("#lanes .lane")[:2] == ["Tensor", "Tensor weights"]
    assert "Vector" not in page.texts("#lanes .lane")


def test_least_data_is_a_page(opened):
    series = {"ns": [], "bytes": [], "capacity_bytes": 1}
    data = {name: [] for name in ("names", "codes", "files", "places", "lines", "bounds")}
    core = {"name": "core 0", "throttled": [], "critical": [], "engines": []}
    core |= {"dma": {"ns": [], "gbps": [], "peak_gbps": 1}, "sbuf": series, "psum": series}
    core["tracks"] = [{"name": "Tensor", "slices": {"start_ns": [], "duration_ns": [], "name": []}}]
    data |= {"kernel": "k", "target": "trn2", "is_simulation": True, "provenance": {}}
    data |= {"total_ns": 9400.0, "prologue_ns": 9400.0, "error": None, "roofline": None}
    page = opened(data | {"cores": [core], "advice": [], "unknown": []})
    assert page.texts("#numbers dt") == ["Modelled time"]
    assert "No matmul was executed" in page.text("#roofline")
    page.browser.run("document.getElementById('timeline').focus()")
    for key in ("n", "w", "p", "+"):
        page.browser.key(key)


def test_hostile_text_is_only_shown(opened, small):
    data = small | {"kernel": HOSTILE, "names": [HOSTILE, *small["names"][1:]]}
    page = opened(data | {"provenance": {"program": HOSTILE}})
    assert page.browser.run("window.hurt === undefined")
    assert "</script><!--" in page.text("h1")


@pytest.mark.parametrize("width", [420, 700, 1280, 1920])
def test_page_is_as_wide_as_the_window(opened, small, width):
    page = opened(small, width=width)
    assert page.browser.run("document.documentElement.scrollWidth") <= width


def test_dark_where_that_is_preferred(opened, small):
    colours = []
    for dark in (False, True):
        page = opened(small, dark=dark)
        colours.append(page.browser.run("getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(245, 246, 248)", "rgb(16, 21, 27)"]


def test_many_slices_stay_fluid(opened, large):
    page = opened(large)
    slices, y = page.track("Tensor")
    count = sum(len(track["slices"]["name"]) for track in large["cores"][0]["tracks"])
    assert count > 200_000
    page.browser.run(
        "(() => { window.filled = 0; const own = CanvasRenderingContext2D.prototype;"
        "const { fillRect } = own;"
        "own.fillRect = function (...box) { filled++; fillRect.apply(this, box) } })()"
    )
    page.browser.mouse("mouseMoved", 400, y)
    assert 1000 < page.browser.run("filled") < count / 5
    frame_ms = page.browser.run(
        f"""(async () => {{
          const canvas = document.getElementById("timeline");
          const times = [];
          for (let i = 0; i < 40; i++) {{
            canvas.dispatchEvent(new WheelEvent("wheel", {{
              clientX: {page.x(large["total_ns"] / 3)}, clientY: {y}, cancelable: true,
              deltaY: i % 20 < 10 ? -90 : 90,
            }}));
            const start = performance.now();
            await new Promise((done) => requestAnimationFrame(done));
            times.push(performance.now() - start);
          }}
          return times.sort((a, b) => a - b)[20];
        }})()"""
    )
    # 16 ms is usual, without a GPU; more where other work runs at the same time.
    assert frame_ms < 100
    assert "slices are this close" in page.hover("Tensor", 5000)
    i = waiting(slices, "load")
    focus(page, slices, i)
    assert f"step\n{slices['step'][i]}" in page.hover("Tensor", i)
