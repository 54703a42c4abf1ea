"""Models with functions, state and free sizes in ordinary tests."""

from __future__ import annotations

import sys
from pathlib import Path

# Pytester forgets what a run inside of it imports; an extension is not to be loaded twice.
import iree.runtime  # noqa: F401
import pytest

from pytest_arielml.compiler import tool_path


def test_functions_inputs_and_outputs_by_name(pytester: pytest.Pytester, models: Path) -> None:
    pytester.makepyfile(
        f"""
        import numpy as np
        MODEL = {str(models / "several.mlir")!r}
        INPUTS = {{"b": np.array([2, 3, 4], np.int32), "a": np.array([9, 9, 9], np.int32)}}

        def test_divide(arielml):
            result = arielml.deploy(MODEL).run(INPUTS, function="divide")
            expected = arielml.reference(MODEL, INPUTS, function="divide")
            result.assert_matches(expected)
            assert expected.source.startswith("IREE")
            assert result.outputs["remainder"].tolist() == [1, 0, 1]
            assert result.outputs.quotient.tolist() == [4, 3, 2]

        def test_wrong(arielml):
            result = arielml.deploy(MODEL).run(INPUTS, function="divide")
            other = dict(INPUTS, a=INPUTS["b"])
            result.assert_matches(arielml.reference(MODEL, other, function="divide"))
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*several.divide on emu-nrf52840: outputs differ from IREE * on this host*"]
    )
    result.stdout.fnmatch_lines(["*quotient int32?3?: 3 of 3 values differ*"])
    result.stdout.no_fnmatch_line("*pytest_arielml/session*")


def test_each_test_starts_from_the_initial_state(pytester: pytest.Pytester, models: Path) -> None:
    pytester.makepyfile(
        f"""
        import pytest
        MODEL = {str(models / "counter.mlir")!r}

        @pytest.mark.parametrize("turn", [1, 2, 3])
        def test_counts(arielml, turn):
            counter = arielml.deploy(MODEL)
            assert [int(counter.run(function="tick").output) for _ in range(3)] == [1, 2, 3]
            # The same test goes on where it was; reset starts anew.
            assert int(arielml.deploy(MODEL).run(function="tick").output) == 4
            counter.reset()
            assert int(counter.run(function="tick").output) == 1
        """
    )
    pytester.runpytest().assert_outcomes(passed=3)


def test_a_failed_call_shows_the_models_own_words(pytester: pytest.Pytester, models: Path) -> None:
    pytester.makepyfile(
        f"""
        import numpy as np
        import pytest
        from pytest_arielml.errors import Refused
        MODEL = {str(models / "counter.mlir")!r}

        def test_expected(arielml):
            with pytest.raises(Refused, match="x must be positive"):
                arielml.deploy(MODEL).run(np.array(-1, np.int32), function="positive")

        def test_unexpected(arielml):
            arielml.deploy(MODEL).run(np.array(-1, np.int32), function="positive")
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*Refused: CALL failed on the device: FAILED_PRECONDITION: x must be positive",
            "*where:*counter.positive on emu-nrf52840: function * bytecode offset *",
        ]
    )
    result.stdout.no_fnmatch_line("*pytest_arielml/wire*")


def test_sizes_are_fixed_or_left_free(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import numpy as np
        import pytest
        from onnx import parser

        MODEL = parser.parse_model('''
            <ir_version: 8, opset_import: ["" : 17]>
            net (float[N,4] x) => (float[N,4] y) { y = Softmax<axis = -1>(x) }
        ''')

        @pytest.mark.parametrize("rows", [1, 2, 5])
        @pytest.mark.parametrize("free", [True, False])
        def test_rows(arielml, rows, free):
            x = np.arange(4 * rows, dtype=np.float32).reshape(rows, 4)
            net = arielml.deploy(MODEL, dims={"N": None if free else rows})
            net.run(x).assert_matches(arielml.reference(MODEL, x))

        def test_unknown(arielml):
            arielml.deploy(MODEL, dims={"M": 2})
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(passed=6, failed=1)
    result.stdout.fnmatch_lines(["*dims has 'M'*", "*free dimensions: N; inputs: x*"])


def test_without_the_host_runtime_expected_arrays_do(
    pytester: pytest.Pytester, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "iree.runtime", None)
    # Another text than the file's, whose reference this process may have had already.
    text = (models / "free.mlir").read_text(encoding="utf-8") + "// without a reference\n"
    (pytester.path / "free.mlir").write_text(text, encoding="utf-8")
    pytester.makepyfile(
        """
        import numpy as np
        MODEL = "free.mlir"
        X = np.ones((2, 4), np.float32)

        def test_given(arielml):
            arielml.deploy(MODEL).run(X, np.float32(3)).assert_matches(3 * X)

        def test_reference(arielml):
            arielml.reference(MODEL, X, np.float32(3))
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*the reference for MLIR models is not installed*", "*pip install 'pytest-arielml?host?'*"]
    )


def test_accuracy_of_a_model_with_a_free_batch(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import numpy as np
        from onnx import parser

        MODEL = parser.parse_model('''
            <ir_version: 8, opset_import: ["" : 17]>
            net (float[N,4] x) => (float[N,4] y) { y = Neg(x) }
        ''')

        def test_accuracy(arielml):
            x = np.eye(4, dtype=np.float32)
            net = arielml.deploy(MODEL, dims={"N": None})
            found = arielml.accuracy(net, -x, np.arange(4), min_top1=1.0, max_drop=0.0)
            assert (found.n, found.top1) == (4, 1.0)
        """
    )
    pytester.runpytest().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("hello", ["*not an MLIR module*", "*line 1, column 1: custom op 'hello' is unknown*"]),
        ("module {}", ["*no public function*"]),
        (
            "func.func @f(%x: f32) -> f32 { return %x : f32 }",
            ["*input 0 has a type that cannot be sent*", "*pass it as a tensor*tensor<f32>*"],
        ),
        (
            "func.func @f(%x: tensor<5xi4>) -> tensor<5xi4> {\n"
            "  %y = arith.addi %x, %x : tensor<5xi4>\n  return %y : tensor<5xi4>\n}",
            ["*iree-compile cannot compile model*", "*where:*model: line 1, column *"],
        ),
    ],
)
def test_mlir_that_is_wrong(pytester: pytest.Pytester, content: str, lines: list[str]) -> None:
    (pytester.path / "model.mlir").write_text(content)
    pytester.makepyfile("def test_it(arielml):\n    arielml.deploy('model.mlir')\n")
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(lines)
    result.stdout.no_fnmatch_line("*pytest_arielml/frontends*")


def test_a_compiler_that_breaks_is_told_of_in_the_summary(
    pytester: pytest.Pytester, models: Path, tmp_path: Path
) -> None:
    weak = tmp_path / "iree-compile"
    weak.write_text(
        '#!/bin/sh\ncase "$*" in *loop-unrolling*) kill -SEGV $$;; esac\n'
        f'exec {tool_path("iree-compile")} "$@"\n'
    )
    weak.chmod(0o755)
    pytester.makeconftest(
        f"""
        from pathlib import Path
        from pytest_arielml.compiler import compile
        compile.tool_path = lambda name: Path({str(weak)!r})
        """
    )
    pytester.makepyfile(
        f"""
        def test_counts(arielml):
            counter = arielml.deploy({str(models / "counter.mlir")!r})
            assert int(counter.run(function="tick").output) == 1
        """
    )
    # In a process of its own: what the conftest puts in place would outlive this test.
    result = pytester.runpytest_subprocess("--arielml-no-cache")
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(
        ["*iree-compile crashed (signal 11) with the profile 'speed'; it is compiled with*"]
    )
