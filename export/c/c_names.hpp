#pragma once
// What people wrote, as C takes it.

#include <string>
#include <string_view>

namespace atto::deploy::c {

/// Returns letters, digits and underscores, with which an identifier may begin: "my-net.2" becomes
/// "my_net_2", "8bit" becomes "net_8bit".
std::string identifier(std::string_view name);
/// Returns the identifier in capitals, as macros have it.
std::string capitals(std::string_view identifier);
/// Returns the text on one line that may stand in a comment.
std::string comment_text(std::string_view text);
/// Returns a string literal of the text's bytes.
std::string string_literal(std::string_view text);

}  // namespace atto::deploy::c
