"""Runs the suite's tests of collectives: the harness starts several ranks only on devices, and its
simulation mode has one.
"""

import os

import nki
import numpy as np

import kiln


def install(orchestrator, harness):
    """Makes the harness's simulation of a test run all of the test's ranks.

    `orchestrator` is the module of the harness's Orchestrator, `harness` that of its data classes.
    """
    run_one = orchestrator.Orchestrator._run_simulator_inference

    def run(self, test):
        ranks = test.inference_args.collective_ranks
        if ranks == 1:
            return run_one(self, test)
        try:
            return _run_ranks(self, test, ranks, harness)
        except Exception as error:
            raise orchestrator.InferenceException(str(error)) from error

    orchestrator.Orchestrator._run_simulator_inference = run


def _run_ranks(self, test, ranks, harness):
    os.environ["NKI_NC_VERSION"] = test.compiler_input.platform_target.get_nc_gen()
    kernel = nki.jit(test.kernel_func)[test.compiler_input.logical_nc_config]
    returned = kiln.run_ranks(kernel, lambda rank: _inputs(test, rank, harness), ranks)
    folder = os.path.join(
        self.fs_config.artifacts_output_directory_path, harness.INF_ARTIFACT_DIR_NAME
    )
    for rank, result in returned.items():
        golden = harness.normalize_golden_output(test.validation_args.golden_output, rank)
        results = list(result) if isinstance(result, (list, tuple)) else [result]
        outputs = {
            name: np.asarray(output, dtype=expected.dtype)
            for (name, expected), output in zip(golden.items(), results, strict=True)
        }
        worker = os.path.join(folder, f"output_worker_{rank}")
        self.__dump_tensors__(worker, outputs, lambda name: name)
    return folder


def _inputs(test, rank, harness):
    given = test.kernel_input or {}
    if isinstance(given, harness.PerRankLazyInputGenerator):
        given = given.for_rank(rank)
    # The suffix tells a compiler what the kernel updates in place.
    return {name.removesuffix(".must_alias_input"): value for name, value in given.items()}
