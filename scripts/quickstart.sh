#!/usr/bin/env bash
# From a fresh checkout to a trained winner: installs what is missing, builds release, and runs a small
# real campaign on Fashion-MNIST (about five minutes on two cores). Further arguments go to `atto search`.
#   scripts/quickstart.sh [--seed 2 ...]
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_packages.sh
scripts/build.sh release -DATTO_BUILD_TESTS=OFF
exec build/release/bin/atto search design_specs/quickstart.json --workers 2 "$@"
