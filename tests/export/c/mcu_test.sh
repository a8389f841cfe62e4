#!/usr/bin/env bash
# Written C on emulated cores: the bytes that this machine's compiler gives, and on the M4 no more instructions, memory and code than
# promised.   mcu_test.sh WRITE_C_CASES [--slow]      --slow: more networks, under flags that change how floats are computed
set -euo pipefail
program=$1
source "$(dirname "$0")/../../../scripts/bench/mcu/run.sh"
for tool in arm-none-eabi-gcc qemu-system-arm riscv64-unknown-elf-gcc qemu-system-riscv32; do
  command -v $tool >/dev/null || { echo "$tool is missing: scripts/install_packages.sh --mcu" >&2; exit 1; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cores=(m0 m3 m4 m7 m33 m55 rv32imc rv32imafc)
failed=0

expect() {  # TEXT GOT WANTED
  [ "$2" = "$3" ] || { echo "$1: $2 is not $3"; failed=1; }
}
expect_most() {  # TEXT GOT MOST
  [ "$2" -le "$3" ] || { echo "$1: $2 > $3"; failed=1; }
}
# Runs a file on cores, and compares with this machine's result.
compare() {  # FILE.c FLAGS CORE...
  local file=$1 flags=$2 core digest count wanted
  shift 2
  wanted=$(run_here "$file" "$scratch")
  for core in "$@"; do
    read -r digest count < <(run_on "$core" "$file" "$scratch" $flags)
    expect "$(basename "$file") on $core $flags" "$digest" "$wanted"
  done
}

if [ "${2:-}" = --slow ]; then
  "$program" "$scratch" 50
  for file in "$scratch"/*.int8.c; do
    for flags in "-std=c99 -O2" "-std=gnu11 -O3" "-Ofast" "-Os"; do compare "$file" "$flags" "${cores[@]}"; done
  done
  exit $failed
fi

"$program" "$scratch" 8
strict="-std=c99 -O2 -Wall -Wextra -Wpedantic -Werror -c -o $scratch/strict.o"
for file in "$scratch"/*.c; do
  for core in m0 m4; do arm-none-eabi-gcc -mthumb $(core_flags $core) $strict "$file" || failed=1; done
  riscv64-unknown-elf-gcc --specs=picolibc.specs $(core_flags rv32imc) $strict "$file" || failed=1
done
for seed in 0 3 6 7; do compare "$scratch/random$seed.int8.c" "-std=c99 -O2" "${cores[@]}"; done
for flags in "-std=gnu11 -O3" "-Ofast" "-Os"; do compare "$scratch/random3.int8.c" "$flags" m4 m33 rv32imafc; done
for bar in "vww 14000000" "resnet8 18700000" "ds_cnn 5500000"; do
  read -r network most <<<"$bar"
  file=$scratch/$network.int8.c
  read -r digest count < <(run_on m4 "$file" "$scratch")
  expect "$network" "$digest" "$(run_here "$file" "$scratch")"
  expect_most "instructions of $network" "$count" "$most"
  expect_most "code of $network" "$(code_bytes m4 "$file" "$scratch")" 16384
done
expect_most "RAM of vww" "$(sed -n 's/.*_ARENA_BYTES \([0-9]*\).*/\1/p' "$scratch/vww.int8.h")" 69632
exit $failed
