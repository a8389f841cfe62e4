#!/usr/bin/env bash
# Installs ONNX Runtime's Node binding, at the exact version of the lock file, into DIR. Quick when it is there.
#   tests/interop/install.sh DIR
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
if [ -d node_modules ] && cmp -s "$here/package-lock.json" installed-lock.json; then exit 0; fi
rm -f installed-lock.json
cp "$here/package.json" "$here/package-lock.json" .
# Scripts stay off: the package ships its CPU library, and its script would download another.
npm ci --ignore-scripts --no-audit --no-fund --omit-lockfile-registry-resolved
cp "$here/package-lock.json" installed-lock.json
