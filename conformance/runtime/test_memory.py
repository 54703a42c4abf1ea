"""Out of memory at every allocation: a sentence, a device that goes on, and no bytes lost.

An image as it ships has no way to make an allocation fail, so its memory is
made scarce: for a load by linking the image with a smaller arena, for a call
by an input that nobody asked for and that fills the arena. In steps of the
least that an allocation takes, each allocation that needs new memory is the
first to fail once. (Those that find room in what others gave back are made to
fail one by one on the host: `firmware/hal/tests/model.rs`.)
"""

from __future__ import annotations

import numpy as np
import pytest

from conformance.runtime.conftest import Boot
from conformance.runtime.device import GRAIN, MODELS, Device
from conformance.runtime.test_repetition import chained
from pytest_arielml.errors import Refused
from pytest_arielml.wire import StatsReply

# A slot for an input that no model here has.
SPARE = 15
STEP = 8

IMAGE = np.random.default_rng(11).integers(-1000, 1000, 16, dtype=np.int32)


def assert_says_that_memory_is_short(refused: Refused) -> None:
    """The status, and a sentence with numbers in it."""
    assert refused.status == "RESOURCE_EXHAUSTED"
    assert "bytes asked" in str(refused)
    assert "bytes free" in str(refused)
    assert refused.advice is not None


def in_use(stats: StatsReply) -> tuple[int, int]:
    """Bytes and blocks."""
    return stats.heap_used, stats.heap_live


def test_a_load_may_run_out_of_memory_anywhere(boot: Boot) -> None:
    """Arenas of every size up to the first that is large enough."""
    sentences = set()
    for arena in range(GRAIN, 1 << 16, GRAIN):
        device = boot(MODELS / "many_items.mlir", arena=arena)
        empty = in_use(device.client.stats())
        try:
            device.client.load()
        except Refused as refused:
            assert_says_that_memory_is_short(refused)
            sentences.add(str(refused))
        else:
            break
        # The device is up, owns all of its memory, and can be asked again.
        assert in_use(device.client.stats()) == empty == (0, 0)
        assert device.client.echo(b"still there") == b"still there"
        with pytest.raises(Refused) as again:
            device.client.load()
        assert_says_that_memory_is_short(again.value)
        assert in_use(device.client.stats()) == empty
        device.stop()
    assert len(sentences) > 10, "allocations failed at many places"


def test_a_call_may_run_out_of_memory_anywhere(boot: Boot) -> None:
    """After each failure the same call with its memory back gives the same bits."""
    device, room = scarce(boot, "many_dispatches")
    expected = chained(IMAGE)
    idle = in_use(device.client.stats())
    sentences = set()
    for ballast in range(room, -1, -STEP):
        try:
            device.client.set_input(SPARE, np.zeros(ballast, np.uint8))
            device.client.set_input(0, IMAGE)
            device.client.call("main")
        except Refused as refused:
            assert_says_that_memory_is_short(refused)
            sentences.add(str(refused))
        else:
            np.testing.assert_array_equal(device.client.output(0), expected)
            break
        device.client.release()
        assert in_use(device.client.stats()) == idle
        (output,) = device.call(IMAGE)
        np.testing.assert_array_equal(output, expected)
        assert in_use(device.client.stats()) == idle
    else:
        pytest.fail("the call never had enough memory")
    assert len(sentences) > 10, "allocations failed at many places"


def test_a_full_arena_can_be_asked_about_and_emptied(boot: Boot) -> None:
    """Inputs until there is no room; the device then answers all the same."""
    device, _ = scarce(boot, "many_items")
    idle = in_use(device.client.stats())
    piece = 1 << 12
    taken = 0
    while piece >= 1 and taken < 16:
        try:
            device.client.set_input(taken, np.full(piece, taken, np.uint8))
            taken += 1
        except Refused as refused:
            assert_says_that_memory_is_short(refused)
            piece //= 2
    stats = device.client.stats()
    assert stats.heap_used > idle[0]
    assert device.client.hello().heap_capacity == stats.heap_capacity
    with pytest.raises(Refused):
        device.client.call("main")
    device.client.release()
    assert in_use(device.client.stats()) == idle
    image = np.arange(400, dtype=np.int32)
    (output,) = device.call(image)
    np.testing.assert_array_equal(output, 2 * image)


def scarce(boot: Boot, model: str) -> tuple[Device, int]:
    """The model, loaded, with little more arena than a call needs, and what is free of it."""
    source = MODELS / f"{model}.mlir"
    with boot(source) as ample:
        ample.client.load()
        size = {"many_dispatches": 16, "many_items": 400}[model]
        ample.call(np.zeros(size, np.int32))
        peak = ample.client.stats().heap_peak
    device = boot(source, arena=(peak // GRAIN + 8) * GRAIN)
    device.client.load()
    # What calls need again may be kept from the first on.
    device.call(np.zeros(size, np.int32))
    stats = device.client.stats()
    return device, stats.heap_capacity - stats.heap_used
