"""Of mutants of correct kernels, those that change results or break a rule are reported by name.

A mutant breaks a rule if its program is refused or does not run to its end; it then has no results.

`pytest tests/mutation -s --seed N` prints the score by kind of mutation, and what was missed.
"""

import collections
import random

import kernels
import mutants
import numpy as np
import pytest

from kiln import _arrays, _compat, _core, _run, _target

MOST = 12  # of each kind, of each kernel
GOAL = 0.95


def recorded(kernel, arguments, cores):
    """(texts of the cores' programs, input arrays)"""
    kernel = kernel[cores] if cores > 1 else kernel
    choice = _compat.choose(kernel.fn, kernel.compat)
    index = _target.index(kernel.platform_target)
    launch = _run.Launch(kernel, choice, lambda: kernel.bind(arguments, {}), 0, index)
    return [program.text(False) for program in launch.programs], launch.arrays()


class Outcome:
    """What the check of programs in text form says, and what they give."""

    def __init__(self, texts, arrays):
        self.findings, self.outputs = set(), None
        programs = []
        for text in texts:
            try:
                program, diagnostics = _core.parse_program(text)
            except ValueError as error:
                self.findings.add(("no_program", str(error)))
                return
            programs.append(program)
            self._note(diagnostics)
        if any(severity == "error" for _, severity in self.severities):
            return
        for program in programs:
            if not fits(program, arrays):
                self.findings.add(("no_program", "other inputs"))
                return
        found = _core.check_programs([(0, programs, arrays)], threads=1)
        self._note(found["diagnostics"])
        if found["checked"]["executed"]:
            self.outputs = [_arrays.to_numpy(output) for output in found["outputs"]]

    severities = ()

    def _note(self, diagnostics):
        self.findings |= {(d["id"], d["message"]) for d in diagnostics}
        self.severities = [*self.severities, *((d["id"], d["severity"]) for d in diagnostics)]

    def same_results(self, other):
        if self.outputs is None or len(self.outputs) != len(other.outputs):
            return False
        with np.errstate(all="ignore"):
            return all(
                a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
                for a, b in zip(self.outputs, other.outputs, strict=True)
            )


def fits(program, arrays):
    return [shape for _, shape, _ in program.inputs] == [a.shape for a in arrays]


def new_ids(outcome, right):
    return sorted({id_ for id_, message in outcome.findings - right.findings})


@pytest.fixture(scope="module")
def trials(request):
    """(kernel's name, Mutant, ids of the findings that the right kernel does not have, whether
    results differ or there are none)"""
    seed = request.config.getoption("--seed")
    print(f"\nseed {seed}")
    generator = random.Random(seed)
    made = []
    for kernel, arguments, cores in kernels.all_kernels():
        texts, arrays = recorded(kernel, arguments, cores)
        right = Outcome(texts, arrays)
        assert not [i for i, severity in right.severities if severity == "error"]
        assert right.outputs, kernel.__name__
        for mutant in mutants.mutants(texts, generator, MOST):
            outcome = Outcome(mutant.texts, arrays)
            ids = new_ids(outcome, right)
            made.append((kernel.__name__, mutant, ids, not outcome.same_results(right)))
    return made


def test_mutants_are_reported(trials):
    wrong = [t for t in trials if t[3]]
    missed = [t for t in wrong if not t[2]]
    by_kind = collections.Counter(mutant.kind for _, mutant, _, _ in wrong)
    missed_of = collections.Counter(mutant.kind for _, mutant, _, _ in missed)
    print(f"{len(trials)} mutants, {len(wrong)} change results, or have none")
    for kind, count in by_kind.items():
        print(f"  {kind:18} {count - missed_of[kind]:4} of {count:4} reported")
    for name, mutant, _, _ in missed:
        print(f"  missed: {name}: {mutant.kind}: {mutant.what}")
    score = 1 - len(missed) / len(wrong)
    print(f"score {score:.1%}")
    assert len({name for name, *_ in trials}) >= 12
    assert len(wrong) >= 300
    assert score >= GOAL


def test_every_kind_of_mutation_is_tried(trials):
    assert {mutant.kind for _, mutant, _, _ in trials} == {k.__name__ for k in mutants.KINDS}
