#!/usr/bin/env bash
# What int8 costs: top-1 of a trained model on its test split by LibTorch, by the float ONNX file and by
# the int8 one, with the sizes of the files.
#   scripts/bench/int8.sh RUN [IMAGES]        RUN as for `atto export`; default 10000 images
set -euo pipefail
bin=$("$(dirname "$0")/build.sh" atto atto-trainer)/bin
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$bin/atto-trainer" reference "$1" --split test --images "${2:-10000}" --out "$scratch/test.safetensors" --quiet
for precision in "" --int8; do
  "$bin/atto" export "$1" --to onnx $precision --reference "$scratch/test.safetensors" --out "$scratch"
done
