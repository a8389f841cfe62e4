#!/usr/bin/env bash
# Measures what the framework itself costs a trial: a campaign of many trials whose evaluator trains nothing
# and takes no time. Prints wall milliseconds a trial, the resident memory of the coordinator after a tenth of
# the trials and at the last of them (the leaderboard that follows holds every design), and the ledger's size.
#   scripts/bench/search_overhead.sh [TRIALS] [WORKERS] [STRATEGY]      (default: 10000 2 random)
# ATTO_BUILD names the build folder (default build/release).
set -euo pipefail
cd "$(dirname "$0")/../.."

trials=${1:-10000}
workers=${2:-2}
strategy=${3:-random}
atto=$(scripts/bench/build.sh atto)/bin/atto
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

start=$(date +%s%N)
ATTO_FAKE_NO_CHECKPOINTS=1 "$atto" search tests/search/data/tiny.json --evaluator fake --strategy "$strategy" \
  --candidates "$trials" --workers "$workers" --out "$folder/run" >"$folder/out" 2>"$folder/err" &
process=$!
memory() { awk '/VmRSS/ { print $2 }' "/proc/$process/status" 2>/dev/null || true; }
early= late=
while kill -0 "$process" 2>/dev/null; do
  done_so_far=$(grep -c '^\[' "$folder/err" || true)
  now=$(memory)
  if [ -z "$early" ] && [ "$done_so_far" -ge $((trials / 10)) ]; then early=$now; fi
  if [ "$done_so_far" -lt "$trials" ]; then late=${now:-$late}; fi
  sleep 0.2
done
wait "$process"
end=$(date +%s%N)
awk -v ns=$((end - start)) -v n="$(grep -c '^\[' "$folder/err")" -v a="${early:-0}" -v b="${late:-0}" \
  -v l="$(stat -c %s "$folder/run/ledger.db")" 'BEGIN {
    printf "%d trials: %.2f ms a trial (wall); resident %.1f MiB after a tenth, %.1f MiB at the last; ledger %.1f MB\n",
      n, ns / 1e6 / n, a / 1024, b / 1024, l / 1e6 }'
