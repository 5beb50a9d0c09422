"""The sums of the conformance suite's reports."""

import importlib.util
import json
import pathlib

SOURCE = pathlib.Path(__file__).parents[1] / "conformance" / "summary.py"


def load():
    spec = importlib.util.spec_from_file_location("conformance_summary", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


summary = load()


def result(test, outcome, **more):
    return {"test": test, "outcome": outcome, "seconds": 1.0, **more}


MLP = "integration/nkilib/core/mlp/test_mlp.py::test[a/b]"
CONV = "integration/nkilib/experimental/conv/test_conv.py::test"
TOPK = "integration/nkilib/core/topk/test_topk.py::test"


def test_the_last_run_of_a_test_counts(tmp_path):
    reports = {
        "first.jsonl": [result(MLP, "failed"), result(CONV, "passed", record=0.25, execute=0.5)],
        "second.jsonl": [result(MLP, "passed"), result(CONV, "skipped"), result(TOPK, "skipped")],
    }
    for name, tests in reports.items():
        (tmp_path / name).write_text("".join(json.dumps(test) + "\n" for test in tests))
    merged = summary.merged([tmp_path / name for name in reports])
    assert summary.rows(merged) == [
        ("core/mlp", 1, 0, 0, 1.0, 0.0),
        ("core/topk", 0, 0, 1, 1.0, 0.0),
        ("experimental/conv", 1, 0, 0, 1.0, 0.75),
    ]


def test_without_reports_it_tells_its_use(capsys):
    assert summary.main([]) == 2
    assert "--summary REPORT" in capsys.readouterr().err
