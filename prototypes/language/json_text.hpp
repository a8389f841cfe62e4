#pragma once
// JSON written canonically: equal values, equal text. Short arrays and objects stand on one line.

#include <string>
#include <string_view>

#include "design_specs/reading/json.hpp"

namespace atto::net {

/// Returns the value on one line.
std::string compact_text(const spec::Value& value);
/// Returns the value with an indent of two, lines of at most 100 characters where it can be, and a
/// final newline.
std::string pretty_text(const spec::Value& value);

spec::Value json_text_value(std::string_view text);
spec::Value json_integer(std::int64_t number);
spec::Value json_object();
spec::Value json_array();
/// Sets a member (the first of that key, else at the end).
void set_member(spec::Value& object, std::string_view key, spec::Value value);
void remove_member(spec::Value& object, std::string_view key);
spec::Value* find_member(spec::Value& object, std::string_view key);

}  // namespace atto::net
