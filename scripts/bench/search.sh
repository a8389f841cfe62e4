#!/usr/bin/env bash
# Search strategies against each other on tables of trained designs (docs/benchmarks/search.md).
#   scripts/bench/search.sh [--json] [--table NAME] [--repetitions N] [--seed S] [--page]
# Says what the stored repetitions in docs/data/ say; with --repetitions, runs a fresh set on the stored table
# instead (minutes on 2 cores, no training). NAME is cifar10 (default) or fashion. --page prints the tables of
# docs/benchmarks/search.md and draws its charts. ATTO_BUILD names the build folder (default build/release).
set -euo pipefail
cd "$(dirname "$0")/../.."

table=cifar10 repetitions='' seed=1 page=0 arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --json) arguments+=(--json) ;;
    --table) table=$2; shift ;;
    --repetitions) repetitions=$2; shift ;;
    --seed) seed=$2; shift ;;
    --page) page=1 ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift
done
data=docs/data/table_$table.safetensors stored=docs/data/search_$table.json
[ -f "$data" ] || { echo "bench: $data is missing; --table is cifar10 or fashion" >&2; exit 2; }
build=$(scripts/bench/build.sh search_bench)
bench=$build/bin/search_bench

if [ -n "$repetitions" ]; then
  fresh=$(mktemp)
  trap 'rm -f "$fresh"' EXIT
  "$bench" "$data" --settings docs/data/search_settings.json --charge 0.004 --repetitions "$repetitions" --seed "$seed" \
    --store "$fresh" >/dev/null
  stored=$fresh
fi
if [ $page = 1 ]; then
  python3 scripts/bench/search_page.py "$stored" <("$bench" --from "$stored" --json) --charts docs/pictures
else
  "$bench" --from "$stored" "${arguments[@]}"
fi
