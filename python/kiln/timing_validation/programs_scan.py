"""The state space model of Mamba, 128 channels at a time: for each of the states a scan along the
sequence, and the sum over the states."""

import kiln.nki.isa as nisa
import kiln.nki.language as nl
from kiln import nki
from kiln.timing_validation.building import (
    BANK,
    PARTITIONS,
    Program,
    filled,
    hbm,
    load,
    placeholder,
    product_with_ones,
    replicated,
    sbuf,
    store,
)


def _multiplied(a, b):
    result = sbuf(a.shape, a.dtype)
    nisa.tensor_tensor(dst=result, data1=a, data2=b, op=nl.multiply)
    return result


def _spread(row, ones):
    """A row of HBM in all partitions: in PSUM if it fits in a bank, else in SBUF."""
    row = load(row)
    return product_with_ones(row, ones) if row.shape[1] <= BANK else replicated(row, ones)


def _in_sbuf(row, ones):
    return replicated(load(row), ones)


def _scan_of_state(delta, delta_u, a, b, c, initial):
    """(the states along the sequence, their products with c) of 128 channels and one state; b and c
    are functions that bring their rows to all partitions."""
    decay = sbuf(delta.shape, delta.dtype)
    nisa.activation(dst=decay, op=nl.exp, data=delta, scale=a)
    source = _multiplied(delta_u, b())
    states = sbuf(delta.shape, delta.dtype)
    nisa.tensor_tensor_scan(
        dst=states, data0=decay, data1=source, initial=initial, op0=nl.multiply, op1=nl.add
    )
    return states, _multiplied(states, c())


def _add(total, part):
    nisa.tensor_tensor(dst=total, data1=total, data2=part, op=nl.add)


@nki.jit
def _mamba(delta, u, a, b, c, reload):
    channels, length = delta.shape
    out = hbm(delta.shape, delta.dtype)
    ones = filled((1, PARTITIONS), delta.dtype, 1.0)
    spread = _in_sbuf if reload else _spread
    for channel in range(0, channels, PARTITIONS):
        rows = nl.ds(channel, PARTITIONS)
        total = filled((PARTITIONS, length), delta.dtype, 0.0)
        for state in range(a.shape[1]):
            if reload or state == 0:
                delta_tile = load(delta[rows, :])
                delta_u = _multiplied(delta_tile, load(u[rows, :]))
            one = nl.ds(state, 1)
            _, part = _scan_of_state(
                delta_tile,
                delta_u,
                load(a[rows, one]),
                lambda one=one: spread(b[one, :], ones),
                lambda one=one: spread(c[one, :], ones),
                0.0,
            )
            _add(total, part)
        store(out[rows, :], total)
    return out


@nki.jit
def _mamba_in_pieces(delta, u, a, b, c, piece):
    channels, length = delta.shape
    out = hbm(delta.shape, delta.dtype)
    ones = filled((1, PARTITIONS), delta.dtype, 1.0)
    for channel in range(0, channels, PARTITIONS):
        rows = nl.ds(channel, PARTITIONS)
        total = filled((PARTITIONS, length), delta.dtype, 0.0)
        delta_tile, u_tile = load(delta[rows, :]), load(u[rows, :])
        parts = [nl.ds(start, piece) for start in range(0, length, piece)]
        delta_u = [_multiplied(delta_tile[:, part], u_tile[:, part]) for part in parts]
        for state in range(a.shape[1]):
            one = nl.ds(state, 1)
            a_tile = load(a[rows, one])
            last = filled((PARTITIONS, 1), delta.dtype, 0.0)
            for part, product in zip(parts, delta_u, strict=True):
                states, products = _scan_of_state(
                    delta_tile[:, part],
                    product,
                    a_tile,
                    lambda one=one, part=part: _spread(b[one, part], ones),
                    lambda one=one, part=part: _spread(c[one, part], ones),
                    last,
                )
                nisa.tensor_copy(dst=last, src=states[:, nl.ds(piece - 1, 1)])
                _add(total[:, part], products)
        store(out[rows, :], total)
    return out


def _arguments(channels, length, states):
    return (
        *(placeholder((channels, length)) for _ in range(2)),
        placeholder((channels, states)),
        *(placeholder((states, length)) for _ in range(2)),
    )


def mamba(channels, length, states=16, reload=False):
    """delta and u are loaded and multiplied once, and rows of b and c read from PSUM if they fit in
    a bank; with `reload` all is done for each state, by way of SBUF."""
    return Program(_mamba, (*_arguments(channels, length, states), reload))


def mamba_in_pieces(channels, length, states=16, piece=512):
    """The sequence is taken in pieces, whose scans hand on their last state."""
    return Program(_mamba_in_pieces, (*_arguments(channels, length, states), piece))
