#!/usr/bin/env bash
# Instructions of one inference of written C, int8 and float32, on emulated cores: exact, and the same on every machine. Instructions
# are not cycles. Beside them naive loops with the same constants (int8), code and RAM.
#   scripts/bench/mcu.sh [--layers] [CORE...]     cores: m0 m3 m4 m7 m33 m55 rv32imc rv32imafc; default all
# --layers: of each layer instead, int8. Needs Debian's cross compilers and emulators: scripts/install_packages.sh --mcu
set -euo pipefail
cd "$(dirname "$0")/../.."
layers=
[ "${1:-}" = --layers ] && layers=1 && shift
cores=("$@")
[ $# -gt 0 ] || cores=(m0 m3 m4 m7 m33 m55 rv32imc rv32imafc)
build=$(scripts/bench/build.sh atto write_c_cases)
source scripts/bench/mcu/run.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
winner=tests/interop/winner
"$build/bin/write_c_cases" "$scratch"
"$build/bin/atto" export $winner --to c --name winner --out "$scratch" >/dev/null
"$build/bin/atto" export $winner --to c --int8 --name winner --out "$scratch" --calibrate $winner/reference.safetensors >/dev/null

# Naive loops in place of the kernels of convolutions.
write_naive() {  # FILE.c
  local stem name
  stem=$(basename "$1" .c)
  name=${stem//./_}
  sed -e "/^static void ${name}_steps/i #define NAMED(x) ${name}_##x\n#include \"$PWD/scripts/bench/mcu/naive.inc\"" \
    -e "s/^  ${name}_[fi3]*[28]_conv(/  naive_conv_call(/; s/^  ${name}_[fi3]*[28]_depthwise(/  naive_depthwise_call(/" "$1"
}

if [ -n "$layers" ]; then
  for core in "${cores[@]}"; do
    for network in vww resnet8 ds_cnn winner; do
      echo "== $network on $core"
      mkdir -p "$scratch/layers"
      cp "$scratch/$network.int8.h" "$scratch/layers"
      # A line behind each call: what it took.
      awk '/_steps\(unsigned char \*arena/ {inside = 1; print "extern void lap(const char *);"}
           inside && /^  \/\* / {name = $0; gsub(/^  \/\* | \*\/$/, "", name)}
           {print}
           inside && /^  [a-z].*;$/ {printf "  lap(\"%s\");\n", name}
           inside && /^}/ {inside = 0}' "$scratch/$network.int8.c" >"$scratch/layers/$network.int8.c"
      LAPS=-DLAPS run_on "$core" "$scratch/layers/$network.int8.c" "$scratch" | head -n -1
    done
  done
  exit
fi

printf '%-8s %-10s %11s %11s %6s %11s %11s %6s %6s %6s\n' network core int8 naive times float32 naive times code RAM
for network in vww resnet8 ds_cnn winner; do
  file=$scratch/$network.int8.c
  mkdir -p "$scratch/naive"
  cp "$scratch/$network.h" "$scratch/$network.int8.h" "$scratch/naive"
  for precision in .int8 ""; do write_naive "$scratch/$network$precision.c" >"$scratch/naive/$network$precision.c"; done
  wanted=$(run_here "$file" "$scratch")
  ram=$(sed -n 's/.*_ARENA_BYTES \([0-9]*\).*/\1/p' "$scratch/$network.int8.h")
  for core in "${cores[@]}"; do
    read -r digest ours < <(run_on "$core" "$file" "$scratch")
    [ "$digest" = "$wanted" ] || { echo "$network on $core: $digest is not $wanted" >&2; exit 1; }
    read -r digest naive < <(run_on "$core" "$scratch/naive/$network.int8.c" "$scratch")
    [ "$digest" = "$wanted" ] || { echo "naive $network on $core: $digest is not $wanted" >&2; exit 1; }
    # What has no room on an emulated machine has no figure.
    floats=0 naive_floats=0
    read -r digest floats < <(run_on "$core" "$scratch/$network.c" "$scratch" 2>/dev/null) || true
    read -r digest naive_floats < <(run_on "$core" "$scratch/naive/$network.c" "$scratch" -O2 -DNAIVE_FLOATS 2>/dev/null) || true
    awk -v a="$ours" -v b="$naive" -v c="${floats:-0}" -v d="${naive_floats:-0}" -v names="$(printf '%-8s %-10s' "$network" "$core")" \
      -v code="$(code_bytes "$core" "$file" "$scratch")" -v ram="$ram" \
      'BEGIN {printf "%s %11d %11d %6.1f %11d %11d %6.1f %6d %6d\n", names, a, b, b / a, c, d, (c > 0 ? d / c : 0), code, ram}'
  done
done
