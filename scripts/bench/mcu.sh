#!/usr/bin/env bash
# Instructions of one inference of written C, int8 and float32, on emulated cores: exact, and the same on every machine. Instructions
# are not cycles. Beside them naive loops with the same constants (int8), code and RAM.
#   scripts/bench/mcu.sh [--layers] [CORE...]     cores: m0 m3 m4 m7 m33 m55 rv32imc rv32imafc; default all
# --layers: of each layer instead, int8; beside those of CMSIS-NN where CMSIS_NN names a folder with its Include and, for a
# core, libCORE.a (libm4.a), which somebody compiled with that core's flags. Needs Debian's cross compilers and emulators: scripts/install_packages.sh --mcu
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

# A line behind each call: what it took.
with_laps() {  # FILE.c
  awk '/_steps\(unsigned char \*arena/ {inside = 1; print "extern void lap(const char *), again(void);"}
       inside && /^  \/\* / {name = $0; gsub(/^  \/\* | \*\/$/, "", name)}
       {print}
       inside && /^  [a-z].*;$/ {kernel = $1; sub(/\(.*/, "", kernel); sub(/.*_int8_/, "", kernel); printf "  lap(\"%s %s\");\n", kernel, name}
       inside && /^}/ {inside = 0}' "$1"
}
# CMSIS-NN in place of the kernels that it has; the file has laps.
with_cmsis_nn() {  # FILE.c
  local name
  name=$(basename "$1" .c | tr . _)
  sed -e "/^static void ${name}_steps/i extern void again(void);\n#define NAMED(x) ${name}_##x\n#include \"$PWD/scripts/bench/mcu/cmsis_nn.inc\"" \
    -E -e "s/^  ${name}_(i8_(conv|depthwise|dense|add|multiply|pool_to|average_pool|max_pool))\(/  peer_\1(/" "$1"
}

if [ -n "$layers" ]; then
  for core in "${cores[@]}"; do
    for network in vww resnet8 ds_cnn winner; do
      echo "== $network on $core"
      mkdir -p "$scratch/layers" "$scratch/peer"
      cp "$scratch/$network.int8.h" "$scratch/layers"
      cp "$scratch/$network.int8.h" "$scratch/peer"
      with_laps "$scratch/$network.int8.c" >"$scratch/layers/$network.int8.c"
      LAPS=-DLAPS run_on "$core" "$scratch/layers/$network.int8.c" "$scratch" | head -n -1 >"$scratch/ours"
      library=${CMSIS_NN:-}/lib$core.a
      if [ -f "$library" ]; then
        with_cmsis_nn "$scratch/layers/$network.int8.c" >"$scratch/peer/$network.int8.c"
        LAPS=-DLAPS run_on "$core" "$scratch/peer/$network.int8.c" "$scratch" -O2 -I"$CMSIS_NN/Include" -Wl,--whole-archive "$library" \
          -Wl,--no-whole-archive | head -n -1 >"$scratch/theirs"
        paste "$scratch/ours" "$scratch/theirs" | awk -F'\t' '{
          split($1, ours, " "); split($2, theirs, " "); name = $1; sub(/^ *[0-9]+ /, "", name)
          has = name ~ /^i8_(conv|depthwise|dense|add|multiply|pool_to|average_pool|max_pool) /
          printf "%10d %10s %6s %s\n", ours[1], has ? theirs[1] : "-", has ? sprintf("%.2f", theirs[1] / ours[1]) : "-", name}'
      else
        cat "$scratch/ours"
      fi
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
