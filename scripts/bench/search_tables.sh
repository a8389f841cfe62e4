#!/usr/bin/env bash
# Our search and its opponents on every table, with and without limits; then what they say together.
#   scripts/bench/search_tables.sh [OUT] [--set all|development|report|parts] [--repetitions N] [--seed S]
#       [--optuna N]
# OUT (default docs/data/search) keeps the judged repetitions of each table; what is there is not run again, so the stored
# ones are told in seconds. The set `report` is NAS-Bench-Macro under ceilings, which nothing may be developed on: it is run
# once, after everything is frozen. `parts` switches parts of ours off. Optuna makes the first N (30) of the repetitions, 0:
# none. ATTO_BUILD names the build folder.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
out=docs/data/search set=all repetitions=100 seed=1 optuna=30
while [ $# -gt 0 ]; do
  case $1 in
    --set) set=$2; shift ;;
    --repetitions) repetitions=$2; shift ;;
    --seed) seed=$2; shift ;;
    --optuna) optuna=$2; shift ;;
    -*) usage ;;
    *) out=$1 ;;
  esac
  shift
done
limits=docs/data/search_limits
# Of ours: CPU-seconds a job for generator and inquisitor, then budgets. Others count trainings.
own='0.004 0.02,0.05,0.1,0.2,0.3'
development=(
  "fashion table_fashion - $own" "fashion_macs table_fashion fashion_macs $own" "fashion_both table_fashion fashion_both $own"
  "cifar10 table_cifar10 - $own" "cifar10_macs table_cifar10 cifar10_macs $own" "cifar10_both table_cifar10 cifar10_both $own"
  "cifar10_32 table_cifar10_32 - $own" "imagenet50_64 table_imagenet50_64 - $own"
  "macro table_nas_bench_macro - 0 0.0023,0.005,0.01,0.02,0.05")
report=(
  "macro_60M table_nas_bench_macro macro_60M 0 0.005,0.01,0.02,0.05"
  "macro_1M5 table_nas_bench_macro macro_1M5 0 0.008,0.02,0.05")
contenders=(--no-ablations)
case $set in
  all) tables=("${development[@]}" "${report[@]}") ;;
  development) tables=("${development[@]}") ;;
  report) tables=("${report[@]}") ;;
  parts)
    own='0.004 0.02,0.05' optuna=0
    tables=("fashion_parts table_fashion - $own" "cifar10_parts table_cifar10 - $own")
    contenders=(--only "generative_synthesis,without inquisitor,without probes,without zero-cost,without rungs,without context,without front") ;;
  *) echo "search_tables: --set must be all, development, report or parts; got $set" >&2; exit 2 ;;
esac
bench=$(scripts/bench/build.sh search_bench)/bin/search_bench
mkdir -p "$out"
summaries=$(mktemp -d)
trap 'rm -rf "$summaries"' EXIT
pairs=()
for line in "${tables[@]}"; do
  read -r name table spec charge budgets <<<"$line"
  if [ ! -f "$out/$name.json" ]; then
    ground=("docs/data/$table.safetensors" --repetitions "$repetitions" --seed "$seed" --budgets "$budgets")
    [ "$spec" = - ] || ground+=(--spec "$limits/$spec.json")
    with=()
    if [ "$optuna" != 0 ]; then
      [ -f "$out/$name.problem" ] || "$bench" "${ground[@]}" --problem "$out/$name.problem"
      [ -f "$out/$name.optuna" ] || {
        scripts/bench/optuna_bench.py "$out/$name.problem" --settings docs/data/search_settings.json --repetitions "$optuna" \
          --out "$out/$name.part"
        mv "$out/$name.part" "$out/$name.optuna"
      }
      with=(--with "$out/$name.optuna")
    fi
    "$bench" "${ground[@]}" --settings docs/data/search_settings.json --charge "$charge" "${contenders[@]}" "${with[@]}" \
      --store "$out/$name.json" >&2
  fi
  "$bench" --from "$out/$name.json" --json >"$summaries/$name.json"
  pairs+=("$out/$name.json:$summaries/$name.json")
done
[ "$set" = parts ] || python3 scripts/bench/search_claims.py "${pairs[@]}"
