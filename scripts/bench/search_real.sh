#!/usr/bin/env bash
# Strategies with real training, for description (docs/benchmarks/search.md): cifar10_tiny on 10,000 training images, rungs
# of 1, 3 and 9 epochs, a finalist each. Prints the cost first; goes on where it was stopped; ends with a table.
#   scripts/bench/search_real.sh [--seeds N] [--workers N] [--out DIR] [--dry-run] [--table]
# Needs CIFAR-10 (`atto data` says how to get it). --table prints only what is finished.
set -euo pipefail
cd "$(dirname "$0")/../.."

seeds=3 workers=2 out=runs/search_real only=''
while [ $# -gt 0 ]; do
  case $1 in
    --seeds) seeds=$2; shift ;;
    --workers) workers=$2; shift ;;
    --out) out=$2; shift ;;
    --dry-run|--table) only=$1 ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift
done
build=$(scripts/bench/build.sh atto atto-trainer)
atto=$build/bin/atto spec=design_specs/cifar10_tiny_search.json
# As many candidates as cost about the same: all nine epochs, or most of them stopped after one.
declare -A candidates=([generative_synthesis]=18 [aging_evolution]=5 [random_asha]=18)
strategies=(generative_synthesis aging_evolution random_asha)

if [ "$only" != --table ]; then
  for strategy in "${strategies[@]}"; do
    "$atto" search $spec --strategy "$strategy" --candidates "${candidates[$strategy]}" --workers "$workers" --dry-run |
      sed -n "s/^estimate: /$strategy, each of $seeds seeds: /p"
  done
fi
[ "$only" = --dry-run ] && exit 0
if [ "$only" != --table ]; then
  mkdir -p "$out"
  for seed in $(seq "$seeds"); do
    for strategy in "${strategies[@]}"; do
      run=$out/$strategy-s$seed
      if [ -f "$run/ledger.db" ]; then
        "$atto" resume "$run" --workers "$workers"
      else
        "$atto" search $spec --strategy "$strategy" --candidates "${candidates[$strategy]}" --seed "$seed" \
          --workers "$workers" --out "$run"
      fi >>"$out/log.txt" 2>&1
      echo "$strategy, seed $seed: done"
    done
  done
fi
for run in "$out"/*-s*/; do "$atto" status "$run" --json; done | python3 scripts/bench/search_real.py
