"""`arielml.accuracy`: its bounds, and the cases that it keeps."""

from __future__ import annotations

import json

import numpy as np
import pytest

_WRONG = """
    from lenet5 import IMAGES, LABELS, MODEL

    def test_breaks(arielml):
        wrong = LABELS.copy()
        wrong[2] = (wrong[2] + 1) % 10
        arielml.accuracy(arielml.deploy(MODEL), IMAGES, wrong, min_top1=1.0, limit=4)
"""


def test_the_worst_cases_of_a_broken_bound_are_kept(lenet5_test: pytest.Pytester) -> None:
    lenet5_test.makepyfile(_WRONG)
    result = lenet5_test.runpytest("--basetemp=kept")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*top-1 is 75.00%, at least 100.00% is asked for",
            "*measured: top-1 75.00% on the device (30.1% to 95.4% with 95% confidence), *",
            "*worst cases: *kept*arielml-worst*",
            "*input 2: device says * label *, scores differ by *",
        ]
    )
    result.stdout.no_fnmatch_line("*another exception*")
    (listing,) = lenet5_test.path.glob("kept/arielml-worst0/*/cases.json")
    worst = json.loads(listing.read_text())[0]
    assert (worst["index"], worst["device_class"]) == (2, worst["reference_class"])
    assert np.load(listing.parent / worst["folder"] / "input.npy").shape == (1, 1, 28, 28)


def test_with_a_report_they_are_in_its_folder(lenet5_test: pytest.Pytester) -> None:
    lenet5_test.makepyfile(_WRONG.replace("min_top1=1.0", "min_top1=0.5"))
    lenet5_test.runpytest("--arielml-report=out", "--basetemp=kept").assert_outcomes(passed=1)
    (listing,) = lenet5_test.path.glob("out/worst/*/*/cases.json")
    assert json.loads(listing.read_text())[0]["index"] == 2
    assert not list(lenet5_test.path.glob("kept/arielml-worst*"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("LABELS, min_top1=95", "*min_top1 is not a fraction of 1*"),
        ("LABELS[:, None]", "*the labels are not class numbers*"),
        ("LABELS.astype(np.float32)", "*the labels are not class numbers*"),
        ("LABELS[:3]", "*inputs and labels differ in number*"),
        ("LABELS.astype(int) + 10", "*label 0 is no class of lenet5-int8*"),
        ("LABELS, limit=0", "*no input to measure accuracy on*"),
    ],
)
def test_what_cannot_be_measured(lenet5_test: pytest.Pytester, arguments: str, says: str) -> None:
    lenet5_test.makepyfile(
        f"""
        import numpy as np
        from lenet5 import IMAGES, LABELS, MODEL

        def test_it(arielml):
            arielml.accuracy(arielml.deploy(MODEL), IMAGES, {arguments})
        """
    )
    result = lenet5_test.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([says])
    result.stdout.no_fnmatch_line("*pytest_arielml/gates*")


def test_the_summary_shows_the_interval(lenet5_test: pytest.Pytester) -> None:
    lenet5_test.makepyfile(
        """
        from lenet5 import IMAGES, LABELS, MODEL

        def test_it(arielml):
            found = arielml.accuracy(
                arielml.deploy(MODEL), IMAGES, LABELS, limit=8, max_drop=0.0, min_agreement=1.0)
            low, high = found.top1_interval
            assert low < found.top1 <= high
            assert (found.n, found.agreement, found.drop) == (8, 1.0, 0.0)
        """
    )
    result = lenet5_test.runpytest()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["model*inputs*top-1*95 % interval*reference*same class"])
