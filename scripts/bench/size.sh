#!/usr/bin/env bash
# What the edge runtime adds to a program: text and read-only data of a stripped program that opens a model and runs
# it, less the same program without the library; then its resident memory and load time.
#   scripts/bench/size.sh [MODEL.atto]
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(scripts/bench/build.sh atto_edge_package atto_edge_shared)
model=$(realpath "${1:-tests/data/fuzz/model/sample.atto}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cmake --install "$build" --component edge --prefix "$scratch/prefix" > /dev/null
cat > "$scratch/probe.cpp" <<'CODE'
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#ifdef WITH_LIBRARY
#  include <atto/edge.h>
#endif
long resident_kib() {
  long kib = 0;
  char line[256];
  std::FILE* file = std::fopen("/proc/self/status", "r");
  while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr)
    if (std::strncmp(line, "VmRSS:", 6) == 0) kib = std::atol(line + 6);
  if (file != nullptr) std::fclose(file);
  return kib;
}
int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const long before = resident_kib();
#ifdef WITH_LIBRARY
  const auto start = std::chrono::steady_clock::now();
  char message[200];
  atto_model* model = nullptr;
  atto_engine* engine = nullptr;
  atto_model_info info;
  if (atto_model_open(argv[1], &model, {message, sizeof message}) != ATTO_OK ||
      atto_engine_open(model, nullptr, &engine, {message, sizeof message}) != ATTO_OK ||
      atto_model_describe(model, &info) != ATTO_OK)
    return std::puts(message), 1;
  const std::chrono::duration<double, std::milli> load = std::chrono::steady_clock::now() - start;
  const std::size_t count = std::size_t(info.channels) * std::size_t(info.height) * std::size_t(info.width);
  auto* image = static_cast<float*>(std::calloc(count, sizeof(float)));
  if (atto_engine_run(engine, image, count) != ATTO_OK) return 1;
  const double held = double(info.weight_bytes + info.arena_bytes + 4 * count) / 1024;
  std::printf("load %.3f ms; resident %ld KiB more than before, weights + arena + image %.0f KiB\n",
              load.count(), resident_kib() - before, held);
  atto_engine_close(engine);
  atto_model_close(model);
#else
  std::printf("%ld %s\n", before, argv[1]);
#endif
}
CODE
for kind in with without; do
  flags=(); [ $kind = with ] && flags=(-DWITH_LIBRARY "-I$scratch/prefix/include")
  libs=(); [ $kind = with ] && libs=("$scratch/prefix/lib/libatto_edge.a" -lpthread)
  c++ -std=c++20 -O2 "${flags[@]}" "$scratch/probe.cpp" -o "$scratch/$kind" -Wl,--gc-sections -s "${libs[@]}"
done
sizes() { size -A "$1" | awk '$1 == ".text" || $1 == ".rodata" { sum += $2 } END { print sum }'; }
with=$(sizes "$scratch/with") without=$(sizes "$scratch/without")
echo "text + rodata: $(( (with - without) / 1024 )) KiB ($with - $without bytes)"
"$scratch/with" "$model"
