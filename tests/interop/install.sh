#!/usr/bin/env bash
# Installs packages of npm, at the exact versions of the lock file in PACKAGES, into DIR. Quick when they are there.
# PACKAGES is a folder; by default this one: ONNX Runtime's Node binding.
#   tests/interop/install.sh DIR [PACKAGES]
set -euo pipefail
here=$(cd "${2:-$(dirname "$0")}" && pwd)
mkdir -p "$1"
cd "$1"
if [ -d node_modules ] && cmp -s "$here/package-lock.json" installed-lock.json; then exit 0; fi
rm -f installed-lock.json
cp "$here/package.json" "$here/package-lock.json" .
# Scripts stay off: ONNX Runtime ships its CPU library, and its script would download another. Peers stay away: we call
# no part of a package that needs them.
npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund --omit-lockfile-registry-resolved
cp "$here/package-lock.json" installed-lock.json
