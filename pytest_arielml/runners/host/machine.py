"""A device in this process."""

from __future__ import annotations

import ctypes
import time
from typing import TYPE_CHECKING, Final

from pytest_arielml.boards import Board
from pytest_arielml.errors import GuestFault, Unavailable
from pytest_arielml.firmware.host import MODULE_END, MODULE_START, QUERY
from pytest_arielml.runners.host.native import Configuration, SharedObject, load_native

if TYPE_CHECKING:
    from pytest_arielml.firmware import Image

_RECEIVE: Final = 1 << 16


class HostMachine:
    """One device; its own stream. It runs while the stream is read."""

    def __init__(self, image: Image, board: Board, *, timeout: float) -> None:
        """A device with `image`; the arena is the board's RAM.

        `timeout` bounds, in seconds, how long bytecode may run for one request.

        Raises: Unavailable; CompileError when the kernels cannot be loaded.
        """
        self._native = load_native()
        self._timeout = timeout
        self._sent = bytearray()
        self._buffer = ctypes.create_string_buffer(_RECEIVE)
        self._device: int | None = None
        self._object = SharedObject(image.elf)
        try:
            self._device = self._create(image, board)
        except BaseException:
            self.close()
            raise

    @property
    def stream(self) -> HostMachine:
        """The wire."""
        return self

    @property
    def displaced(self) -> bool:
        """Never: each image has a device of its own."""
        return False

    @property
    def instructions_per_second(self) -> None:
        """None: time is this machine's."""
        return None

    def counters(self) -> None:
        """None: nothing counts instructions."""
        return

    def write(self, data: bytes) -> None:
        """Keeps `data` until the stream is read."""
        self._check_open()
        self._sent += data

    def read(self, timeout: float) -> bytes:
        """What the device answers to what was written."""
        device = self._check_open()
        if self._sent:
            data = bytes(self._sent)
            self._sent.clear()
            self._native.feed(device, data, len(data), self._timeout)
        taken = self._native.take(device, self._buffer, _RECEIVE)
        if not taken and timeout > 0:
            # Nothing will come until `write`.
            time.sleep(timeout)
        return self._buffer.raw[:taken]

    def close(self) -> None:
        """Frees the device and unloads the kernels; a second call does nothing."""
        if self._device is not None:
            self._native.destroy(self._device)
            self._device = None
        self._object.close()

    def _create(self, image: Image, board: Board) -> int:
        start, end = self._object.address(MODULE_START), self._object.address(MODULE_END)
        assert start is not None
        assert end is not None
        configuration = Configuration(
            module=start,
            module_length=end - start,
            library=self._object.address(QUERY),
            arena=board.ram.length,
            id=(ctypes.c_uint8 * 8)(*image.identity),
        )
        device: int | None = self._native.create(ctypes.byref(configuration))
        if device is None:
            raise Unavailable(
                "this machine cannot hold the device",
                where=str(image.elf),
                expected=f"{board.ram.length:,} bytes for its arena",
                found="less memory, or an image that is not aligned",
                advice="free memory, or take another target: arielml boards",
            )
        return device

    def _check_open(self) -> int:
        if self._device is None:
            raise GuestFault("the device was closed", advice="boot it again")
        return self._device
