#pragma once
// Requests to stop that reach a campaign in the middle of something long: proposals, a measurement,
// a ledger that another process holds.

#include <chrono>
#include <functional>

#include "search/running/stop_signals.hpp"

namespace atto::search {

/// Thrown where a request to stop ends what goes on.
struct StopAsked {};

class StopRequests {
 public:
  /// Calls `pass_on` with the number of the request, from within the calls below.
  StopRequests(StopSignals& signals, std::function<void(int)> pass_on)
      : signals_(signals), pass_on_(std::move(pass_on)) {}

  /// Listens for so long at most; returns whether there was a request, now or before.
  bool heard(int wait_ms);
  int count() const { return count_; }
  /// Throws StopAsked where there was a request. poll() returns this as a function.
  void pass();
  std::function<void()> poll() {
    return [this] { pass(); };
  }
  /// After a request a lock is waited for no longer than some seconds; after another, not at all.
  bool may_wait_for_lock();

 private:
  using Clock = std::chrono::steady_clock;
  StopSignals& signals_;
  std::function<void(int)> pass_on_;
  int count_ = 0;
  Clock::time_point first_{};
};

}  // namespace atto::search
