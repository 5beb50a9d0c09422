"""Constants, predicates and properties of nl and nisa that no other test looks at."""

import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np
import pytest

FLOAT32_BYTES = 4


@pytest.fixture
def target(monkeypatch):
    return lambda name: monkeypatch.setenv("NEURON_PLATFORM_TARGET_OVERRIDE", name)


@pytest.mark.parametrize(("name", "sbuf_kib"), [("trn1", 192), ("trn2", 224), ("trn3", 256)])
def test_tile_sizes(target, name, sbuf_kib):
    target(name)
    assert (nl.tile_size.pmax, nl.tile_size.psum_num_banks) == (128, 8)
    assert nl.tile_size.psum_bank_fmax_bytes == 2048
    assert nl.tile_size.psum_fmax == nl.tile_size.psum_bank_fmax == 512
    assert (nl.tile_size.gemm_stationary_fmax, nl.tile_size.gemm_moving_fmax) == (128, 512)
    assert (nl.tile_size.psum_min_align, nl.tile_size.sbuf_min_align) == (4, 4)
    assert nl.tile_size.bn_stats_fmax == 512
    assert nl.tile_size.sbuf_size_bytes == 128 * sbuf_kib * 1024
    assert 0 < nl.tile_size.total_available_sbuf_size <= sbuf_kib * 1024
    assert nl.tile_size.sbuf_fmax_bytes == nl.tile_size.total_available_sbuf_size
    assert nl.tile_size.sbuf_fmax == nl.tile_size.sbuf_fmax_bytes // FLOAT32_BYTES


def test_engines_have_names_of_their_own():
    assert nisa.tensor_engine == nisa.engine.tensor
    assert nisa.vector_engine == nisa.engine.vector
    assert nisa.scalar_engine == nisa.engine.scalar
    assert nisa.gpsimd_engine == nisa.engine.gpsimd
    assert nisa.unknown_engine == nisa.engine.unknown


def test_memory_regions():
    regions = {"sbuf": nl.sbuf, "psum": nl.psum, "shared_hbm": nl.shared_hbm}
    regions["private_hbm"] = nl.private_hbm
    for name, region in regions.items():
        assert region == nl.MemoryRegion(name) == nl.MemoryRegion[name]
        assert nl.is_hbm(region) == name.endswith("hbm")
        assert nl.is_on_chip(region) != nl.is_hbm(region)
        assert nl.is_sbuf(region) == (name == "sbuf")
        assert nl.is_psum(region) == (name == "psum")


def test_ranges_are_python_ranges():
    @nki.jit
    def kernel(a):
        tile = nl.load(a)
        with nl.no_reorder():
            for i in nl.affine_range(1, 6, 2):
                nisa.tensor_scalar(dst=tile, data=tile, op0=nl.add, operand0=float(i))
            for i in nl.sequential_range(3):
                nisa.tensor_scalar(dst=tile, data=tile, op0=nl.multiply, operand0=1.0 + i)
        nl.store(a, tile)
        return a

    np.testing.assert_array_equal(kernel(np.zeros((2, 2), np.float32)), np.full((2, 2), 54.0))
    assert list(nl.affine_range(4)) == list(nl.sequential_range(4)) == [0, 1, 2, 3]


def test_a_block_that_keeps_its_order_has_no_loop_of_the_device():
    @nki.jit
    def kernel(a):
        tile = nl.load(a)
        with nl.no_reorder():
            for _ in nl.dynamic_range(2):
                nisa.tensor_scalar(dst=tile, data=tile, op0=nl.add, operand0=1.0)
        for _ in nl.dynamic_range(2):
            nisa.tensor_scalar(dst=tile, data=tile, op0=nl.add, operand0=1.0)
        return a

    with pytest.raises(nisa.NkiValidationError) as caught:
        kernel(np.zeros((2, 2), np.float32))
    assert [d["id"] for d in caught.value.diagnostics] == ["bad_loop"]
    assert caught.value.diagnostics[0]["line"] == kernel.fn.__code__.co_firstlineno + 4


def test_what_a_tensor_tells_of_itself():
    @nki.jit
    def kernel(a):
        tile = nl.ndarray((16, 4, 6), nl.float32, nl.sbuf, name="tile")
        assert isinstance(tile, nl.NkiTensor)
        assert (tile.name, tile.ndim, tile.strides, tile.offset) == ("tile", 3, (24, 6, 1), 0)
        assert tile.is_contiguous()
        part = tile[:, 1:3, 2:4]
        assert (part.shape, part.strides, part.offset) == ((16, 2, 2), (24, 6, 1), 8)
        assert not part.is_contiguous()
        assert part.get_pattern() == [[24, 16], [6, 2], [1, 2]]
        assert tile.flatten_dims(1, 2).shape == (16, 24)
        assert tile[:, 0:1].squeeze_dim(1).shape == (16, 6)
        as_bytes = tile.reinterpret_cast(nl.uint8)
        assert (as_bytes.shape, as_bytes.dtype) == ((16, 4, 24), nl.uint8)
        return a

    kernel(np.zeros((2, 2), np.float32))


def test_instructions_and_registers_are_objects():
    @nki.jit
    def kernel(a):
        register = nisa.register_alloc(3)
        assert isinstance(register, nisa.VirtualRegister)
        tile = nl.ndarray((2, 2), nl.float32)
        first = nisa.memset(tile, 1.0)
        assert isinstance(first, nisa.NkiInstruction)
        second = nisa.dma_copy(dst=a, src=tile)
        assert second.depends_on(first) is second
        return a

    np.testing.assert_array_equal(kernel(np.zeros((2, 2), np.float32)), np.ones((2, 2)))


@pytest.mark.parametrize("name", ["trn1", "trn2", "trn3"])
def test_the_first_revision_of_a_core(target, name):
    target(name)
    assert nisa.get_nc_sub_version() == 0
