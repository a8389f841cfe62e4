#!/usr/bin/env bash
# Our search and its opponents on every table, with and without limits; then what they say together.
#   scripts/bench/search_tables.sh OUT [--set development|report] [--repetitions N] [--seed S] [--no-optuna]
# OUT keeps problem, campaigns and judged repetitions of each table; what is there is not run again. The set `report` is
# NAS-Bench-Macro under ceilings, which nothing may be developed on: it is run once, after everything is frozen.
set -euo pipefail
cd "$(dirname "$0")/../.."

out= set=development repetitions=100 seed=1 optuna=1
while [ $# -gt 0 ]; do
  case $1 in
    --set) set=$2; shift ;;
    --repetitions) repetitions=$2; shift ;;
    --seed) seed=$2; shift ;;
    --no-optuna) optuna=0 ;;
    -*) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    *) out=$1 ;;
  esac
  shift
done
[ -n "$out" ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
limits=docs/data/search_limits
# Of ours: CPU-seconds a job for generator and inquisitor, then budgets. Others count trainings.
own='0.004 0.02,0.05,0.1,0.2,0.3'
case $set in
  development) tables=(
    "fashion table_fashion - $own" "fashion_macs table_fashion fashion_macs $own" "fashion_both table_fashion fashion_both $own"
    "cifar10 table_cifar10 - $own" "cifar10_macs table_cifar10 cifar10_macs $own" "cifar10_both table_cifar10 cifar10_both $own"
    "macro table_nas_bench_macro - 0 0.0023,0.005,0.01,0.02,0.05") ;;
  report) tables=(
    "macro_60M table_nas_bench_macro macro_60M 0 0.005,0.01,0.02,0.05"
    "macro_1M5 table_nas_bench_macro macro_1M5 0 0.008,0.02,0.05") ;;
  *) echo "search_tables: --set must be development or report; got $set" >&2; exit 2 ;;
esac
bench=$(scripts/bench/build.sh search_bench)/bin/search_bench
mkdir -p "$out"
pairs=()
for line in "${tables[@]}"; do
  read -r name table spec charge budgets <<<"$line"
  ground=("docs/data/$table.safetensors" --repetitions "$repetitions" --seed "$seed" --budgets "$budgets")
  [ "$spec" = - ] || ground+=(--spec "$limits/$spec.json")
  with=()
  if [ $optuna = 1 ]; then
    [ -f "$out/$name.problem" ] || "$bench" "${ground[@]}" --problem "$out/$name.problem"
    [ -f "$out/$name.optuna" ] || {
      scripts/bench/optuna_bench.py "$out/$name.problem" --settings docs/data/search_settings.json --out "$out/$name.part"
      mv "$out/$name.part" "$out/$name.optuna"
    }
    with=(--with "$out/$name.optuna")
  fi
  [ -f "$out/$name.json" ] || "$bench" "${ground[@]}" --settings docs/data/search_settings.json --charge "$charge" --no-ablations \
    "${with[@]}" --store "$out/$name.json"
  "$bench" --from "$out/$name.json" --json >"$out/$name.summary"
  pairs+=("$out/$name.json:$out/$name.summary")
done
python3 scripts/bench/search_claims.py "${pairs[@]}"
