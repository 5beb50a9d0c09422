"""The attention of one Qwen3-0.6B layer as two NKI kernels, run natively and compared.

16 query heads, 8 key/value heads, head size 128, causal, 2048 tokens, bfloat16. Queries and keys
are made as the layer makes them: normalised for each head, then rotated by position.
"""

import argparse
import statistics
import sys
import time

import kiln

kiln.install()

import ml_dtypes  # noqa: E402
import numpy as np  # noqa: E402
from attention_kernels import flash_attention, naive_attention  # noqa: E402

HEADS, KV_HEADS, D = 16, 8, 128
ROPE_BASE = 1e6  # rope_theta of the Qwen3-0.6B configuration


def rotated(x):
    """RMS-normalised along d and rotated by position: x [heads, seq, d]."""
    x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6)
    angles = np.outer(np.arange(x.shape[1]), ROPE_BASE ** (-np.arange(0, D, 2) / D))
    cos, sin = np.cos(angles), np.sin(angles)
    a, b = np.split(x, 2, axis=-1)
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def make_inputs(seq, seed):
    rng = np.random.default_rng(seed)
    q = rotated(rng.standard_normal((HEADS, seq, D)))
    k = rotated(rng.standard_normal((KV_HEADS, seq, D)))
    v = rng.standard_normal((KV_HEADS, seq, D))
    bf16 = ml_dtypes.bfloat16
    to_t = (0, 2, 1)
    return (
        np.ascontiguousarray(q.transpose(to_t)).astype(bf16),
        np.ascontiguousarray(k.transpose(to_t)).astype(bf16),
        v.astype(bf16),
    )


def reference(q_t, k_t, v):
    """The same attention in float64, from the bfloat16 inputs."""
    q_t, k_t, v = (x.astype(np.float64) for x in (q_t, k_t, v))
    seq = q_t.shape[2]
    hidden = np.triu(np.ones((seq, seq), dtype=bool), 1)
    out = np.empty((HEADS, seq, D))
    for h in range(HEADS):
        kv = h // (HEADS // KV_HEADS)
        scores = q_t[h].T @ k_t[kv] / np.sqrt(D)
        scores[hidden] = -np.inf
        p = np.exp(scores - scores.max(1, keepdims=True))
        out[h] = (p / p.sum(1, keepdims=True)) @ v[kv]
    return out


def measure(kernel, arguments, runs):
    """(result, median latency in seconds, provenance of the last run)."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        result = kernel(*arguments)
        seconds.append(time.perf_counter() - start)
    return result, statistics.median(seconds), kiln.provenance()


def say(text):
    print(text, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=2048, help="a multiple of 512")
    parser.add_argument("--runs", type=int, default=3, help="the median is shown")
    options = parser.parse_args()
    if options.tokens < 512 or options.tokens % 512 or options.runs < 1:
        parser.error("--tokens is a multiple of 512, --runs is 1 or more")

    say(f"attention of one Qwen3-0.6B layer: {HEADS} query heads, {KV_HEADS} key/value heads,")
    say(f"head size {D}, causal, {options.tokens} tokens, bfloat16; {options.runs} run(s) each")
    arguments = make_inputs(options.tokens, seed=1)
    say("computing the float64 reference ...")
    expected = reference(*arguments)

    rows = []
    for kernel in (naive_attention, flash_attention):
        say(f"running {kernel.__name__} ...")
        result, seconds, ran = measure(kernel, arguments, options.runs)
        got = result.astype(np.float64)
        mse = np.mean((got - expected) ** 2)
        cosine = (got * expected).sum() / np.linalg.norm(got) / np.linalg.norm(expected)
        rows.append((kernel.__name__, seconds, mse, cosine, ran))

    slowest = rows[0][1]
    print(f"\n{'kernel':<17}{'latency':>11}{'speed-up':>10}{'MSE':>11}{'cosine':>10}{'MiB':>7}")
    for name, seconds, mse, cosine, ran in rows:
        mib = ran["memory_bytes"] / 2**20
        ratio = f"{slowest / seconds:.2f} x"
        print(
            f"{name:<17}{seconds * 1e3:>8.0f} ms{ratio:>10}{mse:>11.1e}{cosine:>10.6f}{mib:>7.0f}"
        )
    print("\nMSE and cosine are against the float64 reference on the same bfloat16 inputs.")
    print("\nwhat really ran")
    for name, _, _, _, ran in rows:
        executed = ran["by_routine"] + ran["by_reference"]
        most = sorted(ran["instructions"].items(), key=lambda item: -item[1])[:5]
        print(f"  {name}: program {ran['program_hash']} for {ran['target']}")
        print(f"    on {ran['backend']}, {ran['threads']} thread(s): {executed} instructions,")
        print(f"    {ran['by_routine']} by vectorised routines, {ran['by_reference']} by reference")
        print(f"    most: {', '.join(f'{n} {c}' for n, c in most)}")
        print(
            f"    record {ran['record_seconds'] * 1e3:.0f} ms, "
            f"execute {ran['execute_seconds'] * 1e3:.0f} ms"
        )


if __name__ == "__main__":
    main()
