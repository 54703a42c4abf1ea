"""Builds what the Python package carries compiled, into pytest_arielml/_native/.

- `<architecture>/libarielml.a` for each architecture of a board: the device
  runtime of firmware/, linked into every image;
- `host/libarielml_emu.so`: the native half of the emulator, of native/;
- `host/libarielml_host.so`: the device runtime for this machine, of
  firmware/host, on Linux.

What is up to date is left alone. For the device it takes rustup's toolchain,
which it may add a target to, or Debian's with its sources of `core`, which it
may install. Run it without arguments; `--check` only says what is to be built.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "pytest_arielml" / "_native"
DEBIAN_PACKAGES = ("rustc-web", "cargo-web", "rust-web-src")
# Outlined code and merged variables are shared between the boards of an archive, of
# which an image takes one: with more boards, images would grow.
DEVICE_FLAGS = ("-Cllvm-args=-enable-machine-outliner=never -enable-global-merge=false",)
INSTALL_RUSTUP = "install Rust from https://rustup.rs"


class Failure(Exception):
    """Why it cannot be built, and what to do."""


@dataclass(frozen=True)
class Toolchain:
    """A Rust compiler: how to call cargo, and what it is."""

    cargo: str
    version: str
    sources: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Product:
    """Something to build: a package of a workspace, for a target (None: this machine)."""

    name: str
    workspace: Path
    package: str
    target: str | None
    built: str
    output: Path
    profile: str = "release"

    @property
    def stamp(self) -> Path:
        """What the output was built from, beside it."""
        return self.output.with_name(self.output.name + ".stamp")


def main() -> int:
    """Builds what is out of date; the status to exit with."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="build nothing; 1 if something is old")
    options = parser.parse_args()
    stale = [product for product in products() if not is_current(product)]
    if options.check:
        for product in stale:
            say(f"{product.name} is to be built")
        return 1 if stale else 0
    try:
        for product in stale:
            build(product)
    except Failure as failure:
        say(f"build_native: {failure}")
        return 1
    return 0


def products() -> list[Product]:
    """Everything that the package carries."""
    suffix = "dylib" if sys.platform == "darwin" else "so"
    library = f"libarielml_emu.{suffix}"
    devices = [
        Product(
            f"device runtime for {target}",
            ROOT / "firmware",
            "arielml",
            target,
            "libarielml.a",
            OUTPUT / target / "libarielml.a",
        )
        for target in architectures()
    ]
    runtime = Product(
        "device runtime for this machine",
        ROOT / "firmware",
        "arielml-host",
        None,
        "libarielml_host.so",
        OUTPUT / "host" / "libarielml_host.so",
        profile="host",
    )
    host = Product(
        "emulator library",
        ROOT / "native",
        "arielml-emu",
        None,
        library,
        OUTPUT / "host" / library,
    )
    return [*devices, *([runtime] if sys.platform == "linux" else []), host]


def architectures() -> list[str]:
    """The target triples that boards name."""
    paths = (ROOT / "pytest_arielml" / "boards").glob("*.toml")
    boards = [tomllib.loads(path.read_text("utf-8")) for path in paths]
    common = {board[key] for board in boards if (key := "common_architecture") in board}
    return sorted(common | {board["architecture"] for board in boards})


def is_current(product: Product) -> bool:
    """Whether the output is there, and was built from the sources and by the Rust there are."""
    try:
        stamp = json.loads(product.stamp.read_text("utf-8"))
        output = hashlib.sha256(product.output.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return False
    expected = {"sources": sources_digest(product), "output": output}
    # Without Rust, what is there serves as long as its sources do not change.
    rust = output_of("rustc", "--version")
    if rust:
        expected["rust"] = rust
    return isinstance(stamp, dict) and {**stamp, **expected} == stamp


def sources_digest(product: Product) -> str:
    """sha256 of every file that the output is built from, this one included."""
    digest = hashlib.sha256()
    for path in sorted(source_files(product.workspace)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def source_files(workspace: Path) -> Iterable[Path]:
    """Rust sources and manifests of a workspace, without what cargo made, and this file."""
    yield Path(__file__).resolve()
    for folder, subfolders, names in os.walk(workspace):
        subfolders[:] = [name for name in subfolders if name not in ("target", "tests", "fuzz")]
        for name in names:
            if name.endswith((".rs", ".toml", ".lock", ".ld", ".s")):
                yield Path(folder) / name


def build(product: Product, *, install: bool = True) -> None:
    """Builds one product and puts it in its place, whole or not at all.

    With `install` it may install Debian's Rust, where there is no other.
    """
    start = time.monotonic()
    if product.target:
        toolchain = device_toolchain(product.target, install=install)
    else:
        toolchain = host_toolchain(install=install)
    say(f"building the {product.name} ({toolchain.version}) ...")
    sources = sources_digest(product)
    target_folder = Path(
        os.environ.get("CARGO_TARGET_DIR") or product.workspace / "target"
    ).absolute()
    command = [
        toolchain.cargo,
        "build",
        "--quiet",
        "--locked",
        f"--profile={product.profile}",
        f"--package={product.package}",
        f"--target-dir={target_folder}",
        *([f"--target={product.target}"] if product.target else []),
        *toolchain.arguments,
    ]
    environment = {
        **os.environ,
        **toolchain.environment,
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(
            # Names that say which crate a function is of: sizes are told apart by them.
            (
                "-Csymbol-mangling-version=v0",
                *(DEVICE_FLAGS if product.target else ()),
                *remappings(product, toolchain),
            )
        ),
    }
    finished = subprocess.run(
        command,
        cwd=product.workspace,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise Failure(
            f"cargo failed for the {product.name}:\n{finished.stdout}\n({' '.join(command)})"
        )
    place(target_folder / (product.target or "") / product.profile / product.built, product.output)
    stamp = {
        "sources": sources,
        "output": hashlib.sha256(product.output.read_bytes()).hexdigest(),
        "rust": output_of("rustc", "--version"),
        "built by": toolchain.version,
    }
    product.stamp.write_text(json.dumps(stamp, indent=1) + "\n", "utf-8")
    say(f"  {product.output.relative_to(ROOT)}: {time.monotonic() - start:.0f} s")


def place(built: Path, output: Path) -> None:
    """Copies a file so that no one ever sees a part of it."""
    output.parent.mkdir(parents=True, exist_ok=True)
    working = output.with_name(f".{output.name}.{os.getpid()}")
    shutil.copyfile(built, working)
    working.replace(output)


def remappings(product: Product, toolchain: Toolchain) -> list[str]:
    """Flags that keep paths of this machine out of what is built; the last match wins."""
    cargo_home = os.environ.get("CARGO_HOME") or Path.home() / ".cargo"
    places = {
        cargo_home: "/cargo",
        toolchain.sources: "/rust",
        toolchain.sources.resolve(): "/rust",
        product.workspace: f"/{product.workspace.name}",
    }
    return [f"--remap-path-prefix={path}={name}" for path, name in places.items()]


def host_toolchain(*, install: bool = True) -> Toolchain:
    """The Rust that builds for this machine."""
    cargo = shutil.which("cargo")
    if cargo is None:
        install_debian(install=install)
        cargo = "/usr/bin/cargo"
    rustc = str(Path(cargo).with_name("rustc"))
    return Toolchain(cargo, version(rustc), rust_sources(rustc), {"RUSTC": rustc})


def device_toolchain(target: str, *, install: bool = True) -> Toolchain:
    """A Rust that builds for `target`: rustup's, else Debian's."""
    cargo = shutil.which("cargo")
    if cargo and shutil.which("rustup") and rustup_has(target):
        return Toolchain(cargo, version("rustc"), rust_sources("rustc"))
    rustc, library = "/usr/bin/rustc", "library/core/src/lib.rs"
    if not Path("/usr/bin/cargo").exists() or not (rust_sources(rustc) / library).exists():
        install_debian(install=install)
    sources = rust_sources(rustc)
    if not (sources / library).exists():
        raise Failure(
            f"Debian's Rust came without the sources of its library, in {sources}. "
            f"To go on: {INSTALL_RUSTUP}, then: rustup target add {target}"
        )
    return Toolchain(
        "/usr/bin/cargo",
        version(rustc) + ", core built from source",
        sources,
        # Building core takes an unstable flag, which a stable compiler takes only so.
        {"RUSTC": rustc, "RUSTC_BOOTSTRAP": "1"},
        (
            "-Zbuild-std=core",
            # As rustup ships them: kernels call the helpers (roundf, __muldf3).
            "--config=profile.release.package.compiler_builtins.opt-level=3",
            "--config=profile.release.package.core.opt-level=3",
        ),
    )


def rustup_has(target: str) -> bool:
    """Whether rustup has the target, adding it if need be."""
    installed = output_of("rustup", "target", "list", "--installed")
    if target in installed.split():
        return True
    say(f"adding the target {target} to rustup's toolchain")
    return succeeds("rustup", "target", "add", target, timeout=300)


def install_debian(*, install: bool = True) -> None:
    """Installs Debian's Rust with the sources of its library, if it may."""
    if not install:
        raise Failure(f"no Rust that can build this was found. To go on: {INSTALL_RUSTUP}")
    apt = ("apt-get", "install", "--yes", "--quiet", *DEBIAN_PACKAGES)
    prefix = () if os.geteuid() == 0 else ("sudo", "-n")
    by_hand = f"{INSTALL_RUSTUP}, or on Debian run: sudo {' '.join(apt)}"
    if shutil.which("apt-get") is None:
        raise Failure(f"no Rust that can build this was found. To go on: {INSTALL_RUSTUP}")
    say("installing Debian's " + ", ".join(DEBIAN_PACKAGES))
    updated = succeeds(*prefix, "apt-get", "update", "--quiet", timeout=300)
    if not updated or not succeeds(*prefix, *apt, timeout=900):
        raise Failure(f"Debian's Rust could not be installed. To go on: {by_hand}")


def rust_sources(rustc: str) -> Path:
    """Where the sources of a compiler's standard library are, or would be."""
    return Path(output_of(rustc, "--print=sysroot").strip() or "/usr") / "lib/rustlib/src/rust"


def version(rustc: str) -> str:
    """A compiler's version, as in `rustc 1.95.0`."""
    found = " ".join(output_of(rustc, "--version").split()[:2])
    if not found:
        raise Failure(f"{rustc} does not run. To go on: {INSTALL_RUSTUP}")
    return found


def output_of(*command: str) -> str:
    """What a command says; nothing when it is missing or fails."""
    try:
        finished = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return finished.stdout


def succeeds(*command: str, timeout: float) -> bool:
    """Runs a command in silence; whether it succeeded."""
    try:
        finished = subprocess.run(command, capture_output=True, timeout=timeout, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return finished.returncode == 0


def say(text: str) -> None:
    """A line of progress."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
