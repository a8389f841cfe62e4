#pragma once
// The 64 bytes that a file begins with: where its metadata and its weights lie, and their checksums
// (model_file.hpp).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace atto::format {

inline constexpr std::string_view kModelMagic = "ATTOMDL\n", kDetectorMagic = "ATTODET\n";

struct Header {
  std::uint64_t metadata_offset, metadata_bytes, weights_offset, weights_bytes, metadata_checksum,
      weights_checksum;
};

/// Reads the header's numbers, checks them against the file's size, and header and metadata against
/// their checksum. Throws ModelError.
Header read_header(std::span<const std::byte> bytes, std::string_view magic, std::uint32_t oldest,
                   std::uint32_t newest);

/// Writes the header of a file whose metadata are in their place.
void write_header(std::span<std::byte> file, std::string_view magic, std::uint32_t version,
                  const Header& header);

}  // namespace atto::format
