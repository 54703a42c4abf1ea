"""PyTorch modules: exported to ONNX by PyTorch itself, then read as any ONNX model."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from pytest_arielml.errors import ModelError, Unavailable, UsageError

if TYPE_CHECKING:
    import onnx

_PLAIN: Final = (bool, int, float, str, type(None))

# Exporting takes seconds. What was exported last of each module, and from what.
_exported: WeakKeyDictionary[Any, tuple[str, onnx.ModelProto]] = WeakKeyDictionary()


def is_module(source: object) -> bool:
    """Whether `source` is a `torch.nn.Module`; PyTorch is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.nn.Module)


def to_onnx(module: Any, example_inputs: object) -> onnx.ModelProto:
    """The module as `torch.onnx.export` writes it, in evaluation mode.

    Args:
        module: left as it is.
        example_inputs: one tensor or array for each of its inputs, in a
            sequence; their shapes and dtypes are the model's.

    Raises: UsageError without example inputs; ModelError when the module
    cannot be exported; Unavailable without what the exporter needs.
    """
    torch = sys.modules["torch"]
    where = f"torch.nn.Module {type(module).__name__}"
    if isinstance(example_inputs, (torch.Tensor, np.ndarray)):
        example_inputs = (example_inputs,)
    if not isinstance(example_inputs, Sequence) or not example_inputs:
        raise UsageError(
            "a PyTorch module is exported by running it, and needs example inputs",
            where=where,
            expected="deploy(module, example_inputs=(x,)) with a tensor for each input",
            found="none" if example_inputs is None else repr(example_inputs)[:80],
            advice="pass an example for each input of forward, such as torch.zeros(1, 1, 28, 28)",
        )
    tensors = tuple(torch.as_tensor(each) for each in example_inputs)
    state = _state(module, tensors)
    known = _exported.get(module)
    if known is None or known[0] != state:
        known = state, _export(module, tensors, where)
        _exported[module] = known
    return known[1]


def _export(module: Any, tensors: tuple[Any, ...], where: str) -> onnx.ModelProto:
    torch = sys.modules["torch"]
    try:
        with _evaluating(module), torch.no_grad(), _quiet():
            program = torch.onnx.export(module, tensors, dynamo=True, verbose=False)
            proto: onnx.ModelProto = program.model_proto
    except ImportError as error:
        raise Unavailable(
            "what PyTorch's exporter needs is not installed",
            where=where,
            found=str(error),
            advice="pip install 'pytest-arielml[torch]'",
        ) from None
    # It raises whatever the module raises, and a dozen classes of its own.
    except Exception as error:
        raise ModelError(
            "PyTorch cannot export the module to ONNX",
            where=where,
            found=_cause(error),
            advice="check it with: torch.onnx.export(module, example_inputs, dynamo=True)",
        ) from None
    return _without_notes(proto, type(module).__name__)


@contextmanager
def _evaluating(module: Any) -> Iterator[None]:
    """Dropout and the like as they are at inference; afterwards as they were."""
    modes = [(each, each.training) for each in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for each, training in modes:
            each.training = training


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter logs, such as packages that it could use too."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _without_notes(proto: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """Without stack traces and the like, in which the same module differs from run to run."""
    import onnx

    proto = onnx.shape_inference.infer_shapes(proto)
    proto.ClearField("metadata_props")
    graph = proto.graph
    graph.name = name
    for each in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info):
        each.ClearField("metadata_props")
        each.ClearField("doc_string")
    return proto


def _state(module: Any, tensors: tuple[Any, ...]) -> str:
    """Digest of what an export follows from: weights, plain attributes, the inputs' types."""
    digest = hashlib.sha256()
    for each in tensors:
        digest.update(f"{each.dtype} {tuple(each.shape)}\n".encode())
    for name, part in module.named_modules():
        plain = {
            key: value
            for key, value in vars(part).items()
            if key != "training" and isinstance(value, (*_PLAIN, tuple))
        }
        digest.update(f"{name} {type(part).__qualname__} {plain}\n".encode())
    for name, value in module.state_dict().items():
        digest.update(f"{name}\n".encode())
        if hasattr(value, "detach"):
            digest.update(np.ascontiguousarray(value.detach().cpu().numpy()).tobytes())
    return digest.hexdigest()


def _cause(error: BaseException) -> str:
    """The first line of what went wrong at first."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}"[:300]
