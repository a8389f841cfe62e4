#include "search/running/quiet_moment.hpp"

#include <chrono>
#include <thread>

#include "search/running/crew.hpp"

namespace atto::search {
namespace {

/// Workers look between two batches, at the latest after a second or so.
constexpr std::chrono::seconds kPatience{3};

/// Lets everybody go on, whatever ends the moment.
class Pause {
 public:
  // A process that is stopped while it writes to the ledger would lock everybody out: nobody can be
  // writing while this transaction holds the lock.
  Pause(Ledger& ledger, Workforce& crew)
      : ledger_(ledger), crew_(crew), name_(ledger.pause_workers([&] { crew.freeze(); })) {}
  ~Pause() {
    try {
      ledger_.end_pause();
    } catch (const std::exception&) {  // it ends by itself
    }
    crew_.thaw();
  }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;

  /// Waits for workers that people started; returns those that did not stop.
  std::vector<std::string> wait(const std::function<void()>& between) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    std::vector<std::string> left = ledger_.unpaused(name_, kOwnPrefix);
    while (!left.empty() && std::chrono::steady_clock::now() < end) {
      if (between) between();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      left = ledger_.unpaused(name_, kOwnPrefix);
    }
    return left;
  }

 private:
  Ledger& ledger_;
  Workforce& crew_;
  std::int64_t name_;
};

}  // namespace

std::vector<std::string> in_a_quiet_moment(Ledger& ledger, Workforce& crew,
                                           const std::function<void()>& work,
                                           const std::function<void()>& between) {
  Pause pause(ledger, crew);
  std::vector<std::string> unpaused = pause.wait(between);
  work();
  return unpaused;
}

}  // namespace atto::search
