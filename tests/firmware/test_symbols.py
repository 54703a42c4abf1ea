from __future__ import annotations

import pytest

from pytest_arielml.firmware import Image, Location


def test_addresses(image: Image) -> None:
    symbols = image.symbols
    assert "arielml_call" in symbols
    assert symbols.address("arielml_call") % 2 == 0
    assert "arielml_cull" not in symbols
    with pytest.raises(KeyError):
        symbols.address("arielml_cull")


def test_nearest(image: Image) -> None:
    symbols = image.symbols
    for name in ("arielml_call", "arielml_load", *image.kernels):
        address = symbols.address(name)
        assert symbols.nearest(address) == Location(name, 0)
        assert symbols.nearest(address + 4) == Location(name, 4)
        # A program counter with Thumb's bit, as a return address has it.
        assert symbols.nearest(address + 5) == Location(name, 4)


def test_nowhere(image: Image) -> None:
    assert image.symbols.nearest(0) is None
    assert image.symbols.nearest(image.symbols.address("__stack_top")) is None
    assert str(Location("arielml_call", 18)) == "arielml_call+0x12"
