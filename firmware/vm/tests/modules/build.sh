#!/bin/sh
# Compiles every module here with the `iree-compile` on the path, which must be
# one that writes VM bytecode 17.0 (IREE 3.11 to 3.13).
set -eu
cd "$(dirname "$0")"
for source in *.mlir; do
    zip=false
    [ "$source" = external.mlir ] && zip=true
    iree-compile --compile-mode=vm \
        --iree-vm-bytecode-module-strip-source-map=true \
        --iree-vm-emit-polyglot-zip=$zip \
        "$source" -o "${source%.mlir}.vmfb"
done
