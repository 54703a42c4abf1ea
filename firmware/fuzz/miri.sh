#!/bin/sh
# Runs the unit tests of the crates that ship under Miri, which finds undefined
# behaviour. Further flags: MIRIFLAGS, such as -Zmiri-tree-borrows.
set -eu
cd "$(dirname "$0")/.."
if ! cargo +nightly miri --version >/dev/null 2>&1; then
    echo "Miri needs: rustup toolchain install nightly --component miri rust-src" >&2
    exit 1
fi
# The tests leak what must live as long as a process. Addresses of bindings go
# to kernels as plain numbers, as the library ABI wants them.
export MIRIFLAGS="-Zmiri-ignore-leaks -Zmiri-permissive-provenance ${MIRIFLAGS:-}"
for crate in arena scheduler vm hal agent mlperf host; do
    cargo +nightly miri test -q -p "arielml-$crate" --lib
done
# The drivers' tests poke registers; this one walks memory.
cargo +nightly miri test -q -p arielml-bsp --lib check
