#!/usr/bin/env bash
# The engine in WebAssembly against ONNX Runtime web and, where `atto export --to tflite` is there or files are given, TFLite's module, in Node,
# one thread, in turns within one run, on the quickstart's winner. Run it on an idle machine.
#   scripts/bench/web.sh [ROUNDS] [MODEL.tflite MODEL.int8.tflite]
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(scripts/bench/build.sh atto)
cmake --preset edge-wasm >/dev/null
cmake --build --preset edge-wasm >/dev/null
peers=$build/web_peers
mkdir -p "$peers"
if ! cmp -s scripts/bench/web/package-lock.json "$peers/installed-lock.json"; then
  cp scripts/bench/web/package.json scripts/bench/web/package-lock.json "$peers"
  (cd "$peers" && npm ci --ignore-scripts --no-audit --no-fund --omit-lockfile-registry-resolved --legacy-peer-deps >&2)
  cp scripts/bench/web/package-lock.json "$peers/installed-lock.json"
fi
export ATTO_WASM=$PWD/build/edge-wasm/bin/atto_edge.wasm
models=$(mktemp -d)
trap 'rm -rf "$models"' EXIT
winner=tests/interop/winner
to=web,onnx
"$build/bin/atto" export --help | grep -q tflite && to+=,tflite
"$build/bin/atto" export $winner --to $to --out "$models" >&2
"$build/bin/atto" export $winner --to $to --int8 --calibrate $winner/reference.safetensors --out "$models" >&2
if [ $# -ge 3 ]; then cp "$2" "$models/model.tflite"; cp "$3" "$models/model.int8.tflite"; fi
node scripts/bench/web/web.mjs "$models" "$peers" "${1:-15}"
