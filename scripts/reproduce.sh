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
datasets="imagenet50 cifar10" stages="search choose train export table"
. "$root/scripts/stages.sh"
read_stages "$@"
case $dataset in
  imagenet50) side=64 ;;
  cifar10) side=32 ;;
esac

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

run_stages
