"""Booting on a board behind a TCP port or a pseudo-terminal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bridge import Bridge

from pytest_arielml.errors import GuestFault, Unavailable, UsageError
from pytest_arielml.runners import RunnerOptions
from pytest_arielml.runners.serial import boot, port
from pytest_arielml.session import Settings, Workbench


def test_a_board_that_has_the_image_needs_no_tool(board, bench_for, lenet5_model, digit) -> None:
    bench = bench_for(board.url)
    lenet5 = bench.deploy(lenet5_model)
    result = lenet5.run(digit)
    result.assert_matches(lenet5.reference(digit))
    assert result.instructions is None
    assert not result.seconds_are_estimated
    # Ticks of the device's own timer.
    assert 0.001 < result.seconds < 1.0
    assert board.connections == 1


def test_over_a_pseudo_terminal(lenet5_image, bench_for, lenet5_model, digit) -> None:
    with Bridge(lenet5_image, pty=True) as board:
        lenet5 = bench_for(board.url).deploy(lenet5_model)
        for _ in range(3):
            result = lenet5.run(digit)
        result.assert_matches(lenet5.reference(digit))


def test_another_image_is_flashed_over(board, bench_for, models, probe_rs) -> None:
    log = probe_rs(board)
    bench = bench_for(board.url)
    counter = bench.deploy(models / "counter.mlir")
    first, second = log.read_text().splitlines()
    assert first == (
        "download --non-interactive --chip nRF52840_xxAA --disable-progressbars --verify "
        f"{counter.firmware}"
    )
    assert second == "reset --non-interactive --chip nRF52840_xxAA"
    # Once it is there, it is not flashed again.
    bench.close()
    bench.deploy(models / "counter.mlir")
    assert len(log.read_text().splitlines()) == 2


def test_images_take_turns_on_the_one_board(
    board, bench_for, lenet5_model, models, digit, probe_rs
) -> None:
    log = probe_rs(board)
    bench = bench_for(board.url)
    lenet5 = bench.deploy(lenet5_model)
    expected = lenet5.run(digit).output
    bench.deploy(models / "several.mlir")
    np.testing.assert_array_equal(lenet5.run(digit).output, expected)
    flashed = [line for line in log.read_text().splitlines() if line.startswith("download")]
    assert [Path(line.split()[-1]).parent for line in flashed][1] == lenet5.firmware.parent
    assert len(flashed) == 2


def test_without_a_tool_the_error_names_image_and_tools(board, bench_for, models) -> None:
    with pytest.raises(Unavailable, match="has another image, and no tool") as raised:
        bench_for(board.url).deploy(models / "counter.mlir")
    error = raised.value
    assert str(error.expected).endswith("image.elf")
    assert "probe-rs (https://probe.rs" in str(error.advice)
    assert "pip install pyocd" in str(error.advice)


def test_a_board_at_another_machine_is_not_flashed_from_here(
    board, bench_for, models, probe_rs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe of this machine would be another board's."""
    log = probe_rs(board)
    monkeypatch.setattr(port, "_THIS_MACHINE", ())
    with pytest.raises(Unavailable, match="another image, and it is at another machine") as raised:
        bench_for(board.url).deploy(models / "counter.mlir")
    assert "labgrid" in str(raised.value.advice)
    assert not log.exists()


def test_a_tool_that_fails_is_quoted(board, bench_for, models, probe_rs) -> None:
    probe_rs(board)
    program = Path(probe_rs(board)).parent / "bin" / "probe-rs"
    program.write_text("#!/bin/sh\necho 'no probe was found.'\nexit 3\n")
    with pytest.raises(Exception, match="probe-rs could not flash") as raised:
        bench_for(board.url).deploy(models / "counter.mlir")
    assert "status 3" in str(raised.value)
    assert "no probe was found." in str(raised.value)


def test_a_tool_that_hangs_ends_at_the_time_limit(board, bench_for, models, probe_rs) -> None:
    program = Path(probe_rs(board)).parent / "bin" / "probe-rs"
    program.write_text("#!/bin/sh\nexec /bin/sleep 600\n")
    with pytest.raises(Exception, match="probe-rs did not finish within"):
        bench_for(board.url, 2.0).deploy(models / "counter.mlir")


def test_a_tool_that_flashes_another_board_is_noticed(
    board, bench_for, models, probe_rs, lenet5_image
) -> None:
    with Bridge(lenet5_image) as other:
        probe_rs(other)
        with pytest.raises(Exception, match="still runs another image") as raised:
            bench_for(board.url).deploy(models / "counter.mlir")
    assert "same board" in str(raised.value.advice)


def test_a_silent_board_is_flashed(bench_for, lenet5_model, digit, probe_rs) -> None:
    with Bridge(None) as board:
        probe_rs(board)
        lenet5 = bench_for(board.url).deploy(lenet5_model)
        assert lenet5.run(digit).output.shape == (1, 10)


def test_a_silent_board_without_a_tool_says_so(
    bench_for, lenet5_model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot, "PATIENCE", 0.3)
    with (
        Bridge(None) as board,
        pytest.raises(Unavailable, match="is silent, and no tool") as raised,
    ):
        bench_for(board.url).deploy(lenet5_model)
    assert "did not greet" in str(raised.value.found)


def test_another_kind_of_board_is_left_alone(
    lenet5_image, lenet5_model, probe_rs, tmp_path
) -> None:
    with Bridge(lenet5_image) as board:
        log = probe_rs(board)
        settings = Settings(timeout=10, runner=RunnerOptions(port=board.url))
        with (
            Workbench("serial-rp2040", settings=settings) as bench,
            pytest.raises(UsageError, match="another board than rp2040") as raised,
        ):
            bench.deploy(lenet5_model)
        assert raised.value.found == "nrf52840"
        assert not log.exists()


def test_a_crashed_board_comes_up_again(board, bench_for, lenet5_model, digit, probe_rs) -> None:
    """The tool resets what answers no more; the image is not flashed again."""
    log = probe_rs(board)
    bench = bench_for(board.url, 5.0)
    lenet5 = bench.deploy(lenet5_model)
    expected = lenet5.run(digit).output
    board.wire.to_board = lambda data: b""
    with pytest.raises(GuestFault, match="no answer to INPUT"):
        lenet5.run(digit)
    board.wire.to_board = lambda data: data
    np.testing.assert_array_equal(lenet5.run(digit).output, expected)
    assert not log.exists()


def test_a_boot_is_tried_twice(board, bench_for, lenet5_model) -> None:
    board.wire.pulled = lambda: board.connections == 1
    lenet5 = bench_for(board.url).deploy(lenet5_model)
    assert board.connections == 2
    assert lenet5.stack_peak > 0


def test_bytes_lost_at_connect(board, bench_for, lenet5_model, impatient) -> None:
    lost = 25

    def lose(data: bytes) -> bytes:
        nonlocal lost
        kept = data[lost:]
        lost -= len(data) - len(kept)
        return kept

    board.wire.to_board = lose
    assert bench_for(board.url).deploy(lenet5_model).stack_peak > 0
    assert lost == 0
