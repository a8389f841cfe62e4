#!/bin/sh
# Training speed: ours against plain PyTorch (Debian's python3-torch), in turns within one run.
# Usage: scripts/bench/trainer.sh [--json] [--threads N] [--rounds N] [--width N] [--blocks N]
# --json prints {"ours": ..., "default": ..., "tuned": ...} in images/s. Run it on an idle machine.
set -eu
cd "$(dirname "$0")/../.."
build=$(scripts/bench/build.sh trainer_bench)
/usr/bin/python3 -c 'import torch' 2>/dev/null || { echo "bench: needs python3-torch: apt-get install python3-torch" >&2; exit 4; }
exec /usr/bin/python3 scripts/bench/trainer_rounds.py --bench "$build/bin/trainer_bench" \
  --reference scripts/bench/trainer_reference.py "$@"
