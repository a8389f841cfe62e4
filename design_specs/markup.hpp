#pragma once
// Text for pages and pictures that people look at.

#include <cstdint>
#include <string>
#include <string_view>

namespace atto::spec {

/// Escapes a text for HTML and SVG, attributes included; control characters become spaces.
std::string escaped(std::string_view text);

/// Returns "1,234,567".
std::string grouped(std::int64_t number);

}  // namespace atto::spec
