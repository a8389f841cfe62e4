#!/usr/bin/env bash
# Counts the production files that a change touches, by folder: what docs/extending.md promises is counted on
# throw-away branches. Tests and pages are not counted; the lists of CMake are counted apart.
#   scripts/count_touched.sh [BASE [TIP]]     default: main, and the working tree
set -euo pipefail
cd "$(dirname "$0")/.."

base=${1:-main} tip=${2:-}
{
  git diff --name-only "$base" ${tip:+"$tip"}
  [ -n "$tip" ] || git ls-files --others --exclude-standard
} | sort -u | awk '
  /^(tests|docs)\// || /\.md$/ || /^scripts\/bench\// { next }
  /CMakeLists\.txt$/ || /\.cmake$/ { lists++; next }
  { folder = $0; if (!sub("/[^/]*$", "", folder)) folder = "."; count[folder]++; files++; names[folder] = names[folder] " " substr($0, length(folder) + 2) }
  END {
    for (folder in count) printf "%3d  %-28s%s\n", count[folder], folder, names[folder] | "sort -k2"
    close("sort -k2")
    printf "%3d  production files, and %d lists of CMake\n", files, lists
  }'
