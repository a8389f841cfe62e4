#pragma once
// A JSON file's text and what it says, for those who keep the text.

#include <filesystem>
#include <string>

#include "design_specs/reading/json.hpp"

namespace atto::spec {

struct JsonFile {
  std::string text;
  Document document;
};

/// Reads a file as read_json() does, which this is but for the text.
JsonFile read_json_file(const std::filesystem::path& file);
/// As above, of a file that begins with this text: its first kMaxFileBytes + 1 bytes at least.
JsonFile read_json_file(const std::filesystem::path& file, std::string start);

}  // namespace atto::spec
