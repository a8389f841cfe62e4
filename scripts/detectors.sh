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
datasets="nuclei256 fashion_scenes" stages="count draw search choose train table"
. "$root/scripts/stages.sh"
read_stages "$@"
case $dataset in
  nuclei256) spec=$root/design_specs/atto_nuclei.json ;;
  fashion_scenes) spec=$root/design_specs/atto_detect.json ;;
esac

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
  campaign "$spec" "$runs/$name"
  [ -n "$cost" ] || "$atto" report "$runs/$name" --json | detectors winner "$spec" "$designs"
}

choose() {
  detectors choices "$spec" "$designs" "$results" "$runs/${name}_choices.json"
  list "$runs/${name}_choices" --threads 1
}

train() {
  detectors list "$spec" "$designs" "$results" "$runs/${name}_trainings.json"
  list "$runs/${name}_trainings" --threads 1
}

table() {
  [ -n "$cost" ] || detectors table "$results" "$results.json" $page
}

run_stages
