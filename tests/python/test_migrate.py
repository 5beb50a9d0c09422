"""kiln migrate: kernels of older NKI in today's form compute the same bits."""

import importlib.util
import pathlib
import stat

import beta2_kernels
import ml_dtypes
import numpy as np
import pytest
from test_cli import kiln as command

import kiln

migrate = pytest.importorskip("kiln.migrate").migrate

BETA2 = pathlib.Path(beta2_kernels.__file__)
HEAD = "import nki\nimport nki.isa as nisa\nimport nki.language as nl\n\n\n"

LOOPS = (
    HEAD
    + '''\
@nki.jit
def count(x, n):
    """x plus 1, n times in a loop at run time."""
    limit = nisa.register_alloc(n)
    acc = nl.load(x)
    # Each time one more.
    for i in nl.dynamic_range(0, limit, 1):
        one = nl.ndarray(acc.shape, acc.dtype, buffer=nl.sbuf)
        nisa.memset(one, 1.0)  # a constant
        nisa.tensor_tensor(acc, acc, one, nl.add)
    for i in nl.dynamic_range(2):
        one = nl.ndarray(acc.shape, acc.dtype, buffer=nl.sbuf)
        nisa.memset(one, 2.0)
        nisa.tensor_tensor(acc, acc, one, nl.multiply)
    return acc
'''
)


def edited(body, is_beta2=None):
    """(the function's body afterwards, reasons) of a body of a kernel."""
    lines = "".join(f"    {line}\n" if line else "\n" for line in body.strip().split("\n"))
    migration = migrate(HEAD + "@nki.jit\ndef kernel(x, y):\n" + lines, is_beta2)
    again = migrate(migration.text, is_beta2 and False)
    assert again.text == migration.text, "a migrated file has nothing left to edit"
    text = migration.text.removeprefix(HEAD).split("def kernel(x, y):\n", 1)[1]
    after = "".join(line.removeprefix("    ") for line in text.splitlines(keepends=True))
    return after.rstrip("\n"), [note.reason for note in migration.notes]


def module_of(text, path):
    """The module that a file with this text is."""
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_beta_2_kernels_compute_the_same_bits(tmp_path):
    new = module_of(migrate(BETA2.read_text()).text, tmp_path / "migrated.py")
    rng = np.random.default_rng(3)
    a, b = rng.random((2, 128, 256), np.float32)
    q, k, v = rng.standard_normal((3, 2, 256, 128), np.float32).astype(ml_dtypes.bfloat16)
    q, k = (np.ascontiguousarray(x.transpose(0, 2, 1)) for x in (q, k))
    for name, arguments in (
        ("tensor_add", (a, b)),
        ("flash_attention", (q, k, v, 0.088)),
        ("old_arguments", (a,)),
    ):
        before = getattr(beta2_kernels, name)(*arguments)
        assert kiln.provenance()["compat"] == "beta2"
        after = getattr(new, name)(*arguments)
        assert kiln.provenance()["compat"] == "0.6"
        pairs = zip(before, after, strict=True) if isinstance(before, tuple) else [(before, after)]
        assert all(old.tobytes() == new_.tobytes() for old, new_ in pairs)


def test_loops_at_run_time_compute_the_same_bits(tmp_path):
    migration = migrate(LOOPS)
    assert migration.notes == []
    assert "dynamic_range" not in migration.text
    assert "# Each time one more." in migration.text and "# a constant" in migration.text
    assert "    nl.fori_loop(0, limit, body, 1)\n" in migration.text
    assert "    nl.fori_loop(0, 2, body_2)\n" in migration.text
    old = module_of(LOOPS, tmp_path / "old.py")
    new = module_of(migration.text, tmp_path / "new.py")
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    assert (old.count(x, 3) == (x + 3) * 4).all()
    assert old.count(x, 3).tobytes() == new.count(x, 3).tobytes()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "t = sbuf.view(x.dtype, (4, 4))",
            "t = nl.ndarray(dtype=x.dtype, shape=(4, 4), buffer=nl.sbuf)",
        ),
        (
            't = hbm.view(dtype="float32", shape=x.shape, name="t")',
            't = nl.ndarray(dtype=nl.float32, shape=x.shape, name="t", buffer=nl.shared_hbm)',
        ),
        (
            "t = psum.view(\n    dtype=nl.float32,  # sums\n    shape=(4, 4),  # all\n)",
            "t = nl.ndarray(\n    dtype=nl.float32,  # sums\n    shape=(4, 4),  # all\n"
            "    buffer=nl.psum,\n)",
        ),
        (
            "t = sbuf[0:4, 64:128].view(x.dtype, (4, 8))",
            "t = nl.ndarray(dtype=x.dtype, shape=(4, 8), buffer=nl.sbuf, address=(0, 64))",
        ),
        (
            't = nl.zeros((4, 4), nl.int8, buffer="psum")',
            "t = nl.zeros((4, 4), nl.int8, buffer=nl.psum)",
        ),
        ("nisa.dma_copy(x, y, dge_mode=2)", "nisa.dma_copy(x, y, dge_mode=nisa.dge_mode.hwdge)"),
        ("nisa.dma_copy(x, y, dst_rmw_op=None)", "nisa.dma_copy(x, y)"),
        (
            "nisa.dma_copy(dst=x[0:4], src=y, dst_rmw_op=nl.add)",
            "nisa.dma_compute(dst=x[0:4], srcs=[y, x[0:4]], reduce_op=nl.add)",
        ),
        (
            "nisa.dma_compute(x, [y, x], [1.0, 1.0], nl.add)",
            "nisa.dma_compute(x, [y, x], nl.add, [1.0, 1.0])",
        ),
        (
            "t = nl.ndarray((4, 2), nl.int32)\nnisa.memset(t, 2.0)",
            "t = nl.ndarray((4, 2), nl.int32)\nnisa.memset(t, 2)",
        ),
        ("nisa.register_move(r, imm=3)", "nisa.register_move(r, src=3)"),
        (
            "nisa.sendrecv(x, y, 0, 1, 0, use_gpsimd_dma=True)",
            "nisa.sendrecv(x, y, 0, 1, 0, dma_engine=nisa.dma_engine.gpsimd_dma)",
        ),
        ("nisa.tensor_copy(x, y, dtype=None, mask=None)", "nisa.tensor_copy(x, y)"),
        (
            "nisa.nc_matmul(x, y, y, is_moving_zero=True)",
            "nisa.nc_matmul(x, y, y, is_moving_onezero=True)",
        ),
        (
            "nisa.tensor_copy(x, y, engine=nisa.vector_engine)",
            "nisa.tensor_copy(x, y, engine=nisa.engine.vector)",
        ),
        ("n = nl.tile_size.total_available_sbuf_size", "n = nl.tile_size.sbuf_fmax_bytes"),
        ("for i in nl.affine_range(0, 4):\n    pass", "for i in range(0, 4):\n    pass"),
        (
            "reg = nisa.register_alloc(5)\nwhile reg:\n    nisa.register_load(reg, x)",
            "reg = nisa.register_alloc(5)\n\ndef body(reg):\n    nisa.register_load(reg, x)\n"
            "    return reg\n\nnl.while_loop(reg, body)",
        ),
    ],
)
def test_an_edit(before, after):
    assert edited(before) == (after, [])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "nisa.affine_select(x, [[1, 4]], 2, -1, y, 0.0)",
            "nisa.affine_select(x, [[1, 4]], -1, y, 0.0, offset=2)",
        ),
        ("nisa.dma_compute(x, [y], scales, nl.add)", "nisa.dma_compute(x, [y], nl.add, scales)"),
        (
            "t = nl.ndarray((4, 2, 2), nl.int32)\nnisa.tensor_reduce(x, nl.add, t, 1)",
            "t = nl.ndarray((4, 2, 2), nl.int32)\nnisa.tensor_reduce(x, nl.add, t, 2)",
        ),
    ],
)
def test_what_only_beta_2_means_that_way(before, after):
    assert edited(before, is_beta2=True) == (after, [])
    assert edited(before, is_beta2=False) == (before, [])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("f(sbuf)\nt = sbuf.view(x.dtype, x.shape)", "sbuf of NKI beta 2 is used in another way"),
        ("t = sbuf.view(*arguments)", "sbuf.view with * is not looked into"),
        ("t = sbuf[a, 0:8].view(x.dtype, (1, 2))", "the region is not two plain slices"),
        (
            "t = sbuf.view(x.dtype, x.shape, address_rotation=True)",
            "no successor for address_rotation",
        ),
        ("nisa.tensor_copy(x, y, mask=(i < 4))", "mask is gone; slice the tensors instead"),
        ("nisa.tensor_copy(x, y, dtype=nl.int8)", "dtype is gone; dst has the type"),
        ("nisa.tensor_copy_dynamic_src(x, y)", "it was removed; use tensor_copy with .ap"),
        ("nisa.sendrecv(x, y, 0, 1, 0, use_gpsimd_dma=fast)", "neither True nor False"),
        ("nisa.dma_copy(f(x), y, dst_rmw_op=nl.add)", "dst_rmw_op is gone; use dma_compute"),
        ("nisa.dma_copy(x, y, dge_mode=7)", "dge_mode has no 7"),
        ("p = psum.view(x.dtype, (4, 4))\nnisa.dma_copy(x, p[0:2])", "does not read PSUM"),
        (
            "t = sbuf.view(x.dtype, x.shape)\nnisa.memset(t, 1.0)",
            "a dst of integers takes an integer",
        ),
        (
            "t = sbuf.view(x.dtype, x.shape)\nnisa.tensor_reduce(x, nl.add, t, 1)",
            "axis 1 was the last",
        ),
        ("for i in nl.static_range(stop=4, start=0):\n    pass", "static_range is deprecated"),
        ("for i in nl.dynamic_range(4):\n    break", "its body leaves it"),
        ("for i in nl.dynamic_range(4):\n    t = f(i)\ng(t)", "t is also used after it"),
        ("n = 0\nfor i in nl.dynamic_range(4):\n    n = n + 1", "n is carried from one iteration"),
        ("n = 0\nfor i in nl.dynamic_range(4):\n    n += 1", "n is carried from one iteration"),
        ("for i in nl.dynamic_range(4):\n    if y:\n        n = 1\n    f(n)", "n is carried"),
        (
            "for k in range(2):\n    g(t)\n    for i in nl.dynamic_range(4):\n        t = 1",
            "used after",
        ),
        ("for i in nl.dynamic_range(4):\n    f(i + 1)", "i is computed with"),
        ("for i, j in nl.dynamic_range(4):\n    f(i)", "its target is not one name"),
        (
            "reg = nisa.register_alloc(5)\nwhile reg:\n    f(reg)\ng(reg)",
            "reg is also used after it",
        ),
    ],
)
def test_what_is_left_with_a_reason(body, reason):
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    migration = migrate(HEAD + "def kernel(x, y):\n" + lines)
    assert [reason in note.reason for note in migration.notes] == [True], migration.notes
    assert migration.notes[0].line > HEAD.count("\n")


def test_imports_are_added_and_aliases_kept():
    body = "def kernel(x):\n    return sbuf.view(x.dtype, x.shape)\n"
    source = f'"""Doc."""\nimport nki.isa\n\nnl = 3\n\n\n{body}'
    text = migrate(source).text
    assert "import nki.isa\nimport nki.language as nki_nl\n" in text
    assert "nki_nl.ndarray(dtype=x.dtype, shape=x.shape, buffer=nki_nl.sbuf)" in text
    other = (
        "from nki import language as lang\ndef kernel(x):\n    return psum.view(x.dtype, x.shape)\n"
    )
    assert "lang.ndarray(dtype=x.dtype, shape=x.shape, buffer=lang.psum)" in migrate(other).text
    direct = 'from nki.language import ndarray\nt = ndarray((1, 1), f, buffer="sbuf")\n'
    assert (
        "import nki.language as nl\nt = ndarray((1, 1), f, buffer=nl.sbuf)" in migrate(direct).text
    )


def test_what_is_defined_is_no_memory():
    source = (
        "from somewhere import sbuf\n\ndef kernel(x):\n    return sbuf.view(x.dtype, x.shape)\n"
    )
    assert migrate(source).text == source
    assert migrate("import neuronxcc.nki.language as nl\n").notes[0].line == 1


def test_the_command_prints_the_edit_and_writes_it(tmp_path):
    path = tmp_path / "old.py"
    path.write_bytes(BETA2.read_bytes().replace(b"\n", b"\r\n"))
    path.chmod(0o750)
    printed = command("migrate", path)
    assert printed.returncode == 1
    assert f"{path}:" in printed.stderr and "platform_target is taken out" in printed.stderr
    assert "-    c_output = hbm.view(" in printed.stdout
    assert path.read_bytes().count(b"sbuf.view") > 5
    assert command("migrate", path, "--write").stdout == printed.stdout
    text = path.read_bytes()
    assert b"sbuf.view(" not in text and text.count(b"\n") == text.count(b"\r\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    assert [p.name for p in tmp_path.iterdir()] == ["old.py"]
    again = command("migrate", path, "--write")
    assert again.returncode == 0 and again.stdout == "" and "nothing to change" in again.stderr


def test_wrong_use_of_the_command(tmp_path):
    assert command("migrate", tmp_path / "no.py").returncode == 2
    (tmp_path / "bad.py").write_text("def f(:\n")
    wrong = command("migrate", tmp_path / "bad.py")
    assert wrong.returncode == 2 and "bad.py: line 1" in wrong.stderr
    assert "Traceback" not in wrong.stderr
