#pragma once
// Comma-separated values (RFC 4180).

#include <string>

namespace atto::search {

/// Returns the text as a field, in quotation marks where it needs them.
inline std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

}  // namespace atto::search
