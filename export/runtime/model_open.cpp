// Models in files: apart from the rest, which also runs where there are none.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "export/runtime/mapped_file.hpp"
#include "export/runtime/model.hpp"

namespace atto::edge {
namespace {

/// A file's bytes, mapped for reading.
class Mapping {
 public:
  Mapping() = default;
  explicit Mapping(const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (fd < 0 || ::fstat(fd, &status) != 0) fail(file, fd);
    if (S_ISDIR(status.st_mode)) {
      errno = EISDIR;
      fail(file, fd);
    }
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ > 0) {
      data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
      if (data_ == MAP_FAILED) fail(file, fd);
    }
    ::close(fd);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (data_ != nullptr) ::munmap(data_, size_);
  }
  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(data_), size_}; }

 private:
  [[noreturn]] void fail(const std::filesystem::path& file, int fd) {
    const int error = errno;
    data_ = nullptr;
    if (fd >= 0) ::close(fd);
    throw std::system_error(error, std::generic_category(), "cannot open model: " + file.string());
  }

  void* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace

MappedFile map_file(const std::filesystem::path& file) {
  const auto mapping = std::make_shared<const Mapping>(file);
  return {mapping, mapping->bytes()};
}

Model Model::open(const std::filesystem::path& file) {
  const MappedFile mapped = map_file(file);
  return view(mapped.bytes, mapped.owner);
}

}  // namespace atto::edge
