// Pins: "stages[0].modules[*].shortcut=identity".
#include <fmt/format.h>

#include <charconv>

#include "prototypes/language/ast.hpp"
#include "prototypes/language/json_text.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/language/reading/holes.hpp"

namespace atto::net {
namespace {

/// Reads a pin's value: a number where it looks like one, else a word.
spec::Value pin_value(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !(number > -1e9 && number < 1e9))
    return json_text_value(text);
  spec::Value value = json_integer(static_cast<std::int64_t>(number));
  if (value.number != number) value.kind = spec::Kind::Number;
  value.number = number;
  return value;
}

/// Returns the paths of a prototype nearest in spelling to a wrong one, as a hint.
std::string hint(const Prototype& prototype, std::string_view pattern) {
  std::vector<std::string_view> paths;
  for (const Decision& decision : prototype.decisions()) paths.push_back(decision.path);
  const std::string_view near = spec::nearest_name(pattern, paths);
  return near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near);
}

}  // namespace

std::vector<std::pair<DecisionId, std::int32_t>> read_pin(const Prototype& prototype,
                                                          std::string_view pin) {
  const auto refuse = [&](std::string rule) {
    return SpecError({{prototype.file(), "", std::move(rule), std::string(pin)}});
  };
  const std::size_t equals = pin.rfind('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == pin.size())
    throw refuse("a pin must be PATH=VALUE");
  const std::string_view pattern = pin.substr(0, equals);
  const spec::Value value = pin_value(pin.substr(equals + 1));
  std::vector<std::pair<DecisionId, std::int32_t>> pins;
  const Decision* refused = nullptr;
  for (std::size_t d = 0; d < prototype.decisions().size(); ++d) {
    const Decision& decision = prototype.decisions()[d];
    if (!path_matches(pattern, decision.path)) continue;
    if (const auto index = HoleReader::index_of(value, decision.values, decision.labels))
      pins.emplace_back(static_cast<DecisionId>(d), *index);
    else
      refused = &decision;
  }
  if (!pins.empty()) return pins;
  if (refused != nullptr)
    throw refuse(
        fmt::format("{} must be one of {}", refused->path, fmt::join(refused->labels, ", ")));
  throw refuse("no decision has this path" + hint(prototype, pattern));
}

}  // namespace atto::net
