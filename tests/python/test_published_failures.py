"""Kernels that a simulator ran and the compiler refused, as users published them, rebuilt small.

Each is refused here with the reason, and stands beside the nearest kernel that builds. Where each
was published: docs/published_failures.md.
"""

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest

WIDE = np.arange(128 * 64, dtype=np.float32).reshape(128, 64)


def sbuf(*shape, dtype=nl.float32):
    return nl.ndarray(shape, dtype=dtype, buffer=nl.sbuf)


def psum(*shape, dtype=nl.float32):
    return nl.ndarray(shape, dtype=dtype, buffer=nl.psum)


def filled(*shape, dtype=nl.float32):
    tile = sbuf(*shape, dtype=dtype)
    nisa.memset(dst=tile, value=0 if dtype is nl.int32 else 0.0)
    return tile


def to_hbm(tile):
    out = nl.ndarray(tile.shape, dtype=tile.dtype, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=tile)
    return out


# The kernels. Their other arguments choose between what is refused and what builds.


def row_sums(x, rows):
    """One reduction for each channel, the channels being partitions."""
    tile, sums = nl.load(x), filled(128, 1)
    for r in rows:
        nisa.tensor_reduce(dst=sums[r : r + 1], op=nl.add, data=tile[r : r + 1], axis=1)
    return to_hbm(sums)


def copy_row(x, row):
    """A row to the first partition."""
    tile, out = nl.load(x), sbuf(1, 64)
    nisa.tensor_copy(dst=out, src=tile[row : row + 1])
    return to_hbm(out)


def copy_row_by_dma(x, columns):
    tile, out = nl.load(x), sbuf(1, 64)
    nisa.memset(dst=out, value=0.0)
    nisa.dma_copy(dst=out[:, 0:4], src=tile[5:6, 0:columns])
    return to_hbm(out)


def transposing_load(x, local):
    """The transpose of an argument, or of a copy that the kernel allocated."""
    source = x
    if local:
        source = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(source, nl.load(x))
    return to_hbm(nl.load_transpose2d(source))


def binary(x, op):
    tile, out = nl.load(x), sbuf(128, 64)
    nisa.tensor_tensor(dst=out, data1=tile, data2=tile, op=op)
    return to_hbm(out)


def by_column(x, op):
    tile, column = nl.load(x), filled(128, 1)
    nisa.tensor_scalar(dst=tile, data=tile, op0=op, operand0=column)
    return to_hbm(tile)


def function_of_two(x, function):
    tile = nl.load(x)
    return to_hbm(function(tile, tile))


def add_column(x, stretch):
    """A tile plus its first column."""
    tile, out = nl.load(x), sbuf(128, 64)
    column = tile[:, 0:1].broadcast(1, 64) if stretch else tile[:, 0:1]
    nisa.tensor_tensor(dst=out, data1=tile, data2=column, op=nl.add)
    return to_hbm(out)


def product(x, width):
    stationary, moving = nl.load(x), filled(128, width)
    out, result = psum(64, width), sbuf(64, width)
    nisa.nc_matmul(dst=out, stationary=stationary, moving=moving)
    nisa.tensor_copy(dst=result, src=out)
    return to_hbm(result)


def packed_transposes(x, rows, dtype):
    """Four transposes side by side in one tensor."""
    data, slots, result = filled(7, 128, dtype=dtype), psum(128, 4, rows, dtype=dtype), None
    for i in range(4):
        nisa.nc_transpose(dst=slots[:, i, 0:7], data=data)
    result = sbuf(128, 4, 7, dtype=dtype)
    nisa.tensor_copy(dst=result, src=slots[:, :, 0:7])
    return to_hbm(result)


def transpose_to_slice(x, pitch, mode):
    """16 rows of a tensor become 16 columns of a tile with rows of `pitch` elements."""
    source = nl.ndarray((16, 64), dtype=nl.bfloat16, buffer=nl.shared_hbm)
    nl.store(source, filled(16, 64, dtype=nl.bfloat16))
    tile = filled(64, pitch, dtype=nl.bfloat16)
    nisa.dma_transpose(dst=tile[:, 0:16], src=source, dge_mode=mode)
    return to_hbm(tile)


def every_row(x, step, count):
    """The first step of the pattern is the distance between partitions."""
    tile, out = nl.load(x), sbuf(count, 32)
    nisa.tensor_copy(dst=out, src=tile.ap([[step, count], [1, 32]]))
    return to_hbm(out)


def odd_scaled_columns(x, columns):
    """The nearest to an odd number of channels: columns of a scaled matmul."""
    data = filled(32, columns, dtype=nl.float8_e4m3fn_x4)
    scale = sbuf(32, columns, dtype=nl.uint8)
    nisa.memset(dst=scale, value=127)
    out, result = psum(columns, columns), sbuf(columns, columns)
    nisa.nc_matmul_mx(
        dst=out, stationary=data, moving=data, stationary_scale=scale, moving_scale=scale
    )
    nisa.tensor_copy(dst=result, src=out)
    return to_hbm(result)


STARTS = "starts at partition {}; a tile of 1 partitions starts at 0, 32, 64 or 96"
HARDWARE, NO_DGE = nisa.dge_mode.hwdge, nisa.dge_mode.none

# name, kernel, target, arguments that are refused, kind, what the message says, arguments that
# build.
CASES = [
    ("channels", row_sums, "trn2", [(0, 1, 2)], "start_partition", STARTS.format(1), [(0, 32, 96)]),
    ("row", copy_row, "trn2", [1], "start_partition", "src " + STARTS.format(1), [64]),
    ("last_row", copy_row, "trn1", [127], "start_partition", STARTS.format(127), [96]),
    ("row_by_dma", copy_row_by_dma, "trn2", [12], "size_mismatch", "dst has 4 elements, src", [4]),
    (
        "transposing_load",
        transposing_load,
        "trn1",
        [True],
        "wrong_memory",
        "load_transpose2d: src was allocated in the kernel",
        [False],
    ),
    ("divide", binary, "trn2", [nl.divide], "bad_operator", "op is divide", [nl.multiply]),
    ("divide_column", by_column, "trn3", [nl.divide], "bad_operator", "op0 is divide", [nl.add]),
    (
        "divide_function",
        function_of_two,
        "trn2",
        [nl.divide],
        "bad_operator",
        "multiply by the reciprocal",
        [lambda x, y: nl.multiply(x, nl.reciprocal(y))],
    ),
    ("fmod", function_of_two, "trn2", [nl.fmod], "bad_operator", "fmod: no engine", [nl.maximum]),
    ("mod", function_of_two, "trn1", [nl.mod], "bad_operator", "mod: no engine", [nl.subtract]),
    (
        "broadcast",
        add_column,
        "trn2",
        [False],
        "size_mismatch",
        "data1 has 64 elements per partition, data2 has 1",
        [True],
    ),
    ("wide", product, "trn2", [1024], "tile_too_large", "moving has 1024 columns", [512]),
    ("wide_trn1", product, "trn1", [1024], "tile_too_large", "NeuronCore-v2 takes 512", [512]),
    (
        "slots",
        packed_transposes,
        "trn2",
        [7, nl.bfloat16],
        "misaligned",
        "dst starts at byte 14 of its row",
        [8, nl.bfloat16],
    ),
    (
        "pitch",
        transpose_to_slice,
        "trn2",
        [40, HARDWARE],
        "dma_pattern",
        "rows of dst are 80 bytes apart",
        [48, HARDWARE],
    ),
    ("zero_step", every_row, "trn2", [0, 1], "bad_view", "the first step is 0", [64, 1]),
    ("other_step", every_row, "trn2", [128, 8], "bad_view", "the first step is 128", [64, 8]),
    ("odd", odd_scaled_columns, "trn3", [63], "size_mismatch", "an even number", [64]),
]


@pytest.mark.parametrize(
    ("kernel", "target", "wrong", "kind", "message", "right"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_published(kernel, target, wrong, kind, message, right):
    run = nki.jit(kernel, platform_target=target)
    with pytest.raises(nisa.NkiValidationError) as caught:
        run(WIDE, *wrong)
    first = caught.value.diagnostics[0]
    assert first["id"] == kind
    assert message in first["message"]
    run(WIDE, *right)


@pytest.mark.parametrize(
    ("kernel", "target", "arguments"),
    [
        (product, "trn3", [1024]),
        (packed_transposes, "trn2", [7, nl.float32]),
        (transpose_to_slice, "trn2", [40, NO_DGE]),
        (transposing_load, "trn2", [True]),
    ],
    ids=["wide on trn3", "words", "no hardware descriptors", "only a warning"],
)
def test_other_ways_to_build(kernel, target, arguments):
    nki.jit(kernel, platform_target=target)(WIDE, *arguments)
