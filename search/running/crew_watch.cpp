#include "search/running/crew_watch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "search/ledger/open_ledger.hpp"
#include "search/running/crew.hpp"

namespace atto::search {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookInterval{1000};
/// Workers that ended in a row without a finished job after which the campaign gives up.
constexpr std::size_t kFailedStarts = 3, kDeathsInARow = 20;
/// Between two tries on a disk that has room, but not for this user.
constexpr std::chrono::seconds kQuotaPause{60};

}  // namespace

void CrewWatch::begin() {
  for (const std::string& worker : ledger_.holders())
    if (worker.starts_with(kOwnPrefix)) ledger_.release_worker(worker, "", false);
}

void CrewWatch::look() {
  for (const EndedWorker& ended : crew_.reap()) note_end(ended);
  for (const std::string& text : crew_.take_notes()) tell_(text);
  release_lost();
}

void CrewWatch::fill() {
  if (waits_for_room()) return;
  const int deaths = static_cast<int>(deaths_in_a_row_.size());
  crew_.fill(milliseconds(std::min(5000, 50 << std::min(deaths, 7))) * (deaths > 0), [this] {
    const Totals totals = ledger_.totals();
    return static_cast<int>(totals.ready + totals.claimed);
  });
}

/// Whether a job of this worker has been tried so often that its design may end workers in ways
/// that look like the world's: a node that it takes down.
bool CrewWatch::takes_workers_down(const std::string& worker) {
  const std::vector<JobRow> rows = ledger_.jobs_in_state(State::Claimed);
  return std::any_of(rows.begin(), rows.end(), [&](const JobRow& row) {
    return row.worker == worker && row.attempt > kFreeAttempts;
  });
}

/// A worker ended while it was wanted.
void CrewWatch::note_end(const EndedWorker& ended) {
  const bool is_fault =
      ended.is_fault_of_trial() || (!ended.cause.empty() && takes_workers_down(ended.name));
  ledger_.release_worker(ended.name, ended.text(), is_fault, ended.cpu_seconds);
  const std::string text = fmt::format("worker {}: {}", ended.name, ended.text());
  ledger_.add_event("departure", text);
  tell_(text);
  if (!ended.cause.empty() || note_full_disk(ended)) return;
  deaths_in_a_row_.insert(ended.start);
  if (ended.is_failed_start()) failed_starts_.insert(ended.start);
  if (failed_starts_.size() >= kFailedStarts)
    throw EnvironmentError("workers cannot work: " + last_message(ended));
  if (deaths_in_a_row_.size() >= kDeathsInARow)
    throw EnvironmentError(
        fmt::format("{} workers in a row died before finishing anything; the last: {}",
                    deaths_in_a_row_.size(), ended.text()));
}

bool CrewWatch::has_room() const {
  std::error_code error;
  const auto space = std::filesystem::space(folder_.path, error);
  constexpr std::uintmax_t kHardlyAny = 64 * 1024;
  return error || space.available >= kHardlyAny;
}

/// What a worker said last; on a full disk its log holds nothing.
std::string CrewWatch::last_message(const EndedWorker& ended) const {
  if (!ended.last_message.empty()) return ended.last_message;
  const char* why = has_room() ? "they left no message in their logs" : "No space left on device";
  return fmt::format("{}: {}", why, folder_.logs().string());
}

/// Whether a worker ended because the disk is full. Where others share it they may make room, and
/// the ledger, which is elsewhere, goes on: that is no sign of workers that cannot work.
bool CrewWatch::note_full_disk(const EndedWorker& ended) {
  const std::string said = last_message(ended);
  const bool is_full = said.find("No space left on device") != std::string::npos ||
                       said.find("Disk quota exceeded") != std::string::npos;
  if (!is_full || ended.signal != 0 || ledger_in(folder_.path) == "ledger.db") return false;
  const Clock::time_point now = Clock::now();
  next_try_ = now + kQuotaPause;
  if (full_since_) return true;
  full_since_ = now;
  tell_(fmt::format("{}; workers wait until there is room, ten minutes at most", said));
  return true;
}

bool CrewWatch::waits_for_room() {
  if (!full_since_) return false;
  const Clock::time_point now = Clock::now();
  if (now > *full_since_ + room_patience_)
    throw EnvironmentError("no room was made on the disk of " + folder_.path.string());
  if (!has_room()) next_try_ = now;  // at once when there is some
  return !has_room() || now < next_try_;
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
