from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_arielml.boards import board_names, load_board

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_native", ROOT / "tools/build_native.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["build_native"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def product(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A crate of its own that cargo can build for this machine, in a second."""
    workspace = tmp_path / "crate"
    (workspace / "src").mkdir(parents=True)
    (workspace / "Cargo.toml").write_text(
        '[package]\nname = "tiny"\nversion = "0.1.0"\nedition = "2021"\n'
        '[lib]\ncrate-type = ["staticlib"]\n[workspace]\n'
    )
    (workspace / "Cargo.lock").write_text(
        'version = 3\n[[package]]\nname = "tiny"\nversion = "0.1.0"\n'
    )
    (workspace / "src/lib.rs").write_text(
        '#[no_mangle]\npub extern "C" fn tiny() -> *const u8 { file!().as_ptr() }\n'
    )
    # Paths in digests are relative to the root; this file is in every digest.
    monkeypatch.setattr(tool, "ROOT", Path("/"))
    monkeypatch.delenv("CARGO_TARGET_DIR", raising=False)
    output = tmp_path / "out" / "libtiny.a"
    return tool.Product("tiny library", workspace, "tiny", None, "libtiny.a", output)


def test_built_once_and_again_when_a_source_changes(tool: ModuleType, product: Any) -> None:
    assert not tool.is_current(product)
    tool.build(product)
    assert tool.is_current(product)
    source = product.workspace / "src/lib.rs"
    source.write_text(source.read_text() + "// more\n")
    assert not tool.is_current(product)


def test_what_else_makes_it_old(
    tool: ModuleType, product: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool.build(product)
    output: Path = product.output
    content = output.read_bytes()
    output.write_bytes(content[:-1])
    assert not tool.is_current(product)
    output.write_bytes(content)
    assert tool.is_current(product)
    monkeypatch.setattr(tool, "output_of", lambda *command: "rustc 99.0")
    assert not tool.is_current(product)
    monkeypatch.setattr(tool, "output_of", lambda *command: "")
    assert tool.is_current(product)
    stamp = output.with_name(output.name + ".stamp")
    stamp.write_text(json.dumps([]))
    assert not tool.is_current(product)


def test_no_path_of_this_machine_is_built_in(
    tool: ModuleType, product: Any, tmp_path: Path
) -> None:
    tool.build(product)
    content = product.output.read_bytes()
    assert str(tmp_path).encode() not in content


def test_a_compile_error_is_shown(tool: ModuleType, product: Any) -> None:
    source = product.workspace / "src/lib.rs"
    source.write_text("not rust")
    with pytest.raises(tool.Failure, match=r"(?s)cargo failed for the tiny library.*error"):
        tool.build(product)
    assert not product.output.exists()


def test_every_board_has_its_runtime(tool: ModuleType) -> None:
    boards = [load_board(name) for name in board_names()]
    both = {(board.architecture, board.common_architecture) for board in boards}
    assert tool.architectures() == sorted({one for pair in both for one in pair})


def test_without_rust_it_says_what_to_install(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool.shutil, "which", lambda name: None)
    with pytest.raises(tool.Failure, match="rustup"):
        tool.host_toolchain()
    monkeypatch.setattr(tool.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(tool, "succeeds", lambda *command, timeout: False)
    with pytest.raises(tool.Failure, match=r"sudo apt-get install .*rust-web-src"):
        tool.install_debian()
