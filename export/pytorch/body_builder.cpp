#include "export/pytorch/body_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace atto::deploy::pytorch {
namespace {

/// "branches[1][0]" as its word and its numbers.
struct Part {
  std::string word;
  std::vector<int> indices;
};

Part part_of(std::string_view text) {
  Part part{std::string(text.substr(0, text.find('['))), {}};
  for (std::size_t at = text.find('['); at != std::string_view::npos; at = text.find('[', at + 1)) {
    int index = 0;
    std::from_chars(text.data() + at + 1, text.data() + text.size(), index);
    part.indices.push_back(index);
  }
  return part;
}

/// The last part's last number counts operators, which lie in one child.
std::string part_word(const Part& part, bool is_last) {
  std::string word = part.word;
  std::size_t used = 0;
  if ((word == "branches" || word == "from") && !part.indices.empty()) {
    word = fmt::format("{}{}", word == "from" ? "source" : "branch", part.indices[0] + 1);
    used = 1;
  }
  const std::size_t end = is_last ? std::min(used, part.indices.size()) : part.indices.size();
  for (std::size_t i = used; i < end; ++i) word += std::to_string(part.indices[i]);
  return word;
}

}  // namespace

std::string child_word(std::string_view layer_name) {
  const std::size_t dot = layer_name.rfind('.');
  std::string_view place = dot == std::string_view::npos ? layer_name : layer_name.substr(0, dot);
  std::string word;
  while (!place.empty()) {
    const std::size_t end = std::min(place.find('.'), place.size());
    const bool is_last = end == place.size();
    word += (word.empty() ? "" : "_") + part_word(part_of(place.substr(0, end)), is_last);
    place.remove_prefix(is_last ? end : end + 1);
  }
  return is_free_word(word) ? word : "part";
}

void BodyBuilder::add(const Unit& unit) {
  const int first = unit.first(), last = unit.last();
  if (unit.kind == Unit::Kind::Joining) {
    calls_.push_back({Call::Kind::Layer, last, read_values(facts_.layer(last)), "", ""});
    return;
  }
  const int input = facts_.layer(first).inputs[0];
  std::vector<Entry> entries = entries_of(facts_, unit);
  // A squeeze-excite reads its input twice.
  const auto open = open_.find(input);
  const bool is_next = open != open_.end() && !facts_.is_output(input) &&
                       std::all_of(facts_.readers(input).begin(), facts_.readers(input).end(),
                                   [&](int reader) { return reader >= first && reader <= last; });
  Run run{};
  if (is_next) {
    run = open->second;
    open_.erase(open);
    std::vector<Entry>& to = children_[run.child].entries;
    to.insert(to.end(), entries.begin(), entries.end());
    calls_[run.call].value = last;
  } else {
    run = {children_.size(), calls_.size()};
    const std::string name = names_.give(name_of(first));
    children_.push_back({name, std::move(entries), false, false});
    calls_.push_back({Call::Kind::Child, last, {input}, name, name});
  }
  open_.emplace(last, run);
}

std::string BodyBuilder::name_of(int layer) const {
  std::string_view name = facts_.layer(layer).name;
  if (name.starts_with(prefix_)) name.remove_prefix(prefix_.size());
  return child_word(name);
}

}  // namespace atto::deploy::pytorch
