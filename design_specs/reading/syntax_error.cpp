#include "design_specs/reading/syntax_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "design_specs/reading/text_checks.hpp"

namespace atto::spec {
namespace {

constexpr std::string_view kNotFinite =
    "a number must be finite; NaN and Infinity are not part of JSON";

struct Fault {
  std::size_t offset;
  std::string rule;
  std::string value = "";
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

/// The text with a view of single bytes that reads '\0' past the end.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end(std::size_t i) const { return i >= text_.size(); }
  char at(std::size_t i) const { return at_end(i) ? '\0' : text_[i]; }
  std::string_view from(std::size_t i) const { return text_.substr(std::min(i, text_.size())); }
  std::size_t skip_space(std::size_t i) const {
    while (!at_end(i) && std::string_view(" \t\r\n").find(text_[i]) != std::string_view::npos) ++i;
    return i;
  }
  std::size_t skip_digits(std::size_t i) const {
    while (is_digit(at(i))) ++i;
    return i;
  }
  /// Returns what stands at `i` for a message: a bracket, or all up to the next space or
  /// punctuation.
  std::string token(std::size_t i) const;

 private:
  std::string_view text_;
};

std::string Scanner::token(std::size_t i) const {
  constexpr std::size_t kMaxShown = 30;
  if (at_end(i)) return "the end of the file";
  const auto byte = static_cast<unsigned char>(text_[i]);
  if (byte < 0x20 || byte == 0x7F) return fmt::format("byte 0x{:02X}", byte);
  const bool quoted_text = text_[i] == '"';
  const std::string_view stops = quoted_text ? "\"\r\n\t" : " \t\r\n,:[]{}\"";
  std::size_t end = i + 1;
  while (!at_end(end) && static_cast<unsigned char>(text_[end]) >= 0x20 &&
         stops.find(text_[end]) == std::string_view::npos && end - i < kMaxShown)
    ++end;
  // A character of several bytes is shown whole or not at all.
  while (!at_end(end) && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
  const bool is_cut = end - i >= kMaxShown;
  if (quoted_text && !is_cut && at(end) == '"') ++end;
  if (std::string_view(",:[]{}").find(text_[i]) != std::string_view::npos) end = i + 1;
  return std::string(text_.substr(i, end - i)) + (is_cut ? "..." : "");
}

std::optional<unsigned> hex4(const Scanner& text, std::size_t i) {
  unsigned code = 0;
  for (std::size_t k = i; k < i + 4; ++k) {
    const char c = text.at(k);
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return std::nullopt;
    code = code * 16 + static_cast<unsigned>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return code;
}

/// Checks the escape at `i` (a backslash) and moves `i` behind it.
std::optional<Fault> escape_fault(const Scanner& text, std::size_t& i) {
  const char kind = text.at(i + 1);
  if (kind != 'u') {
    if (kind == '\0' || std::string_view("\"\\/bfnrt").find(kind) == std::string_view::npos)
      return Fault{i, R"(an escape must be one of \" \\ \/ \b \f \n \r \t \uXXXX)",
                   text.at_end(i + 1) ? "\\" : "\\" + text.token(i + 1).substr(0, 1)};
    i += 2;
    return std::nullopt;
  }
  const auto code = hex4(text, i + 2);
  const std::string shown = text.token(i).substr(0, 6);
  if (!code) return Fault{i, R"(\u must be followed by four hexadecimal digits)", shown};
  const bool is_high = *code >= 0xD800 && *code < 0xDC00;
  const bool is_low = *code >= 0xDC00 && *code < 0xE000;
  i += 6;
  if (!is_high && !is_low) return std::nullopt;
  const auto second = text.from(i).starts_with("\\u") ? hex4(text, i + 2) : std::nullopt;
  if (is_low || !second || *second < 0xDC00 || *second >= 0xE000)
    return Fault{i - 6, "a surrogate escape must stand in a pair, high then low", shown};
  i += 6;
  return std::nullopt;
}

Fault string_fault(const Scanner& text, std::size_t start) {
  for (std::size_t i = start + 1;;) {
    const char c = text.at(i);
    if (text.at_end(i) || c == '\n' || c == '\r')
      return {start, "a string must end with '\"' on its own line", text.token(start)};
    if (static_cast<unsigned char>(c) < 0x20)
      return {i, R"(a control character in a string must be escaped, as in \t or \u0009)",
              text.token(i)};
    if (c == '"') return {start, "must be a valid string", text.token(start)};
    if (c != '\\') {
      ++i;
    } else if (auto fault = escape_fault(text, i)) {
      return *fault;
    }
  }
}

/// Says what is wrong with a number that starts at `start`; the token as a whole did not parse.
Fault number_fault(const Scanner& text, std::size_t start) {
  const std::string shown = text.token(start);
  std::size_t i = start;
  if (text.at(i) == '+') return {start, "a number must not start with '+'", shown};
  if (text.at(i) == '-') ++i;
  if (text.at(i) == '.') return {start, "a number must have a digit before its point", shown};
  if (text.at(i) == 'I' || text.at(i) == 'N') return {start, std::string(kNotFinite), shown};
  if (!is_digit(text.at(i))) return {start, "'-' must be followed by a digit", shown};
  i = text.skip_digits(i);
  if (text.at(i) == '.') {
    if (!is_digit(text.at(i + 1)))
      return {start, "a number must have a digit after its point", shown};
    i = text.skip_digits(i + 1);
  }
  if (text.at(i) == 'e' || text.at(i) == 'E') {
    ++i;
    if (text.at(i) == '+' || text.at(i) == '-') ++i;
    if (!is_digit(text.at(i))) return {start, "a number must have a digit in its exponent", shown};
  }
  return {start, "a number must lie within +-1.79e308", shown};
}

bool is_comment(const Scanner& text, std::size_t i) {
  return text.at(i) == '#' || text.from(i).starts_with("//") || text.from(i).starts_with("/*");
}

Fault comment_fault(const Scanner& text, std::size_t i) {
  return {i, "comments are not part of JSON", text.token(i)};
}

Fault word_fault(const Scanner& text, std::size_t i) {
  const std::string word = text.token(i);
  std::string lower = word;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower == "nan" || lower == "infinity" || lower == "inf")
    return {i, std::string(kNotFinite), word};
  if (lower == "true" || lower == "false" || lower == "null" || lower == "none")
    return {i, "must be one of true, false, null, in lower case", word};
  return {i, "expected a value; a text must stand in double quotes", word};
}

Fault value_fault(const Scanner& text, std::size_t i) {
  const char c = text.at(i);
  if (c == '"') return string_fault(text, i);
  if (is_digit(c) || (c != '\0' && std::string_view("+-.").find(c) != std::string_view::npos))
    return number_fault(text, i);
  if (is_letter(c)) return word_fault(text, i);
  if (c == '\'') return {i, "a string must stand in double quotes", text.token(i)};
  return {i, "expected a value", text.token(i)};
}

Fault key_fault(const Scanner& text, std::size_t i) {
  if (text.at(i) == '"') return string_fault(text, i);
  return {i, "a key must be a string in double quotes", text.token(i)};
}

/// What may follow a number without a space is punctuation; the parser stopped inside 012, 0x1F
/// or 1.87M.
std::optional<Fault> glued_number_fault(const Scanner& text, const ParseProgress& progress) {
  const char first = text.at(progress.start), next = text.at(progress.end);
  if ((first != '-' && !is_digit(first)) || text.at_end(progress.end)) return std::nullopt;
  const std::string shown = text.token(progress.start);
  if (is_digit(next)) return Fault{progress.start, "a number must not start with 0", shown};
  if (next == 'x' || next == 'X') return Fault{progress.start, "a number must be decimal", shown};
  if (is_letter(next))
    return Fault{progress.start, "a number with a unit must stand in double quotes", shown};
  return std::nullopt;
}

Fault after_value_fault(const Scanner& text, const ParseProgress& progress, std::size_t i) {
  if (auto fault = glued_number_fault(text, progress)) return *fault;
  if (progress.open.empty())
    return {i, "expected nothing after the end of the first value", text.token(i)};
  const bool in_object = text.at(progress.open.back()) == '{';
  const char close = in_object ? '}' : ']';
  if (text.at(i) != ',') return {i, fmt::format("expected ',' or '{}'", close), text.token(i)};
  const std::size_t next = text.skip_space(i + 1);
  if (text.at(next) == close) return {i, fmt::format("expected no ',' before '{}'", close)};
  if (is_comment(text, next)) return comment_fault(text, next);
  return in_object ? key_fault(text, next) : value_fault(text, next);
}

Fault find_fault(const Scanner& text, const ParseProgress& progress) {
  using Last = ParseProgress::Last;
  std::size_t i = text.skip_space(progress.end);
  if (is_comment(text, i)) return comment_fault(text, i);
  if (progress.last == Last::Value) return after_value_fault(text, progress, i);
  if (progress.last == Last::Open && text.at(progress.open.back()) == '{')
    return key_fault(text, i);
  if (progress.last == Last::Key) {
    if (text.at(i) != ':') return {i, "expected ':' after the key", text.token(i)};
    i = text.skip_space(i + 1);
    if (is_comment(text, i)) return comment_fault(text, i);
  }
  if (text.at_end(i) && progress.last == Last::Nothing)
    return {i, "must hold a JSON value", "an empty file"};
  return value_fault(text, i);
}

}  // namespace

Problem explain_syntax_error(std::string_view text, const std::string& name,
                             const ParseProgress& progress) {
  const Scanner scanner(text);
  Fault fault = find_fault(scanner, progress);
  if (scanner.at_end(fault.offset) && !progress.open.empty()) {
    const Location open = locate(text, progress.open.back());
    fault.rule =
        fmt::format("the '{}' at {}:{} must be closed", text[open.offset], open.line, open.column);
    fault.value = "the end of the file";
  }
  return {place_text(name, locate(text, fault.offset)), "", std::move(fault.rule),
          std::move(fault.value)};
}

}  // namespace atto::spec
