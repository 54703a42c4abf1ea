#!/bin/sh
# Puts Renode's portable build, which brings .NET along, into RENODE_ROOT.
set -eu
version=1.16.1
archive=renode-$version.linux-portable-dotnet.tar.gz
sha256=00e113cdbd0f5354cf2f64bbe3f5a070d8958409542fca66e45ac97d982938c0

[ -x "$RENODE_ROOT/renode" ] && exit
curl -sSfLO "https://github.com/renode/renode/releases/download/v$version/$archive"
echo "$sha256  $archive" | sha256sum -c
mkdir -p "$RENODE_ROOT"
tar xf "$archive" -C "$RENODE_ROOT" --strip-components=1
rm "$archive"
