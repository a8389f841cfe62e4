#!/usr/bin/env bash
# From a fresh checkout to a trained winner: installs what is missing, builds release, and runs a small
# real campaign on Fashion-MNIST (about five minutes on two cores). Further arguments go to `atto search`.
# With --detect first: a detector of objects instead, on scenes composed of Fashion-MNIST's items; what it scores on the
# test scenes, and pictures of what it finds.
#   scripts/quickstart.sh [--detect] [--seed 2 ...]
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_packages.sh
scripts/build.sh release -DATTO_BUILD_TESTS=OFF
atto=build/release/bin/atto
if [ "${1:-}" != --detect ]; then exec "$atto" search design_specs/quickstart.json --workers 2 "$@"; fi
shift
run=runs/quickstart_detect
"$atto" search design_specs/quickstart_detect.json --workers 2 --out $run "$@"
"$atto" eval $run --threads 2
"$atto" export $run --to atto
"$atto" data fashion_scenes:size=64 --split test --plain --draw $run/scenes
"$atto" run $run $run/scenes --score 0.3 --draw $run/found
