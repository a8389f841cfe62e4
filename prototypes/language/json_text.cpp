#include "prototypes/language/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace atto::net {
namespace {

using spec::Kind;
using spec::Value;

constexpr std::size_t kLine = 100;

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else
          out += c;
    }
  }
  out += '"';
}

/// Appends the value on one line; gives up once the line is longer than `limit`.
bool append_compact(std::string& out, const Value& value, std::size_t limit) {
  switch (value.kind) {
    case Kind::Null:
      out += "null";
      break;
    case Kind::Boolean:
      out += value.boolean ? "true" : "false";
      break;
    case Kind::Integer:
      out += std::to_string(value.integer);
      break;
    case Kind::Number:
      out += fmt::format("{}", value.number);  // the shortest text that reads back the same
      break;
    case Kind::String:
      append_string(out, value.string);
      break;
    case Kind::Array:
      out += '[';
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        if (i > 0) out += ", ";
        if (!append_compact(out, value.items[i], limit)) return false;
      }
      out += ']';
      break;
    case Kind::Object:
      out += value.members.empty() ? "{" : "{ ";
      for (std::size_t i = 0; i < value.members.size(); ++i) {
        if (i > 0) out += ", ";
        append_string(out, value.members[i].key);
        out += ": ";
        if (!append_compact(out, value.members[i].value, limit)) return false;
      }
      out += value.members.empty() ? "}" : " }";
      break;
  }
  return out.size() <= limit;
}

void append_pretty(std::string& out, const Value& value, std::size_t indent, std::size_t column) {
  std::string line;
  if (append_compact(line, value, kLine > column ? kLine - column : 0) ||
      value.kind < Kind::Array) {
    out += line;
    return;
  }
  const bool is_array = value.kind == Kind::Array;
  const std::size_t count = is_array ? value.items.size() : value.members.size();
  const std::string pad(indent + 2, ' ');
  out += is_array ? "[\n" : "{\n";
  for (std::size_t i = 0; i < count; ++i) {
    out += pad;
    std::size_t start = pad.size() + 1;  // the comma
    if (!is_array) {
      const std::size_t before = out.size();
      append_string(out, value.members[i].key);
      out += ": ";
      start += out.size() - before;
    }
    append_pretty(out, is_array ? value.items[i] : value.members[i].value, indent + 2, start);
    out += i + 1 < count ? ",\n" : "\n";
  }
  out += std::string(indent, ' ');
  out += is_array ? "]" : "}";
}

}  // namespace

std::string compact_text(const Value& value) {
  std::string text;
  (void)append_compact(text, value, std::string::npos);
  return text;
}

std::string pretty_text(const Value& value) {
  std::string text;
  append_pretty(text, value, 0, 0);
  text += '\n';
  return text;
}

Value json_text_value(std::string_view text) {
  Value value;
  value.kind = Kind::String;
  value.string = text;
  return value;
}

Value json_integer(std::int64_t number) {
  Value value;
  value.kind = Kind::Integer;
  value.integer = number;
  value.number = static_cast<double>(number);
  return value;
}

Value json_object() {
  Value value;
  value.kind = Kind::Object;
  return value;
}

Value json_array() {
  Value value;
  value.kind = Kind::Array;
  return value;
}

Value* find_member(Value& object, std::string_view key) {
  for (spec::Member& member : object.members)
    if (member.key == key) return &member.value;
  return nullptr;
}

void set_member(Value& object, std::string_view key, Value value) {
  if (Value* found = find_member(object, key))
    *found = std::move(value);
  else
    object.members.push_back({std::string(key), {}, std::move(value)});
}

void remove_member(Value& object, std::string_view key) {
  std::erase_if(object.members, [&](const spec::Member& member) { return member.key == key; });
}

}  // namespace atto::net
