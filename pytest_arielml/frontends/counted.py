"""Loops in the one form that IREE compiles rightly: as often as the trip count says.

IREE 3.13 turns a `Loop` into a counted one when its condition is handed
through, and then never looks at the first condition; a loop that its body
ends it refuses, or, where the first condition is constant, counts to the end.
So a first condition that is not constant goes into the trip count, and a
condition that the body computes becomes a value that is carried along: once
it is false, the rest of the turns hand the values through.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import onnx
from onnx import helper, numpy_helper

from pytest_arielml.errors import ModelError
from pytest_arielml.frontends.passes.graph import (
    Namer,
    attributes,
    constants,
    copy_of,
    is_own,
    rename_inputs,
    replace_nodes,
    subgraphs,
    tensor,
)

#: Most turns of a loop that its body ends: all of them are made, if only to hand values through.
LIMIT: Final = 1 << 16

_TRIPS, _CONDITION, _STATES = 0, 1, 2


def count_loops(model: onnx.ModelProto, where: str) -> onnx.ModelProto:
    """The model with each `Loop`, in subgraphs too, as one that is counted.

    Loops that collect a value of each turn are left to IREE, which refuses
    them.

    Raises: ModelError naming a loop that its data end, without a bound on
    its turns or with one above `LIMIT`.
    """
    if all(_is_counted(node, known) for node, known in _loops(model.graph, {})):
        return model
    changed = copy_of(model)
    _count_all(changed.graph, {}, Namer(changed.graph), where)
    return changed


_Constants = dict[str, onnx.TensorProto]


def _loops(
    graph: onnx.GraphProto, outer: _Constants
) -> Iterator[tuple[onnx.NodeProto, _Constants]]:
    """Every loop, and the constants in its scope."""
    known = {**outer, **constants(graph)}
    for node in graph.node:
        if is_own(node, "Loop"):
            yield node, known
        for inner in subgraphs(node):
            yield from _loops(inner, known)


def _count_all(graph: onnx.GraphProto, outer: _Constants, namer: Namer, where: str) -> None:
    """Rewrites the loops of a graph, in place."""
    known = {**outer, **constants(graph)}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        for inner in subgraphs(node):
            _count_all(inner, known, namer, where)
        if not is_own(node, "Loop") or _is_counted(node, known) or _collects(node):
            nodes.append(node)
        elif _is_bounded(node, known):
            nodes += _counted(node, known, namer)
        else:
            raise _unbounded(node, known, where)
    replace_nodes(graph, nodes)


def _is_counted(node: onnx.NodeProto, known: _Constants) -> bool:
    condition = node.input[_CONDITION]
    # One that is left out holds, which IREE does not know.
    return (
        bool(condition) and _is_true(condition, known) and _hands_through(attributes(node)["body"])
    )


def _collects(node: onnx.NodeProto) -> bool:
    body = attributes(node)["body"]
    return len(body.output) != len(body.input) - 1


def _is_bounded(node: onnx.NodeProto, known: _Constants) -> bool:
    trips = node.input[_TRIPS]
    if trips not in known:
        return bool(trips)
    return _turns(known[trips]) <= LIMIT or _never_ends(attributes(node)["body"], known)


def _turns(trips: onnx.TensorProto) -> int:
    return int(numpy_helper.to_array(trips).reshape(-1)[0])


def _unbounded(node: onnx.NodeProto, known: _Constants, where: str) -> ModelError:
    trips = known.get(node.input[_TRIPS])
    name = f"node {node.name!r}" if node.name else "the node"
    return ModelError(
        "a Loop ends when its data say so, and may turn too often",
        where=f"{where}: {name} (Loop) that makes {', '.join(filter(None, node.output))}",
        expected=f"a trip count that is at most {LIMIT:,}, or an input",
        found="no trip count" if trips is None else f"at most {_turns(trips):,} turns",
        advice="give the loop a trip count: a board makes all of its turns, "
        "the last ones without work",
    )


def _is_true(name: str, known: _Constants) -> bool:
    """Whether a condition is left out, or a constant that holds."""
    return not name or (name in known and bool(numpy_helper.to_array(known[name]).reshape(-1)[0]))


def _hands_through(body: onnx.GraphProto) -> bool:
    """Whether the condition goes through an `Identity` and nowhere else, as IREE wants it."""
    condition, result = body.input[1].name, body.output[0].name
    users = [node for node in body.node if condition in _read(node)]
    return (
        len(users) == 1
        and is_own(users[0], "Identity")
        and list(users[0].output) == [result]
        and not any(result in _read(node) for node in body.node)
    )


def _never_ends(body: onnx.GraphProto, outer: _Constants) -> bool:
    """Whether the body's condition is the one that it was given, or a constant that holds."""
    known = {**outer, **constants(body)}
    origin = {node.output[0]: node.input[0] for node in body.node if is_own(node, "Identity")}
    name = body.output[0].name
    while name in origin:
        name = origin[name]
    return name == body.input[1].name or (name in known and _is_true(name, known))


def _read(node: onnx.NodeProto) -> set[str]:
    found = set(node.input)
    for graph in subgraphs(node):
        found.update(value.name for value in graph.output)
        for inner in graph.node:
            found |= _read(inner)
    return found


def _counted(node: onnx.NodeProto, known: _Constants, namer: Namer) -> list[onnx.NodeProto]:
    """The nodes that stand for a loop."""
    stem = f"{node.output[0]}_loop"
    before: list[onnx.NodeProto] = []

    def constant(value: object) -> str:
        name = namer(stem)
        before.append(
            helper.make_node("Constant", [], [name], value=tensor(np.asarray(value), name))
        )
        return name

    loop = onnx.NodeProto()
    loop.CopyFrom(node)
    true = constant(True)
    condition = node.input[_CONDITION]
    if not _is_true(condition, known):
        trips = namer(stem)
        zero = constant(np.int64(0))
        before.append(helper.make_node("Where", [condition, node.input[_TRIPS], zero], [trips]))
        loop.input[_TRIPS] = trips
    loop.input[_CONDITION] = true
    (body,) = (each.g for each in loop.attribute if each.name == "body")
    if _never_ends(body, known):
        _hand_through(body, namer)
    else:
        active = _guard(body, namer)
        loop.input.append(true)
        loop.output.append(active)
    return [*before, loop]


def _hand_through(body: onnx.GraphProto, namer: Namer) -> None:
    """Has the body pass its condition on by an `Identity` of its own, in place.

    In the body the condition holds, so that its other uses are of a constant.
    """
    true = namer(f"{body.output[0].name}_true")
    condition = body.input[1].name
    rename_inputs(body.node, {condition: true})
    for value in body.output[1:]:
        value.name = true if value.name == condition else value.name
    result = namer(condition)
    body.output[0].name = result
    holds = helper.make_node("Constant", [], [true], value=tensor(np.asarray(True), true))
    passed = helper.make_node("Identity", [condition], [result])
    replace_nodes(body, [holds, *body.node, passed])


def _guard(body: onnx.GraphProto, namer: Namer) -> str:
    """Has the body work only while a carried value is true, in place; a name for its last value.

    The body's nodes go into the branch of an `If`; the other branch hands
    the carried values through.
    """
    condition, states = body.input[1].name, [value.name for value in body.input[_STATES:]]
    active = namer(f"{condition}_active")
    rename_inputs(body.node, {condition: active})

    work = onnx.GraphProto(name=f"{body.name}_work")
    work.node.extend(body.node)
    work.initializer.extend(body.initializer)
    rest = onnx.GraphProto(name=f"{body.name}_rest")
    results = []
    handed = [*states, active]
    worked = [*body.output[1:], body.output[0]]
    for value, state in zip(worked, handed, strict=True):
        source = active if value.name == condition else value.name
        for graph, name in ((work, source), (rest, state)):
            output = graph.output.add()
            output.CopyFrom(value)
            output.name = namer(value.name)
            graph.node.append(helper.make_node("Identity", [name], [output.name]))
        result = onnx.ValueInfoProto()
        result.CopyFrom(value)
        result.name = namer(value.name)
        results.append(result)

    passed = namer(condition)
    replace_nodes(
        body,
        [
            helper.make_node(
                "If",
                [active],
                [value.name for value in results],
                then_branch=work,
                else_branch=rest,
            ),
            helper.make_node("Identity", [condition], [passed]),
        ],
    )
    del body.initializer[:]
    del body.value_info[:]
    flag = helper.make_tensor_value_info(active, onnx.TensorProto.BOOL, [])
    body.input.append(flag)
    del body.output[:]
    first = helper.make_tensor_value_info(passed, onnx.TensorProto.BOOL, [])
    body.output.extend([first, *results])
    return namer(active)
