#pragma once
// Text for pages and pictures that people look at.

#include <cstdint>
#include <string>
#include <string_view>

namespace atto::spec {

/// Escapes a text for HTML and SVG, attributes included; control characters become spaces.
std::string escaped(std::string_view text);

/// Returns bytes as RFC 4648 writes them in text, padded.
std::string base64(std::string_view bytes);

/// Returns "1,234,567".
std::string grouped(std::int64_t number);

}  // namespace atto::spec
