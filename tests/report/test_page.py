from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from report_data import outcome, record, run

from pytest_arielml.baseline import Change
from pytest_arielml.errors import Unavailable, UsageError
from pytest_arielml.report import Outcome
from pytest_arielml.report.document import Past, Run, remember
from pytest_arielml.report.page import dispatch_name, render, write_page

NASTY = 'test_a.py::test["<script>alert(1)</script>&$x_1$]'


class _Page(HTMLParser):
    """What a page asks for, and which names it gives."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            if name in ("href", "src", "xlink:href"):
                self.links.append(str(value))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def _pictures(page: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


def _past(count: int, tests: list[Outcome]) -> list[Past]:
    return [
        Past(
            f"2026-10-{day + 1:02d}T10:00:00+00:00",
            None,
            {
                test.test: {"lenet5": {"instructions": 1000 + 10 * day % 40, "ram": 5}}
                for test in tests
            },
        )
        for day in range(count)
    ]


def test_it_needs_nothing_but_itself() -> None:
    page = _Page(text := render(run(), _past(3, run().tests)))
    assert not {"script", "link", "iframe", "img", "object"} & set(page.tags)
    assert "@import" not in text
    assert "url(http" not in text
    for link in page.links:
        assert link.startswith(("#", "worst/"))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_every_picture_is_drawn_and_named() -> None:
    page = render(run(), _past(3, run().tests))
    titles = [picture.get("aria-label") for picture in _pictures(page)]
    assert titles == [
        "time a dispatch, lenet5 on emu-nrf52840",
        "tracks a core, lenet5 on emu-nrf52840",
        "where flash goes, lenet5 on emu-nrf52840",
        "where RAM goes, lenet5 on emu-nrf52840",
        "accuracy, lenet5 on emu-nrf52840",
        "instructions of lenet5 in test_a.py::test_a",
    ]
    words = _Page(page).words
    for expected in (
        "0 conv_1x6_i8 3.00 ms  58%",
        "runtime (everything else) 100 us  2%",
        "weights 58.6 KiB",
        "97.7 KiB of the board's 1.00 MiB (9.5%)",
        "top-1 on the device 97.40%",
        "3 runs, from 1,000 to 1,020",
        "sha256 " + "c" * 64,
        "iree-base-compiler 3.13.0",
        "5.20 ms est.",
    ):
        assert " ".join(expected.split()) in words


def test_no_colour_is_left_that_dark_would_hide() -> None:
    """Pictures take their colours from the page, which has two sets."""
    for picture in re.findall(r"<svg.*?</svg>", render(run(), _past(3, run().tests)), re.DOTALL):
        assert not re.search(r"#[0-9a-f]{6}\b(?!\))", re.sub(r'(id|href)="[^"]*"', "", picture))


def test_names_are_text_whatever_is_in_them() -> None:
    changes = [Change(NASTY, NASTY, "ram", 1, 2, 1, True)]
    nasty = Outcome(NASTY, "failed", message=NASTY, changes=changes)
    nasty.records.append(record(model=NASTY, key=NASTY, target=NASTY, flags=[NASTY]))
    other = Outcome("other", "failed", message=NASTY)
    page = render(run(nasty, other), _past(2, [nasty]))
    assert "<script" not in page
    assert NASTY in _Page(page).words
    assert _pictures(page)


def test_what_is_measured_is_not_called_estimated() -> None:
    board = record(
        target="serial-nrf52840",
        instructions=None,
        seconds_are_estimated=False,
        costs=[],
        tracks=[],
        accuracy=None,
    )
    words = _Page(render(run(Outcome("t", records=[board])), [])).words
    assert "5.20 ms 97.7 KiB" in words
    assert "measured by the board's timer" in words
    assert "Time a dispatch" not in words
    assert "ms est." not in words


def test_a_timeline_of_a_real_board_is_measured() -> None:
    costs = [dict(cost, instructions=None) for cost in record().costs]
    board = record(
        target="serial-rp2040",
        instructions=None,
        seconds_are_estimated=False,
        costs=costs,
        tracks_from="timeline",
        imbalance=0.125,
        cores=2,
    )
    words = _Page(render(run(Outcome("t", records=[board])), [])).words
    assert "As the device recorded it by its own timer." in words
    assert "The busiest core works 12.5% longer than the mean of all." in words
    assert "(est.)" not in words
    assert "estimated:" not in words


def test_the_bus_model_is_named_where_it_estimates() -> None:
    plain = _Page(render(run(), [])).words
    assert "published timings, at 64 MHz" in plain
    waits = _Page(render(run(Outcome("t", records=[record(bus_model=True)])), [])).words
    assert "published timings and the waits of the bus model, at 64 MHz" in waits


def test_of_this_machine_there_is_nothing_of_a_board() -> None:
    here = record(
        target="host",
        instructions=None,
        costs=[],
        tracks=[],
        seconds=0.0043,
        seconds_are_estimated=False,
    )
    words = _Page(render(run(Outcome("t", records=[here])), [])).words
    assert "4.30 ms here - - - 97.40%" in words
    assert "Where flash goes" not in words


def test_several_cores_have_a_track_each() -> None:
    one = record()
    tracks = [dict(track, core=core) for core in range(2) for track in one.tracks]
    both = record(cores=2, tracks=tracks, seconds=0.0051, stacks=[2000, 1000])
    page = render(run(Outcome("t", records=[both])), [])
    (drawn,) = (p for p in _pictures(page) if str(p.get("aria-label")).startswith("tracks"))
    text = [each.text for each in drawn.iter() if each.tag.endswith("text")]
    assert {"core 0", "core 1"} <= set(text)
    words = _Page(page).words
    assert "of all 2 cores together" in words
    assert "runtime (everything else)" not in words
    assert "2.0 KiB, 1000 B a core" in words


def test_nothing_measured_is_a_page_too() -> None:
    words = _Page(render(run(Outcome("t", "skipped")), [])).words
    assert "1 skipped" in words
    assert "No test deployed a model" in words


def test_fifty_tests_stay_far_below_6_mb() -> None:
    tests = [
        Outcome(f"test_{n}", records=[record(model=f"net{n}", image_sha256=f"{n:064x}")])
        for n in range(50)
    ]
    costs = [
        {"name": f"m_dispatch_{n}_conv_{n}", "work_items": 1, "instructions": n, "seconds": 1e-4}
        for n in range(60)
    ]
    for test in tests:
        test.records[0].costs = costs
        test.records[0].tracks = [
            {"core": 0, "name": cost["name"], "begin": n * 1e-4, "end": (n + 1) * 1e-4}
            for n, cost in enumerate(costs)
        ]
    page = render(run(*tests), _past(30, tests))
    assert len(_pictures(page)) == 50 * 5 + 50
    assert len(page.encode()) < 5_000_000


def test_it_is_made_afresh_from_the_json(tmp_path: Path) -> None:
    made = run()
    made.write(tmp_path)
    past = remember(tmp_path, made)
    path = write_page(tmp_path)
    assert path == tmp_path / "report.html"
    assert path.read_text(encoding="utf-8") == render(Run.read(tmp_path), past)
    with pytest.raises(UsageError, match="there is no report"):
        write_page(tmp_path / "elsewhere")


@pytest.mark.parametrize("package", ["matplotlib", "jinja2"])
def test_without_the_extra_it_says_how_to_get_it(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pytest_arielml.report.pictures", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    import pytest_arielml.report

    monkeypatch.delattr(pytest_arielml.report, "pictures", raising=False)
    with pytest.raises(Unavailable) as missing:
        render(run(), [])
    assert "pip install 'pytest-arielml[report]'" in str(missing.value)


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("main_graph_dispatch_3_conv_2d_1x6_i8", "3 conv_2d_1x6_i8"),
        ("a_dispatch_12", "12"),
        ("kernel", "kernel"),
    ],
)
def test_dispatches_by_number(symbol: str, name: str) -> None:
    assert dispatch_name(symbol) == name


def test_outcomes_are_counted() -> None:
    page = render(run(outcome(), outcome("test_b", outcome="failed", message="no good")), [])
    words = _Page(page).words
    assert "1 passed 1 failed" in words
    assert "no good" in words


def test_figures_that_differ_look_different() -> None:
    tests = run().tests
    past = [
        Past(f"2026-10-0{day}T10:00:00+00:00", None, {tests[0].test: {"lenet5": {"ram": ram}}})
        for day, ram in ((1, 10_440), (2, 10_432))
    ]
    change = Change(tests[0].test, "lenet5", "flash", 70_000, 70_001, 70_000, True)
    worse = Outcome("test_w", "failed", changes=[change])
    words = _Page(render(run(tests[0], worse), past)).words
    assert "10,440 B → 10,432 B" in words
    assert "2 runs, from 10,432 B to 10,440 B" in words
    assert "lenet5 flash 70,000 B 70,001 B" in words
