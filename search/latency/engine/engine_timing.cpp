#include "search/latency/engine/engine_timing.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace atto::search {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kWarmUpSeconds = 0.1;
constexpr double kRoundSeconds = 0.02;
constexpr int kBatchRounds = 9;
constexpr double kPatienceSeconds = 2;  ///< no further batch after so long

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Runs for so long, once at least; returns milliseconds a run and counts the runs.
double run_for(const Run& run, double seconds, int& runs) {
  const auto start = Clock::now();
  double spent = 0;
  int count = 0;
  do {
    run();
    ++count;
    spent = seconds_since(start);
  } while (spent < seconds);
  runs += count;
  return spent / count * 1e3;
}

void warm_up(const std::vector<Run>& copies) {
  int runs = 0;
  for (const Run& run : copies) run_for(run, kWarmUpSeconds, runs);
}

double at_share(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

}  // namespace

Timing timing_of(std::vector<double> ms, int runs) {
  std::sort(ms.begin(), ms.end());
  return {runs, at_share(ms, 0.5), at_share(ms, 0.25), at_share(ms, 0.75)};
}

Timing time_runs(const std::vector<Run>& copies, int rounds,
                 const std::function<void(int round)>& before) {
  warm_up(copies);
  int runs = 0;
  std::vector<double> ms;
  for (int round = 0; round < rounds; ++round) {
    if (before) before(round);
    const Run& run = copies[static_cast<std::size_t>(round) % copies.size()];
    ms.push_back(run_for(run, kRoundSeconds, runs));
  }
  return timing_of(std::move(ms), runs);
}

void QuickestBatches::add(std::vector<double> ms) {
  std::sort(ms.begin(), ms.end());
  const auto place = std::upper_bound(
      batches_.begin(), batches_.end(), ms,
      [](const auto& a, const auto& b) { return at_share(a, 0.5) < at_share(b, 0.5); });
  batches_.insert(place, std::move(ms));
}

bool QuickestBatches::agree() const {
  return batches_.size() >= kCounting && at_share(batches_[kCounting - 1], 0.5) <=
                                             (1 + kAgreement) * at_share(batches_.front(), 0.5);
}

std::vector<double> QuickestBatches::rounds() const {
  std::vector<double> rounds;
  for (std::size_t i = 0; i < std::min(kCounting, batches_.size()); ++i)
    rounds.insert(rounds.end(), batches_[i].begin(), batches_[i].end());
  std::sort(rounds.begin(), rounds.end());
  return rounds;
}

Timing time_quickest(const std::vector<Run>& copies, const std::function<void()>& between) {
  warm_up(copies);
  int runs = 0;
  std::size_t turn = 0;
  QuickestBatches batches;
  const auto start = Clock::now();
  for (std::size_t i = 0; i < QuickestBatches::kCounting ||
                          (!batches.agree() && seconds_since(start) < kPatienceSeconds);
       ++i) {
    std::vector<double> ms;
    for (int round = 0; round < kBatchRounds; ++round) {
      if (between) between();
      ms.push_back(run_for(copies[turn++ % copies.size()], kRoundSeconds, runs));
    }
    batches.add(std::move(ms));
  }
  return timing_of(batches.rounds(), runs);
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
