#pragma once
// A file's bytes, mapped for reading.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace atto::edge {

struct MappedFile {
  std::shared_ptr<const void> owner;  ///< keeps the bytes
  std::span<const std::byte> bytes;
};
/// Throws std::system_error when it cannot be opened.
MappedFile map_file(const std::filesystem::path& file);

}  // namespace atto::edge
