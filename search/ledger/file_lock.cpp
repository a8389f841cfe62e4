#include "search/ledger/file_lock.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "design_specs/errors.hpp"

namespace atto::search {

namespace fs = std::filesystem;

bool is_locked(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool is_free = ::flock(descriptor, LOCK_SH | LOCK_NB) == 0;
  ::close(descriptor);
  return !is_free;
}

FileLock::FileLock(const fs::path& file) {
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) throw EnvironmentError("cannot open", file.string(), errno);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) {
    is_held_ = true;
  } else if (errno != EWOULDBLOCK) {
    const int number = errno;
    ::close(descriptor_);
    throw EnvironmentError("cannot lock", file.string(), number);
  }
}

FileLock::~FileLock() {
  ::close(descriptor_);
}

}  // namespace atto::search
