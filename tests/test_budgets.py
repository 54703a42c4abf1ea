from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_arielml.budgets import Budget, BudgetExceeded, check, table
from pytest_arielml.errors import UsageError


@dataclass
class Record:
    model: str = "lenet5"
    target: str = "emu-nrf52840"
    calls: int = 1
    instructions: int | None = 1_000_000
    overhead: int | None = 50_000
    seconds: float = 0.020
    seconds_are_estimated: bool = True
    flash: int = 100_000
    ram: int = 20_000
    stack: int = 2_000
    parts: dict[str, int] = field(
        default_factory=lambda: {
            "weights": 64_000,
            "model code": 13_000,
            "runtime": 20_000,
            "agent": 3_000,
            "ram: arena": 16_000,
            "ram: stack": 2_000,
            "ram: static data": 2_000,
            "ram: nothing": 0,
        }
    )
    dispatches: dict[str, int] = field(
        default_factory=lambda: {"conv1": 200_000, "conv2": 600_000, "fc1": 150_000}
    )


EXACT = {
    "instructions": 1_000_000,
    "latency": 0.020,
    "flash": 100_000,
    "ram": 20_000,
    "stack": 2_000,
}


def test_quantities_as_a_mark_writes_them() -> None:
    assert Budget.parse(
        instructions="1.2M", latency="25ms", flash="96KiB", ram="16KiB", stack=2048
    ) == Budget(1_200_000, 0.025, 96 * 1024, 16 * 1024, 2048)


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "no bound"),
        (("1.2M",), {}, "by name"),
        ((), {"instruction": 1}, "did you mean 'instructions'"),
        ((), {"Flash": 1}, "did you mean 'flash'"),
        ((), {"zzz": 1}, "no bound 'zzz'"),
        ((), {"ram": "16 apples"}, "arielml_budget ram is not a quantity"),
        ((), {"latency": "-1ms"}, "arielml_budget latency is not a quantity"),
        ((), {"instructions": 1.5}, "arielml_budget instructions is not a quantity"),
    ],
)
def test_bad_budgets(args: tuple[Any, ...], kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        Budget.parse(*args, **kwargs)
    assert message in str(refused.value)


@pytest.mark.parametrize("name", EXACT)
def test_a_bound_includes_itself_and_nothing_more(name: str) -> None:
    Budget(**{name: EXACT[name]}).hold([Record()])
    less = EXACT[name] * 0.99 if name == "latency" else EXACT[name] - 1
    (violation,) = check(Budget(**{name: less}), Record())
    assert (violation.name, violation.measured, violation.budget) == (name, EXACT[name], less)
    with pytest.raises(BudgetExceeded, match=name):
        Budget(**{name: less}).hold([Record()])


def test_every_record_is_held() -> None:
    over = replace(Record(), model="other", flash=100_001)
    with pytest.raises(BudgetExceeded) as failure:
        Budget(flash=100_000).hold([Record(), over])
    assert "other on emu-nrf52840" in str(failure.value)
    assert "lenet5" not in str(failure.value)


def test_largest_contributors() -> None:
    quantities = {q.name: q for q in Budget(1, 1.0, 1, 1, 1).check(Record())}
    assert quantities["instructions"].contributors == (
        ("conv2", 600_000),
        ("conv1", 200_000),
        ("fc1", 150_000),
    )
    assert quantities["flash"].contributors[0] == ("weights", 64_000)
    assert quantities["ram"].contributors[0] == ("arena", 16_000)
    assert {name for name, _ in quantities["ram"].contributors} == {
        "arena",
        "stack",
        "static data",
    }


def test_overhead_is_a_contributor() -> None:
    (quantity,) = Budget(instructions=1).check(replace(Record(), overhead=10**6))
    assert quantity.contributors[0] == ("runtime", 10**6)


def test_hardware_counts_no_instructions() -> None:
    on_board = replace(Record(), instructions=None, overhead=None, seconds_are_estimated=False)
    Budget(instructions=1, flash=100_000).hold([on_board])
    (latency,) = Budget(latency=0.001).check(on_board)
    assert not latency.estimated
    assert "estimated" not in table([latency])


def test_a_budget_that_could_never_fail_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="deploys no model"):
        Budget(flash=1).hold([])
    with pytest.raises(UsageError, match="runs no model"):
        Budget(latency=1.0).hold([replace(Record(), calls=0)])
    Budget(flash=100_000).hold([replace(Record(), calls=0)])


def test_the_failure_in_full() -> None:
    with pytest.raises(BudgetExceeded) as failure:
        Budget.parse(instructions="900k", latency="25ms", ram="16KiB").hold([Record()])
    assert str(failure.value) == (
        "over budget: lenet5 on emu-nrf52840\n"
        "                         budget   measured             margin\n"
        "  instructions          900,000  1,000,000  -100,000 (-11.1%)  OVER\n"
        "      conv2  600,000  60.0%\n"
        "      conv1  200,000  20.0%\n"
        "      fc1    150,000  15.0%\n"
        "  latency (estimated)  25.00 ms   20.00 ms  +5.00 ms (+20.0%)\n"
        "  ram                  16.0 KiB   19.5 KiB  -3.5 KiB (-22.1%)  OVER\n"
        "      arena        15.6 KiB  80.0%\n"
        "      stack         2.0 KiB  10.0%\n"
        "      static data   2.0 KiB  10.0%"
    )


def test_what_is_many_times_the_budget_is_said_so() -> None:
    with pytest.raises(BudgetExceeded, match=r"-990,000 \(100 times\)  OVER"):
        Budget.parse(instructions="10k").hold([Record()])


def test_long_dispatch_names_keep_their_end_and_fit() -> None:
    name = "main_graph_async_dispatch_3_" + "conv_2d_nchw_fchw_" * 6 + "1x16x10x10x6x5x5_i8xi8xi32"
    (quantity,) = Budget(instructions=1).check(replace(Record(), dispatches={name: 999_999}))
    text = table([quantity])
    assert "1x16x10x10x6x5x5_i8xi8xi32" in text
    assert max(map(len, text.splitlines())) <= 100


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_holds_exactly_when_within(budget: int, measured: int) -> None:
    (quantity,) = Budget(flash=budget).check(replace(Record(), flash=measured))
    assert quantity.holds is (measured <= budget)
    assert max(map(len, table([quantity]).splitlines())) <= 100
