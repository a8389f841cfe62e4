#include "export/format/header.hpp"

#include <cstring>
#include <string>

#include "export/format/model_file.hpp"

namespace atto::format {
namespace {

template <class Value>
Value get(std::span<const std::byte> bytes, std::size_t at) {
  Value value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <class Value>
void put(std::span<std::byte> bytes, std::size_t at, Value value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

void check_section(std::uint64_t at, std::uint64_t offset, std::uint64_t bytes, std::uint64_t size,
                   const char* name) {
  if (offset < kHeaderBytes || offset > size || bytes > size - offset)
    throw ModelError(at, name,
                     "must lie inside the file of " + std::to_string(size) + " bytes; got " +
                         std::to_string(bytes) + " bytes at " + std::to_string(offset));
}

bool begins_with(std::span<const std::byte> bytes, std::string_view magic) {
  return std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

std::uint64_t head_checksum(std::span<const std::byte> bytes, const Header& header) {
  return checksum(bytes.subspan(header.metadata_offset, header.metadata_bytes),
                  checksum(bytes.first(48)));
}

}  // namespace

Header read_header(std::span<const std::byte> bytes, std::string_view magic, std::uint32_t oldest,
                   std::uint32_t newest) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % kAlignment != 0)
    throw ModelError(0, "buffer", "must start at a multiple of 64 bytes");
  if (bytes.size() < kHeaderBytes)
    throw ModelError(bytes.size(), "header", "the file ends inside the 64-byte header");
  if (!begins_with(bytes, magic))
    throw ModelError(0, "magic",
                     begins_with(bytes, kDetectorMagic) ? "this is a detector, not one network"
                     : begins_with(bytes, kModelMagic)  ? "this is one network, not a detector"
                                                        : "this is not an .atto model file");
  const auto version = get<std::uint32_t>(bytes, 8);
  if (version < oldest || version > newest)
    throw ModelError(8, "version",
                     "this runtime reads versions " + std::to_string(oldest) + " to " +
                         std::to_string(newest) + "; got " + std::to_string(version) +
                         ": export the model again");
  if (get<std::uint32_t>(bytes, 12) != 0) throw ModelError(12, "reserved", "must be zero");
  const Header header{get<std::uint64_t>(bytes, 16), get<std::uint64_t>(bytes, 24),
                      get<std::uint64_t>(bytes, 32), get<std::uint64_t>(bytes, 40),
                      get<std::uint64_t>(bytes, 48), get<std::uint64_t>(bytes, 56)};
  check_section(16, header.metadata_offset, header.metadata_bytes, bytes.size(),
                "metadata section");
  check_section(32, header.weights_offset, header.weights_bytes, bytes.size(), "weight section");
  if (header.metadata_offset % 8 != 0)
    throw ModelError(16, "metadata section", "must start at a multiple of 8 bytes");
  if (header.weights_offset % kAlignment != 0)
    throw ModelError(32, "weight section", "must start at a multiple of 64 bytes");
  if (head_checksum(bytes, header) != header.metadata_checksum)
    throw ModelError(48, "checksum", "header or metadata are damaged");
  return header;
}

void write_header(std::span<std::byte> file, std::string_view magic, std::uint32_t version,
                  const Header& header) {
  std::memcpy(file.data(), magic.data(), magic.size());
  put(file, 8, version);
  put<std::uint32_t>(file, 12, 0);
  put(file, 16, header.metadata_offset);
  put(file, 24, header.metadata_bytes);
  put(file, 32, header.weights_offset);
  put(file, 40, header.weights_bytes);
  put(file, 48, head_checksum(file, header));
  put(file, 56, header.weights_checksum);
}

}  // namespace atto::format
