"""What hatchling does not know of this package: its compiled parts, and its page on an index.

A wheel carries what tools/build_native.py builds. What of it is missing or old is built,
with the Rust that is there; nothing is installed for it. Its tag says what the libraries
ask of the machine. An editable install carries nothing: it uses what is in the checkout.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

PACKAGE: Final = "pytest_arielml"
#: What of the repository a wheel has besides the package, and where. The suites keep their
#: names: the folder around them is put on the path by pytest.
BESIDE: Final = {
    "renode_platforms": f"{PACKAGE}/renode_platforms",
    "conformance": f"{PACKAGE}/_suites/conformance",
    "examples/lenet5/LICENSE-mnist": f"{PACKAGE}/_suites/examples/lenet5/LICENSE-mnist",
    "examples/lenet5/digits-500.npz": f"{PACKAGE}/_suites/examples/lenet5/digits-500.npz",
    "examples/lenet5/lenet5-int8.onnx": f"{PACKAGE}/_suites/examples/lenet5/lenet5-int8.onnx",
}

# PEP 600: libraries that every Linux of a manylinux tag has, of those that Rust links with.
_EVERYWHERE: Final = re.compile(
    r"lib(c|m|dl|rt|pthread)\.so\.\d+|libgcc_s\.so\.1|ld-linux.*\.so\.\d+"
)
_GLIBC: Final = re.compile(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?")
_OLDEST: Final = (2, 17)

_FENCE: Final = re.compile(r"\s*(```|~~~)")
_IMAGE: Final = re.compile(r"!\[[^\]]*\]\((?!https?:)[^)]*\)")
_LINK: Final = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|mailto:|#)[^)]*\)")


class WheelHook(BuildHookInterface[Any]):
    """Puts the compiled parts into a wheel, and says for which machines it is."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds what is missing; ends the build with a sentence when that cannot be."""
        if version == "editable":
            return
        root = Path(self.root)
        tool = load_tool(root)
        try:
            build(tool)
        except tool.Failure as failure:
            self.app.abort(
                f"pytest-arielml carries compiled parts, and {failure}; "
                "or install a wheel, which has them inside"
            )
        outputs = [product.output for product in tool.products()]
        self._stripped = tempfile.TemporaryDirectory()
        stripped = Path(self._stripped.name)
        strip = find_strip()
        for number, output in enumerate(outputs):
            smaller = stripped / str(number)
            done = strip is not None and without_debugging(output, smaller, strip)
            source = smaller if done else output
            build_data["force_include"][str(source)] = str(output.relative_to(root))
        for source, place in BESIDE.items():
            build_data["force_include"][str(root / source)] = place
        build_data["pure_python"] = False
        libraries = [path for path in outputs if path.suffix in (".so", ".dylib")]
        build_data["tag"] = f"py3-none-{platform_tag(libraries)}"

    def finalize(self, version: str, _data: dict[str, Any], _path: str) -> None:
        """Removes what was made for the wheel."""
        if version != "editable":
            self._stripped.cleanup()


class ReadmeHook(MetadataHookInterface):
    """The README as an index shows it, which has no files of the repository to link to."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Puts it into `metadata`."""
        text = (Path(self.root) / "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": without_files(text)}


def load_tool(root: Path) -> ModuleType:
    """tools/build_native.py."""
    path = root / "tools" / "build_native.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def build(tool: ModuleType) -> None:
    """Builds what is missing or old. Raises: the tool's Failure."""
    stale = [product for product in tool.products() if not tool.is_current(product)]
    if stale and shutil.which("cargo") is None:
        raise tool.Failure(f"there is no Rust to build them. To go on: {tool.INSTALL_RUSTUP}")
    for product in stale:
        tool.build(product, install=False)


def find_strip() -> Path | None:
    """The program of rustup's toolchain that takes debug information out of objects."""
    try:
        sysroot = subprocess.run(
            ["rustc", "--print=sysroot"], capture_output=True, text=True, timeout=60, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return next(Path(sysroot).glob("lib/rustlib/*/bin/rust-objcopy"), None)


def without_debugging(source: Path, target: Path, strip: Path) -> bool:
    """Writes an object or archive without debug information; whether it could."""
    # As rustc starts it: its libraries are the toolchain's.
    environment = {**os.environ, "LD_LIBRARY_PATH": str(strip.parents[3])}
    finished = subprocess.run(
        [strip, "--strip-debug", source, target],
        env=environment,
        capture_output=True,
        timeout=300,
        check=False,
    )
    return finished.returncode == 0


def platform_tag(libraries: Iterable[Path]) -> str:
    """The tag of the machines that can load `libraries`, which were built for this one.

    On Linux by PEP 600: the oldest glibc that has every symbol they ask for. What
    needs another library is for machines like this one alone.
    """
    here = re.sub(r"[-.]", "_", sysconfig.get_platform())
    if not here.startswith("linux"):
        return here
    newest = _OLDEST
    for path in libraries:
        with path.open("rb") as stream:
            for library, version in versions_needed(ELFFile(stream)):
                if not _EVERYWHERE.fullmatch(library):
                    return here
                if found := _GLIBC.fullmatch(version):
                    newest = max(newest, (int(found[1]), int(found[2])))
    return f"many{here[:5]}_{newest[0]}_{newest[1]}{here[5:]}"


def versions_needed(elf: ELFFile) -> Iterator[tuple[str, str]]:
    """Each library that a shared object needs, with each version of symbols; "" without."""
    for section in elf.iter_sections():
        if isinstance(section, DynamicSection):
            for tag in section.iter_tags("DT_NEEDED"):
                yield tag.needed, ""  # type: ignore[attr-defined]
        elif isinstance(section, GNUVerNeedSection):
            for library, symbols in section.iter_versions():
                for symbol in symbols:
                    yield library.name or "", symbol.name


def without_files(text: str) -> str:
    """Markdown whose links to files became their text; pictures of files go."""
    lines, fenced = [], False
    for line in text.splitlines(keepends=True):
        if _FENCE.match(line):
            fenced = not fenced
        lines.append(line if fenced else _LINK.sub(r"\1", _IMAGE.sub("", line)))
    return "".join(lines)
