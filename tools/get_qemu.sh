#!/bin/sh
# Installs QEMU for the tests where it is missing and apt-get is there. Without it
# they are skipped, but not in CI.
set -eu

say() { printf '%s\n' "$*" >&2; }

missing=
for program in qemu-system-arm qemu-system-riscv32; do
    command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
[ -n "$missing" ] || exit 0

packages="qemu-system-arm qemu-system-misc"
install() {
    # Debian 12 has RISC-V in the package of all else, later ones in one of its own.
    apt-cache policy qemu-system-riscv 2>/dev/null | grep -q 'Candidate: [0-9]' &&
        packages="$packages qemu-system-riscv"
    "$@" apt-get install -y -qq --no-install-recommends $packages >/dev/null
}

if command -v apt-get >/dev/null 2>&1; then
    say "installing QEMU ($packages)"
    if [ "$(id -u)" = 0 ]; then
        apt-get update -qq && install env DEBIAN_FRONTEND=noninteractive && exit 0
    else
        sudo -n apt-get update -qq && install sudo -n DEBIAN_FRONTEND=noninteractive && exit 0
    fi
fi
say "Not installed:$missing. The tests that need it are skipped."
say "Run: sudo apt-get install $packages (Debian, Ubuntu), or brew install qemu (macOS)"
[ "${CI:-}" != true ]
