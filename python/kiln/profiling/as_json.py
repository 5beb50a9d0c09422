"""A profile as the summary that neuron-explorer prints: one flat object a core, times in seconds,
percentages as fractions. Fields of ours that it does not have are under "kiln"."""

from kiln import _core, _target
from kiln.profiling import error_bar, host_costs


def summary(profile, host=False):
    """{node: {field: value}}; the node is the kernel's name. `host` adds the host's costs."""
    s = profile.summary
    dma = s["dma"]
    total = s["total_ns"] * 1e-9
    clock = _clock_ghz(profile.target)
    fields = {
        "is_simulation": True,
        "total_time": total,
        "total_exec_time": total,
        "total_active_time": total - s["prologue_ns"] * 1e-9,
        "total_active_time_percent": 1 - s["prologue_ns"] / s["total_ns"],
        "neuroncore_cycle_count": round(s["total_ns"] * clock),
        "hardware_flops": s["flops"],
        "transpose_flops": s["transpose_flops"],
        "mm_arithmetic_intensity": s["flops_per_byte"],
        "peak_flops_bandwidth_ratio": s["peak_flops_per_ns"] / s["hbm_gb_per_s"],
        "mfu_estimated_percent": s["mfu"],
        "hfu_estimated_percent": s["hfu"],
        "mbu_estimated_percent": s["mbu"],
        "hbm_read_bytes": dma["hbm_read_bytes"],
        "hbm_write_bytes": dma["hbm_written_bytes"],
        "dma_active_time": dma["active_ns"] * 1e-9,
        "dma_active_time_percent": dma["active_ns"] / s["cores"] / s["total_ns"],
        "dma_transfer_count": dma["transfers"],
        "dma_transfer_total_bytes": dma["bytes"],
        "dma_transfer_average_bytes": dma["bytes"] / max(dma["transfers"], 1),
        "dma_transfer_time": dma["engine_ns"] * 1e-9,
        "throttle_avg_util_limit_tensor_time": s["throttled_ns"] * 1e-9,
    }
    for engine in s["engines"]:
        name = engine["engine"]
        fields |= {
            f"{name}_engine_instruction_count": engine["instructions"],
            f"{name}_engine_instruction_time": engine["busy_ns"] * 1e-9,
            f"{name}_engine_active_time": engine["active_ns"] * 1e-9,
            f"{name}_engine_active_time_percent": engine["active_ns"] / s["cores"] / s["total_ns"],
        }
    counts = _counts(profile)
    fields["matmul_instruction_count"] = counts.get("nc_matmul", 0) + counts.get("nc_matmul_mx", 0)
    fields["activate_instruction_count"] = counts.get("activation", 0)
    fields["kiln"] = {
        "kernel": profile.kernel,
        "target": profile.target,
        "provenance": profile.provenance,
        "error_bar": error_bar.of(profile.target),
        "summary": s,
    }
    if host:
        costs = host_costs(profile.target)
        fields["kiln"]["host"] = {name: ns * 1e-9 for name, ns in costs.items()}
    return {profile.kernel: fields}


def _clock_ghz(target):
    """The profiler counts in cycles of the Scalar engine."""
    generation = _target.find(target, "target")
    rows = _core.machine(generation)["facts"]
    return float(next(row["value"] for row in rows if row["name"] == "scalar.clock_ghz"))


def _counts(profile):
    counts = {}
    for core in range(profile.summary["cores"]):
        names = [name for name, _, _ in profile.code[core]]
        for index in profile.steps(core)["instruction"]:
            counts[names[index]] = counts.get(names[index], 0) + 1
    return counts
