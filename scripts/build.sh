#!/usr/bin/env bash
# Configures and builds a preset. Quick when nothing changed.
#   scripts/build.sh [PRESET] [CMAKE OPTION...]        (default preset: release)
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-release}
[ $# -gt 0 ] && shift
cmake --preset "$preset" "$@" >"${TMPDIR:-/tmp}/atto-configure.$$" 2>&1 || {
  cat "${TMPDIR:-/tmp}/atto-configure.$$" >&2
  rm -f "${TMPDIR:-/tmp}/atto-configure.$$"
  exit 1
}
rm -f "${TMPDIR:-/tmp}/atto-configure.$$"
cmake --build --preset "$preset"
