#include "prototypes/language/reading/modules.hpp"

#include <fmt/format.h>

#include "prototypes/language/keys.hpp"

namespace atto::net {

using spec::Kind;
using spec::Problems;

namespace {

std::vector<std::string_view> joined_keys(Words first, Words second) {
  std::vector<std::string_view> keys(first.begin(), first.end());
  keys.insert(keys.end(), second.begin(), second.end());
  return keys;
}

}  // namespace

void ModuleReader::read_templates(const Cursor& network) {
  const auto modules = Problems::member(network, "modules");
  if (!modules) return;
  if ((*modules)->kind != Kind::Object) {
    holes_.problems.add(*modules, "must be an object of names and modules");
    return;
  }
  for (const spec::Member& member : (*modules)->members) {
    if (member.key.empty() || member.key.starts_with('$'))
      holes_.problems.add_at_key(*modules, member,
                                 "a template's name must not be empty or start with $");
    else if (!templates_.emplace(member.key, Template{modules->at(member)}).second)
      holes_.problems.add_at_key(*modules, member, "duplicate key");
  }
}

std::vector<std::pair<std::string, Cursor>> ModuleReader::templates() const {
  std::vector<std::pair<std::string, Cursor>> all;
  for (const auto& [name, found] : templates_) all.emplace_back(name, found.at);
  return all;
}

std::optional<Module> ModuleReader::module(const Where& where, const Cursor& at,
                                           const Position& position, bool is_entry) {
  return any(where, at, position, {}, is_entry);
}

std::optional<Module> ModuleReader::entry_of(const Where& where, const Cursor& entry,
                                             const Cursor& stage_module, const Position& position) {
  return reference(where, entry, stage_module, position, {}, kEntryKeys);
}

std::optional<Module> ModuleReader::any(const Where& where, const Cursor& at,
                                        const Position& position, const Overrides& overrides,
                                        bool is_entry) {
  if (at->kind == Kind::String) return named(where, at, position, overrides);
  if (is_hole(*at)) return chosen(where, at, position, overrides);
  if (at->kind == Kind::Object && at->find("module") != nullptr)
    return reference(where, at, *Problems::member(at, "module"), position, overrides,
                     is_entry ? Words(kEntryKeys) : Words(kTemplateReferenceKeys));
  if (is_body(*at)) return body(where, at, position, overrides, is_entry);
  holes_.problems.add(at, R"(must be a template's name or a module with "chain" or "branches")");
  return std::nullopt;
}

std::optional<Module> ModuleReader::named(const Where& where, const Cursor& at,
                                          const Position& position, const Overrides& overrides) {
  const auto found = templates_.find(at->string);
  if (found == templates_.end()) {
    if (at->string.starts_with('$')) {
      holes_.problems.add(at,
                          R"(must name a template; a tied module stands in {"chain": "$name"})");
      return std::nullopt;
    }
    std::vector<std::string_view> known;
    for (const auto& entry : templates_) known.push_back(entry.first);
    const std::string_view near = spec::nearest_name(at->string, known);
    if (near.empty())
      holes_.problems.add(at, R"(no template of "modules" has this name)");
    else
      holes_.problems.add(at, fmt::format("no such template; did you mean \"{}\"?", near), "");
    return std::nullopt;
  }
  if (found->second.is_open) {
    holes_.problems.add(at, "a template must not contain itself");
    return std::nullopt;
  }
  found->second.is_open = true;
  auto module = any(where, found->second.at, position, overrides, false);
  found->second.is_open = false;
  return module;
}

std::optional<Module> ModuleReader::chosen(const Where& where, const Cursor& at,
                                           const Position& position, const Overrides& overrides) {
  if (at->find("range") != nullptr) {
    holes_.problems.add(at, R"(modules are chosen with "choose")");
    return std::nullopt;
  }
  Where here = where;
  here.path += ".module";
  const auto found = holes_.open(here, at);
  if (!found) return std::nullopt;
  if (found->is_single())
    return any(here.alternative(static_cast<std::size_t>(found->pinned), kNoDecision),
               found->only(), position, overrides, false);
  Module choice;
  choice.decision = found->decision;
  bool is_good = true;
  for (std::size_t k = 0; k < found->options->items.size(); ++k) {
    auto module = any(here.alternative(k, found->decision), found->options->items[k], position,
                      overrides, false);
    is_good = is_good && module.has_value();
    if (module) choice.alternatives.push_back(std::move(*module));
  }
  return is_good ? std::optional(std::move(choice)) : std::nullopt;
}

std::optional<Module> ModuleReader::reference(const Where& where, const Cursor& at,
                                              const Cursor& target, const Position& position,
                                              Overrides overrides, Words known) {
  holes_.problems.expect_object(at, known);
  holes_.open_pins(where, Problems::member(at, "with"));
  override_with(where, at, position, overrides);
  auto module = any(where, target, position, overrides, false);
  holes_.close_pins();
  return module;
}

/// Reads the entry's own channels and sources; those of an outer reference stay in force.
void ModuleReader::override_with(const Where& where, const Cursor& at, const Position& position,
                                 Overrides& overrides) {
  const auto channels = Problems::member(at, "channels");
  if (channels && !overrides.channels)
    overrides.channels =
        chains_.width(where.key("channels"), *channels, ChainReader::Setting::Stage);
  const auto sources = Problems::member(at, "from");
  if (!sources || overrides.from) return;
  overrides.from = from(where.key("from"), *sources, position);
  overrides.from_place = holes_.add_place(where, *sources);
}

std::optional<Module> ModuleReader::body(const Where& where, const Cursor& at,
                                         const Position& position, const Overrides& overrides,
                                         bool is_entry) {
  Problems& problems = holes_.problems;
  const std::size_t before = problems.size();
  static constexpr auto kInPlaceKeys = std::to_array<std::string_view>({"repeat", "stride"});
  problems.expect_object(
      at, is_entry ? joined_keys(kBodyKeys, kInPlaceKeys) : joined_keys(kBodyKeys, {}));
  Module module;
  Body& body = module.body;
  body.place = holes_.add_place(where, at);
  holes_.open_ties(where, Problems::member(at, "let"));
  Overrides all = overrides;
  override_with(where, at, position, all);
  body.channels = all.channels;
  if (all.from) body.from = *all.from;
  body.from_place = all.from_place;
  chains_.set_module_width(body.channels || position.has_channels);
  chains_.body(where, at, ChainReader::Setting::Module, body);
  holes_.close_ties();
  return problems.size() == before ? std::optional(std::move(module)) : std::nullopt;
}

}  // namespace atto::net
