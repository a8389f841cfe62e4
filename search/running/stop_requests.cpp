#include "search/running/stop_requests.hpp"

#include <signal.h>

namespace atto::search {

bool StopRequests::heard(int wait_ms) {
  for (int signal = signals_.wait(wait_ms); signal != 0; signal = signals_.wait(0)) {
    if (signal != SIGINT && signal != SIGTERM) continue;
    if (++count_ == 1) first_ = Clock::now();
    pass_on_(count_);
  }
  return count_ > 0;
}

void StopRequests::pass() {
  if (heard(0)) throw StopAsked{};
}

bool StopRequests::may_wait_for_lock() {
  constexpr std::chrono::seconds kPatience{3};
  return !heard(0) || (count_ == 1 && Clock::now() < first_ + kPatience);
}

}  // namespace atto::search
