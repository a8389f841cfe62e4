#include "export/runtime/team.hpp"

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace atto::edge {
namespace {

// Some 50 us: longer than a step of a small network, shorter than a person's patience.
constexpr int kSpins = 4000;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    relax();
  }
  while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
}

}  // namespace

struct Team::State {
  explicit State(int members) {
    for (int member = 1; member < members; ++member)
      threads_.emplace_back([this, member] { serve(member); });
  }
  ~State() {
    is_over_.store(true);
    region_.fetch_add(1);
    region_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void run(const std::function<void(int)>& work) noexcept {
    work_ = &work;
    region_.fetch_add(1, std::memory_order_release);
    region_.notify_all();
    work(0);
    barrier();
  }

  void barrier() noexcept {
    const std::uint32_t now = passed_.load(std::memory_order_acquire);
    if (waiting_.fetch_add(1, std::memory_order_acq_rel) == threads_.size()) {
      waiting_.store(0, std::memory_order_relaxed);
      passed_.fetch_add(1, std::memory_order_release);
      passed_.notify_all();
      return;
    }
    wait_while(passed_, now);
  }

 private:
  void serve(int member) {
    for (std::uint32_t seen = 0;; ++seen) {
      wait_while(region_, seen);
      if (is_over_.load()) return;
      (*work_)(member);
      barrier();
    }
  }

  std::vector<std::thread> threads_;
  const std::function<void(int)>* work_ = nullptr;
  alignas(64) std::atomic<std::uint32_t> region_{0};   ///< counts calls of run()
  alignas(64) std::atomic<std::uint32_t> waiting_{0};  ///< members at the barrier
  alignas(64) std::atomic<std::uint32_t> passed_{0};   ///< counts barriers
  std::atomic<bool> is_over_{false};
};

Team::Team(int members) : state_(std::make_unique<State>(members)) {}
Team::~Team() = default;

void Team::run(const std::function<void(int)>& work) noexcept {
  state_->run(work);
}
void Team::barrier() noexcept {
  state_->barrier();
}

}  // namespace atto::edge
