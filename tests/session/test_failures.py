"""A call that fails on the device: the module's own words reach the caller."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pytest_arielml.errors import Refused
from pytest_arielml.session import Deployment, Workbench

ASSERTS = """
func.func @small(%x: tensor<i32>) -> tensor<i32> {
  %value = tensor.extract %x[] : tensor<i32>
  %bound = arith.constant 100 : i32
  %ok = arith.cmpi slt, %value, %bound : i32
  cf.assert %ok, "MESSAGE"
  return %x : tensor<i32>
}
"""


def deploy(bench: Workbench, folder: Path, message: str) -> Deployment:
    path = folder / "asserts.mlir"
    path.write_text(ASSERTS.replace("MESSAGE", message), encoding="utf-8")
    return bench.deploy(path)


def test_message_status_and_function(bench: Workbench, models: Path) -> None:
    counter = bench.deploy(models / "counter.mlir")
    with pytest.raises(Refused) as caught:
        counter.run(np.array(0, np.int32), function="positive")
    error = caught.value
    assert error.status == "FAILED_PRECONDITION"
    assert error.message == "x must be positive"
    assert "FAILED_PRECONDITION: x must be positive" in error.what
    assert str(error.where).startswith("counter.positive on emu-nrf52840: function ")
    assert "bytecode offset 0x" in str(error.where)


def test_the_device_goes_on(bench: Workbench, models: Path) -> None:
    counter = bench.deploy(models / "counter.mlir")
    for _ in range(3):
        with pytest.raises(Refused):
            counter.run(np.array(-5, np.int32), function="positive")
        # A function without inputs: those of the failed call must be gone.
        counter.run(function="tick")
        assert counter.run(np.array(5, np.int32), function="positive").output == 5


@pytest.mark.parametrize("message", ["größer als 99: 4 µs", "%d: {0}, [brackets]", "a" * 400])
def test_any_text_arrives(bench: Workbench, tmp_path: Path, message: str) -> None:
    small = deploy(bench, tmp_path, message)
    with pytest.raises(Refused) as caught:
        small.run(np.array(100, np.int32))
    assert caught.value.message == message
    assert small.run(np.array(99, np.int32)).output == 99


def test_a_text_too_long_for_the_wire_is_cut(bench: Workbench, tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        deploy(bench, tmp_path, "0123456789" * 200).run(np.array(100, np.int32))
    assert len(caught.value.message) >= 400
    assert ("0123456789" * 200).startswith(caught.value.message)


def test_memory_that_runs_out_is_a_failed_call(bench: Workbench, models: Path) -> None:
    scale = bench.deploy(models / "free.mlir")
    with pytest.raises(Refused) as caught:
        scale.run(np.ones((20_000, 4), np.float32), np.float32(2))
    assert caught.value.status == "RESOURCE_EXHAUSTED"
    assert "RAM" in str(caught.value.advice)
    small = np.ones((2, 4), np.float32)
    scale.run(small, np.float32(2)).assert_matches(2 * small)
