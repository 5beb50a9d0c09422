"""kiln validate-timing: the model against published measurements, and what is written of it."""

import json
import pathlib

import pytest
from kiln.cli import main
from kiln.profiling import error_bar
from kiln.timing_validation import comparison, report

from kiln import timing_validation

DOCS = pathlib.Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def rows():
    return list(comparison.rows())


def of(rows, target, split, group):
    return [
        r
        for r in rows
        if (r.case.generation, r.case.split, report.group(r.case)) == (target, split, group)
    ]


def test_every_rebuilt_row_has_a_value(rows):
    rebuilt = [case for case in timing_validation.cases() if case.program]
    assert [row.case.id for row in rows] == [case.id for case in rebuilt]
    assert all(row.predicted > 0 for row in rows)


def test_whole_kernels_are_never_fitted(rows):
    assert not [r for r in rows if report.group(r.case) == "kernel" and r.case.split == "fit"]


@pytest.mark.parametrize(
    "target, group, median",
    [("trn2", "instruction", 0.03), ("trn2", "dma", 0.10), ("trn2", "kernel", 0.10)],
)
def test_the_median_error_stays_in_bounds(rows, target, group, median):
    _, found, _ = report.statistics_of(of(rows, target, "test", group))
    assert found <= median


def test_the_published_effects_appear(rows):
    predicted = {row.case.id: row.predicted for row in rows}
    # The tiled matmul of the documentation is bound by DMA, the blocked one by the Tensor engine.
    assert predicted[203] > 1.2 * predicted[206]
    # One generation of buffers against sixteen.
    assert predicted[385] > 3 * predicted[1057]
    # Half the speed until the Tensor engine is warm.
    assert predicted[1031] == pytest.approx(2 * predicted[1030])


def test_the_page_and_the_error_bars_are_current(rows):
    assert report.error_bars(rows) == error_bar.known()
    page = report.page(rows, timing_validation.cases())
    assert (DOCS / "timing_accuracy.md").read_text() == page


def test_json_and_selection(capsys):
    assert main(["validate-timing", "203", "207", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["unit"] for row in found] == ["us", "ns"]
    for row in found:
        assert row["error"] == pytest.approx(row["predicted"] / row["measured"] - 1)
        assert {"name", "generation", "split"} <= set(row)
    assert main(["validate-timing", "trn2", "fit"]) == 0
    out = capsys.readouterr().out
    assert " test " not in out and "trn1" not in out
    assert main(["validate-timing", "99999"]) == 2
    assert main(["validate-timing", "203", "--update", "x.md"]) == 2
