#!/usr/bin/env bash
# A detector that the machine designs against Mask R-CNN on ResNet-50, at the same size, proposals and masks: counts both,
# draws and searches designs, chooses each network's learning rate in short trainings, trains all, puts every figure into
# one table. Goes on wherever it was stopped: designs lie in prototypes/designs, what is finished in docs/data/detection,
# one file each, and counts on any machine that has it.
#   scripts/detectors.sh [--dataset nuclei256|fashion_scenes] [--stage count|draw|search|choose|train|table] [--cost] [--smoke DIR]
# --cost says what is left to do and what that takes, and stops. --smoke runs the whole path on made-up pictures in DIR.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
atto=${ATTO:-$root/build/release/bin/atto}
dataset=nuclei256 stages="count draw search choose train table" cost="" smoke=""
while [ $# -gt 0 ]; do
  case $1 in
    --dataset) dataset=${2:?} && shift ;;
    --stage) stages=${2:?} && shift ;;
    --cost) cost=--dry-run ;;
    --smoke) smoke=${2:?} && shift ;;
    *) sed -n '2,8s/^# //p' "$0" >&2 && exit 2 ;;
  esac
  shift
done
case $dataset in
  nuclei256) spec=$root/design_specs/atto_nuclei.json ;;
  fashion_scenes) spec=$root/design_specs/atto_detect.json ;;
  *) echo "--dataset must be nuclei256 or fashion_scenes; got $dataset" >&2 && exit 2 ;;
esac
for stage in $stages; do
  case $stage in
    count | draw | search | choose | train | table) ;;
    *) echo "--stage must be count, draw, search, choose, train or table; got $stage" >&2 && exit 2 ;;
  esac
done

designs=$root/prototypes/designs results=$root/docs/data/detection runs=$root/runs page=$root/docs/detection.md
detectors() { python3 "$root/scripts/detectors.py" "$@"; }
if [ -n "$smoke" ]; then
  mkdir -p "$smoke" && smoke=$(cd "$smoke" && pwd)
  designs=$smoke/designs results=$smoke/results runs=$smoke/runs page=
  detectors smoke "$spec" "$smoke/$(basename "$spec")"
  spec=$smoke/$(basename "$spec")
fi
name=$(basename "$spec" .json)
mkdir -p "$runs" "$designs" "$results"

count() { detectors count "$spec" "$runs" "$atto"; }

draw() { detectors draw "$spec" "$designs" "$atto"; }

search() {
  if [ -e "$designs/$name.json" ]; then
    echo "search: the winner is $designs/$name.json" && return
  fi
  if [ -n "$cost" ]; then
    "$atto" search "$spec" --out "$runs/$name" --dry-run && return
  fi
  local code=0  # 1: no winner was trained in full, which is left to a later stage
  if [ -e "$runs/$name/ledger.db" ]; then
    nice "$atto" resume "$runs/$name" || code=$?
  else
    nice "$atto" search "$spec" --out "$runs/$name" --workers "${WORKERS:-1}" || code=$?
  fi
  [ $code -le 1 ] || exit $code
  "$atto" report "$runs/$name" --json | detectors winner "$spec" "$designs"
}

# list NAME: does the trainings of a list.
list() {
  local code=0  # 1: some diverged, which the table tells
  nice "$atto" train "$1.json" --out "$1" --threads 1 $cost || code=$?
  [ $code -le 1 ] || exit $code
}

choose() {
  detectors choices "$spec" "$designs" "$results" "$runs/${name}_choices.json"
  list "$runs/${name}_choices"
}

train() {
  detectors list "$spec" "$designs" "$results" "$runs/${name}_trainings.json"
  list "$runs/${name}_trainings"
}

table() {
  [ -n "$cost" ] || detectors table "$results" "$results.json" $page
}

for stage in $stages; do
  start=$SECONDS
  $stage
  echo "== $stage: $((SECONDS - start)) s"
done
