from __future__ import annotations

from pytest_arielml.errors import ArielError


def test_parts_stand_on_lines_of_their_own() -> None:
    error = ArielError(
        "the model does not fit",
        where="nrf52840",
        found="2 MiB\n1 MiB of it weights",
        advice="prune",
    )
    assert str(error).splitlines() == [
        "the model does not fit",
        "  where:    nrf52840",
        "  found:    2 MiB",
        "            1 MiB of it weights",
        "  next:     prune",
    ]


def test_parts_that_are_not_given_are_not_shown() -> None:
    assert str(ArielError("no")) == "no"
