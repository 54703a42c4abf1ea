"""What a user meets who gives us something wrong: one sentence, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

_CALL = """
import numpy as np
from lenet5 import MODEL

def test_it(arielml):
    arielml.deploy(MODEL).run({arguments})
"""


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ("", ["*takes 1 input, not 0*", "*expected:*float32 ?1, 1, 28, 28?*"]),
        (
            "np.zeros((1, 1, 28, 28))",
            ["*wrong dtype*", "*expected:*float32 ?1, 1, 28, 28?*", "*found:*float64*", "*astype*"],
        ),
        (
            "np.zeros((28, 28), np.float32)",
            ["*wrong shape*", "*found:*float32 ?28, 28?*", "*reshape((1, 1, 28, 28))*"],
        ),
        (
            "np.zeros((2, 1, 28, 28), np.float32)",
            ["*wrong shape*", "*found:*float32 ?2, 1, 28, 28?*", "*one sample at a time*"],
        ),
        ("np.zeros((1, 1, 28, 28), np.float32), function='other'", ["*has no function 'other'*"]),
    ],
)
def test_inputs_that_differ_from_the_signature(
    lenet5_test: pytest.Pytester, arguments: str, lines: list[str]
) -> None:
    lenet5_test.makepyfile(_CALL.format(arguments=arguments))
    result = lenet5_test.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(lines)
    result.stdout.no_fnmatch_line("*session/deployment.py*")


def _deploy(pytester: pytest.Pytester, path: Path | str) -> pytest.RunResult:
    pytester.makepyfile(f"def test_it(arielml):\n    arielml.deploy({str(path)!r})\n")
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*pytest_arielml/frontends*")
    return result


def test_a_missing_model(pytester: pytest.Pytester) -> None:
    result = _deploy(pytester, "nowhere.onnx")
    result.stdout.fnmatch_lines(["*nowhere.onnx*"])


def test_a_truncated_model(pytester: pytest.Pytester, lenet5_model: Path) -> None:
    path = pytester.path / "short.onnx"
    path.write_bytes(lenet5_model.read_bytes()[:2000])
    result = _deploy(pytester, path)
    result.stdout.fnmatch_lines(["*short.onnx*"])


def test_a_suffix_that_no_frontend_reads(pytester: pytest.Pytester) -> None:
    path = pytester.path / "model.h5"
    path.write_bytes(b"anything")
    result = _deploy(pytester, path)
    result.stdout.fnmatch_lines(["*.onnx*"])
