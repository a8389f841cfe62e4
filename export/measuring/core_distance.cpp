#include "export/measuring/core_distance.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>

namespace atto::measuring {
namespace {

constexpr int kRounds = 9;
constexpr int kTrips = 1'000;  // of a round
// A partner that runs answers much sooner; one that waits for this core must get it.
constexpr int kSpins = 10'000;

void wait_for(const std::atomic<int>& line, int value) {
  for (int spins = 0; line.load(std::memory_order_acquire) != value; ++spins)
    if (spins > kSpins) std::this_thread::yield();
}

}  // namespace

double measure_core_distance() {
  using Clock = std::chrono::steady_clock;
  alignas(64) std::atomic<int> line = 0;  // odd: sent, even: back
  std::thread partner([&line] {
    for (int trip = 0; trip < (kRounds + 1) * kTrips; ++trip) {
      wait_for(line, 2 * trip + 1);
      line.store(2 * trip + 2, std::memory_order_release);
    }
  });
  std::array<double, kRounds> rounds;
  int trip = 0;
  const auto round = [&] {
    const auto start = Clock::now();
    for (const int end = trip + kTrips; trip < end; ++trip) {
      line.store(2 * trip + 1, std::memory_order_release);
      wait_for(line, 2 * trip + 2);
    }
    return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / kTrips;
  };
  round();  // the partner starts meanwhile
  for (double& took : rounds) took = round();
  partner.join();
  std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
  return rounds[kRounds / 2];
}

}  // namespace atto::measuring
