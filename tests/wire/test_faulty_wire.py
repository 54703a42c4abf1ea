"""Random faults on the wire: a call passes with the right bytes, or one error ends it."""

from __future__ import annotations

import numpy as np
from fake_device import FakeDevice
from faults import Fault, Faults, plans
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_arielml.errors import GuestFault, WireError
from pytest_arielml.wire import Client

TIMEOUT = 30.0
VALUES = np.arange(1500, dtype=np.int16).reshape(3, 500)


def use(client: Client) -> None:
    """What a deployment does for one call."""
    client.set_input(0, VALUES)
    assert client.call("main").result_count == 1
    np.testing.assert_array_equal(client.output(0), VALUES)
    client.release()


@settings(max_examples=300, deadline=None)
@given(to_device=plans(5000), to_host=plans(5000), resets=st.sets(st.integers(0, 25), max_size=2))
def test_faults_never_change_what_comes_out(to_device, to_host, resets) -> None:
    forward, backward = Faults(to_device), Faults(to_host)

    def arrives(number: int, frame: bytes) -> bytes:
        # The reset takes with it what was on its way, and its greeting is a frame like another.
        if number in resets:
            device.boot()
            return b""
        return forward(frame)

    device = FakeDevice(to_device=arrives, to_host=lambda _, frame: backward(frame))
    client = Client(device, timeout=TIMEOUT, clock=device.clock, first_id=1000)
    device.boot()
    started = device.now
    failures = []
    for _ in range(3):
        try:
            client.wait_for_greeting()
            client.load()
            use(client)
        except (GuestFault, WireError) as error:
            failures.append(error)
    # Greeting, LOAD, INPUT, 4 WRITEs, CALL, OUTPUT, 4 READs, RELEASE, each within the limit.
    assert device.now - started <= 3 * 14 * TIMEOUT
    if not resets:
        assert device.calls + len(failures) >= 3
    # The faults are over by then, or few enough to be retried.
    if device._written > max(resets, default=0) and forward.spent and backward.spent:
        client.wait_for_greeting()
        client.load()
        use(client)


@settings(max_examples=100, deadline=None)
@given(
    way=st.sampled_from(["to_device", "to_host"]),
    fault=st.builds(
        Fault, st.integers(0, 3300), st.sampled_from(Fault.KINDS), st.integers(1, 40), st.binary()
    ),
)
def test_a_single_fault_costs_a_retry_and_nothing_else(way, fault) -> None:
    device = FakeDevice()
    client = Client(device, timeout=TIMEOUT, clock=device.clock, first_id=1000)
    device.boot()
    client.wait_for_greeting()
    faults = Faults([fault])
    setattr(device, way, lambda _, frame: faults(frame))
    client.load()
    use(client)
    assert (device.loads, device.calls) == (1, 1)
    assert device.now < TIMEOUT
