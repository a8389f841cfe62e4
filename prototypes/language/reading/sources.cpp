// Earlier maps that a module, or an output, names.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "prototypes/language/keys.hpp"
#include "prototypes/language/limits.hpp"
#include "prototypes/language/reading/modules.hpp"

namespace atto::net {

using spec::Kind;

namespace {

/// Reads "stages[1].modules[2]".
std::optional<std::pair<std::size_t, std::size_t>> module_indices(std::string_view text) {
  const auto take = [&](std::string_view prefix) -> std::optional<std::size_t> {
    if (!text.starts_with(prefix)) return std::nullopt;
    text.remove_prefix(prefix.size());
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.starts_with(']')) return std::nullopt;
    text.remove_prefix(1);
    return number;
  };
  const auto stage = take("stages[");
  const auto module = stage ? take(".modules[") : std::nullopt;
  if (!module || !text.empty()) return std::nullopt;
  return std::pair(*stage, *module);
}

int least(const Number& number, const std::vector<Decision>& decisions) {
  if (number.decision == kNoDecision) return number.literal;
  return decisions[static_cast<std::size_t>(number.decision)].values.front();
}

}  // namespace

std::optional<Source> ModuleReader::source(const Cursor& at, const Position& position) {
  spec::Problems& problems = holes_.problems;
  const Model& model = holes_.model;
  if (at->kind != Kind::String) {
    problems.add(at, R"(must name a map: "previous", "stem", a stage, or "stages[0].modules[1]")");
    return std::nullopt;
  }
  if (at->string == "previous") return kPrevious;
  if (at->string == "stem") return kStem;
  for (std::size_t s = 0; s < model.stages.size() && s < position.stage; ++s)
    if (model.stages[s].name == at->string) return kStageBase - static_cast<Source>(s);
  const auto indices = module_indices(at->string);
  if (position.is_trial) return kStem;
  if (!indices) {
    problems.add(at, "names no earlier stage or module");
    return std::nullopt;
  }
  const auto [s, m] = *indices;
  if (s > position.stage || (s == position.stage && m >= position.module)) {
    problems.add(at, fmt::format("must come before stages[{}].modules[{}], which reads it",
                                 position.stage, position.module));
    return std::nullopt;
  }
  const Stage& stage = model.stages[s];
  const int always =
      s == position.stage ? static_cast<int>(position.module) : least(stage.count, model.decisions);
  if (m >= static_cast<std::size_t>(always)) {
    problems.add(at, fmt::format("must always exist; stages[{}] may have no more than {} module{}",
                                 s, always, always == 1 ? "" : "s"));
    return std::nullopt;
  }
  return stage.first_slot + static_cast<Source>(m);
}

std::optional<Choice<Sources>> ModuleReader::from(const Where& where, const Cursor& at,
                                                  const Position& position) {
  const auto found = holes_.open(where, at);
  if (!found) return std::nullopt;
  Choice<Sources> choice;
  choice.decision = found->decision;
  const auto read = [&](const Where& here, const Cursor& item) {
    auto one = sources(here, item, position);
    if (one) choice.options.push_back(std::move(*one));
    return one.has_value();
  };
  bool is_good = true;
  if (found->options == nullptr)
    is_good = read(where, found->literal);
  else if (found->is_single())
    is_good = read(where.alternative(static_cast<std::size_t>(found->pinned), kNoDecision),
                   found->only());
  else
    for (std::size_t k = 0; k < found->options->items.size(); ++k)
      is_good &= read(where.alternative(k, found->decision), found->options->items[k]);
  return is_good ? std::optional(std::move(choice)) : std::nullopt;
}

/// Reads a list of maps, which are added, or {"maps": [...], "join": ...}.
std::optional<Sources> ModuleReader::sources(const Where& where, const Cursor& at,
                                             const Position& position) {
  spec::Problems& problems = holes_.problems;
  const std::size_t before = problems.size();
  const bool is_full = at->kind == Kind::Object;
  if (is_full) problems.expect_object(at, kSourcesKeys);
  const auto list = is_full ? problems.required(at, "maps") : std::optional(at);
  const auto join = is_full ? spec::Problems::member(at, "join") : std::nullopt;
  Sources sources;
  sources.concat.options.push_back(0);
  if (list)
    if (auto read = maps(*list, position)) sources.maps = std::move(*read);
  if (join)
    if (auto read = chains_.join(where.key("join"), *join)) sources.concat = std::move(*read);
  return problems.size() == before ? std::optional(std::move(sources)) : std::nullopt;
}

std::optional<std::vector<Source>> ModuleReader::maps(const Cursor& at, const Position& position) {
  spec::Problems& problems = holes_.problems;
  if (at->kind != Kind::Array || at->items.empty() || at->items.size() > kMaxSources) {
    problems.add(at, fmt::format("must be a list of 1 to {} earlier maps", kMaxSources));
    return std::nullopt;
  }
  std::vector<Source> maps;
  for (std::size_t i = 0; i < at->items.size(); ++i) {
    const auto read = source(at.at(i), position);
    if (!read) return std::nullopt;
    if (!position.is_trial && std::find(maps.begin(), maps.end(), *read) != maps.end()) {
      problems.add(at.at(i), "must not be named twice");
      return std::nullopt;
    }
    maps.push_back(*read);
  }
  return maps;
}

}  // namespace atto::net
