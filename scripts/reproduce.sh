#!/usr/bin/env bash
# The family A to D against its baselines: searches a design for each tier, trains winners and baselines with one recipe
# and three seeds, and puts every figure into one table. Goes on wherever it was stopped: winners lie in prototypes/designs,
# finished trainings in docs/data/reproduction, one file each, and count on any machine that has them.
#   scripts/reproduce.sh [--dataset imagenet50|cifar10] [--stage search|train|table] [--cost] [--smoke DIR]
# --cost says what is left to do and what that takes, and stops. --smoke runs the whole path on made-up pictures in DIR.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
atto=${ATTO:-$root/build/release/bin/atto}
dataset=imagenet50 stages="search train table" cost="" smoke=""
while [ $# -gt 0 ]; do
  case $1 in
    --dataset) dataset=${2:?} && shift ;;
    --stage) stages=${2:?} && shift ;;
    --cost) cost=--dry-run ;;
    --smoke) smoke=${2:?} && shift ;;
    *) sed -n '2,7s/^# //p' "$0" >&2 && exit 2 ;;
  esac
  shift
done
case $dataset in
  imagenet50) side=64 ;;
  cifar10) side=32 ;;
  *) echo "--dataset must be imagenet50 or cifar10; got $dataset" >&2 && exit 2 ;;
esac
for stage in $stages; do
  case $stage in
    search | train | table) ;;
    *) echo "--stage must be search, train or table; got $stage" >&2 && exit 2 ;;
  esac
done

spec=$root/design_specs/family_$side.json
designs=$root/prototypes/designs results=$root/docs/data/reproduction
runs=$root/runs
if [ -n "$smoke" ]; then
  mkdir -p "$smoke" && smoke=$(cd "$smoke" && pwd)
  designs=$smoke/designs results=$smoke/results runs=$smoke/runs
  python3 "$root/scripts/reproduce.py" smoke "$spec" "$smoke/family_$side.json"
  spec=$smoke/family_$side.json
fi
campaign=$runs/family_$side
list=$runs/family_${side}_trainings.json
mkdir -p "$runs" "$designs" "$results"

search() {
  if python3 "$root/scripts/reproduce.py" has-winners "$spec" "$designs"; then
    echo "search: every tier has its winner in $designs" && return
  fi
  if [ -n "$cost" ]; then
    "$atto" search "$spec" --out "$campaign" --dry-run && return
  fi
  local code=0  # 1: no winner was trained in full, which is left to the next stage
  if [ -e "$campaign/ledger.db" ]; then
    nice "$atto" resume "$campaign" || code=$?
  else
    nice "$atto" search "$spec" --out "$campaign" --workers "${WORKERS:-1}" || code=$?
  fi
  [ $code -le 1 ] || exit $code
  "$atto" report "$campaign" --json | python3 "$root/scripts/reproduce.py" winners "$spec" "$designs"
}

train() {
  python3 "$root/scripts/reproduce.py" list "$spec" "$designs" "$results" "$list"
  local code=0  # 1: some diverged, which the table tells
  nice "$atto" train "$list" --out "$runs/family_${side}_trainings" $cost || code=$?
  [ $code -le 1 ] || exit $code
}

table() {
  [ -n "$cost" ] || python3 "$root/scripts/reproduce.py" table "$results" "$results.json"
}

for stage in $stages; do
  start=$SECONDS
  $stage
  echo "== $stage: $((SECONDS - start)) s"
done
