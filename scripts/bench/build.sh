#!/usr/bin/env bash
# Builds what a benchmark runs, in whatever state the build folder is (absent, configured without tests or without
# the trainer, half configured), and prints the folder. ATTO_BUILD names it (default build/release).
#   build=$(scripts/bench/build.sh TARGET...)
set -euo pipefail
cd "$(dirname "$0")/../.."

build=$(realpath -m "${ATTO_BUILD:-build/release}")
options=(-DATTO_BUILD_TESTS=ON -DATTO_EDGE_ONLY=OFF)
for target in "$@"; do
  case $target in atto-trainer|trainer_bench|detector_bench) options+=(-DATTO_BUILD_TRAINER=ON) ;; esac
done
if [ ! -f "$build/CMakeCache.txt" ]; then
  options=(--preset release "${options[@]}")
elif grep -q '^CMAKE_BUILD_TYPE:[A-Z]*=$' "$build/CMakeCache.txt"; then
  options+=(-DCMAKE_BUILD_TYPE=Release)
fi
cmake -S . -B "$build" "${options[@]}" >&2
cmake --build "$build" --target "$@" >&2
echo "$build"
