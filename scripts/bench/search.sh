#!/usr/bin/env bash
# What the stored repetitions of one table say (docs/benchmarks/search.md).
#   scripts/bench/search.sh [--json | --page] [--table NAME]
# NAME is one of docs/data/search/ (default cifar10). --page prints the table's part of docs/benchmarks/search_runs.md and
# draws its charts. ATTO_BUILD names the build folder (default build/release). search_tables.sh makes the repetitions.
set -euo pipefail
cd "$(dirname "$0")/../.."

table=cifar10 page=0 arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --json) arguments+=(--json) ;;
    --table) table=$2; shift ;;
    --page) page=1 ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift
done
stored=docs/data/search/$table.json
[ -f "$stored" ] || {
  echo "bench: $stored is missing; --table is one of: $(cd docs/data/search && echo *.json | sed 's/\.json//g')" >&2
  exit 2
}
bench=$(scripts/bench/build.sh search_bench)/bin/search_bench
if [ $page = 1 ]; then
  python3 scripts/bench/search_page.py "$stored" <("$bench" --from "$stored" --json) --charts docs/pictures
else
  "$bench" --from "$stored" "${arguments[@]}"
fi
