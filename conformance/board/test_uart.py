"""A megabyte through the UART, there and back, without loss."""

from __future__ import annotations

import time

import cbor2
import numpy as np

from conformance.board import verdicts
from conformance.board.bench import Bench
from conformance.board.conftest import Note
from pytest_arielml.wire.framing import encode_frame

TOTAL = 1 << 20
PIECE = 1000
SEED = 1


def test_a_megabyte_comes_back(board_bench: Bench, note: Note) -> None:
    """Random bytes in frames; none is lost, changed, or asked for twice."""
    data = np.random.default_rng(SEED).bytes(TOTAL)
    board_bench.client.echo(b"")
    traffic = board_bench.traffic
    sent, received, frames = traffic.bytes_sent, traffic.bytes_received, traffic.frames_sent
    wanted = {"frames": 0, "bytes sent": 0, "bytes received": 0}
    wrong = None
    begun = time.monotonic()
    for start in range(0, TOTAL, PIECE):
        piece = data[start : start + PIECE]
        if board_bench.client.echo(piece) != piece and wrong is None:
            wrong = start
        request_id = board_bench.client.last_id
        wanted["frames"] += 1
        wanted["bytes sent"] += len(encode_frame(cbor2.dumps([request_id, 10, piece])))
        wanted["bytes received"] += len(encode_frame(cbor2.dumps([request_id, 0, piece])))
    seconds = time.monotonic() - begun
    if wrong is not None:
        raise verdicts.BoardError(
            "the UART gave back other bytes than it was sent, in a frame with a right CRC",
            where=f"in the {PIECE} bytes from {wrong:,}",
            advice="look at the memory that frames are in: DMA out of RAM's range, or a cache",
        )
    found = {
        "frames": traffic.frames_sent - frames,
        "bytes sent": traffic.bytes_sent - sent,
        "bytes received": traffic.bytes_received - received,
    }
    said = verdicts.traffic(wanted, found, seconds)
    note(said)
