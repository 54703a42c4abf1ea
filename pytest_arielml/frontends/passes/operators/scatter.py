"""Writes at places that are known when the model runs."""

from __future__ import annotations

import numpy as np

from pytest_arielml.frontends.passes.operators.build import Rewrite


def update_cache(rewrite: Rewrite) -> bool:
    """`TensorScatter`: each place of the cache takes the old value or a new one."""
    cache, update = rewrite.shape(0), rewrite.shape(1)
    if cache is None or update is None:
        return False
    rank = len(cache)
    axis = rewrite.options.get("axis", -2) % rank
    length, new = cache[axis], update[axis]
    places = np.arange(length).reshape([length if at == axis else 1 for at in range(rank)])
    source = rewrite.constant(places)
    if rewrite.input(2):
        starts = rewrite.reshape(rewrite.input(2), [cache[0]] + [1] * (rank - 1))
        source = rewrite.add("Sub", source, starts)
    if rewrite.text("mode", "linear") == "circular":
        source = rewrite.add("Mod", source, rewrite.constant(length))
    below = rewrite.add("Less", source, rewrite.constant(new))
    above = rewrite.add("GreaterOrEqual", source, rewrite.constant(0))
    fresh = rewrite.add("And", below, above)
    inside = rewrite.add("Clip", source, rewrite.constant(0), rewrite.constant(new - 1))
    everywhere = rewrite.add("Expand", inside, rewrite.constant(list(cache)))
    values = rewrite.add("GatherElements", rewrite.input(1), everywhere, axis=axis)
    rewrite.add("Where", fresh, values, rewrite.input(0), output=rewrite.result)
    return True
