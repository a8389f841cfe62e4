#include "search/ledger/records.hpp"

#include <charconv>

#include "design_specs/errors.hpp"

namespace atto::search {

std::string host_class_in(const std::string& environment) {
  constexpr std::string_view kKey = "host_class=";
  const std::size_t start = environment.find(kKey);
  if (start == std::string::npos) return "";
  const std::size_t from = start + kKey.size();
  return environment.substr(from, environment.find('\n', from) - from);
}

std::uint64_t read_hash(const std::string& text) {
  std::uint64_t hash = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), hash, 16);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size())
    throw EnvironmentError("the ledger is damaged: a hash cannot be read: " + text);
  return hash;
}

void refuse_word(std::string_view word) {
  throw EnvironmentError("the ledger is damaged: a word is none of ours: " + std::string(word));
}

}  // namespace atto::search
