"""Which port a board is at, and what is said when none, several or a bad one is."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace

import pytest
import serial

from pytest_arielml.boards import load_board
from pytest_arielml.errors import Unavailable, UsageError
from pytest_arielml.runners import RunnerOptions, check_available
from pytest_arielml.runners.serial import Port, board_ports, port
from pytest_arielml.runners.serial.port import candidates, named_port, open_port

NRF = load_board("nrf52840")


def usb(device: str, vendor: int | None, product: int | None, number: str | None) -> object:
    return SimpleNamespace(
        device=device, vid=vendor, pid=product, serial_number=number, product="J-Link"
    )


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch):
    """Sets what serial ports this machine has."""

    def connect(*ports: object) -> None:
        monkeypatch.setattr(port.list_ports, "comports", lambda: list(ports))

    connect()
    return connect


FIRST = usb("/dev/ttyACM0", 0x1366, 0x1051, "000683000001")
ITS_SECOND = usb("/dev/ttyACM1", 0x1366, 0x1051, "000683000001")
ANOTHER = usb("/dev/ttyACM2", 0x1366, 0x1015, "000683000002")
OLD = usb("/dev/ttyS0", None, None, None)
CABLE = usb("/dev/ttyUSB0", 0x0403, 0x6001, "A1")


def test_a_board_is_found_by_its_usb_ids(connect) -> None:
    connect(OLD, CABLE, ITS_SECOND, FIRST)
    (found,) = candidates(NRF, None)
    assert found.url == "/dev/ttyACM0"
    assert str(found) == "/dev/ttyACM0 (J-Link, 1366:1051, serial number 000683000001)"
    assert check_available("serial", RunnerOptions(), NRF).startswith("/dev/ttyACM0 (J-Link")


def test_several_are_named(connect) -> None:
    connect(FIRST, ITS_SECOND, ANOTHER)
    with pytest.raises(UsageError, match="several connected boards") as raised:
        candidates(NRF, None)
    assert "000683000001" in str(raised.value.found)
    assert "000683000002" in str(raised.value.found)
    assert "--arielml-port" in str(raised.value.advice)
    assert [found.url for found in candidates(NRF, None, several=True)] == [
        "/dev/ttyACM0",
        "/dev/ttyACM2",
    ]


def test_none_lists_the_ports_there_are(connect) -> None:
    connect(OLD, CABLE)
    with pytest.raises(Unavailable, match="no nrf52840 is connected") as raised:
        candidates(NRF, None)
    assert raised.value.found == "/dev/ttyS0 (J-Link)\n/dev/ttyUSB0 (J-Link, 0403:6001, " + (
        "serial number A1)"
    )
    connect()
    with pytest.raises(Unavailable) as raised:
        check_available("serial", RunnerOptions(), NRF)
    assert raised.value.found == "no serial port at all"


def test_a_board_has_one_key_however_it_is_named(connect, tmp_path: Path) -> None:
    connect(FIRST)
    link = tmp_path / "by-id"
    link.symlink_to("/dev/ttyACM0")
    assert named_port(str(link)).key == board_ports(NRF)[0].key == named_port("/dev/ttyACM0").key
    assert named_port("socket://host:1").key == "socket://host:1"


@pytest.mark.parametrize(
    ("number", "kind", "says", "advice"),
    [
        (errno.ENOENT, Unavailable, "there is no port /dev/ttyX", "connect the board"),
        (errno.EACCES, Unavailable, "no permission to open /dev/ttyX", "dialout"),
        (errno.EBUSY, Unavailable, "another program has /dev/ttyX open", "lsof /dev/ttyX"),
    ],
)
def test_what_is_wrong_with_a_port(connect, monkeypatch, number, kind, says, advice) -> None:
    def refuse(self: object) -> None:
        raise serial.SerialException(number, "could not open port")

    monkeypatch.setattr(serial.Serial, "open", refuse)
    with pytest.raises(kind, match=says) as raised:
        open_port(Port("/dev/ttyX"), 1_000_000)
    assert advice in str(raised.value.advice)


def test_a_port_of_another_run_is_busy() -> None:
    import os

    master, slave = os.openpty()
    name = os.ttyname(slave)
    first = open_port(Port(name), 1_000_000)
    with pytest.raises(Unavailable, match="another program has"):
        open_port(Port(name), 1_000_000)
    first.close()
    open_port(Port(name), 1_000_000).close()
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize("url", ["nonsense://x", "socket://host", "socket://", "rfc2217://a:b"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises((UsageError, Unavailable)) as raised:
        open_port(Port(url), 1_000_000)
    assert url in raised.value.what


def test_nobody_listens() -> None:
    with pytest.raises(Unavailable, match="cannot be reached") as raised:
        open_port(Port("socket://127.0.0.1:1"), 1_000_000)
    assert "refused" in str(raised.value.found)


def test_without_a_board_ports_are_told(connect) -> None:
    assert check_available("serial").endswith("no known board connected")
    connect(FIRST)
    assert check_available("serial").endswith("nrf52840 at /dev/ttyACM0")
