"""The activation functions in double precision, and how far the engine's may be off.

The formulas are those of the functions' names; the derivatives are derivatives of them. NKI says
that its engine approximates by piecewise polynomials and states no error; Kiln promises a few ulps
of float32. A relative error of 2**-20 with a floor near zeros of the function catches every wrong
formula and none of the roundings.
"""

import math

import numpy as np

RELATIVE = 2.0**-20
ABSOLUTE = 2.0**-24

_erf = np.vectorize(math.erf, otypes=[np.float64])
_SQRT_2_OVER_PI = math.sqrt(2 / math.pi)


def sigmoid(x):
    return np.where(
        x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x)))
    )


def _gelu(x):
    return x * 0.5 * (1 + _erf(x / math.sqrt(2)))


def _gelu_dx(x):
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return 0.5 * (1 + _erf(x / math.sqrt(2))) + x * density


def _softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _scaled_silu_dx(x, scale):
    """The derivative of x * sigmoid(scale * x)."""
    s = sigmoid(scale * x)
    return s + scale * x * s * (1 - s)


def _sin(x):
    """Not periodic: within [-pi, pi] only."""
    return np.sin(x)


# name: (function, range that inputs are drawn from). The range is within the documented valid one.
FUNCTIONS = {
    "copy": (lambda x: x, (-100, 100)),
    "square": (np.square, (-100, 100)),
    "relu": (lambda x: np.maximum(x, 0), (-100, 100)),
    "sign": (np.sign, (-100, 100)),
    "abs": (np.abs, (-100, 100)),
    "sigmoid": (sigmoid, (-20, 20)),
    "gelu": (_gelu, (-8, 8)),
    "gelu_dx": (_gelu_dx, (-8, 8)),
    "gelu_apprx_tanh": (
        lambda x: 0.5 * x * (1 + np.tanh(_SQRT_2_OVER_PI * (x + 0.044715 * x**3))),
        (-8, 8),
    ),
    "gelu_apprx_sigmoid": (lambda x: x * sigmoid(1.702 * x), (-8, 8)),
    "gelu_apprx_sigmoid_dx": (lambda x: _scaled_silu_dx(x, 1.702), (-8, 8)),
    "silu": (lambda x: x * sigmoid(x), (-20, 20)),
    "silu_dx": (lambda x: _scaled_silu_dx(x, 1), (-20, 20)),
    "tanh": (np.tanh, (-10, 10)),
    "softplus": (_softplus, (-20, 20)),
    "mish": (lambda x: x * np.tanh(_softplus(x)), (-20, 20)),
    "erf": (_erf, (-4, 4)),
    "erf_dx": (lambda x: 2 / math.sqrt(math.pi) * np.exp(-x * x), (-4, 4)),
    "exp": (np.exp, (-30, 30)),
    "log": (np.log, (1e-6, 1e6)),
    "sin": (_sin, (-3.1415, 3.1415)),
    "arctan": (np.arctan, (-1.57, 1.57)),
    "sqrt": (np.sqrt, (1e-6, 1e6)),
    "rsqrt": (lambda x: 1 / np.sqrt(x), (1e-6, 1e6)),
    "reciprocal": (lambda x: 1 / x, (0.01, 1e4)),
}

# Computed exactly in float32 by every engine.
EXACT = ("copy", "square", "relu", "sign", "abs")


def evaluate(name, x):
    """The function of float32 numbers: in float32 if it is exact, else in double precision."""
    function = FUNCTIONS[name][0]
    with np.errstate(all="ignore"):
        if name in EXACT:
            return function(np.asarray(x, np.float32)).astype(np.float32)
        return function(np.asarray(x, np.float64))


def input_range(name):
    return FUNCTIONS[name][1]
