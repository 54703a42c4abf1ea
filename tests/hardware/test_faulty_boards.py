"""Faults between board and host: a call that passes after a retry, or one failure that says why."""

from __future__ import annotations

import os
import tty
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bridge import Bridge
from faults import Fault, Faults, plans
from hypothesis import HealthCheck, given, settings

from pytest_arielml.errors import DeviceError, GuestFault, Unavailable, WireError
from pytest_arielml.runners import RunnerOptions
from pytest_arielml.runners.serial import Port, boot
from pytest_arielml.runners.serial.port import open_port
from pytest_arielml.runners.serial.stream import LinkLost, SerialStream
from pytest_arielml.session import Deployment, Settings, Workbench
from pytest_arielml.wire import Client

# Bytes of one call of LeNet-5: its input of 3,136 bytes, its output and the frames around them.
THERE, BACK = 3300, 170


@pytest.fixture
def lenet5(board, bench_for, lenet5_model, impatient) -> Deployment:
    return bench_for(board.url, 4.0).deploy(lenet5_model)


@pytest.fixture
def expected(lenet5: Deployment, digit: np.ndarray) -> np.ndarray:
    return lenet5.run(digit).output


@pytest.fixture(scope="module")
def whole_bench(lenet5_image: Path, lenet5_model: Path) -> Iterator[tuple[Bridge, Deployment]]:
    """One board for all examples of a property."""
    with Bridge(lenet5_image) as board:
        options = Settings(timeout=4.0, runner=RunnerOptions(port=board.url))
        with Workbench("serial-nrf52840", settings=options) as bench:
            yield board, bench.deploy(lenet5_model)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(there=plans(THERE), back=plans(BACK))
def test_a_noisy_wire(whole_bench, digit, impatient, there, back) -> None:
    board, lenet5 = whole_bench
    good = lenet5.run(digit).output
    board.wire.to_board, board.wire.to_host = Faults(there), Faults(back)
    try:
        np.testing.assert_array_equal(lenet5.run(digit).output, good)
    except (GuestFault, WireError) as error:
        # Only a stretch that spoils every retry can end here.
        assert "frame" in str(error)  # noqa: PT017
    finally:
        board.wire.to_board = board.wire.to_host = lambda data: data
    np.testing.assert_array_equal(lenet5.run(digit).output, good)


@pytest.mark.parametrize("kind", Fault.KINDS)
@pytest.mark.parametrize("way", ["to_board", "to_host"])
@pytest.mark.parametrize("share", [0.0, 0.4, 0.97])
def test_a_single_fault_is_made_good(board, lenet5, expected, digit, kind, way, share) -> None:
    at = int(share * (THERE if way == "to_board" else BACK))
    faults = Faults([Fault(at, kind, 3, b"\x00\x01\xff")])
    setattr(board.wire, way, faults)
    np.testing.assert_array_equal(lenet5.run(digit).output, expected)
    assert faults.spent
    assert board.boots == 1


@pytest.mark.parametrize("after", [1, 30, 120])
def test_a_cable_that_is_pulled_in_the_middle_of_a_frame(
    board, lenet5, expected, digit, after
) -> None:
    sent = 0

    def cut(data: bytes) -> bytes:
        nonlocal sent
        kept = data[: max(after - sent, 0)]
        sent += len(data)
        return kept

    board.wire.to_host = cut
    board.wire.pulled = lambda: sent >= after
    with pytest.raises(GuestFault, match="connection to the board was lost") as raised:
        lenet5.run(digit)
    assert raised.value.where == board.url
    board.wire.to_host, board.wire.pulled = lambda data: data, lambda: False
    np.testing.assert_array_equal(lenet5.run(digit).output, expected)
    assert board.connections == 2


def test_a_board_that_is_gone_for_good_is_named(board, lenet5, expected, digit) -> None:
    board.wire.pulled = lambda: True
    with pytest.raises(DeviceError, match="connection to the board was lost"):
        lenet5.run(digit)
    with pytest.raises(DeviceError, match="connection to the board was lost"):
        lenet5.run(digit)


@pytest.mark.parametrize("greets", [True, False])
@pytest.mark.parametrize("after", [100, 2000, THERE - 60])
def test_a_board_that_resets_by_itself(board, lenet5, expected, digit, greets, after) -> None:
    boots, passed, dropped = board.boots, 0, False

    def reset_after(data: bytes) -> bytes:
        nonlocal passed
        if passed < after <= passed + len(data):
            board.reset()
        passed += len(data)
        return data

    def lose_greeting(data: bytes) -> bytes:
        nonlocal dropped
        if not greets and board.boots > boots and data and not dropped:
            dropped = True
            return b""
        return data

    board.wire.to_board, board.wire.to_host = reset_after, lose_greeting
    with pytest.raises(GuestFault, match="restarted"):
        lenet5.run(digit)
    assert dropped is not greets
    np.testing.assert_array_equal(lenet5.run(digit).output, expected)


def test_silence_ends_at_the_time_limit(board, lenet5, expected, digit) -> None:
    board.wire.to_host = lambda data: b""
    with pytest.raises(GuestFault, match="no answer to INPUT within 4 s"):
        lenet5.run(digit)


def test_the_wrong_baud_rate_is_noise(
    board, bench_for, lenet5_model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot, "PATIENCE", 0.5)
    board.wire.to_host = lambda data: bytes(byte | 0x81 for byte in data) + b"\x00" * len(data)
    with pytest.raises(Unavailable, match="sends what cannot be read") as raised:
        bench_for(board.url, 5.0).deploy(lenet5_model)
    assert "check baud rate" in str(raised.value.found)


class TestPseudoTerminal:
    @pytest.fixture
    def pair(self) -> Iterator[tuple[int, SerialStream]]:
        master, slave = os.openpty()
        tty.setraw(slave)
        port = Port(os.ttyname(slave))
        stream = SerialStream(open_port(port, 1_000_000), port.url)
        os.close(slave)
        yield master, stream
        stream.close()

    def test_bytes_pass(self, pair) -> None:
        master, stream = pair
        data = bytes(range(256))
        stream.write(data)
        assert os.read(master, 1000) == data
        os.write(master, data)
        assert stream.read(1.0) == data
        assert stream.read(0.05) == b""
        stream.unread(b"first")
        assert stream.read(0.0) == b"first"
        os.close(master)

    def test_a_far_end_that_goes_is_told(self, pair) -> None:
        master, stream = pair
        os.close(master)
        with pytest.raises(LinkLost, match="connection to the board was lost"):
            stream.read(1.0)
        with pytest.raises(LinkLost, match="connection to the board was lost"):
            stream.write(b"?")

    def test_a_closed_stream_says_so(self, pair) -> None:
        master, stream = pair
        os.close(master)
        stream.close()
        with pytest.raises(ValueError, match="closed"):
            stream.read(0.0)


def test_loop_is_told_as_an_echo() -> None:
    stream = SerialStream(open_port(Port("loop://"), 115_200), "loop://")
    with pytest.raises(WireError, match="comes back"):
        Client(stream, timeout=2.0).hello()
    stream.close()
