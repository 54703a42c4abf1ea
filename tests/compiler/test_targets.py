"""What kernels of each core call, which tells what the core does by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import onnx
import pytest
from elftools.elf.elffile import ELFFile
from onnx import TensorProto, helper

from pytest_arielml.boards import Board, Core, load_board
from pytest_arielml.compiler import CompiledModel, compile_model
from pytest_arielml.compiler.targets import target_of
from pytest_arielml.errors import UsageError
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


M0 = Core("cortex-m0plus", False, 1)
M3 = Core("cortex-m3", False, 1)
M4 = Core("cortex-m4", True, 1)
M7 = Core("cortex-m7", True, 1)
M33 = Core("cortex-m33", True, 1)
M33_BARE = Core("cortex-m33", False, 1)


def of(first: str, *cores: Core, common: str | None = None) -> Board:
    return replace(
        load_board("nrf52840"), architecture=first, common_architecture=common or first, cores=cores
    )


@pytest.mark.parametrize(
    ("cores", "used", "expected"),
    [
        # The first core alone gets code of its own.
        ((M7, M4), 1, M7),
        ((M7, M4), 2, M4),
        ((M7, M4), None, M4),
        ((M4, M7), None, M4),
        ((M7, M7), None, M7),
        ((M7, M4, M7), 3, M4),
        ((M33, M33), None, M33),
    ],
)
def test_cores_run_what_all_of_them_can(
    cores: tuple[Core, ...], used: int | None, expected: Core
) -> None:
    architecture = target_of(load_board("mps2-an505")).architecture
    if M33 not in cores:
        architecture = "thumbv7em-none-eabihf"
    target = target_of(of(architecture, *cores), used)
    assert target == target_of(of(architecture, expected))


def test_a_core_without_an_fpu_takes_it_from_all() -> None:
    board = of("thumbv8m.main-none-eabihf", M33, M33_BARE, common="thumbv8m.main-none-eabi")
    assert target_of(board, 1).float_abi == "hard"
    both = target_of(board)
    assert (both.architecture, both.float_abi) == ("thumbv8m.main-none-eabi", "soft")


@pytest.mark.parametrize("cores", [(M4, M33), (M33_BARE, M4), (M0, M3, M7)])
def test_cores_that_share_no_code_are_refused(cores: tuple[Core, ...]) -> None:
    with pytest.raises(UsageError, match="no code runs on all cores") as caught:
        target_of(of("thumbv7em-none-eabihf", *cores))
    assert cores[1].cpu in str(caught.value)
    assert "--arielml-cores 1" in str(caught.value)


def test_the_archive_of_cores_that_differ_is_named_when_it_is_wrong() -> None:
    board = of("thumbv8m.main-none-eabihf", M33, M33_BARE)
    with pytest.raises(UsageError, match="do not go together") as caught:
        target_of(board)
    assert "common_architecture thumbv8m.main-none-eabi" in str(caught.value)


def test_a_core_without_an_fpu_gets_no_float_instruction(make_model: Make) -> None:
    """Nor one of the DSP extension: the object says what it needs (Arm's build attributes)."""
    model = make_model(
        helper.make_node("Mul", ["x", "x"], ["a"]),
        helper.make_node("Exp", ["a"], ["y"]),
    )
    board = of("thumbv8m.main-none-eabihf", M33, M33_BARE, common="thumbv8m.main-none-eabi")
    compiled = compile_model(load_model(model), board)
    assert compiled.architecture == "thumbv8m.main-none-eabi"
    assert compiled.object is not None
    attributes = build_attributes(compiled)
    for needed in ("TAG_FP_ARCH", "TAG_DSP_EXTENSION", "TAG_ABI_VFP_ARGS"):
        assert attributes.get(needed, 0) == 0, attributes
    assert FLOAT & calls(compiled)
    alone = compile_model(load_model(model), board, cores=1)
    assert build_attributes(alone)["TAG_FP_ARCH"]
    assert build_attributes(alone)["TAG_ABI_VFP_ARGS"]


def build_attributes(compiled: CompiledModel) -> dict[str, int]:
    assert compiled.object is not None
    with compiled.object.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".ARM.attributes")
        (subsection,) = section.iter_subsections()
        (part,) = subsection.iter_subsubsections()
        return {attribute.tag: attribute.value for attribute in part.iter_attributes()}
