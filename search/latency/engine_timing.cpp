#include "search/latency/engine_timing.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace atto::search {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kWarmUpSeconds = 0.1;
constexpr double kRoundSeconds = 0.02;

/// Runs for so long, once at least; returns milliseconds a run and counts the runs.
double run_for(edge::Engine& engine, std::span<const float> image, double seconds, int& runs) {
  const auto start = Clock::now();
  double spent = 0;
  int count = 0;
  do {
    engine.run(image);
    ++count;
    spent = std::chrono::duration<double>(Clock::now() - start).count();
  } while (spent < seconds);
  runs += count;
  return spent / count * 1e3;
}

}  // namespace

Timing time_runs(std::span<edge::Engine> engines, std::span<const float> image, int rounds,
                 const std::function<void(int round)>& before) {
  int runs = 0;
  for (edge::Engine& engine : engines) run_for(engine, image, kWarmUpSeconds, runs);
  runs = 0;
  std::vector<double> ms;
  for (int round = 0; round < rounds; ++round) {
    if (before) before(round);
    edge::Engine& engine = engines[static_cast<std::size_t>(round) % engines.size()];
    ms.push_back(run_for(engine, image, kRoundSeconds, runs));
  }
  std::sort(ms.begin(), ms.end());
  const auto at = [&](double share) {
    return ms[static_cast<std::size_t>(share * static_cast<double>(ms.size() - 1))];
  };
  return {runs, at(0.5), at(0.25), at(0.75)};
}

std::vector<float> noise_image(const format::Program& program) {
  std::vector<float> image(static_cast<std::size_t>(program.channels) *
                           static_cast<std::size_t>(program.height) *
                           static_cast<std::size_t>(program.width));
  for (std::size_t i = 0; i < image.size(); ++i)
    image[i] = static_cast<float>(i * 2654435761U % 1000) / 500 - 1;
  return image;
}

}  // namespace atto::search
