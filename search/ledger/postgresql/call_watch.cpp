#include "search/ledger/postgresql/call_watch.hpp"

#include <sys/socket.h>

#include <exception>
#include <utility>

namespace atto::search {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{200}, kSoon{1000};

}  // namespace

CallWatch::~CallWatch() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  ending_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void CallWatch::start(std::function<bool(milliseconds)> may_wait) {
  const std::lock_guard lock(mutex_);
  may_wait_ = std::move(may_wait);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void CallWatch::begin(int socket) {
  const std::lock_guard lock(mutex_);
  socket_ = socket;
  since_ = Clock::now();
}

void CallWatch::end() noexcept {
  const std::lock_guard lock(mutex_);
  socket_ = -1;
}

bool CallWatch::has_cut() const {
  const std::lock_guard lock(mutex_);
  return has_cut_;
}

void CallWatch::run() {
  std::unique_lock lock(mutex_);
  while (!ending_.wait_for(lock, kLook, [this] { return is_ending_; })) look();
}

void CallWatch::look() {
  if (socket_ < 0) return;
  const auto waited = std::chrono::duration_cast<milliseconds>(Clock::now() - since_);
  if (waited < kSoon) return;
  bool may_wait = false;
  try {
    may_wait = may_wait_(waited);
  } catch (const std::exception&) {
    // As if nobody waited: the call fails, where its caller hears of it.
  }
  if (may_wait) return;
  has_cut_ = true;
  ::shutdown(socket_, SHUT_RDWR);
  socket_ = -1;
}

}  // namespace atto::search
