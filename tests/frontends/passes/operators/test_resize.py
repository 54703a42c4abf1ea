from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from rewriting import check, floats, integers, operators, stays

X = floats(1, 2, 4, 6)
MODES = ("nearest", "linear", "cubic")
COORDINATES = (
    "align_corners",
    "asymmetric",
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
)


def scales(*values: float) -> np.ndarray[Any, Any]:
    return np.asarray(values, np.float32)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize(("high", "wide"), [(0.5, 2.0), (1.6, 0.7), (0.3, 1.0)])
def test_modes(mode: str, coordinates: str, high: float, wide: float) -> None:
    options = {"mode": mode, "coordinate_transformation_mode": coordinates}
    made = check("Resize", [X, None, scales(high, wide)], constants=[2], axes=[2, 3], **options)
    assert ("MatMul" in operators(made)) is (mode != "nearest")


@pytest.mark.parametrize("rounding", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
def test_rounding(rounding: str) -> None:
    options = {"coordinate_transformation_mode": "align_corners", "nearest_mode": rounding}
    check("Resize", [X, None, None, integers(1, 2, 7, 3)], constants=[3], **options)


@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize(
    "options", [{"antialias": 1}, {"exclude_outside": 1}, {"antialias": 1, "exclude_outside": 1}]
)
@pytest.mark.parametrize("size", [(2, 3), (3, 9), (1, 1)])
def test_kernels(mode: str, options: dict[str, int], size: tuple[int, int]) -> None:
    wanted = integers(1, 2, *size)
    check("Resize", [X, None, None, wanted], constants=[3], mode=mode, **options)


def test_another_cubic() -> None:
    inputs = [X, None, scales(1, 1, 0.8, 1.5)]
    check("Resize", inputs, constants=[2], mode="cubic", cubic_coeff_a=-0.5)


@pytest.mark.parametrize("policy", ["not_larger", "not_smaller"])
@pytest.mark.parametrize("size", [(2, 5), (8, 9), (3, 2)])
def test_policies(policy: str, size: tuple[int, int]) -> None:
    options = {"keep_aspect_ratio_policy": policy, "axes": [2, 3]}
    check("Resize", [X, None, None, integers(*size)], constants=[3], **options)


@pytest.mark.parametrize("mode", ["linear", "cubic", "nearest"])
@pytest.mark.parametrize("size", [(3, 3), (1, 4)])
@pytest.mark.parametrize(
    "region", [(0.2, 0.0, 0.8, 1.0), (0.4, 0.6, 1.2, 1.7), (-0.5, 0.25, 0.3, 0.05)]
)
def test_regions(mode: str, size: tuple[int, int], region: tuple[float, ...]) -> None:
    options: dict[str, Any] = {"mode": mode, "extrapolation_value": 7.0, "axes": [2, 3]}
    options["coordinate_transformation_mode"] = "tf_crop_and_resize"
    check("Resize", [X, scales(*region), None, integers(*size)], constants=[1, 3], **options)


def test_other_types_and_ranks() -> None:
    options = {"mode": "linear", "coordinate_transformation_mode": "align_corners"}
    sizes = integers(2, 3)
    check("Resize", [floats(3, 4).astype(np.float64), None, None, sizes], constants=[3], **options)
    options = {"coordinate_transformation_mode": "align_corners"}
    whole = np.arange(12, dtype=np.int8).reshape(3, 4)
    check("Resize", [whole, None, None, sizes], constants=[3], **options)


@pytest.mark.parametrize(
    ("mode", "coordinates"),
    [
        *itertools.product(["nearest"], ["asymmetric", "half_pixel"]),
        *itertools.product(["linear", "cubic"], ["asymmetric", "half_pixel"]),
    ],
)
def test_what_iree_does_itself_stays(mode: str, coordinates: str) -> None:
    options = {"mode": mode, "coordinate_transformation_mode": coordinates}
    stays("Resize", [X, None, scales(1, 1, 2, 2)], constants=[2], **options)


def test_what_is_not_known_stays() -> None:
    options = {"coordinate_transformation_mode": "tf_crop_and_resize"}
    region = scales(0, 0, 0.1, 0.1, 1, 1, 0.9, 0.9)
    stays("Resize", [X, region, None, integers(1, 2, 3, 3)], constants=[3], **options)
    stays("Resize", [X, None, scales(1, 1, 2, 2)], mode="linear", antialias=1)
