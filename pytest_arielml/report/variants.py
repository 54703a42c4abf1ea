"""A table of one model with several numbers of cores and schedulers."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from pytest_arielml.session.comparison import Variant
from pytest_arielml.units import format_count, format_seconds


def variants_table(variants: Sequence[Variant]) -> Table:
    """One line a variant, 80 columns at most; what nothing counted is a dash."""
    estimated = any(variant.seconds_are_estimated for variant in variants)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("cores", justify="right", no_wrap=True)
    table.add_column("scheduler", no_wrap=True)
    for name in (
        "instructions",
        "est. time" if estimated else "time",
        "speed-up",
        "imbalance",
        "overhead/item",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for variant in variants:
        shared = variant.cores > 1
        imbalance, overhead = variant.imbalance, variant.overhead
        table.add_row(
            str(variant.cores),
            variant.scheduler,
            "-" if variant.instructions is None else format_count(variant.instructions),
            format_seconds(variant.seconds),
            f"{variant.speedup:.2f}",
            "-" if imbalance is None or not shared else f"{imbalance:.1%}",
            "-" if overhead is None or not shared else f"{overhead:.1f}",
        )
    return table
