#!/usr/bin/env bash
# The engine in WebAssembly against ONNX Runtime web and TFLite's modules, in Node, one thread, in turns within one run, on the quickstart's
# winner.   scripts/bench/web.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(scripts/bench/build.sh atto)
cmake --preset edge-wasm >/dev/null
cmake --build --preset edge-wasm >/dev/null
peers=$(realpath "$build")/web_peers
tests/interop/install.sh "$peers" scripts/bench/web >&2
export ATTO_WASM=$PWD/build/edge-wasm/bin/atto_edge.wasm
models=$(mktemp -d)
trap 'rm -rf "$models"' EXIT
winner=tests/interop/winner
for more in "" "--int8 --calibrate $winner/reference.safetensors"; do
  "$build/bin/atto" export $winner --to web,onnx,tflite $more --out "$models" >&2
done
driver=$PWD/scripts/bench/web/web.mjs
cd "$peers"
node "$driver" "$models" "${1:-15}"
