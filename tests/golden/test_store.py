from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest

from pytest_arielml.errors import Unavailable, UsageError
from pytest_arielml.golden import Golden, check, create, random_inputs, read, write

Inputs = tuple[np.ndarray, ...]


@pytest.fixture
def model(quantized_model: onnx.ModelProto, tmp_path: Path) -> Path:
    path = tmp_path / "quantized.onnx"
    onnx.save(quantized_model, path)
    return path


@pytest.fixture
def inputs(model: Path) -> Inputs:
    return random_inputs(model.read_bytes(), seed=3, samples=6)


@pytest.fixture
def golden(model: Path, inputs: Inputs) -> Golden:
    return create(model, inputs, description="random", seed=3)


def test_what_is_written_is_read(golden: Golden, inputs: Inputs, tmp_path: Path) -> None:
    kept = write(tmp_path / "new" / "g.npz", golden)
    again = read(tmp_path / "new" / "g", model_sha256=golden.provenance.model_sha256, inputs=inputs)
    assert again.provenance == kept.provenance
    assert [o.tolist() for o in again.outputs] == [o.tolist() for o in golden.outputs]
    assert [policy.step for policy in again.policies] == [0.25, 1.0, None]
    assert again.sample(2)[0].shape == (1, 4)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["g.json", "g.npz"]


def test_the_same_golden_is_the_same_bytes(golden: Golden, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name, golden)
    for suffix in (".npz", ".json"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_another_model_is_refused(golden: Golden, tmp_path: Path) -> None:
    write(tmp_path / "g", golden)
    with pytest.raises(UsageError, match=r"golden is of another quantized\.onnx"):
        read(tmp_path / "g", model_sha256="0" * 64)


def test_other_inputs_are_refused(golden: Golden, inputs: Inputs, tmp_path: Path) -> None:
    write(tmp_path / "g", golden)
    changed = inputs[0].copy()
    changed[5, 0, 3] += 1
    reshaped = inputs[0].reshape(6, 4, 1)
    for other in (changed, reshaped, inputs[0].astype(np.float64)):
        with pytest.raises(UsageError, match="for other inputs"):
            read(tmp_path / "g", inputs=[other])


def test_damaged_data_is_refused(golden: Golden, tmp_path: Path) -> None:
    write(tmp_path / "g", golden)
    path = tmp_path / "g.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(UsageError, match="data is not what its record says"):
        read(path)


def test_half_a_golden_is_none(golden: Golden, tmp_path: Path) -> None:
    write(tmp_path / "g", golden)
    (tmp_path / "g.json").unlink()
    with pytest.raises(Unavailable, match="no such golden"):
        read(tmp_path / "g")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format 2"),
        ({"samples": "six"}, "'six'"),
        ({"samples": 7}, r"\[7, 1, 4\]"),
        ({"outputs": [{"name": "y"}]}, "name, dtype, shape, step"),
        ({"more": 1}, "unknown: more"),
    ],
)
def test_records_are_checked(
    golden: Golden, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    write(tmp_path / "g", golden)
    path = tmp_path / "g.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UsageError) as refused:
        read(tmp_path / "g")
    text = str(refused.value)
    assert "arielml golden create" in text
    assert re.search(message, text)


def test_a_record_that_is_no_json(golden: Golden, tmp_path: Path) -> None:
    write(tmp_path / "g", golden)
    for text in ("{", "[]"):
        (tmp_path / "g.json").write_text(text)
        with pytest.raises(UsageError, match="cannot be read"):
            read(tmp_path / "g")


def test_check_finds_a_changed_value(
    golden: Golden, model: Path, inputs: Inputs, tmp_path: Path
) -> None:
    assert all(each.ok for each in check(golden, model, inputs))
    changed = tuple(output.copy() for output in golden.outputs)
    changed[1][4, 0, 2] += 1
    found = check(Golden(golden.provenance, changed), model, inputs)
    assert [each.ok for each in found] == [True, False, True]
    assert found[1].first is not None
    assert found[1].first.index == (4, 0, 2)


def test_check_refuses_other_inputs(golden: Golden, model: Path, inputs: Inputs) -> None:
    with pytest.raises(UsageError, match="another input set"):
        check(golden, model, [inputs[0] + np.float32(1)])
