#include "search/running/crew_watch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "search/ledger/ledger.hpp"

namespace atto::search {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookInterval{1000};
/// Workers that ended in a row without a finished job after which the campaign gives up.
constexpr int kFailedStarts = 3, kDeathsInARow = 20;

}  // namespace

void CrewWatch::begin() {
  for (const std::string& worker : ledger_.holders())
    if (worker.starts_with(kOwnPrefix)) ledger_.release_worker(worker, "", false);
}

void CrewWatch::look() {
  for (const EndedWorker& ended : crew_.reap()) note_end(ended);
  release_lost();
}

void CrewWatch::fill() {
  crew_.fill(milliseconds(std::min(5000, 50 << std::min(deaths_in_a_row_, 7))) *
             (deaths_in_a_row_ > 0));
}

/// A worker ended while it was wanted.
void CrewWatch::note_end(const EndedWorker& ended) {
  const bool gave_back = ended.exit_code == 4 || ended.exit_code == 130;
  const bool is_its_fault = ended.signal != 0 || (ended.exit_code != 0 && !gave_back);
  ledger_.release_worker(ended.name, ended.text(), is_its_fault, ended.cpu_seconds);
  const std::string text = fmt::format("worker {}: {}", ended.name, ended.text());
  ledger_.add_event("departure", text);
  tell_(text);
  ++deaths_in_a_row_;
  if (ended.exit_code == 4 || ended.exit_code == 127) ++failed_starts_;
  if (failed_starts_ >= kFailedStarts)
    throw EnvironmentError("workers cannot work: " + last_message(ended));
  if (deaths_in_a_row_ >= kDeathsInARow)
    throw EnvironmentError(
        fmt::format("{} workers in a row died before finishing anything; the last: {}",
                    deaths_in_a_row_, ended.text()));
}

/// What a worker said last; on a full disk its log holds nothing.
std::string CrewWatch::last_message(const EndedWorker& ended) const {
  if (!ended.last_message.empty()) return ended.last_message;
  std::error_code error;
  const auto space = std::filesystem::space(folder_.path, error);
  constexpr std::uintmax_t kHardlyAny = 64 * 1024;
  const char* why = !error && space.available < kHardlyAny ? "No space left on device"
                                                           : "they left no message in their logs";
  return fmt::format("{}: {}", why, folder_.logs().string());
}

void CrewWatch::release_lost() {
  const Clock::time_point now = Clock::now();
  // After a pause of this process (it was stopped) every lease looks old: wait for new heartbeats.
  const milliseconds lease(ledger_.lease_ms());
  if (now > last_look_ + lease) next_look_ = now + lease;
  last_look_ = now;
  if (now < next_look_) return;
  next_look_ = now + kLookInterval;
  const LostClaims lost = ledger_.release_lost(crew_.names());
  for (const std::string& text : lost.released) {
    ledger_.add_event("departure", text);
    tell_(text);
  }
  for (const std::string& text : lost.silent)
    if (told_.insert(text).second) tell_(text);
}

void CrewWatch::end(int number, StopSignals& signals) {
  crew_.end(number, signals, [&](const EndedWorker& ended) {
    ledger_.release_worker(ended.name, ended.text(), false, ended.cpu_seconds);
  });
}

}  // namespace atto::search
