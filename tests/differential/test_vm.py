"""The same module and the same arguments, in IREE's runtime and in ours.

Left out, because IREE's runtime leaves them to C, where they are undefined:
division by zero and of the least integer by -1 (they end the process), shifts
by the width or more, and conversions of floats to integers that do not hold
them. Where IREE's runtime has a defect, the test says so and holds ours to what
is right.
"""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from runtimes import Failed, Ours, Results, Theirs, Value, arguments

MODULES = Path(__file__).resolve().parents[2] / "firmware" / "vm" / "tests" / "modules"

LEAST32, MOST32 = -(1 << 31), (1 << 31) - 1
LEAST64, MOST64 = -(1 << 63), (1 << 63) - 1
I32 = [0, 1, -1, 2, -2, 3, 7, 31, 100, 127, 128, 255, 256, -128, -129, 32767, 32768, 65535]
I32 += [65536, -32768, -32769, 0x12345678, MOST32 - 1, MOST32, LEAST32, LEAST32 + 1]
I64 = [*I32, 1 << 31, 1 << 32, -(1 << 32) - 1, (1 << 53) + 1, MOST64 - 1, MOST64, LEAST64]
I64 += [LEAST64 + 1, 0x0123456789ABCDEF]
FLOATS = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 1.5, 2.5, -2.5, 3.0, 0.1, 1e-3, -7.75, 100.5]
FLOATS += [16777217.0, 2147483520.0, -2147483648.0, 1e-40, -1e-40, 1e30, -1e30]
FLOATS += [math.inf, -math.inf, math.nan]
POOLS: dict[str, list[Value]] = {
    "i": list(I32),
    "I": list(I64),
    "f": [struct.unpack("<f", struct.pack("<f", value))[0] for value in FLOATS],
    "F": [*FLOATS, 1e300, -1e300, 5e-324, 1.7976931348623157e308],
}

# Functions of C's library; all others round as IEEE 754 says.
ULPS = 2


def grid(cconv: str) -> Iterator[list[Value]]:
    """All pairs of edges; of three and more arguments, every combination of some."""
    letters = arguments(cconv)
    pools = [POOLS[letter] for letter in letters]
    if len(letters) > 2:
        pools = [pool[number :: len(letters)] for number, pool in enumerate(pools)]
    yield from map(list, itertools.product(*pools))


def assert_agree(
    export: str, cconv: str, values: list[Value], ours: Results, theirs: Results
) -> None:
    """Integers and bytes are equal, floats too but for those of C's functions."""
    letters = cconv.partition("_")[2].ljust(8)
    where = f"{export}{values}"
    if isinstance(ours, Failed) or isinstance(theirs, Failed):
        assert isinstance(ours, Failed), f"{where}: IREE fails with {theirs}"
        assert isinstance(theirs, Failed), f"{where}: ours alone fails with {ours}"
        assert ours.code == theirs.code, where
        return
    assert len(ours) == len(theirs), where
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        if isinstance(other, float) and isinstance(mine, float):
            if export == "unary" and mine == other == 0.0:
                # IREE rounds -0.5 to 0.0, where IEEE 754 has -0.0.
                continue
            step = 1 << 29 if letters[number] == "f" else 1
            allowed = ULPS * step if export in ("unary", "binary") else 0
            assert distance(mine, other) <= allowed, (
                f"{where}, result {number}: {mine!r} and {other!r}"
            )
        else:
            assert mine == other, f"{where}, result {number}"


def distance(a: float, b: float) -> float:
    """Units in the last place of f64; 0 for two NaNs, infinite for one."""
    if math.isnan(a) or math.isnan(b):
        return 0 if math.isnan(a) and math.isnan(b) else math.inf
    keys = [struct.unpack("<q", struct.pack("<d", value))[0] for value in (a, b)]
    if a == b:
        return 0 if (keys[0] < 0) == (keys[1] < 0) else math.inf
    ordered = [key if key >= 0 else -(key & MOST64) for key in keys]
    return abs(ordered[0] - ordered[1])


def run(
    ours: Ours, module: str, exports: Iterable[str], keep: object = lambda export, values: True
) -> int:
    """Compares every export on its grid; how many calls that were."""
    assert callable(keep)
    path = MODULES / f"{module}.vmfb"
    found = ours.load(path)
    theirs = Theirs(path)
    calls = 0
    for export in exports:
        for values in grid(found[export]):
            if not keep(export, values):
                continue
            mine = ours.call(export, found[export], values)
            cconv = found[export]
            assert_agree(export, cconv, values, mine, theirs.call(export, cconv, values))
            calls += 1
    return calls


def test_integers(ours: Ours) -> None:
    def defined(export: str, values: list[Value]) -> bool:
        if export.startswith("divide"):
            least = LEAST32 if export.endswith("32") else LEAST64
            return values[1] != 0 and values != [least, -1]
        if export.startswith("shift"):
            assert isinstance(values[1], int)
            return 0 <= values[1] < int(export[-2:])
        return True

    exports = [
        f"{kind}_{width}"
        for kind in ("binary", "divide", "compare", "unary", "nonzero", "shift", "fma", "convert")
        for width in ("i32", "i64")
    ]
    assert run(ours, "integer", exports, defined) > 5000


def test_division_by_zero_fails_and_the_least_by_minus_one_wraps(ours: Ours) -> None:
    """Where IREE's runtime ends the process."""
    found = ours.load(MODULES / "integer.vmfb")
    for export, least in (("divide_i32", LEAST32), ("divide_i64", LEAST64)):
        for value in (0, 1, least):
            outcome = ours.call(export, found[export], [value, 0])
            assert outcome == Failed(3, "integer division by zero")
        results = ours.call(export, found[export], [least, -1])
        assert isinstance(results, list)
        assert results[0] == least
        assert results[2] == 0


@pytest.mark.parametrize("width", ["f32", "f64"])
def test_floats(ours: Ours, width: str) -> None:
    found = ours.load(MODULES / f"{width}.vmfb")

    def defined(export: str, values: list[Value]) -> bool:
        if export != "to_integer":
            return True
        value = values[0]
        assert isinstance(value, float)
        # Its results are signed and unsigned, of 32 and of 64 bits.
        return 0.0 <= value < float(MOST32)

    assert run(ours, width, found, defined) > 500


@pytest.mark.parametrize("width", ["f32", "f64"])
def test_functions_of_floats(ours: Ours, width: str) -> None:
    assert run(ours, f"math_{width}", ["unary", "binary"]) > 500


def test_floats_that_are_moved(ours: Ours) -> None:
    exports = ["globals", "constants", "choose", "buffers", "lists"]
    assert run(ours, "data_float", exports) > 500


def test_control_flow_and_failure(ours: Ours) -> None:
    def bounded(export: str, values: list[Value]) -> bool:
        first = values[0]
        assert isinstance(first, int)
        if export == "choose":
            # IREE's runtime cuts what it switches between to 32 bits.
            return all(value in I32 for value in values)
        if export.startswith("fail"):
            # IREE's runtime takes larger numbers for addresses, and ends the
            # process where a module fails with the status OK.
            return 1 <= first <= 16
        # These loop or nest as often as their argument says.
        return export not in ("sum", "swap", "recurse", "yield") or 0 <= first < 50

    exports = ["sum", "swap", "table", "choose", "recurse", "wide_call", "fail_if", "fail_with"]
    assert run(ours, "control", exports, bounded) > 500


def test_a_modules_own_failure_has_its_status_and_its_words(ours: Ours) -> None:
    path = MODULES / "control.vmfb"
    found = ours.load(path)
    theirs = Theirs(path)
    seen = set()
    for export, value in itertools.product(("fail_if", "fail_with"), range(1, 17)):
        mine = ours.call(export, found[export], [value])
        other = theirs.call(export, found[export], [value])
        assert mine == other, (export, value)
        if isinstance(other, Failed):
            seen.add(other)
    assert len({failed.code for failed in seen}) == 16
    assert len({failed.message for failed in seen}) == 2


def test_references_in_calls_and_branches(ours: Ours) -> None:
    path = MODULES / "control.vmfb"
    cconv = ours.load(path)["ref_call"]
    values: list[Value] = [b"first", b"second"]
    assert_agree(
        "ref_call",
        cconv,
        values,
        ours.call("ref_call", cconv, values),
        Theirs(path).call("ref_call", cconv, values),
    )


def compare(ours: Ours, module: str, calls: Iterable[tuple[str, list[Value]]]) -> None:
    """Calls in order, on one instance of each."""
    path = MODULES / f"{module}.vmfb"
    found = ours.load(path)
    theirs = Theirs(path)
    for export, values in calls:
        cconv = found[export]
        mine = ours.call(export, cconv, values)
        assert_agree(export, cconv, values, mine, theirs.call(export, cconv, values))


def test_globals(ours: Ours) -> None:
    calls: list[tuple[str, list[Value]]] = [("values", []), ("buffers", [])]
    for x, y in ((1, 2), (LEAST32, LEAST64), (-1, MOST64)):
        calls += [("set_values", [x, y]), ("values", []), ("indirect", [y & 0xFF, x])]
        calls += [("values", [])]
    calls += [("set_buffer", [b"given"]), ("buffers", []), ("exchange", []), ("buffers", [])]
    calls += [("set_text", []), ("buffers", []), ("exchange", []), ("buffers", [])]
    compare(ours, "globals", calls)


def test_buffers(ours: Ours) -> None:
    content = bytes(range(200, 264 - 8)) + bytes(8)
    ranges = [(0, 0), (0, 1), (1, 3), (0, 64), (60, 4), (60, 5), (64, 0), (64, 1), (65, 0)]
    ranges += [(-1, 1), (0, -1), (1 << 32, 1), (0, 1 << 32), (MOST64, 2), (8, 32)]
    calls: list[tuple[str, list[Value]]] = [("digits", [])]
    calls += [("word", [index]) for index in (0, 1, 2, 100, -1, 1 << 40)]
    calls += [("alloc", [length, 16]) for length in (0, 1, 100)]
    calls += [("loads", [content, index]) for index in (0, 1, 6, 7, 8, 63, 64, -1, 1 << 33)]
    for offset, length in ranges:
        calls += [("clone", [content, offset, length]), ("hash", [content, offset, length])]
        calls += [("copy", [content, offset, content[::-1], 3, length])]
        calls += [("copy", [content, 3, content[::-1], offset, length])]
        calls += [("compare", [content, offset, content, 0, length])]
        calls += [("compare", [content, 1, content, offset, length])]
        for width in (8, 16, 32, 64):
            calls += [(f"fill_i{width}", [content, offset, length, -0x123456])]
    for place in (0, 1, 7, 63, 64, -1):
        calls += [("stores", [content, place, 1, 2, 3, -0x12345678, 0x0123456789ABCDEF])]
        calls += [("stores", [content, 5, 6, 7, place, -1, -2])]
    compare(ours, "buffers", [call for call in calls if not wraps(call[1])])
    # IREE's runtime reads outside of the buffer for some of these.
    found = ours.load(MODULES / "buffers.vmfb")
    for export, values in calls:
        if wraps(values) and not export.startswith("hash"):
            outcome = ours.call(export, found[export], values)
            assert isinstance(outcome, Failed), (export, values)
            assert outcome.code == 11, (export, values)


def wraps(values: list[Value]) -> bool:
    """Whether an offset or a length is below 0, or passes the end of all addresses."""
    offsets = [value for value in values[:5] if isinstance(value, int)]
    return any(value in (-1, MOST64) for value in offsets)


def test_buffers_are_aligned_in_memory_as_asked(ours: Ours) -> None:
    calls: list[tuple[str, list[Value]]] = [("alloc", [64, align]) for align in (1, 2, 8, 16)]
    compare(ours, "buffers", calls)


def test_lists(ours: Ours) -> None:
    calls: list[tuple[str, list[Value]]] = []
    for value, wide in itertools.product((0, 1, 127, 128, 255, -1, LEAST32), (0, 300, LEAST64)):
        calls += [("i8s", [value, wide])]
    for size, at, start in itertools.product((0, 1, 5), (-1, 0, 1, 4, 5), (-1, 0, 4, 5)):
        calls += [("i64s", [size, at, MOST64, start])]
    calls += [("shrink", [value]) for value in (0, 1, 5)]
    calls += [("texts", [size]) for size in (0, 1, 2, 3, 10)]
    compare(ours, "lists", calls)


def test_lists_of_anything_hold_values_and_references(ours: Ours) -> None:
    """A list that one call makes and later ones use, in each runtime its own."""
    path = MODULES / "lists.vmfb"
    found = ours.load(path)
    theirs = Theirs(path)
    made = [runtime.call("new_variants", found["new_variants"], [3]) for runtime in (ours, theirs)]
    steps: list[tuple[str, list[Value]]] = [
        ("size", []), ("get_i32", [0]), ("set_i32", [0, 7]), ("get_i32", [0]),
        ("set_buffer", [1, b"text"]), ("get_buffer", [1]), ("get_buffer", [2]), ("get_i32", [3]),
        ("set_i32", [-1, 1]), ("set_i32", [1, 5]), ("get_i32", [1]), ("size", []),
    ]  # fmt: skip
    for export, values in steps:
        outcomes = []
        for runtime, results in zip((ours, theirs), made, strict=True):
            assert isinstance(results, list)
            outcomes.append(runtime.call(export, found[export], [results[0], *values]))
        assert_agree(export, found[export], values, *outcomes)


def test_references(ours: Ours) -> None:
    calls: list[tuple[str, list[Value]]] = []
    for number in (-1, 0, 1, 2, 3, 100):
        calls += [("choose", [number, b"a", b"b"]), ("choose_last", [number, b"a", b"b"])]
        calls += [("exchange", [number, b"a", b"b"])] if 0 <= number <= 3 else []
    calls += [("compare", [b"a", b"a"]), ("cast", [b"a"]), ("cast_thing", [b"a"]), ("null", [])]
    compare(ours, "references", calls)


def test_data_behind_the_flatbuffer(ours: Ours) -> None:
    compare(ours, "external", [("segments", [])])
