"""Softmax: a table of powers, their sum, and a division."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from pytest_arielml.frontends.integer import DOMAIN, SOFTMAX
from pytest_arielml.frontends.passes.integer.build import ELEMENTS, Builder, Refused

#: Bits of twice the sum of the powers, and of a power times the steps, without a sign.
_BITS: Final = 32
#: Of a step: what the roundings of the powers add up to at most.
_ERROR: Final = 1 / 4


def softmax(builder: Builder) -> None:
    """`Softmax` along one axis. Raises: Refused."""
    x = builder.per_tensor(0)
    axis = builder.options.get("axis", -1) % len(x.shape)
    count = x.shape[axis]
    quantization = builder.target.quantization
    # onnxruntime takes whole steps. What calibrates makes them 1/256, as LiteRT asks for.
    steps = math.floor(np.float32(1) / np.float32(quantization.scale))
    if not steps:
        raise Refused("a step of its result is more than 1")
    # The remainder of the division is doubled, and compared with the sum.
    bits = math.floor(math.log2((2**_BITS - 1) / max(steps, 2 * count)))
    if steps * (1 + count) / 2 / 2.0**bits > _ERROR:
        raise Refused("its sums take more than 32 bits")
    powers = np.exp(-np.arange(256) * float(x.quantization.scale))
    table = builder.constant(np.rint(powers * 2.0**bits), np.int32)
    builder.add(
        SOFTMAX,
        x.name,
        table,
        output=builder.result,
        domain=DOMAIN,
        axis=axis,
        steps=steps,
        zero_point=quantization.zero,
        low=builder.target.low,
        high=builder.target.high,
        to=ELEMENTS[quantization.dtype.name],
    )
