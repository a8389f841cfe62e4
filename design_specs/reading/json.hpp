#pragma once
// JSON as people write it: values that know where they stand. Read through nlohmann's SAX
// interface, because its DOM drops duplicate keys and positions.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "design_specs/errors.hpp"

namespace atto::spec {

struct Location {
  std::uint64_t offset = 0;  ///< bytes from the start of the file
  std::uint32_t line = 1;    ///< 1-based
  std::uint32_t column = 1;  ///< 1-based, in bytes
};

enum class Kind : std::uint8_t { Null, Boolean, Integer, Number, String, Array, Object };

struct Member;

/// One JSON value with the place of its first character. `Integer` is a number written without
/// fraction and exponent that fits 64 bits; every Integer also has its `number`.
struct Value {
  Kind kind = Kind::Null;
  Location location;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string string;
  std::vector<Value> items;     ///< Array
  std::vector<Member> members;  ///< Object, in file order, duplicates kept

  bool is_number() const { return kind == Kind::Integer || kind == Kind::Number; }
  /// Returns the first member of that name, or nullptr.
  const Value* find(std::string_view key) const;
  /// Returns the value as compact JSON, cut to about 60 characters for messages.
  std::string shown() const;
};

struct Member {
  std::string key;
  Location key_location;
  Value value;
};

/// A file (or text) that was read: its name as messages show it, and its root value.
struct Document {
  std::string name;
  Value root;
};

/// Returns the text as a JSON string in double quotes, control characters escaped.
std::string json_string(std::string_view text);

inline constexpr std::size_t kMaxFileBytes = 1 << 20;
inline constexpr int kMaxNesting = 64;

/// Reads a whole JSON text. Refuses texts over kMaxFileBytes, byte-order marks, invalid UTF-8 and
/// nesting over kMaxNesting before parsing; then comments, NaN/Infinity, numbers beyond a double,
/// trailing text. Throws SpecError with the first syntax error alone.
Document parse_json(std::string_view text, std::string name);

/// Reads a file as parse_json does; a file that cannot be opened is an EnvironmentError.
Document read_json(const std::filesystem::path& file);

}  // namespace atto::spec
