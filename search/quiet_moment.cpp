#include "search/quiet_moment.hpp"

#include <chrono>
#include <thread>

namespace atto::search {
namespace {

/// A pause ends by itself, so that a coordinator that dies holds nobody for long.
constexpr std::int64_t kLongestPauseMs = 60000;
/// Workers look between two batches, at the latest after a second or so.
constexpr std::int64_t kPatienceMs = 3000;

/// Lets everybody go on, whatever ends the moment.
class Pause {
 public:
  Pause(Ledger& ledger, Crew& crew)
      : ledger_(ledger), crew_(crew), until_(now_ms() + kLongestPauseMs) {
    // A process that is stopped while it writes to the ledger would lock everybody out: nobody can
    // be writing while this transaction holds the lock.
    ledger_.pause_workers(until_, [this] { crew_.freeze(); });
  }
  ~Pause() {
    try {
      ledger_.pause_workers(0);
    } catch (const std::exception&) {  // it ends by itself
    }
    crew_.thaw();
  }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;

  /// Waits for workers that people started; returns those that did not stop.
  std::vector<std::string> wait() {
    const std::int64_t end = now_ms() + kPatienceMs;
    std::vector<std::string> left = ledger_.unpaused(until_, kOwnPrefix);
    while (!left.empty() && now_ms() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      left = ledger_.unpaused(until_, kOwnPrefix);
    }
    return left;
  }

 private:
  Ledger& ledger_;
  Crew& crew_;
  std::int64_t until_;
};

}  // namespace

std::vector<std::string> in_a_quiet_moment(Ledger& ledger, Crew& crew,
                                           const std::function<void()>& work) {
  Pause pause(ledger, crew);
  std::vector<std::string> restless = pause.wait();
  work();
  return restless;
}

}  // namespace atto::search
