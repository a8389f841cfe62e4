#include "search/latency/engine_timing.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace atto::search {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kWarmUpSeconds = 0.1;
constexpr double kRoundSeconds = 0.02;

double seconds_of(edge::Engine& engine, std::span<const float> image, int runs) {
  const auto start = Clock::now();
  for (int i = 0; i < runs; ++i) engine.run(image);
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Returns how many runs make a round.
int warm_up(edge::Engine& engine, std::span<const float> image) {
  double once = seconds_of(engine, image, 1);
  for (double spent = once; spent < kWarmUpSeconds; spent += once)
    once = seconds_of(engine, image, 1);
  return std::max(1, static_cast<int>(kRoundSeconds / once));
}

}  // namespace

Timing time_runs(std::span<edge::Engine> engines, std::span<const float> image, int rounds,
                 const std::function<void(int round)>& before) {
  int repeat = 1;
  for (edge::Engine& engine : engines) repeat = warm_up(engine, image);
  std::vector<double> ms;
  for (int round = 0; round < rounds; ++round) {
    if (before) before(round);
    edge::Engine& engine = engines[static_cast<std::size_t>(round) % engines.size()];
    ms.push_back(seconds_of(engine, image, repeat) / repeat * 1e3);
  }
  std::sort(ms.begin(), ms.end());
  const auto at = [&](double share) {
    return ms[static_cast<std::size_t>(share * static_cast<double>(ms.size() - 1))];
  };
  return {repeat * rounds, at(0.5), at(0.25), at(0.75)};
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
