#include "export/runtime/model.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

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

struct Model::Contents {
  explicit Contents(std::span<const std::byte> bytes) : view(format::decode(bytes)) {}
  explicit Contents(const std::filesystem::path& file)
      : mapping(file), view(format::decode(mapping.bytes())) {}

  Mapping mapping;
  format::ModelView view;
};

Model::Model(std::shared_ptr<const Contents> contents) : contents_(std::move(contents)) {}

Model Model::open(const std::filesystem::path& file) {
  return Model(std::make_shared<const Contents>(file));
}

Model Model::view(std::span<const std::byte> bytes) {
  return Model(std::make_shared<const Contents>(bytes));
}

const format::Program& Model::program() const {
  return contents_->view.program;
}

std::span<const std::byte> Model::weights() const {
  return contents_->view.weights;
}

void Model::check_weights() const {
  if (format::checksum(weights()) != contents_->view.weights_checksum)
    throw format::ModelError(contents_->view.weights_offset, "weight section", "is damaged");
}

}  // namespace atto::edge
