"""Boards in a lab that labgrid runs: port, power, reset and flashing from its environment.

What a target of the environment has is used, what it lacks is done without:

- a `SerialPort` or `NetworkSerialPort`: the wire (a console driver that is
  active on it is deactivated first);
- a driver of `PowerProtocol`: switched on before the first boot;
- a driver of `ResetProtocol`, which most power drivers are too: resets a board
  that does not answer;
- a driver of `BootstrapProtocol`: flashes images.

Needs labgrid.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
from labgrid.binding import BindingError, BindingState, StateError
from labgrid.driver.exception import CleanUpError, ExecutionError
from labgrid.exceptions import InvalidConfigError, NoDriverFoundError, NoResourceFoundError
from labgrid.protocol import BootstrapProtocol, PowerProtocol, ResetProtocol
from labgrid.pytestplugin.hooks import LABGRID_ENV_KEY
from labgrid.resource import NetworkSerialPort, SerialPort
from labgrid.util.proxy import proxymanager

from pytest_arielml.boards import Board
from pytest_arielml.errors import DeviceError, Unavailable
from pytest_arielml.runners import Place

_FAILURES = (
    BindingError,
    CleanUpError,
    ExecutionError,
    InvalidConfigError,
    NoDriverFoundError,
    NoResourceFoundError,
    OSError,
    StateError,
    pexpect.ExceptionPexpect,
    subprocess.SubprocessError,
)
_SCHEMES = {"raw": "socket", "rfc2217": "rfc2217"}


class LabgridPlace:
    """One target of a labgrid environment."""

    def __init__(self, target: Any) -> None:
        self._target = target

    def port(self) -> str:
        """The serial port of the board, which has power then."""
        with _told("labgrid does not give the board", self._target, Unavailable):
            power = self._driver(PowerProtocol)
            if power is not None:
                power.on()
            resource = self._port()
            for client in resource.clients:
                if client.state is BindingState.active:
                    self._target.deactivate(client)
            if isinstance(resource, SerialPort):
                return str(resource.port)
            host, number = proxymanager.get_host_and_port(resource)
            return f"{_SCHEMES[resource.protocol]}://{host}:{number}"

    def reset(self) -> bool:
        """Resets the board, or switches it off and on; whether the target has a way to."""
        with _told("labgrid could not reset the board", self._target, Unavailable):
            driver = self._driver(ResetProtocol)
            if driver is not None:
                driver.reset()
                return True
            power = self._driver(PowerProtocol)
            if power is not None:
                power.cycle()
            return power is not None

    def flash(self, elf: Path) -> str | None:
        """Flashes an image by the target's bootstrap driver; its name, `None` without one."""
        with _told("labgrid could not flash the board", self._target, DeviceError):
            driver = self._driver(BootstrapProtocol)
            if driver is None:
                return None
            driver.load(str(elf))
            return f"labgrid's {type(driver).__name__}"

    def close(self) -> None:
        """Does nothing: labgrid lets go of what it holds when its environment ends."""

    def _port(self) -> Any:
        found = []
        for kind in (SerialPort, NetworkSerialPort):
            try:
                found.append(self._target.get_resource(kind))
            except NoResourceFoundError as error:
                if error.found:
                    raise
        if len(found) != 1:
            raise NoResourceFoundError(
                f"{len(found)} resources of {self._target.name} are a SerialPort or "
                "NetworkSerialPort, and one is wanted"
            )
        return found[0]

    def _driver(self, protocol: type) -> Any:
        """The target's driver of a protocol, active; `None` when there is none."""
        if not any(isinstance(driver, protocol) for driver in self._target.drivers):
            return None
        return self._target.get_driver(protocol)


def lab(stash: Any) -> Callable[[Board], Place]:
    """Gives the places of the environment that labgrid's plugin keeps in pytest's `stash`.

    A board's target is the one of its name, else `main`, else the only one.
    """

    def place(board: Board) -> Place:
        env = stash[LABGRID_ENV_KEY]
        names = list(env.config.get_targets())
        name = next((name for name in (board.name, "main") if name in names), None)
        if name is None and len(names) == 1:
            name = names[0]
        if name is None:
            raise Unavailable(
                f"labgrid's environment has no target for {board.name}",
                where=str(env.config_file),
                expected=f"a target called {board.name} or main",
                found=", ".join(names) or "no target",
                advice="add such a target to that file",
            )
        with _told("labgrid does not give the board", name, Unavailable):
            return LabgridPlace(env.get_target(name))

    return place


@contextmanager
def _told(what: str, target: Any, kind: type[Unavailable] | type[DeviceError]) -> Iterator[None]:
    try:
        yield
    except _FAILURES as error:
        said = getattr(error, "output", None)
        text = said.decode("utf-8", "replace").strip() if isinstance(said, bytes) else ""
        raise kind(
            what,
            where=f"labgrid target {getattr(target, 'name', target)}",
            found=f"{type(error).__name__}: {error}" + (f"\n{text}" if text else ""),
            advice="check the environment of --lg-env, or try it with labgrid-client",
        ) from None
