#pragma once
// Ends calls that a server does not answer: a process of it that stands still keeps its connections
// alive, so that no time-out of the network helps.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace atto::search {

class CallWatch {
 public:
  using Clock = std::chrono::steady_clock;
  CallWatch() = default;
  ~CallWatch();
  CallWatch(const CallWatch&) = delete;
  CallWatch& operator=(const CallWatch&) = delete;

  /// From here on asks `may_wait`, with how long there has been no answer, while a call lasts
  /// longer than a second. It is called in a thread of this watch, and no call ends meanwhile.
  /// Where it returns false the connection is cut, which the call takes for a lost server.
  void start(std::function<bool(std::chrono::milliseconds)> may_wait);
  void begin(int socket);
  void end() noexcept;
  /// Whether a call was ended so.
  bool has_cut() const;

 private:
  void run();
  void look();

  std::function<bool(std::chrono::milliseconds)> may_wait_;
  mutable std::mutex mutex_;
  std::condition_variable ending_;
  bool is_ending_ = false, has_cut_ = false;
  int socket_ = -1;
  Clock::time_point since_{};
  std::thread thread_;
};

}  // namespace atto::search
