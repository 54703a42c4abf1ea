"""QEMU's command line for a board."""

from __future__ import annotations

from pathlib import Path

from pytest_arielml.boards.board import Qemu


def command_line(program: Path, qemu: Qemu, elf: Path, wire: int) -> list[str]:
    """What starts `elf` on a board.

    Args:
        program: the QEMU for its system.
        qemu: how QEMU has the board.
        elf: the image.
        wire: an inherited socket, connected: the board's first UART.
    """
    return [
        str(program),
        "-machine",
        qemu.machine,
        "-accel",
        "tcg,thread=single",
        # Asleep, time goes by the host's clock. With sleep=off it would jump from
        # one timer to the next: a timer that reloads then keeps the host busy.
        "-icount",
        f"shift={qemu.shift},sleep=on,align=off",
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-monitor",
        "none",
        "-chardev",
        f"socket,id=wire,fd={wire}",
        "-serial",
        "chardev:wire",
        # What the guest does wrong, or asks of a model that has not got it.
        "-d",
        "guest_errors,unimp",
        "-kernel",
        str(elf),
        *qemu.arguments,
    ]
