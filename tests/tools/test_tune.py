"""How the table of profiles is chosen and written, and what is in it."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_arielml.boards import Core
from pytest_arielml.compiler import PROFILES, Profile
from pytest_arielml.compiler.kernels.cores import STYLES
from pytest_arielml.compiler.profiles import find_profile

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tune() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        from benchmarks import tune as module
    return module


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    package = resources.files("pytest_arielml.compiler")
    return tomllib.loads(package.joinpath("profiles.toml").read_text(encoding="utf-8"))


def results(tune: ModuleType, **figures: list[tuple[int, int]]) -> dict[Profile, Any]:
    """Instructions and bytes of each model, by the candidate's style."""
    return {
        Profile((), style): {
            f"model-{number}": tune.Measured(instructions, code, 0, 0, 0)
            for number, (instructions, code) in enumerate(models)
        }
        for style, models in figures.items()
    }


def styles(chosen: dict[str, Profile]) -> list[str]:
    return [chosen[kind].kernels for kind in ("speed", "balanced", "size")]


def test_each_measure_chooses_its_own(tune: ModuleType) -> None:
    found = results(
        tune,
        fast=[(1000, 9000), (2000, 9000)],
        middle=[(1100, 4000), (2200, 4000)],
        small=[(2000, 2000), (4000, 2000)],
        neither=[(3000, 9000), (4000, 9000)],
    )
    assert styles(tune.choose(found)) == ["fast", "middle", "small"]


def test_much_code_for_next_to_nothing_is_not_fast(tune: ModuleType) -> None:
    found = results(tune, large=[(995, 4000)], fast=[(1000, 2000)])
    assert styles(tune.choose(found)) == ["fast", "fast", "fast"]
    found = results(tune, large=[(900, 4000)], fast=[(1000, 2000)])
    assert styles(tune.choose(found)) == ["large", "fast", "fast"]


def test_no_profile_is_beaten_by_another_on_any_model(tune: ModuleType) -> None:
    """The fastest on the whole is slower on one model than what is smallest: they do not go."""
    found = results(
        tune,
        uneven=[(1050, 9000), (1000, 9000)],
        even=[(1010, 9000), (1350, 9000)],
        small=[(1000, 2000), (2000, 2000)],
    )
    chosen = tune.choose(found)
    assert styles(chosen) == ["even", "small", "small"]
    assert max(tune.beaten(chosen, found).values()) <= 1.03
    del found[Profile((), "even")]
    assert styles(tune.choose(found)) == ["small", "small", "small"]


def test_what_is_written_is_read_again(tune: ModuleType) -> None:
    found = results(tune, fast=[(1_234_567, 9000)], small=[(2_000_000, 2000)])
    written = {"cortex-m4": tune.entries(tune.choose(found), found)}
    written["cortex-m4"]["speed"]["flags"] = ["--one=1", "--two"]
    read = tomllib.loads(tune.written(written))
    assert read.pop("cortex-m4") == written["cortex-m4"]
    assert read == {core: {"as": other} for core, (other, _) in tune.SAME.items()}


def test_the_table_holds_what_it_promises(tune: ModuleType, table: dict[str, Any]) -> None:
    assert set(table) == {*tune.TUNED, *tune.SAME}
    for core in tune.TUNED:
        chosen, found = {}, {}
        for kind in PROFILES:
            entry = table[core][kind]
            assert entry["kernels"] in STYLES
            profile = Profile(tuple(entry["flags"]), entry["kernels"])
            chosen[kind] = profile
            found[profile] = {
                model: tune.Measured(instructions, code, 0, 0, 0)
                for model, (instructions, code) in entry["measured"].items()
            }
            assert set(found[profile]) == set(tune.MACS)
        assert max(tune.beaten(chosen, found).values()) <= 1.03


def test_cores_that_are_not_measured_take_the_profiles_of_others() -> None:
    for core, other in (
        ("cortex-m0", "cortex-m0plus"),
        ("rv32imac", "generic-rv32"),
        ("rv32imc", "generic-rv32"),
        ("x86-64", "generic-rv32"),
    ):
        for kind in PROFILES:
            expected = find_profile(kind, Core(other, False, 1))
            assert find_profile(kind, Core(core, False, 1)) == expected
            assert expected.kernels
    soft, hard = (find_profile("speed", Core("cortex-m33", fpu, 1)) for fpu in (False, True))
    assert hard.kernels == "dsp"
    assert not STYLES[soft.kernels].dsp
