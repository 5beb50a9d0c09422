"""The memory report, as text and as picture."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from kiln import _core, memory

HEAD = 'kiln 1\nkernel "k"\ntarget gen3\nfile 0 "some/folder/k.py"\n'
SVG = "{http://www.w3.org/2000/svg}"


def report(body):
    program, diagnostics = _core.parse_program(HEAD + body)
    assert not diagnostics
    return memory.report(program)


@pytest.fixture
def found():
    """Two loads, a product in PSUM and its copy, three times; a tensor that is never used."""
    storages, code = ['storage %0 "a" shared_hbm float32 [128, 512] input'], []
    for n in range(1, 13, 4):
        storages += [
            f'storage %{n} "x{n}" sbuf float32 [128, 512] @0:4',
            f'storage %{n + 1} "<y{n}>" sbuf bfloat16 [128, 128] @0:5',
            f'storage %{n + 2} "" psum float32 [128, 512] @0:6',
            f'storage %{n + 3} "z{n}" sbuf float32 [128, 512] @0:7',
        ]
        code += [
            f"dma_copy dst=%{n} src=%0 @0:8",
            f"memset dst=%{n + 1} value=1.0 @0:9",
            f"nc_matmul dst=%{n + 2} stationary=%{n + 1} moving=%{n + 1} @0:10".replace(
                f"dst=%{n + 2}", f"dst=%{n + 2}[0+0; 128:1 128:1]"
            ),
            f"tensor_copy dst=%{n + 3} src=%{n + 2} @0:11",
            f"tensor_tensor dst=%{n + 3} data1=%{n} data2=%{n + 3} op=add @0:12",
        ]
    storages.append('storage %13 "never" sbuf float32 [128, 8] @0:13')
    return report("\n".join([*storages, *code]) + "\n")


def test_report_has_both_memories(found):
    sbuf, psum = found["memories"]
    assert (sbuf["memory"], psum["memory"]) == ("sbuf", "psum")
    assert sbuf["peak_bytes"] == 2048 + 2048
    assert sbuf["peak"]["line"] == 11
    assert (sbuf["used"], sbuf["unused"], sbuf["unplaced"]) == (9, 1, 0)
    assert [owner["name"] for owner in sbuf["owners"]] == ["x1", "z1"]
    assert psum["peak_bytes"] == 2048
    assert len(psum["banks"]) == 8
    assert found["diagnostics"] == []


@pytest.mark.parametrize("width", [80, 100, 140])
def test_text_fits_its_width_and_has_all(found, width):
    lines = memory.text(found, width).splitlines()
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "SBUF: at most 4.0 KiB of 208.0 KiB (2%), at k.py:11 tensor_copy" in text
    assert "PSUM: at most 2.0 KiB of 16.0 KiB (12%)" in text
    assert "9 tensors, addresses up to" in text and "1 never used" in text
    assert re.search(r"2\.0 KiB +50%  x1 \(128, 512\) float32 +k\.py:4 +line 8 to 12", text)
    assert "bank 0: k.py:6" in text
    assert "what helps most:" in text


def test_long_names_are_cut():
    name = "layer_11.attention.output_projection.weights.first_half" * 2
    found = report(f'storage %0 "{name}" psum float32 [128, 512] @0:1\nmemset dst=%0 value=1.0\n')
    (owner,) = [line for line in memory.text(found, 80).splitlines() if "100%" in line]
    assert "…" in owner and len(owner) <= 80
    legend = [e.text for e in ElementTree.fromstring(memory.svg(found)).iter(f"{SVG}text")]
    assert any(word.startswith("2.0 KiB") and word.endswith("…") for word in legend)


def test_text_draws_use_over_time():
    # A quarter of the memory in the second half.
    tiles = "".join(f'storage %{n} "" psum float32 [128, 512]\n' for n in range(3))
    code = "memset dst=%0 value=1.0\n" * 8 + (
        "memset dst=%1 value=1.0\nmemset dst=%2 value=1.0\n"
        + "tensor_copy dst=%1 src=%2\n" * 6
        + "tensor_copy dst=%1 src=%1\n"
    )
    curve = memory.text(report(tiles + code), 20).split("PSUM")[1].splitlines()[2]
    assert curve == "  |▁▁▁▁▁▁▁▁▁▂▂▂▂▂▂▁|"


def test_text_tells_diagnostics_with_their_notes():
    found = report(
        'storage %0 "a" sbuf float32 [128, 512] at (0 0) @0:1\n'
        'storage %1 "b" sbuf float32 [128, 512] at (0 0) @0:2\n'
        "memset dst=%0 value=1.0 @0:3\nmemset dst=%1 value=1.0 @0:4\n"
        "tensor_copy dst=%1 src=%0 @0:5\n"
    )
    (overlap,) = found["diagnostics"]
    assert overlap["id"] == "address_overlap"
    text = memory.text(found)
    assert overlap["text"] in text
    assert "    k.py:1: the tensor that is lost is allocated here" in text


def test_picture_is_a_document_of_its_own(found):
    picture = memory.svg(found)
    root = ElementTree.fromstring(picture)
    assert root.tag == f"{SVG}svg"
    assert "href" not in picture and "<script" not in picture
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert "capacity 208.0 KiB" in words
    assert "bank 7" in words
    tips = [element.text for element in root.iter(f"{SVG}title")]
    # Nine tensors in SBUF and three in PSUM, one of them also in its bank, and two peaks.
    assert len(tips) == 9 + 3 + 1 + 2
    assert any(tip.startswith("<y1> (128, 128) bfloat16\n0.2 KiB from byte") for tip in tips)


def test_picture_stays_in_its_frame(found):
    root = ElementTree.fromstring(memory.svg(found))
    width, height = float(root.get("width")), float(root.get("height"))
    for box in root.iter(f"{SVG}rect"):
        x, y = float(box.get("x", 0)), float(box.get("y", 0))
        assert 0 <= x <= x + float(box.get("width")) <= width
        assert 0 <= y <= y + float(box.get("height")) <= height


def test_a_program_without_tiles():
    program, _ = _core.parse_program('kiln 1\nkernel "none"\ntarget gen3\n')
    found = memory.report(program)
    assert memory.text(found).splitlines()[2:] == ["SBUF: not used", "", "PSUM: not used"]
    assert "not used" in memory.svg(found)


def test_every_diagnostic_of_placement_keeps_its_id():
    """What has no line is told at its instruction."""
    tiles = "".join(f'storage %{n} "" psum float32 [128, 512]\n' for n in range(9))
    code = "".join(f"memset dst=%{n} value=1.0\n" for n in range(9))
    uses = "".join(f"tensor_copy dst=%{n} src=%{n}\n" for n in range(9))
    found = report(tiles + code + uses + uses)
    assert [d["id"] for d in found["diagnostics"]] == ["out_of_psum"]
    assert found["memories"][1]["unplaced"] == 1
    assert "1 without a place" in memory.text(found)
