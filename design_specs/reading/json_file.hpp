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

}  // namespace atto::spec
