#include "search/ledger/postgresql/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "design_specs/errors.hpp"
#include "search/ledger/postgresql/module.hpp"

namespace atto::search {
namespace {

// A link that is cut is noticed after 8 to 10 s, by both ends.
constexpr std::pair<const char*, const char*> kLiveliness[] = {
    {"tcp_user_timeout", "8000"}, {"keepalives_idle", "4"},     {"keepalives_interval", "2"},
    {"keepalives_count", "3"},    {"application_name", "atto"}, {"client_encoding", "UTF8"}};

[[noreturn]] void refuse(const std::string& rule, const std::string& value) {
  throw SpecError({{"", "--ledger", rule, value}});
}

using Given = std::vector<std::pair<std::string, std::string>>;

/// Throws EnvironmentError.
Given read(const std::string& url) {
  try {
    return postgresql_module().read_url(url);
  } catch (const std::runtime_error& error) {
    std::string words = error.what();
    std::replace(words.begin(), words.end(), '\n', ' ');
    throw EnvironmentError("no URL that libpq takes: " + words);
  }
}

/// A URL that a person asks for. A missing module is the machine's fault, not the person's.
Given read_asked(const std::string& url) {
  postgresql_module();
  try {
    return read(url);
  } catch (const EnvironmentError& error) {
    refuse(error.what(), "");
  }
}

/// A value of a connection string, in quotes.
std::string quoted(const std::string& value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

}  // namespace

void expect_postgresql_url(const std::string& url) {
  if (!url.starts_with("postgresql://") && !url.starts_with("postgres://"))
    refuse("must be postgresql://HOST/DATABASE", url.substr(0, url.find(':')));
  for (const auto& [key, value] : read_asked(url)) {
    if (key == "password" || key == "sslpassword")
      refuse(
          "must not hold a password, which others would see: put it into ~/.pgpass, or into a "
          "file that PGPASSFILE names",
          "a URL with one");
    if (key == "options") refuse("must leave options to the ledger", value);
  }
}

std::string url_with_schema(const std::string& url, const std::string& schema) {
  return fmt::format("{}{}options=-csearch_path%3D{}", url,
                     url.find('?') == std::string::npos ? '?' : '&', schema);
}

std::string schema_in(const std::string& url) {
  return url.substr(url.rfind("%3D") + 3);
}

std::string short_url(const std::string& url) {
  std::string text = url.substr(0, url.find('?'));
  const std::size_t start = text.find("://"), at = text.rfind('@');
  if (start == std::string::npos || at == std::string::npos) return text;
  const std::size_t colon = text.find(':', start + 3);
  return colon < at ? text.erase(colon, at - colon) : text;
}

std::string connection_words(const std::string& url, const std::string& settings) {
  std::string words, options;
  const auto given = read(url);
  for (const auto& [key, value] : given) {
    if (key == "options")
      options = value + " ";
    else
      words += fmt::format("{}={} ", key, quoted(value));
  }
  for (const auto& [key, value] : kLiveliness)
    if (std::none_of(given.begin(), given.end(),
                     [key = key](const auto& entry) { return entry.first == key; }))
      words += fmt::format("{}={} ", key, quoted(value));
  return words + "options=" + quoted(options + settings);
}

}  // namespace atto::search
