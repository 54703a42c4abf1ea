"""Images for the MLPerf Tiny runner: what is in them, and what is refused."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from elftools.elf.elffile import ELFFile
from tiny_host import Refused, Runner
from tiny_making import Bench, make_image
from tiny_networks import adder, autoencoder, classifier

from pytest_arielml.boards import load_board
from pytest_arielml.cli import main
from pytest_arielml.compiler import compile_model
from pytest_arielml.errors import DoesNotFit, UsageError
from pytest_arielml.firmware import link_image, link_mlperf_tiny
from pytest_arielml.frontends import load_model
from pytest_arielml.runners.emu import EmuMachine, EmuRunner
from pytest_arielml.runners.emu.program import load_program
from pytest_arielml.session import Target

TARGET = Target.parse("emu-nrf52840")


def refuse(model: Any, benchmark: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        make_image(model, TARGET, benchmark)
    return caught.value


def test_it_has_the_one_protocol_or_the_other(lenet5_model: Path) -> None:
    board = TARGET.board
    plain = link_image(compile_model(load_model(lenet5_model), board), board)
    tiny = make_image(lenet5_model, TARGET, "lenet5")
    assert "arielml_reset_nrf52840_agent" in plain.symbols
    assert "arielml_reset_nrf52840_mlperf_tiny" in tiny.symbols
    assert plain.identity != tiny.identity
    for image, without in ((plain, "arielml_mlperf"), (tiny, "arielml_agent5frame")):
        with image.elf.open("rb") as file:
            names = [s.name for s in ELFFile(file).get_section_by_name(".symtab").iter_symbols()]
        assert not [name for name in names if without in name]
    start, end = (plain.symbols.address(f"arielml_description_{e}") for e in ("start", "end"))
    assert start == end


def test_another_name_is_another_image(lenet5_model: Path) -> None:
    images = [make_image(lenet5_model, TARGET, name) for name in ("one", "two", "one")]
    assert images[0] == images[2] != images[1]


def test_ram_has_room_for_the_data_too(lenet5_model: Path) -> None:
    tiny = make_image(classifier([1, 96, 96, 3], 2), TARGET, "vww01")
    assert tiny.size.flash > 0
    microbit = Target.parse("emu-microbit")
    with pytest.raises(DoesNotFit, match="RAM of microbit") as caught:
        make_image(classifier([1, 80, 80, 1], 2), microbit, "own")
    assert "data of the runner 6.2 KiB" in str(caught.value.found)


def test_a_description_that_is_none_is_a_fault_on_the_board(lenet5_model: Path) -> None:
    compiled = compile_model(load_model(lenet5_model), TARGET.board)
    image = link_mlperf_tiny(compiled, TARGET.board, b"nonsense")
    machine = EmuRunner().boot(image, TARGET.board, timeout=10.0)
    said = machine.stream.read(10.0)
    machine.close()
    assert said.startswith(b"\r\ne-[fault: defect, the image has no description")


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize(
    ("target", "undefined", "said"),
    [
        ("qemu-mps2-an386", b"\x00\xde", "undefined instruction"),
        ("qemu-riscv-virt", b"\x00\x00", "illegal instruction"),
    ],
)
def test_a_fault_is_told_in_words(
    bench: Bench, lenet5_model: Path, tmp_path: Path, target: str, undefined: bytes, said: str
) -> None:
    on = Target.parse(target, cores=1)
    image = make_image(lenet5_model, on, "lenet5")
    address = image.symbols.address("arielml_call")
    content = bytearray(image.elf.read_bytes())
    with image.elf.open("rb") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            if 0 <= (within := address - segment["p_vaddr"]) < segment["p_filesz"]:
                at = segment["p_offset"] + within
                content[at : at + 2] = undefined
    broken = tmp_path / "broken.elf"
    broken.write_bytes(content)
    runner = bench.start(replace(image, elf=broken), on)
    runner.load(bytes(784 * 4))
    with pytest.raises(Refused) as caught:
        runner.ask("infer 1 0", until="e-[fault")
    line = str(caught.value)
    assert line.startswith("e-[fault: ")
    assert said in line
    assert f"pc 0x{address:08x}" in line
    assert line.endswith("]")


@pytest.mark.parametrize(
    ("shape", "benchmark", "expected"),
    [
        ([1, 49, 9, 1], "kws01", "an input of 490 elements of int8"),
        ([1, 28, 28, 3], "ic01", "an input of 3,072 elements of uint8 or int8"),
        ([1, 96, 96, 1], "vww01", "an input of 27,648 elements of uint8 or int8"),
        ([1, 320], "ad01", "an input of 640 elements of float32 or int8"),
    ],
)
def test_data_that_are_not_for_the_model(shape: list[int], benchmark: str, expected: str) -> None:
    error = refuse(classifier(shape, 4), benchmark)
    assert f"the data of MLPerf Tiny's {benchmark} are not for this model" in error.what
    assert error.expected == expected
    assert "int8 [1, " in str(error.found)
    assert "a name of its own" in str(error.advice)


def test_an_autoencoder_gives_what_it_takes() -> None:
    assert refuse(classifier([1, 640], 10), "ad01").expected == "an output like its input"
    unscaled = autoencoder()
    # It begins with another operator than DequantizeLinear.
    first = unscaled.graph.node[0]
    copied = onnx.helper.make_node("Identity", [first.input[0]], ["copy"])
    first.input[0] = "copy"
    unscaled.graph.node.insert(0, copied)
    assert "what its integers stand for" in str(refuse(unscaled, "ad01").expected)


def test_models_that_the_runner_has_no_words_for() -> None:
    assert "one input" in refuse(adder(2, [4]), "own").what
    assert "no sizes" in refuse(adder(1, [1, "N"]), "own").what
    assert "cannot be told the model's output" in refuse(_truth(), "own").what


def _truth() -> onnx.ModelProto:
    text = (
        '<ir_version: 8, opset_import: ["" : 17]> g (float[4] x, float[4] z) => (bool[4] y)'
        " {y = Less(x, x)}"
    )
    model = onnx.parser.parse_model(text)
    del model.graph.input[1]
    return model


@pytest.mark.parametrize("name", ["", "a]b", "a\nb", "é", "x" * 65])
def test_names_that_do_not_fit_a_line(lenet5_model: Path, name: str) -> None:
    assert "cannot be a model's name" in refuse(lenet5_model, name).what


class TestCommand:
    def test_it_writes_an_elf(
        self, lenet5_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "out" / "lenet5.elf"
        command = ["image", str(lenet5_model), "--mlperf-tiny", "digits", "--name", "mine"]
        assert main([*command, "-o", str(path)]) == 0
        said = " ".join(capsys.readouterr().out.split())
        assert "for nrf52840" in said
        assert "the MLPerf Tiny runner, as digits, at 1,000,000 baud" in said
        board = load_board("nrf52840")
        machine = EmuMachine(load_program(path), board)
        runner = Runner(machine.stream)
        assert (runner.name(), runner.profile()[1]) == ("mine", "digits")
        machine.close()

    def test_it_writes_a_binary_and_blocks_for_a_disk(
        self, lenet5_model: Path, tmp_path: Path
    ) -> None:
        command = ["image", str(lenet5_model), "--target", "emu-rp2040", "--cores", "2"]
        for name in ("image.bin", "image.uf2", "image.elf"):
            assert main([*command, "-o", str(tmp_path / name)]) == 0
        binary = (tmp_path / "image.bin").read_bytes()
        blocks = (tmp_path / "image.uf2").read_bytes()
        assert len(blocks) % 512 == 0
        found = b""
        for number in range(len(blocks) // 512):
            block = blocks[512 * number :][:512]
            head = struct.unpack("<8I", block[:32])
            assert head[:3] == (0x0A324655, 0x9E5D5157, 0x2000)
            assert head[3:6] == (0x1000_0000 + 256 * number, 256, number)
            assert head[6:] == (len(blocks) // 512, 0xE48BFF56)
            assert struct.unpack("<I", block[-4:]) == (0x0AB16F30,)
            found += block[32:288]
        assert found.rstrip(b"\xff") == binary.rstrip(b"\xff")
        vectors = struct.unpack("<II", binary[0x100:0x108])
        assert vectors[0] == 0x2000_0000 + 16 * 1024

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["-o", "x.hex"], ".elf, .bin, .uf2"),
            (["-o", "x"], "a file without a suffix"),
            (["-o", "x.uf2"], "nrf52840 takes no .uf2"),
            (["--target", "host"], "no image for this machine"),
            (["--target", "emu-nrf52841"], "unknown target"),
            (["--cores", "2"], "cannot run on 2 cores"),
            (["--name", "x"], "--name is for images that answer the MLPerf Tiny runner"),
            (["--mlperf-tiny", "kws01"], "an input of 490 elements of int8"),
            (["--mlperf-tiny", "x", "--scheduler", "fair"], "unknown scheduler"),
            (["--profile", "fast"], "fast"),
            (["--target", "emu-nrf5340", "-o", "x.bin"], "two flashes"),
        ],
    )
    def test_wrong_usage(
        self,
        lenet5_model: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        arguments: list[str],
        said: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert main(["image", str(lenet5_model), *arguments]) == 2
        assert said in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []
