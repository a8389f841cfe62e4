#pragma once
// A few threads that run the same work side by side: they spin briefly between regions and
// barriers, then sleep.

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace atto::edge {

class Team {
 public:
  /// Starts members - 1 threads; the caller is member 0.
  explicit Team(int members);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int members() const { return static_cast<int>(threads_.size()) + 1; }
  /// Runs work(0) .. work(members - 1) at the same time; returns when all have returned.
  void run(const std::function<void(int member)>& work) noexcept;
  /// Returns once every member has called it; only inside run(), by all members.
  void barrier() noexcept;

 private:
  void serve(int member);

  std::vector<std::thread> threads_;
  const std::function<void(int)>* work_ = nullptr;
  alignas(64) std::atomic<std::uint32_t> region_{0};   ///< counts calls of run()
  alignas(64) std::atomic<std::uint32_t> waiting_{0};  ///< members at the barrier
  alignas(64) std::atomic<std::uint32_t> passed_{0};   ///< counts barriers
  std::atomic<bool> is_over_{false};
};

}  // namespace atto::edge
