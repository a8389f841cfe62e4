#include "search/ledger/sqlite/bell.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace atto::search {

void ring_bell(const std::filesystem::path& ledger) {
  // One that cannot ring is made up for by the next look of those who wait.
  (void)::utimensat(AT_FDCWD, ledger.c_str(), nullptr, 0);
}

FileBell::FileBell(const std::filesystem::path& ledger)
    : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (descriptor_ >= 0) ::inotify_add_watch(descriptor_, ledger.c_str(), IN_ATTRIB);
}

FileBell::~FileBell() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool FileBell::wait(int milliseconds) {
  pollfd waiting{descriptor_, POLLIN, 0};  // a negative descriptor is passed over
  if (::poll(&waiting, 1, milliseconds) <= 0) return false;
  char events[4096];
  while (::read(descriptor_, events, sizeof events) > 0) {
  }
  return true;
}

}  // namespace atto::search
