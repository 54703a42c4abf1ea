"""The wire between host and device: framing, messages and the client."""

from pytest_arielml.wire.client import Client
from pytest_arielml.wire.codec import encode_greeting
from pytest_arielml.wire.messages import (
    CallReply,
    Check,
    CheckReply,
    Export,
    Greeting,
    LoadReply,
    Policy,
    Record,
    RecordsReply,
    StatsReply,
)
from pytest_arielml.wire.stream import ByteStream
from pytest_arielml.wire.tensors import Tensor

__all__ = [
    "ByteStream",
    "CallReply",
    "Check",
    "CheckReply",
    "Client",
    "Export",
    "Greeting",
    "LoadReply",
    "Policy",
    "Record",
    "RecordsReply",
    "StatsReply",
    "Tensor",
    "encode_greeting",
]
