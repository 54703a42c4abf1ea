"""The inputs of a call, checked at the door."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

import numpy as np

from pytest_arielml.errors import DeviceError, InputError
from pytest_arielml.frontends import Function, TensorSpec, shape_text
from pytest_arielml.session.result import Array


def check_inputs(function: Function, inputs: Sequence[object], model: str) -> list[Array]:
    """The inputs as arrays of the function's dtypes and shapes, in its order.

    Args:
        function: what is called.
        inputs: one array an input, in order; or one mapping of their names
            to arrays.
        model: its name, for messages.

    Raises: InputError naming the input, what was expected and what was given.
    """
    specs = function.inputs
    if len(inputs) == 1 and isinstance(inputs[0], Mapping):
        inputs = _in_order(specs, inputs[0], model)
    if len(inputs) != len(specs):
        raise InputError(
            f"{model} takes {len(specs)} input{'s' if len(specs) != 1 else ''}, not {len(inputs)}",
            expected=_listed(specs),
            found=", ".join(_given(value) for value in inputs) or "no input",
            advice="pass one array for each input, in order, or a mapping of names to arrays",
        )
    arrays = []
    for spec, value in zip(specs, inputs, strict=True):
        array = np.asarray(value)
        if array.dtype != spec.dtype or not spec.takes(array.shape):
            raise InputError(
                f"input {spec.name!r} of {model} has the wrong "
                + ("dtype" if array.dtype != spec.dtype else "shape"),
                expected=str(spec),
                found=_given(value),
                advice=_conversion(spec, array),
            )
        # Not ascontiguousarray, which makes a vector of a scalar.
        arrays.append(np.asarray(array, order="C"))
    _check_names(specs, arrays, model)
    return arrays


def check_outputs(function: Function, outputs: Sequence[Array], model: str) -> None:
    """Raises: DeviceError when an output is not what the signature declares."""
    for spec, array in zip(function.outputs, outputs, strict=True):
        if array.dtype != spec.dtype or not spec.takes(array.shape):
            raise DeviceError(
                f"output {spec.name!r} of {model} is not what the model declares",
                expected=str(spec),
                found=_given(array),
                advice="report it with the model: compiler and frontend do not agree",
            )


def _in_order(
    specs: Sequence[TensorSpec], inputs: Mapping[object, object], model: str
) -> list[object]:
    names = [spec.name for spec in specs]
    for name in inputs:
        if name not in names:
            near = difflib.get_close_matches(str(name), names, n=1)
            raise InputError(
                f"{model} has no input {name!r}",
                expected=_listed(specs),
                found=", ".join(map(str, inputs)),
                advice=f"did you mean {near[0]}?" if near else "use the names that the model has",
            )
    missing = [name for name in names if name not in inputs]
    if missing:
        raise InputError(
            f"{model} is not given its input {missing[0]!r}",
            expected=_listed(specs),
            found=", ".join(map(str, inputs)) or "no input",
            advice="add it to the mapping",
        )
    return [inputs[name] for name in names]


def _check_names(specs: Sequence[TensorSpec], arrays: Sequence[Array], model: str) -> None:
    """Free sizes of one name are the same in all inputs."""
    known: dict[str, tuple[str, int]] = {}
    for spec, array in zip(specs, arrays, strict=True):
        for dim, size in zip(spec.shape, array.shape, strict=True):
            if not isinstance(dim, str):
                continue
            first, expected = known.setdefault(dim, (spec.name, size))
            if size != expected:
                raise InputError(
                    f"inputs of {model} differ in the size of {dim!r}",
                    expected=f"{spec} with {dim} = {expected}, as in {first!r}",
                    found=f"{dim} = {size}",
                    advice="pass inputs whose sizes of that name are the same",
                )


def _listed(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(map(str, specs)) or "no input"


def _given(value: object) -> str:
    array = np.asarray(value)
    kind = "" if isinstance(value, np.ndarray) else f" ({type(value).__name__})"
    return f"{array.dtype} {shape_text(array.shape)}{kind}"


def _conversion(spec: TensorSpec, array: Array) -> str:
    if array.dtype != spec.dtype:
        return f"convert it on purpose: array.astype({spec.dtype.name!r})"
    if spec.is_static and array.size * array.itemsize == spec.nbytes:
        return f"reshape it: array.reshape({tuple(spec.shape)})"
    return (
        "pass one sample at a time, in the model's own shape; "
        "deploy(..., dims={...}) sets sizes that a model leaves free"
    )
