#!/usr/bin/env bash
# The edge runtime against ONNX Runtime (from npm) and XNNPACK (where it is installed: Debian's libxnnpack-dev and
# libpthreadpool-dev), in turns within one run, one thread and two, in fp32, bf16 (against their fp32) and int8. Run it
# on an idle machine.   scripts/bench/peers.sh [ROUNDS] [NETWORK...]
# scripts/bench/peers.sh 15 mobilenet_v2_hard_swish     others of that kind: mobilenet_v2_{swish,gelu,leaky_relu}
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(scripts/bench/build.sh edge_peers)
tests/interop/install.sh "$build/interop" >&2
models=$build/peer_models
if [ ! -f "$models/networks.json" ] || [ "$build/bin/edge_peers" -nt "$models/networks.json" ]; then
  mkdir -p "$models"
  "$build/bin/edge_peers" write "$models"
fi
driver=$(realpath scripts/bench/peers.mjs)
cd "$build/interop"
exec node "$driver" "$models" "$build/bin/edge_peers" "${1:-21}" "${@:2}"
