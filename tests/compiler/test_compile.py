from __future__ import annotations

import dataclasses
import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from elftools.elf.elffile import ELFFile
from onnx import TensorProto, helper

from pytest_arielml.boards import Core, board_names, load_board
from pytest_arielml.compiler import (
    KERNEL_NAME,
    Cache,
    CompiledModel,
    compile_digest,
    compile_model,
    tool_path,
)
from pytest_arielml.compiler import compile as compile_module
from pytest_arielml.compiler import tools as tools_module
from pytest_arielml.compiler.profiles import PROFILES, find_profile
from pytest_arielml.errors import CompileError, Unavailable, UsageError
from pytest_arielml.frontends import load_model

Make = Callable[..., onnx.ModelProto]
BOARD = load_board("nrf52840")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def lenet5(lenet5_model: Path, cache: Cache) -> CompiledModel:
    return compile_model(load_model(lenet5_model), BOARD, cache=cache)


def test_lenet5(lenet5: CompiledModel, lenet5_model: Path) -> None:
    assert lenet5.name == lenet5_model.stem
    assert lenet5.functions == ("main",)
    assert lenet5.input_bytes == 4 * 28 * 28
    assert lenet5.library == "model_linked_library_query"
    assert len(lenet5.kernels) == lenet5.statistics.dispatches
    own = [kernel for kernel in lenet5.kernels if kernel.startswith(KERNEL_NAME)]
    assert [kernel.split("_")[2:4] for kernel in own] == [
        [str(number), kind]
        for number, kind in enumerate(("conv", "conv", "dense", "dense", "dense"))
    ]
    # The weights as the model has them, int8 and int32, padded by the compiler.
    assert 61_000 < lenet5.statistics.constant < 70_000
    assert lenet5.module.read_bytes()[8:12] == b"IREE"
    assert lenet5.object is not None
    with lenet5.object.open("rb") as file:
        elf = ELFFile(file)
        assert elf["e_machine"] == "EM_ARM"
        assert {lenet5.library, *lenet5.kernels} <= {
            symbol.name for symbol in elf.get_section_by_name(".symtab").iter_symbols()
        }
        attributes = elf.get_section_by_name(".ARM.attributes").data()
    assert b"cortex-m4" in attributes


def test_a_hit_is_fast_and_equal(lenet5: CompiledModel, lenet5_model: Path, cache: Cache) -> None:
    model = load_model(lenet5_model)
    start = time.perf_counter()
    assert compile_model(model, BOARD, cache=Cache(cache.root)) == lenet5
    assert time.perf_counter() - start < 0.2


def test_the_same_in_another_folder(make_model: Make, cache: Cache, tmp_path: Path) -> None:
    model = load_model(make_model(helper.make_node("Softmax", ["x"], ["y"])))
    here = compile_model(model, BOARD, cache=cache)
    there = compile_model(model, BOARD, cache=Cache(tmp_path))
    assert here.digest == there.digest
    assert here.module.read_bytes() == there.module.read_bytes()
    assert here.object is not None
    assert there.object is not None
    assert here.object.read_bytes() == there.object.read_bytes()


def test_results_are_counted_with_the_transients(make_model: Make, cache: Cache) -> None:
    model = load_model(make_model(helper.make_node("Relu", ["x"], ["y"])))
    compiled = compile_model(model, BOARD, cache=cache)
    assert compiled.statistics.transient == model.signature.main.outputs[0].nbytes
    assert compiled.statistics.constant == 0


def test_a_model_without_kernels(make_model: Make, cache: Cache) -> None:
    model = load_model(make_model(helper.make_node("Identity", ["x"], ["y"])))
    for _ in range(2):  # built, and from the cache
        compiled = compile_model(model, BOARD, cache=cache)
        assert compiled.object is None
        assert compiled.library is None
        assert compiled.kernels == ()
        assert compiled.module.is_file()


def test_an_operator_that_iree_has_not(make_model: Make, cache: Cache) -> None:
    proto = make_model(
        helper.make_node("Relu", ["x"], ["z"], name="first"),
        helper.make_node("Frobnicate", ["z"], ["y"], name="second", domain="com.acme"),
        domains=["com.acme"],
    )
    with pytest.raises(CompileError, match=r"ONNX operator com\.acme\.Frobnicate") as caught:
        compile_model(load_model(proto), BOARD, cache=cache)
    error = caught.value
    assert "node 'second' (com.acme.Frobnicate) that makes y" in str(error.where)
    assert str(error.found).startswith("not implemented for (!torch.vtensor<[2,2],f32>)")
    kept = Path(str(error.advice).rpartition(": ")[2])
    text = kept.read_text()
    assert "Frobnicate" in text
    assert "CPU-features" not in text + str(error)
    assert (kept.parent / "model.mlir").is_file()


def test_the_node_is_found_late_in_the_pipeline_and_among_its_like(
    make_model: Make, cache: Cache
) -> None:
    # IREE 3.13 takes Multinomial up to its stream dialect, and refuses it there.
    draw = {"sample_size": 3, "dtype": TensorProto.INT32}
    proto = make_model(
        helper.make_node("Relu", ["x"], ["a"], name="r"),
        helper.make_node("Multinomial", ["a"], ["y"], name="draw", **draw),
        x=(1, 4),
        y=(1, 3),
        kind=TensorProto.INT32,
    )
    with pytest.raises(CompileError, match="Multinomial") as caught:
        compile_model(load_model(proto), BOARD, cache=cache)
    assert "node 'draw' (Multinomial) that makes y" in str(caught.value.where)


def test_a_node_in_a_subgraph_and_without_a_name(make_model: Make, cache: Cache) -> None:
    value = helper.make_tensor_value_info("t", TensorProto.FLOAT, [2, 2])
    branches = {
        f"{name}_branch": helper.make_graph(
            [helper.make_node(op, ["x"], ["t"], domain=domain)], name, [], [value]
        )
        for name, op, domain in (("then", "Relu", ""), ("else", "Wobble", "com.acme"))
    }
    proto = make_model(helper.make_node("If", ["c"], ["y"], **branches), domains=["com.acme"])
    proto.graph.input.append(helper.make_tensor_value_info("c", TensorProto.BOOL, []))
    with pytest.raises(CompileError, match="Wobble") as caught:
        compile_model(load_model(proto), BOARD, cache=cache)
    assert "the node (com.acme.Wobble) that makes t" in str(caught.value.where)


def test_the_importer_refuses(make_model: Make, cache: Cache) -> None:
    text = helper.make_tensor("s", TensorProto.STRING, [1], [b"a"])
    proto = make_model(
        helper.make_node("Constant", [], ["c"], name="words", value=text),
        helper.make_node("Cast", ["c"], ["n"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["x", "n"], ["y"]),
    )
    with pytest.raises(CompileError) as caught:
        compile_model(load_model(proto), BOARD, cache=cache)
    assert "node 'words' (Constant) that makes c" in str(caught.value.where)


def test_a_compiler_that_hangs(
    make_model: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "iree-compile"
    slow.write_text("#!/bin/sh\necho x >> ../../runs\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setattr("pytest_arielml.compiler.compile.tool_path", lambda name: slow)
    model = load_model(make_model(helper.make_node("Relu", ["x"], ["y"])))
    cache = Cache(tmp_path / "cache")
    with pytest.raises(CompileError, match="iree-compile did not finish within 1 s"):
        compile_model(model, BOARD, cache=cache, timeout=1)
    assert (cache.root / "runs").read_text() == "x\nx\n"
    assert not list(cache.root.glob("model-*"))


def test_a_compiler_that_crashes(
    make_model: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "iree-compile"
    broken.write_text("#!/bin/sh\nkill -SEGV $$\n")
    broken.chmod(0o755)
    monkeypatch.setattr("pytest_arielml.compiler.compile.tool_path", lambda name: broken)
    model = load_model(make_model(helper.make_node("Relu", ["x"], ["y"])))
    with pytest.raises(CompileError, match=r"iree-compile crashed \(signal 11\)"):
        compile_model(model, BOARD, cache=Cache(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("breaks", "said"), [("sleep 600", "did not finish within 20 s"), ("kill -KILL $$", "crashed")]
)
def test_flags_that_break_the_compiler_are_left_out(
    breaks: str, said: str, make_model: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weak = tmp_path / "iree-compile"
    flag = find_profile("speed", BOARD.cores[0]).flags[0]
    weak.write_text(
        f'#!/bin/sh\ncase "$*" in *{flag}*) {breaks};; esac\n'
        f'exec {tool_path("iree-compile")} "$@"\n'
    )
    weak.chmod(0o755)
    monkeypatch.setattr("pytest_arielml.compiler.compile.tool_path", lambda name: weak)
    model = load_model(make_model(helper.make_node("Relu", ["x"], ["y"])))
    notes: list[str] = []
    cache = Cache(tmp_path / "cache", notify=notes.append)
    compiled = compile_model(model, BOARD, cache=cache, timeout=20)
    assert compiled.profile == "default"
    assert compiled.object is not None
    assert len(notes) == 1
    assert said in notes[0]
    assert "with the profile 'speed'; it is compiled with IREE's default flags" in notes[0]


GREEDY = """#!{python}
import os, sys
if {flag!r} in sys.argv:
    taken = [bytearray(1 << 20) for _ in range(2048)]
os.execv({compiler!r}, [{compiler!r}, *sys.argv[1:]])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux alone")
def test_flags_that_take_all_memory_are_left_out(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    greedy = tmp_path / "iree-compile"
    flag = find_profile("speed", BOARD.cores[0]).flags[0]
    compiler = str(tool_path("iree-compile"))
    greedy.write_text(GREEDY.format(python=sys.executable, flag=flag, compiler=compiler))
    greedy.chmod(0o755)
    monkeypatch.setattr("pytest_arielml.compiler.compile.tool_path", lambda name: greedy)
    for module in ("process", "diagnostics"):
        monkeypatch.setattr(f"pytest_arielml.compiler.{module}.memory_limit", lambda: 1 << 28)
    notes: list[str] = []
    cache = Cache(tmp_path / "cache", notify=notes.append)
    compiled = compile_model(load_model(models / "counter.mlir"), BOARD, cache=cache)
    assert compiled.profile == "default"
    assert compiled.object is not None
    assert len(notes) == 1
    assert "iree-compile ran out of memory: it may take 0.2 GiB with the profile" in notes[0]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux alone")
def test_a_compiler_with_too_little_memory(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IREE's own, which is given less than it begins with."""
    for module in ("process", "diagnostics"):
        monkeypatch.setattr(f"pytest_arielml.compiler.{module}.memory_limit", lambda: 8 << 20)
    starts: list[int] = []
    run = compile_module.run_tool
    monkeypatch.setattr(
        compile_module, "run_tool", lambda *given, **named: starts.append(1) or run(*given, **named)
    )
    notes: list[str] = []
    with pytest.raises(CompileError, match="iree-compile ran out of memory"):
        compile_model(
            load_model(models / "counter.mlir"),
            BOARD,
            cache=Cache(tmp_path / "cache", notify=notes.append),
        )
    # With the profile and without: not again with the same flags.
    assert len(starts) == 2
    assert len(notes) == 1


def test_profiles_and_cores_that_are_not_known(make_model: Make, cache: Cache) -> None:
    model = load_model(make_model(helper.make_node("Relu", ["x"], ["y"])))
    with pytest.raises(UsageError, match="unknown profile 'sped'") as caught:
        compile_model(model, BOARD, profile="sped", cache=cache)
    assert caught.value.advice == "did you mean speed?"
    other = dataclasses.replace(BOARD, cores=(Core("z80", False, 1),))
    with pytest.raises(UsageError, match="no code") as caught:
        compile_model(model, other, cache=cache)
    assert caught.value.found == "z80 without FPU"
    other = dataclasses.replace(BOARD, architecture="riscv32imac-unknown-none-elf")
    with pytest.raises(UsageError, match="do not go together"):
        compile_model(model, other, cache=cache)


def test_every_core_has_every_profile() -> None:
    cores = [board.cores[0] for board in map(load_board, board_names())]
    for core, name in itertools.product(cores, PROFILES):
        assert find_profile(name, core).flags
    assert find_profile("size", cores[0]) != find_profile("speed", cores[0])


def test_the_stack_of_the_board_bounds_the_kernels(make_model: Make, cache: Cache) -> None:
    model = load_model(make_model(helper.make_node("Softmax", ["x"], ["y"])))
    flag = "--iree-llvmcpu-stack-allocation-limit={}"
    assert flag.format(8192) in compile_model(model, BOARD, cache=cache).flags
    small = compile_model(model, dataclasses.replace(BOARD, stack=6 << 10), cache=cache)
    assert flag.format(2048) in small.flags


def test_a_missing_compiler_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tool_path("iree-compile").name == "iree-compile"
    monkeypatch.setattr(tools_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="iree-compile is not installed") as caught:
        tool_path("iree-compile")
    assert "pip install" in str(caught.value.advice)
    assert "iree-base-compiler" in str(caught.value.advice)


def test_the_normal_form_is_what_counts(make_model: Make, cache: Cache, tmp_path: Path) -> None:
    proto = make_model(helper.make_node("Relu", ["x"], ["y"]))
    onnx.save(proto, tmp_path / "named.onnx")
    one = compile_model(load_model(proto), BOARD, cache=cache)
    two = compile_model(load_model(tmp_path / "named.onnx"), BOARD, cache=cache)
    assert (one.digest, one.object) == (two.digest, two.object)
    assert two.name == "named"


@pytest.mark.parametrize("profile", ["speed", "default"])
def test_what_writes_the_operators_counts(
    profile: str, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another release of this package does not take what an older one compiled."""
    model = load_model(make_model(helper.make_node("Relu", ["x"], ["y"])))
    read = Path.read_text

    def changed(path: Path, **options: str) -> str:
        return read(path, **options) + ("#" if path.name == "integer_ops.py" else "")

    before = compile_digest(model, BOARD, profile=profile)
    compile_module._import_digest.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", changed)
        after = compile_digest(model, BOARD, profile=profile)
    compile_module._import_digest.cache_clear()
    assert before != after
    assert compile_digest(model, BOARD, profile=profile) == before


def test_names_do_not_count(make_model: Make, cache: Cache) -> None:
    one = make_model(helper.make_node("Relu", ["x"], ["y"]))
    two = make_model(helper.make_node("Relu", ["x"], ["y"], name="activation"))
    two.graph.input[0].name = two.graph.node[0].input[0] = "image"
    first, second = (compile_model(load_model(proto), BOARD, cache=cache) for proto in (one, two))
    assert first.module == second.module
    assert compile_digest(load_model(one), BOARD) == second.digest


def test_threads_are_for_large_models(
    make_model: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = tmp_path / "iree-compile"
    spy.write_text('#!/bin/sh\necho "$@" > ../../arguments\nexit 1\n')
    spy.chmod(0o755)
    monkeypatch.setattr("pytest_arielml.compiler.compile.tool_path", lambda name: spy)
    said = []
    for count in (1, 300):
        names = ["x", *(f"v{place}" for place in range(1, count)), "y"]
        nodes = (helper.make_node("Relu", [a], [b]) for a, b in itertools.pairwise(names))
        proto = make_model(*nodes)
        cache = Cache(tmp_path / str(count))
        with pytest.raises(CompileError):
            compile_model(load_model(proto), BOARD, cache=cache)
        said.append("--mlir-disable-threading" in (cache.root / "arguments").read_text())
    assert said == [True, False]


def test_what_is_compiled_does_not_depend_on_threads(
    lenet5: CompiledModel, lenet5_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_arielml.compiler.compile._FEW", 0)
    threaded = compile_model(load_model(lenet5_model), BOARD, cache=Cache(tmp_path))
    assert threaded.module.read_bytes() == lenet5.module.read_bytes()
    assert threaded.object is not None
    assert lenet5.object is not None
    assert threaded.object.read_bytes() == lenet5.object.read_bytes()
