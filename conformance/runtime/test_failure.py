"""A module that fails by itself says why, and the device goes on."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.runtime.conftest import Boot
from conformance.runtime.device import MODELS
from pytest_arielml.errors import Refused


def test_the_modules_own_message_reaches_the_host(boot: Boot) -> None:
    """Status, words and place of a failed check; nothing is left of the call."""
    device = boot(MODELS / "checked.mlir")
    device.client.load()
    (output,) = device.call(np.array([21], np.int32))
    assert output == [42]
    idle = device.client.stats()
    for _ in range(10):
        with pytest.raises(Refused) as refused:
            device.call(np.array([-1], np.int32))
        assert refused.value.message == "the input is negative"
        assert refused.value.status == "FAILED_PRECONDITION"
        assert "bytecode offset" in str(refused.value)
        stats = device.client.stats()
        assert (stats.heap_used, stats.heap_live) == (idle.heap_used, idle.heap_live)
    (output,) = device.call(np.array([4], np.int32))
    assert output == [8]


@pytest.mark.parametrize(
    ("array", "status"),
    [
        (np.zeros(2, np.int32), "INVALID_ARGUMENT"),
        (np.zeros((1, 1), np.int32), "INVALID_ARGUMENT"),
        (np.zeros(1, np.float32), "INVALID_ARGUMENT"),
    ],
)
def test_an_input_that_does_not_fit_is_refused_on_the_device_too(
    boot: Boot, array: np.ndarray, status: str
) -> None:
    """Shape, rank and type are checked by the module where no host has checked them."""
    device = boot(MODELS / "checked.mlir")
    device.client.load()
    with pytest.raises(Refused) as refused:
        device.call(array)
    assert refused.value.status == status
    (output,) = device.call(np.array([4], np.int32))
    assert output == [8]
