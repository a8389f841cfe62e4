#pragma once
// A few threads that run the same work side by side: they spin briefly between regions and
// barriers, then sleep.

#include <functional>
#include <memory>

namespace atto::edge {

class Team {
 public:
  /// Starts members - 1 threads; the caller is member 0.
  explicit Team(int members);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  /// Runs work(0) .. work(members - 1) at the same time; returns when all have returned.
  void run(const std::function<void(int member)>& work) noexcept;
  /// Returns once every member has called it; only inside run(), by all members.
  void barrier() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace atto::edge
