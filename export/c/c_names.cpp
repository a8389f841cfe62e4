#include "export/c/c_names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace atto::deploy::c {
namespace {

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

/// Whatever the locale.
bool is_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

bool is_plain(char letter) {
  return letter >= ' ' && letter <= '~';
}

}  // namespace

std::string identifier(std::string_view name) {
  std::string made(name);
  std::replace_if(
      made.begin(), made.end(), [](char letter) { return !is_letter(letter) && !is_digit(letter); },
      '_');
  // What begins with an underscore is the compiler's.
  if (made.empty() || !is_letter(made.front()))
    made.insert(0, made.starts_with('_') ? "net" : "net_");
  return made;
}

std::string capitals(std::string_view identifier) {
  std::string made(identifier);
  for (char& letter : made)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  return made;
}

std::string comment_text(std::string_view text) {
  std::string made;
  for (const char letter : text) {
    const char before = made.empty() ? ' ' : made.back();
    // Neither the end of a comment nor the beginning of one, nor a trigraph.
    const bool is_pair = (before == '*' && letter == '/') || (before == '/' && letter == '*') ||
                         (before == '?' && letter == '?');
    if (is_pair) made += ' ';
    made += is_plain(letter) && letter != '\\' ? letter : '_';
  }
  return made;
}

std::string string_literal(std::string_view text) {
  std::string made = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\' || letter == '?')
      made += '\\', made += letter;
    else if (is_plain(letter))
      made += letter;
    else  // three digits: what follows cannot join them
      made += fmt::format("\\{:03o}", static_cast<unsigned char>(letter));
  }
  return made + '"';
}

}  // namespace atto::deploy::c
