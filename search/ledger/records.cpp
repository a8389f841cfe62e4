#include "search/ledger/records.hpp"

#include <charconv>

#include "design_specs/errors.hpp"

namespace atto::search {

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
