#include "design_specs/reading/text_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace atto::spec {
namespace {

SpecError fault(std::string location, std::string rule, std::string value = "") {
  return SpecError({{std::move(location), "", std::move(rule), std::move(value)}});
}

unsigned byte_at(std::string_view text, std::size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
}

/// Returns the length of the well-formed UTF-8 sequence at `i` (Unicode 15, table 3-7), or 0.
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const unsigned lead = byte_at(text, i);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  unsigned low = 0x80, high = 0xBF;
  if (lead == 0xE0) low = 0xA0;   // overlong
  if (lead == 0xED) high = 0x9F;  // surrogates
  if (lead == 0xF0) low = 0x90;   // overlong
  if (lead == 0xF4) high = 0x8F;  // beyond U+10FFFF
  for (std::size_t k = 1; k < length; ++k, low = 0x80, high = 0xBF)
    if (byte_at(text, i + k) < low || byte_at(text, i + k) > high) return 0;
  return length;
}

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

/// Returns the first bracket outside strings that opens one level too many.
std::optional<std::size_t> first_too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxNesting) return i;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return std::nullopt;
}

void refuse_marks(std::string_view text, const std::string& name) {
  const std::string start = place_text(name, {});
  if (text.starts_with("\xEF\xBB\xBF"))
    throw fault(start, "must not start with a byte-order mark; save it as UTF-8 without one");
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    throw fault(start, "must be UTF-8", "UTF-16");
}

}  // namespace

Location locate(std::string_view text, std::size_t offset, Location from) {
  for (; from.offset < offset; ++from.offset) {
    if (text[from.offset] == '\n') {
      ++from.line;
      from.column = 1;
    } else {
      ++from.column;
    }
  }
  return from;
}

std::string place_text(const std::string& name, const Location& location) {
  return fmt::format("{}:{}:{}", name, location.line, location.column);
}

SpecError too_large(const std::string& name, std::uintmax_t bytes, std::size_t most) {
  return fault(name, fmt::format("a file must be at most {} bytes", most),
               fmt::format("{} bytes", bytes));
}

bool is_utf8(std::string_view text) {
  return !first_invalid_utf8(text);
}

void refuse_unsafe_text(std::string_view text, const std::string& name, std::size_t most) {
  if (text.size() > most) throw too_large(name, text.size(), most);
  refuse_marks(text, name);
  if (const auto bad = first_invalid_utf8(text))
    throw fault(place_text(name, locate(text, *bad)), "must be UTF-8",
                fmt::format("byte 0x{:02X}", byte_at(text, *bad)));
  if (const auto deep = first_too_deep(text))
    throw fault(place_text(name, locate(text, *deep)),
                fmt::format("nesting must be at most {} levels deep", kMaxNesting));
}

}  // namespace atto::spec
