#!/bin/sh
# Training speed: ours against plain PyTorch (Debian's python3-torch), in turns within one run.
# Usage: scripts/bench/trainer.sh [--json] [--threads N] [--rounds N] [--width N] [--blocks N]
# --json prints {"ours": ..., "default": ..., "tuned": ...} in images/s. Run it on an idle machine.
set -eu
cd "$(dirname "$0")/../.."
build=${ATTO_BUILD:-build/release}
[ -f "$build/build.ninja" ] || cmake --preset release -B "$build" >&2
cmake --build "$build" --target trainer_bench >&2
/usr/bin/python3 -c 'import torch' 2>/dev/null || { echo "bench: needs python3-torch: apt-get install python3-torch" >&2; exit 4; }
exec /usr/bin/python3 scripts/bench/trainer_rounds.py --bench "$build/bin/trainer_bench" \
  --reference scripts/bench/trainer_reference.py "$@"
