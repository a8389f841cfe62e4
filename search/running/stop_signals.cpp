#include "search/running/stop_signals.hpp"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "design_specs/errors.hpp"

namespace atto::search {

struct StopSignals::Mask {
  sigset_t set;
};

StopSignals::StopSignals(bool with_children) : before_(new Mask), descriptor_(-1) {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGTERM);
  if (with_children) sigaddset(&wanted, SIGCHLD);
  pthread_sigmask(SIG_BLOCK, &wanted, &before_->set);
  descriptor_ = ::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
  if (descriptor_ < 0) {
    const int error = errno;
    pthread_sigmask(SIG_SETMASK, &before_->set, nullptr);
    delete before_;
    throw EnvironmentError("cannot watch for signals", "signalfd", error);
  }
}

StopSignals::~StopSignals() {
  ::close(descriptor_);
  pthread_sigmask(SIG_SETMASK, &before_->set, nullptr);
  delete before_;
}

int StopSignals::wait(int milliseconds) {
  pollfd waiting{descriptor_, POLLIN, 0};
  if (::poll(&waiting, 1, milliseconds) <= 0) return 0;
  signalfd_siginfo info{};
  if (::read(descriptor_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return 0;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace atto::search
