"""Frames, and the vectors that the device's end is tested with too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_arielml.wire.framing import MAX_BODY, BadFrame, FrameSplitter, encode_frame

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
GOOD = {vector["name"]: vector for vector in VECTORS["good"]}
BAD = {vector["name"]: vector for vector in VECTORS["bad"]}


@pytest.mark.parametrize("name", GOOD)
def test_bodies_and_their_frames(name: str) -> None:
    body, frame = (bytes.fromhex(GOOD[name][key]) for key in ("body", "frame"))
    assert encode_frame(body) == frame
    assert list(FrameSplitter().feed(frame)) == [body]


@pytest.mark.parametrize("name", GOOD)
def test_bytes_one_by_one(name: str) -> None:
    splitter = FrameSplitter()
    frame = bytes.fromhex(GOOD[name]["frame"])
    bodies = [body for byte in frame for body in splitter.feed(bytes([byte]))]
    assert bodies == [bytes.fromhex(GOOD[name]["body"])]


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_frame(name: str) -> None:
    (found,) = FrameSplitter().feed(bytes.fromhex(BAD[name]["bytes"]))
    assert isinstance(found, BadFrame)
    assert found.reason == BAD[name]["reason"]


@pytest.mark.parametrize("name", BAD)
def test_the_next_frame_is_found(name: str) -> None:
    good = encode_frame(b"next")
    *_, last = FrameSplitter().feed(bytes.fromhex(BAD[name]["bytes"]) + good)
    assert last == b"next"


def test_zeros_alone_are_nothing() -> None:
    assert list(FrameSplitter().feed(bytes(100))) == []


def test_frames_share_a_zero() -> None:
    frames = encode_frame(b"one") + encode_frame(b"two")[1:]
    assert list(FrameSplitter().feed(frames)) == [b"one", b"two"]


def test_a_body_too_long_is_refused() -> None:
    encode_frame(bytes(MAX_BODY))
    with pytest.raises(ValueError, match="1025 bytes"):
        encode_frame(bytes(MAX_BODY + 1))


def test_an_endless_run_is_not_kept() -> None:
    splitter = FrameSplitter()
    for _ in range(100):
        assert list(splitter.feed(b"\x01" * 1000)) == []
    assert len(splitter.pending) < 2 * MAX_BODY
    (found,) = splitter.feed(b"\0")
    assert isinstance(found, BadFrame)
    assert found.reason == "frame too long"
