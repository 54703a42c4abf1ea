#!/bin/sh
# Fuzzes each target for so many seconds: fuzz.sh SECONDS TARGET...
# What is new for coverage goes to target/corpus, findings to target/artifacts;
# the committed corpus is read and not written to.
set -eu
seconds=$1
shift
cd "$(dirname "$0")"
if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "fuzzing needs a nightly Rust: rustup toolchain install nightly" >&2
    exit 1
fi
if ! command -v c++ >/dev/null; then
    echo "fuzzing needs a C++ compiler for libFuzzer, such as Debian's package g++" >&2
    exit 1
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "installing cargo-fuzz from crates.io ..."
    cargo install cargo-fuzz --locked
fi
# Freed memory is kept from reuse for a while; a little of it is enough here.
export ASAN_OPTIONS="${ASAN_OPTIONS:-quarantine_size_mb=4}"
for target in "$@"; do
    length=1024
    [ "$target" = module ] && length=12000
    mkdir -p "target/corpus/$target" "target/artifacts/$target"
    cargo +nightly fuzz run --fuzz-dir . --features libfuzzer "$target" \
        "target/corpus/$target" "corpus/$target" -- \
        -max_total_time="$seconds" -max_len=$length -len_control=0 -timeout=10 \
        -artifact_prefix="target/artifacts/$target/" -verbosity=0 -print_final_stats=1
done
