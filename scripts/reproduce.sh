#!/usr/bin/env bash
# The family A to D against its baselines: searches a design for each tier, chooses each network's learning rate and weight
# decay in short trainings, trains all with three seeds, exports and measures them, and puts every figure into one table.
# Goes on wherever it was stopped: designs lie in prototypes/designs, what is finished in docs/data/reproduction, one file
# each, and counts on any machine that has it.
#   scripts/reproduce.sh [--dataset imagenet50|cifar10] [--stage search|choose|train|export|table] [--cost] [--smoke DIR]
# --cost says what is left to do and what that takes, and stops. --smoke runs the whole path on made-up pictures in DIR.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
atto=${ATTO:-$root/build/release/bin/atto}
dataset=imagenet50 stages="search choose train export table" cost="" smoke=""
while [ $# -gt 0 ]; do
  case $1 in
    --dataset) dataset=${2:?} && shift ;;
    --stage) stages=${2:?} && shift ;;
    --cost) cost=--dry-run ;;
    --smoke) smoke=${2:?} && shift ;;
    *) sed -n '2,9s/^# //p' "$0" >&2 && exit 2 ;;
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
    search | choose | train | export | table) ;;
    *) echo "--stage must be search, choose, train, export or table; got $stage" >&2 && exit 2 ;;
  esac
done

spec=$root/design_specs/family_$side.json
designs=$root/prototypes/designs results=$root/docs/data/reproduction
runs=$root/runs rounds=5
reproduce() { python3 "$root/scripts/reproduce.py" "$@"; }
if [ -n "$smoke" ]; then
  mkdir -p "$smoke" && smoke=$(cd "$smoke" && pwd)
  designs=$smoke/designs results=$smoke/results runs=$smoke/runs rounds=1
  reproduce smoke "$spec" "$smoke/family_$side.json"
  spec=$smoke/family_$side.json
fi
trainings=$runs/family_${side}_trainings
mkdir -p "$runs" "$designs" "$results"

# campaign SPEC FOLDER: searches, or goes on.
campaign() {
  if [ -n "$cost" ]; then
    "$atto" search "$1" --out "$2" --dry-run && return
  fi
  local code=0  # 1: no winner was trained in full, which is left to a later stage
  if [ -e "$2/ledger.db" ]; then
    nice "$atto" resume "$2" || code=$?
  else
    nice "$atto" search "$1" --out "$2" --workers "${WORKERS:-1}" || code=$?
  fi
  [ $code -le 1 ] || exit $code
}

# The family; then the smallest tier alone by three strategies, the others with the CPU-seconds of the first.
search() {
  if reproduce has-winners "$spec" "$designs"; then
    echo "search: every tier has its winner in $designs"
  else
    campaign "$spec" "$runs/family_$side"
    [ -n "$cost" ] || "$atto" report "$runs/family_$side" --json | reproduce winners "$spec" "$designs"
  fi
  for strategy in generative_synthesis random_asha aging_evolution; do
    local one=$runs/family_${side}_$strategy
    [ ! -e "$results/searches/${strategy}_${side}_at_d.json" ] || continue
    reproduce alone "$spec" "$strategy" "$results" "$one.json" || continue
    campaign "$one.json" "$one"
    [ -n "$cost" ] || "$atto" report "$one" --json | reproduce found "$spec" "$designs" "$results"
  done
}

# list NAME: does the trainings of a list.
list() {
  local code=0  # 1: some diverged, which the table tells
  nice "$atto" train "$1.json" --out "$1" $cost || code=$?
  [ $code -le 1 ] || exit $code
}

choose() {
  reproduce scaled "$spec" "$designs" "$atto"
  reproduce choices "$spec" "$designs" "$results" "$runs/family_${side}_choices.json"
  list "$runs/family_${side}_choices"
}

train() {
  reproduce scaled "$spec" "$designs" "$atto"
  reproduce list "$spec" "$designs" "$results" "$trainings.json"
  list "$trainings"
}

export_all() {
  [ -n "$cost" ] || reproduce export "$spec" "$trainings" "$results" "$atto" $rounds
}

table() {
  [ -n "$cost" ] || reproduce table "$spec" "$results" "$results.json" "$atto"
}

for stage in $stages; do
  start=$SECONDS
  [ "$stage" != export ] || stage=export_all
  $stage
  echo "== ${stage%_all}: $((SECONDS - start)) s"
done
