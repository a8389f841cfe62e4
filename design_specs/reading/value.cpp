// Looking into values, and writing them back for messages.

#include <fmt/format.h>

#include "design_specs/reading/json.hpp"

namespace atto::spec {
namespace {

constexpr std::size_t kMaxShownBytes = 60;

/// Appends compact JSON; stops early once the text is longer than any message shows.
void append(std::string& text, const Value& value) {
  if (text.size() > kMaxShownBytes) return;
  switch (value.kind) {
    case Kind::Null:
      text += "null";
      break;
    case Kind::Boolean:
      text += value.boolean ? "true" : "false";
      break;
    case Kind::Integer:
      text += fmt::format("{}", value.integer);
      break;
    case Kind::Number:
      text += fmt::format("{}", value.number);
      break;
    case Kind::String:
      text += json_string(value.string);
      break;
    case Kind::Array:
      text += '[';
      for (const Value& item : value.items) {
        if (&item != &value.items.front()) text += ", ";
        append(text, item);
        if (text.size() > kMaxShownBytes) return;
      }
      text += ']';
      break;
    case Kind::Object:
      text += '{';
      for (const Member& member : value.members) {
        if (&member != &value.members.front()) text += ", ";
        text += json_string(member.key) + ": ";
        append(text, member.value);
        if (text.size() > kMaxShownBytes) return;
      }
      text += '}';
      break;
  }
}

}  // namespace

const Value* Value::find(std::string_view key) const {
  for (const Member& member : members)
    if (member.key == key) return &member.value;
  return nullptr;
}

std::string Value::shown() const {
  std::string text;
  append(text, *this);
  if (text.size() <= kMaxShownBytes) return text;
  std::size_t end = kMaxShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      result += fmt::format("\\u{:04x}", byte);
    } else {
      result += c;
    }
  }
  return result + '"';
}

}  // namespace atto::spec
