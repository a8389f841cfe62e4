#include "design_specs/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "design_specs/errors.hpp"

namespace atto::spec {
namespace {

/// Closes on every way out. `close_checked` reports what the kernel found only at the end (NFS,
/// quota).
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool close_checked() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

struct Temporary {
  int fd;
  std::filesystem::path path;
};

/// Opens a new file beside `file`. O_EXCL makes the name ours, whoever else writes here; a leftover
/// of a killed process only costs the next number.
Temporary open_beside(const std::filesystem::path& file) {
  const std::string stem = "." + file.filename().string() + "." + std::to_string(::getpid()) + ".";
  for (int attempt = 0;; ++attempt) {
    auto path = file;
    path.replace_filename(stem + std::to_string(attempt) + ".tmp");
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0) return {fd, path};
    if (errno != EEXIST || attempt > 1000)
      throw EnvironmentError("cannot write", file.string(), errno);
  }
}

bool write_all(int fd, std::string_view contents) {
  while (!contents.empty()) {
    const ssize_t written = ::write(fd, contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    contents.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void sync_folder_of(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a folder (EINVAL); the rename itself has succeeded by now.
  if (fd.get() < 0 || (::fsync(fd.get()) != 0 && errno != EINVAL))
    throw EnvironmentError("cannot sync folder", folder.string(), errno);
}

/// Devices and pipes take bytes as they are. A new file in their place would take them away: a
/// superuser's `--out /dev/null` did so.
bool is_device_or_pipe(const std::filesystem::path& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

void write_through(const std::filesystem::path& file, std::string_view contents) {
  Descriptor fd(::open(file.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC));
  if (fd.get() < 0 || !write_all(fd.get(), contents) || !fd.close_checked())
    throw EnvironmentError("cannot write", file.string(), errno);
}

/// The file behind links, there or not, so that the links stay.
std::filesystem::path behind_links(std::filesystem::path file) {
  constexpr int kMostLinks = 40;  // as Linux follows: a ring of them fails when it is opened
  std::error_code error;
  for (int i = 0; i < kMostLinks && std::filesystem::is_symlink(file, error); ++i)
    file = file.parent_path() / std::filesystem::read_symlink(file, error);
  return file;
}

}  // namespace

void write_file_atomically(const std::filesystem::path& named, std::string_view contents) {
  if (is_device_or_pipe(named)) return write_through(named, contents);
  const auto file = behind_links(named);
  const Temporary temporary = open_beside(file);
  Descriptor fd(temporary.fd);
  const bool written = write_all(fd.get(), contents) && ::fsync(fd.get()) == 0 &&
                       fd.close_checked() && ::rename(temporary.path.c_str(), file.c_str()) == 0;
  if (!written) {
    const int error = errno;
    ::unlink(temporary.path.c_str());
    throw EnvironmentError("cannot write", file.string(), error);
  }
  sync_folder_of(file);
}

void copy_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  const Descriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (source.get() < 0) throw EnvironmentError("cannot open", from.string(), errno);
  Descriptor target(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (target.get() < 0) throw EnvironmentError("cannot write", to.string(), errno);
  std::string buffer(1 << 18, '\0');
  for (;;) {
    const ssize_t got = ::read(source.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw EnvironmentError("cannot read", from.string(), errno);
    if (got == 0) break;
    if (!write_all(target.get(), {buffer.data(), static_cast<std::size_t>(got)}))
      throw EnvironmentError("cannot write", to.string(), errno);
  }
  if (::fsync(target.get()) != 0 || !target.close_checked())
    throw EnvironmentError("cannot write", to.string(), errno);
}

std::string read_start(const std::filesystem::path& file, std::size_t bytes) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) throw EnvironmentError("cannot open", file.string(), errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw EnvironmentError("cannot read", file.string(), errno);
  // The size is a hint only: pipes say 0, and a file may grow while it is read.
  constexpr std::size_t kFirstGuess = 1 << 16;
  const auto hint = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
  std::string contents(std::min(std::max(hint + 1, kFirstGuess), bytes), '\0');
  std::size_t used = 0;
  while (used < bytes) {
    if (used == contents.size()) contents.resize(std::min(2 * used, bytes));
    const ssize_t got = ::read(fd.get(), contents.data() + used, contents.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw EnvironmentError("cannot read", file.string(), errno);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  contents.resize(used);
  return contents;
}

std::string read_file(const std::filesystem::path& file, std::size_t max_bytes) {
  std::error_code ignored;
  if (std::filesystem::is_character_file(file, ignored))  // which may never end
    throw EnvironmentError("cannot read: is a device: " + file.string());
  std::string contents = read_start(file, max_bytes + 1);
  if (contents.size() > max_bytes)
    throw EnvironmentError("cannot read: over " + std::to_string(max_bytes) +
                           " bytes: " + file.string());
  return contents;
}

}  // namespace atto::spec
