#include "search/cli/engine_timing.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace atto::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kWarmUpSeconds = 0.1;
constexpr double kRoundSeconds = 0.02;

double seconds_of(edge::Engine& engine, std::span<const float> image, int runs) {
  const auto start = Clock::now();
  for (int i = 0; i < runs; ++i) engine.run(image);
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

Timing time_runs(edge::Engine& engine, std::span<const float> image, int rounds,
                 const std::function<void(int round)>& before) {
  double once = seconds_of(engine, image, 1);
  for (double spent = once; spent < kWarmUpSeconds; spent += once)
    once = seconds_of(engine, image, 1);
  const int repeat = std::max(1, static_cast<int>(kRoundSeconds / once));
  std::vector<double> ms;
  for (int round = 0; round < rounds; ++round) {
    if (before) before(round);
    ms.push_back(seconds_of(engine, image, repeat) / repeat * 1e3);
  }
  std::sort(ms.begin(), ms.end());
  const auto at = [&](double share) {
    return ms[static_cast<std::size_t>(share * static_cast<double>(ms.size() - 1))];
  };
  return {repeat * rounds, at(0.5), at(0.25), at(0.75)};
}

}  // namespace atto::cli
