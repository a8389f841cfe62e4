#include "prototypes/language/reading/holes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "prototypes/language/json_text.hpp"
#include "prototypes/language/limits.hpp"

namespace atto::net {

using spec::Kind;
using spec::Value;

namespace {

/// Returns whether a decision's path is that of a hole of a "let".
bool is_tie(std::string_view path) {
  const std::size_t let = path.rfind("let.");
  return let != std::string_view::npos && (let == 0 || path[let - 1] == '.') &&
         path.find_first_of(".[", let + 4) == std::string_view::npos;
}

bool is_word_or_number(const Value& value) {
  return value.is_number() || value.kind == Kind::String || value.kind == Kind::Boolean ||
         is_pair(value);
}

bool is_chain(const Value& value) {
  if (value.kind == Kind::Array)
    return std::all_of(value.items.begin(), value.items.end(), [](const Value& item) {
      return is_chain(item) || item.kind == Kind::String || is_hole(item);
    });
  return value.find("op") != nullptr || value.find("ops") != nullptr ||
         value.find("chain") != nullptr || value.find("branches") != nullptr;
}

/// Returns whether some decision is made inside a value.
bool has_hole(const Value& value) {
  return is_hole(value) || value.find("ops") != nullptr ||
         std::any_of(value.items.begin(), value.items.end(), has_hole) ||
         std::any_of(value.members.begin(), value.members.end(),
                     [](const spec::Member& member) { return has_hole(member.value); });
}

}  // namespace

void HoleReader::check_size(const Cursor& at) {
  const auto refuse = [&](std::int64_t count, std::int64_t limit, const char* what) {
    if (count <= limit) return;
    problems.add(at, fmt::format("the prototype has more than {} {}", limit, what), "");
    throw TooMuch{};
  };
  constexpr std::size_t kEnoughProblems = 1000;
  refuse(static_cast<std::int64_t>(model.operators.size() + model.bodies.size()), kMaxOperators,
         "operators in all its alternatives");
  refuse(static_cast<std::int64_t>(model.decisions.size()), kMaxDecisions, "decisions");
  refuse(all_alternatives_, kMaxAllAlternatives, "alternatives in all its decisions");
  if (problems.size() > kEnoughProblems) throw TooMuch{};
}

std::int32_t HoleReader::add_place(const Where& where, const Cursor& at) {
  model.places.push_back({where.place, at->location, at.path, at->shown()});
  return static_cast<std::int32_t>(model.places.size()) - 1;
}

std::optional<Alternatives> HoleReader::open(const Where& where, const Cursor& at) {
  if (at->kind == Kind::String && at->string.starts_with('$')) return tie(at);
  if (!is_hole(*at)) {
    Alternatives literal;
    literal.literal = at;
    return literal;
  }
  const Options* found = options(at);
  if (found == nullptr) return std::nullopt;
  return decide(where, at, *found);
}

std::optional<Alternatives> HoleReader::tie(const Cursor& at) {
  const std::string_view name = std::string_view(at->string).substr(1);
  std::vector<std::string_view> known;
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    const auto found = scope->find(name);
    if (found != scope->end()) return found->second;
    for (const auto& entry : *scope) known.push_back(entry.first);
  }
  if (ignores_unknown_ties_) return std::nullopt;
  const std::string_view near = spec::nearest_name(name, known);
  if (near.empty())
    problems.add(at, R"(must name a tie of an enclosing "let")");
  else
    problems.add(at, fmt::format("no such tie; did you mean \"${}\"?", near), "");
  return std::nullopt;
}

std::optional<Alternatives> HoleReader::decide(const Where& where, const Cursor& at,
                                               const Options& options) {
  Alternatives result;
  result.options = &options;
  Cursor pin_at = at;
  if (const Value* value = pin(where, pin_at)) {
    const auto index = index_of(*value, options.whole, options.labels);
    if (!index) {
      problems.add(pin_at, fmt::format("must be one of {}", fmt::join(options.labels, ", ")));
      return std::nullopt;
    }
    result.pinned = *index;
    model.pinned[where.path] = {*index};
    return result;
  }
  Decision decision;
  decision.path = where.path;
  decision.alternatives = static_cast<int>(options.items.size());
  decision.values = options.whole;
  decision.labels = options.labels;
  decision.parent = where.parent;
  decision.parent_first = where.first;
  decision.parent_last = where.last;
  decision.location = at->location;
  decision.pointer = at.path;
  result.decision = static_cast<DecisionId>(model.decisions.size());
  model.by_path.emplace(decision.path, result.decision);
  all_alternatives_ += decision.alternatives;
  model.decisions.push_back(std::move(decision));
  is_width_.push_back(false);
  is_other_.push_back(false);
  check_size(at);
  return result;
}

const Value* HoleReader::pin(const Where& where, Cursor& at) {
  for (Pins& pins : pins_) {
    std::string_view relative = where.path;
    if (pins.with.value == nullptr || !relative.starts_with(pins.prefix)) continue;
    relative.remove_prefix(pins.prefix.size());
    if (relative.starts_with('.')) relative.remove_prefix(1);
    for (std::size_t i = 0; i < pins.with->members.size(); ++i) {
      const spec::Member& member = pins.with->members[i];
      if (member.key != relative) continue;
      pins.used[i] = true;
      at = pins.with.at(member);
      return &member.value;
    }
  }
  return nullptr;
}

void HoleReader::open_pins(const Where& where, const std::optional<Cursor>& with) {
  Pins pins;
  pins.prefix = where.path;
  if (with && (*with)->kind != Kind::Object) {
    problems.add(*with, "must be an object of paths inside the module and values");
  } else if (with) {
    pins.with = *with;
    pins.used.assign((*with)->members.size(), false);
  }
  pins_.push_back(std::move(pins));
}

void HoleReader::close_pins() {
  const Pins pins = std::move(pins_.back());
  pins_.pop_back();
  for (std::size_t i = 0; i < pins.used.size(); ++i)
    if (!pins.used[i])
      problems.add_at_key(pins.with, pins.with->members[i], "no hole of the module has this path");
}

void HoleReader::note_use(const Alternatives& alternatives, bool as_width) {
  if (alternatives.decision == kNoDecision) return;
  auto& uses = as_width ? is_width_ : is_other_;
  uses[static_cast<std::size_t>(alternatives.decision)] = true;
}

void HoleReader::settle_roles() {
  for (std::size_t i = 0; i < model.decisions.size(); ++i) {
    Decision& decision = model.decisions[i];
    const bool is_width = is_width_[i] && !is_other_[i] && !decision.values.empty();
    decision.role = is_width ? Decision::Role::Width : Decision::Role::Structure;
  }
}

void HoleReader::find_idle_ties() {
  std::set<std::size_t> known;  // places in the file that are used, or told already
  for (std::size_t i = 0; i < model.decisions.size(); ++i)
    if (is_width_[i] || is_other_[i]) known.insert(model.decisions[i].location.offset);
  for (std::size_t i = 0; i < model.decisions.size(); ++i) {
    const Decision& decision = model.decisions[i];
    if (is_tie(decision.path) && known.insert(decision.location.offset).second)
      model.idle_ties.push_back(static_cast<DecisionId>(i));
  }
}

std::optional<Number> HoleReader::number(const Where& where, const Cursor& at, std::int64_t low,
                                         std::int64_t high, bool as_width) {
  const auto alternatives = open(where, at);
  if (!alternatives) return std::nullopt;
  note_use(*alternatives, as_width);
  return number_among(*alternatives, low, high);
}

std::optional<Number> HoleReader::number_among(const Alternatives& alternatives, std::int64_t low,
                                               std::int64_t high) {
  Number number;
  if (alternatives.is_single()) {
    const auto value = problems.integer(alternatives.only(), low, high);
    if (!value) return std::nullopt;
    number.literal = static_cast<std::int32_t>(*value);
    return number;
  }
  const std::size_t before = problems.size();
  for (const Cursor& item : alternatives.options->items) {
    (void)problems.integer(item, low, high);
    // Of a range one wrong value says it all.
    if (problems.size() != before && !alternatives.options->grid.empty()) break;
  }
  if (problems.size() != before) return std::nullopt;
  number.decision = alternatives.decision;
  return number;
}

std::optional<Pair> HoleReader::pair(const Where& where, const Cursor& at, std::int64_t low,
                                     std::int64_t high) {
  const auto is_window = [&](const Cursor& item) {
    if (item->is_number() || item->items.size() == 2) return true;
    problems.add(item, "must be a whole number, or two of them: [height, width]");
    return false;
  };
  if (at->kind == Kind::Array) {
    if (!is_window(at)) return std::nullopt;
    const auto height = number(where.index(0), at.at(std::size_t{0}), low, high);
    const auto width = number(where.index(1), at.at(std::size_t{1}), low, high);
    if (!height || !width) return std::nullopt;
    Pair pair(*height);
    pair.width = *width;
    return pair;
  }
  const auto found = open(where, at);
  if (!found) return std::nullopt;
  note_use(*found, false);
  const std::vector<Cursor> items =
      found->is_single() ? std::vector{found->only()} : found->options->items;
  if (std::count_if(items.begin(), items.end(), is_window) < std::ssize(items)) return std::nullopt;
  const auto is_list = [](const Cursor& item) { return item->kind == Kind::Array; };
  if (std::none_of(items.begin(), items.end(), is_list)) {
    const auto both = number_among(*found, low, high);
    return both ? std::optional<Pair>(*both) : std::nullopt;
  }
  Pair pair;
  pair.chosen.decision = found->decision;
  for (const Cursor& item : items) {
    const auto side = [&](std::size_t i) {
      return problems.integer(is_list(item) ? item.at(i) : item, low, high);
    };
    const auto height = side(0), width = is_list(item) ? side(1) : height;
    if (!height || !width) return std::nullopt;
    pair.chosen.options.emplace_back(static_cast<int>(*height), static_cast<int>(*width));
  }
  return pair;
}

std::optional<Choice<std::size_t>> HoleReader::word(const Where& where, const Cursor& at,
                                                    std::span<const std::string_view> names) {
  return choice<std::size_t>(where, at,
                             [&](const Cursor& item) { return problems.one_of(item, names); });
}

/// Whether a value, or each alternative of a hole, may be a tie; records what is wrong.
bool HoleReader::are_tieable(const Alternatives& alternatives) {
  const std::vector<Cursor> items = alternatives.options == nullptr
                                        ? std::vector{alternatives.literal}
                                        : alternatives.options->items;
  for (const Cursor& item : items) {
    if (is_word_or_number(*item)) continue;
    if (!is_chain(*item))
      problems.add(item,
                   "a tie must be a number, a pair of them, a word, true or false, a chain, or a "
                   "hole of these");
    else if (has_hole(*item))
      problems.add(item, "a chain that is tied must hold no hole of its own");
    else
      continue;
    return false;
  }
  return true;
}

void HoleReader::open_ties(const Where& where, const std::optional<Cursor>& let) {
  scopes_.emplace_back();
  if (!let) return;
  if ((*let)->kind != Kind::Object) {
    problems.add(*let, "must be an object of names and values");
    return;
  }
  const Where inside = where.key("let");
  for (const spec::Member& member : (*let)->members) {
    const bool is_name =
        !member.key.empty() &&
        member.key.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
    if (!is_name) {
      problems.add_at_key(*let, member, "a tie's name consists of letters, digits and _");
      continue;
    }
    if (scopes_.back().contains(member.key)) {
      problems.add_at_key(*let, member, "duplicate key");
      continue;
    }
    const Cursor at = let->at(member);
    auto alternatives = open(inside.key(member.key), at);
    if (alternatives && !are_tieable(*alternatives)) alternatives.reset();
    scopes_.back().emplace(member.key, alternatives);
  }
}

}  // namespace atto::net
