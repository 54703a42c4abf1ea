"""What kernels of each core call, which tells what the core does by itself."""

from __future__ import annotations

from collections.abc import Callable

import onnx
import pytest
from elftools.elf.elffile import ELFFile
from onnx import TensorProto, helper

from pytest_arielml.boards import load_board
from pytest_arielml.compiler import CompiledModel, compile_model
from pytest_arielml.frontends import load_model

Make = Callable[..., onnx.ModelProto]

# EABI names: f for float, d for double.
FLOAT = {"__aeabi_fmul", "__aeabi_fdiv"}
DOUBLE = {"__aeabi_dmul", "__aeabi_ddiv"}


def doubles() -> onnx.ModelProto:
    nodes = [
        helper.make_node("Mul", ["x", "x"], ["a"]),
        helper.make_node("Div", ["a", "b"], ["y"]),
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, [4, 4]) for name in "xby"]
    graph = helper.make_graph(nodes, "doubles", values[:2], values[2:])
    opset = helper.make_opsetid("", 17)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8)


def calls(compiled: CompiledModel) -> set[str]:
    """Functions that the kernels expect of the runtime."""
    assert compiled.object is not None
    with compiled.object.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        return {
            symbol.name
            for symbol in table.iter_symbols()
            if symbol["st_shndx"] == "SHN_UNDEF" and symbol.name
        }


@pytest.mark.parametrize(
    ("board", "floats", "double"),
    [
        ("rp2040", FLOAT | {"roundf"}, DOUBLE),
        ("mps2-an385", FLOAT | {"roundf"}, DOUBLE),
        # It has no rounding; Armv8's FPUs, that of the Cortex-M7 too, have.
        ("mps2-an386", {"roundf"}, DOUBLE),
        ("mps2-an500", set(), set()),
        ("mps2-an505", set(), DOUBLE),
        ("mps2-an521", FLOAT | {"roundf"}, DOUBLE),
    ],
)
def test_what_the_core_lacks_is_called(
    make_model: Make, board: str, floats: set[str], double: set[str]
) -> None:
    singles = make_model(
        helper.make_node("Mul", ["x", "x"], ["a"]),
        helper.make_node("Div", ["a", "x"], ["b"]),
        helper.make_node("QuantizeLinear", ["b", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["y"]),
    )
    scale = helper.make_tensor("scale", TensorProto.FLOAT, [], [0.5])
    zero = helper.make_tensor("zero", TensorProto.INT8, [], [1])
    singles.graph.initializer.extend([scale, zero])
    on = load_board(board)
    found = calls(compile_model(load_model(singles), on))
    # IREE's own `fmaf`, which these do not call, brings more.
    assert found & (FLOAT | {"roundf"}) == floats
    found = calls(compile_model(load_model(doubles()), on))
    assert found & DOUBLE == double
