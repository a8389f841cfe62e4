#!/usr/bin/env bash
# Installs what is missing, compiles each source of the libraries by itself, builds the address-sanitizer preset without
# LibTorch and runs its unit tests; then builds release with all tests and runs them. Ends with ctest's summary of the
# release tests.
#   scripts/test.sh [--slow]        --slow adds the tests labelled "slow"
set -euo pipefail
cd "$(dirname "$0")/.."

step() {  # step NAME COMMAND...: runs a command and prints how long it took
  local name=$1 start=$SECONDS
  shift
  "$@"
  echo "== $name: $((SECONDS - start)) s"
}
exclude=(-LE slow)
at_once=$((2 * $(nproc)))  # many tests wait for processes that they started
[ "${1:-}" = --slow ] && exclude=()

step packages scripts/install_packages.sh --mcu --web --cluster clang-format g++-aarch64-linux-gnu qemu-user
step check scripts/check.sh
step "compile apart" scripts/build.sh apart
step "build asan" scripts/build.sh asan
step "test asan" ctest --test-dir build/asan -L unit -LE slow --output-on-failure -j"$at_once"
step "build release" scripts/build.sh release -DATTO_BUILD_TESTS=ON -DATTO_WERROR=ON
step "test release" ctest --test-dir build/release "${exclude[@]}" --output-on-failure -j"$at_once"
