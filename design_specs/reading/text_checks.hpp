#pragma once
// What is refused before a JSON text is parsed, and where a byte of a text stands.

#include <cstddef>
#include <string>
#include <string_view>

#include "design_specs/reading/json.hpp"

namespace atto::spec {

/// Returns the place of a byte; counts on from `from`, which must not lie behind it.
Location locate(std::string_view text, std::size_t offset, Location from = {});

/// Returns "name:line:column".
std::string place_text(const std::string& name, const Location& location);

/// Returns the error for a file of too many bytes.
SpecError too_large(const std::string& name, std::uintmax_t bytes,
                    std::size_t most = kMaxFileBytes);

bool is_utf8(std::string_view text);

/// Throws SpecError for a text of over `most` bytes, with a byte-order mark, that is not UTF-8, or
/// nested over kMaxNesting, in this order.
void refuse_unsafe_text(std::string_view text, const std::string& name,
                        std::size_t most = kMaxFileBytes);

}  // namespace atto::spec
