#!/usr/bin/env bash
# Installs what is missing, builds the address-sanitizer preset without LibTorch and runs its unit tests; then builds
# release with all tests, reads by itself each source that was compiled with others, and runs the tests. Ends with
# ctest's summary of the release tests.
#   scripts/test.sh [--slow]        --slow adds the tests labelled "slow", under the address sanitizer too
set -euo pipefail
cd "$(dirname "$0")/.."

step() {  # step NAME COMMAND...: runs a command and prints how long it took
  local name=$1 start=$SECONDS
  shift
  "$@"
  echo "== $name: $((SECONDS - start)) s"
}
exclude=(-LE slow) sanitized=(-L unit)
at_once=$((2 * $(nproc)))  # many tests wait for processes that they started
[ "${1:-}" = --slow ] && exclude=() sanitized=(-R "^(unit|slow)[.]")

step packages scripts/install_packages.sh --mcu --web --cluster clang-format g++-aarch64-linux-gnu qemu-user
step check scripts/check.sh
step "build asan" scripts/build.sh asan
[ "${1:-}" != --slow ] || step "build asan's slow tests" cmake --build build/asan
step "test asan" ctest --test-dir build/asan "${sanitized[@]}" "${exclude[@]}" --output-on-failure -j"$at_once"
step "build release" scripts/build.sh release -DATTO_BUILD_TESTS=ON -DATTO_WERROR=ON
step "compile apart" scripts/compile_apart.py build/release
step "test release" ctest --test-dir build/release "${exclude[@]}" --output-on-failure -j"$at_once"
