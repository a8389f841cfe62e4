#!/usr/bin/env bash
# Checks the sources without building: format (where clang-format is installed), links and prose of the pages, the names of kernels,
# the sizes of files, and that no file includes from a folder above its own.
set -euo pipefail
cd "$(dirname "$0")/.."

python3 scripts/check_includes.py .
python3 scripts/check_docs.py .
python3 scripts/check_kernels.py .
python3 scripts/check_sizes.py .
if command -v clang-format >/dev/null; then
  git ls-files '*.cpp' '*.hpp' | xargs clang-format --dry-run --Werror
else
  echo "check: clang-format is not installed; format not checked"
fi
