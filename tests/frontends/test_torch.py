"""PyTorch modules: exported, run, and held against onnxruntime on the export.

The frontend's own sentences need no PyTorch: a stand-in has the few names that
it asks for. What a module computes is tested where PyTorch is installed.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import parser

from pytest_arielml.errors import ModelError, Unavailable, UsageError
from pytest_arielml.frontends import TensorSpec, load_model
from pytest_arielml.session import Workbench

X = np.zeros((1, 3), np.float32)


class Module:
    """As much of `torch.nn.Module` as the frontend asks for."""

    def __init__(self) -> None:
        self.training = True

    def modules(self) -> list[Module]:
        return [self]

    def named_modules(self) -> list[tuple[str, Module]]:
        return [("", self)]

    def state_dict(self) -> dict[str, Any]:
        return {}

    def eval(self) -> None:
        self.training = False


class Torch(ModuleType):
    """As much of PyTorch; `exported` notes what its exporter was asked for."""

    def __init__(self) -> None:
        super().__init__("torch")
        self.exported: list[Any] = []
        self.error: Exception | None = None
        self.nn = SimpleNamespace(Module=Module)
        self.Tensor = type("Tensor", (), {})
        self.as_tensor = np.asarray
        self.no_grad = nullcontext
        self.onnx = SimpleNamespace(export=self._export)

    def _export(self, module: Module, inputs: tuple[Any, ...], **options: Any) -> Any:
        self.exported.append((module.training, [each.shape for each in inputs]))
        if self.error is not None:
            raise self.error
        text = '<ir_version: 9, opset_import: ["": 19]> main (float[1,3] x) => (float[1,3] y) '
        return SimpleNamespace(model_proto=parser.parse_model(text + "{ y = Neg(x) }"))


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> Torch:
    torch = Torch()
    monkeypatch.setitem(sys.modules, "torch", torch)
    return torch


def test_it_is_exported_once_in_evaluation_mode(standin: Torch) -> None:
    module = Module()
    first = load_model(module, example_inputs=(X,))  # type: ignore[arg-type]
    assert load_model(module, example_inputs=[X]).digest == first.digest  # type: ignore[arg-type]
    assert standin.exported == [(False, [(1, 3)])]
    assert module.training
    assert first.name == "Module"
    assert first.signature.main.inputs == (TensorSpec("x", np.dtype("float32"), (1, 3)),)


def test_a_module_that_changed_is_exported_again(standin: Torch) -> None:
    module = Module()
    load_model(module, example_inputs=(X,))  # type: ignore[arg-type]
    module.slope = 0.5  # type: ignore[attr-defined]
    load_model(module, example_inputs=(X,))  # type: ignore[arg-type]
    load_model(module, example_inputs=(X[0],))  # type: ignore[arg-type]
    assert [shapes for _, shapes in standin.exported] == [[(1, 3)], [(1, 3)], [(3,)]]


@pytest.mark.parametrize("given", [None, (), 3])
def test_example_inputs_are_asked_for(standin: Torch, given: Any) -> None:
    with pytest.raises(UsageError, match="needs example inputs") as caught:
        load_model(Module(), example_inputs=given)  # type: ignore[arg-type]
    assert "deploy(module, example_inputs=(x,))" in str(caught.value)


def test_other_models_take_none() -> None:
    with pytest.raises(UsageError, match="example_inputs is for PyTorch modules"):
        load_model(onnx.ModelProto(), example_inputs=(X,))


def test_what_the_exporter_lacks_is_named(standin: Torch) -> None:
    standin.error = ModuleNotFoundError("No module named 'onnxscript'")
    with pytest.raises(Unavailable, match="exporter needs is not installed") as caught:
        load_model(Module(), example_inputs=(X,))  # type: ignore[arg-type]
    assert caught.value.advice == "pip install 'pytest-arielml[torch]'"


def test_what_cannot_be_exported_is_said_in_a_line(standin: Torch) -> None:
    error = RuntimeError("a long story\nof many lines")
    error.__cause__ = ValueError("the cause\nand its trace")
    standin.error = error
    module = Module()
    with pytest.raises(ModelError, match="PyTorch cannot export the module") as caught:
        load_model(module, example_inputs=(X,))  # type: ignore[arg-type]
    assert caught.value.found == "ValueError: the cause"
    assert module.training


def test_the_board_computes_what_the_module_does() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3),
        torch.nn.BatchNorm2d(4),
        torch.nn.ReLU(),
        torch.nn.Dropout(),
        torch.nn.Flatten(),
        torch.nn.Linear(4 * 6 * 6, 5),
    )
    x = torch.randn(1, 1, 8, 8)
    with Workbench("emu-nrf52840") as bench:
        deployment = bench.deploy(module, example_inputs=(x,))
        assert bench.deploy(module, example_inputs=(x,)) is deployment
        result = deployment.run(x)
        reference = bench.reference(module, x)
    assert module.training
    result.assert_matches(reference)
    assert reference.source.startswith("onnxruntime ")
    with torch.no_grad():
        expected = module.eval()(x).numpy()
    np.testing.assert_allclose(result.output, expected, rtol=1e-4, atol=1e-5)
