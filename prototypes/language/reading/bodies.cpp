// Bodies: a chain or branches, how they join, and what comes after. A module is one; others stand
// inside of chains.
#include <fmt/format.h>

#include "prototypes/language/keys.hpp"
#include "prototypes/language/limits.hpp"
#include "prototypes/language/reading/chains.hpp"

namespace atto::net {

using spec::Kind;
using spec::Problems;

bool is_body(const spec::Value& value) {
  return value.kind == Kind::Object &&
         (value.find("chain") != nullptr || value.find("branches") != nullptr);
}

void ChainReader::body(const Where& where, const Cursor& at, Setting setting, Body& body) {
  body.is_branched = at->find("branches") != nullptr;
  if (body.is_branched)
    branched(where, at, setting, body);
  else
    straight(where, at, setting, body);
  if (const auto then = Problems::member(at, "then"))
    if (auto read = chain(where.key("then"), *then, setting)) body.then = std::move(*read);
  body.activation.options = {Activation::None};
  if (const auto written = Problems::member(at, "activation"))
    if (auto read = activation(where.key("activation"), *written))
      body.activation = std::move(*read);
}

std::optional<Item> ChainReader::nested(const Where& where, const Cursor& at, Setting setting) {
  Problems& problems = holes_.problems;
  const std::size_t before = problems.size();
  if (nesting_ == kMaxNesting) {
    problems.add(at, fmt::format("at most {} bodies may stand inside of each other", kMaxNesting),
                 "");
    return std::nullopt;
  }
  for (const char* key : {"from", "channels"})
    if (const auto stray = Problems::member(at, key))
      problems.add(*stray, fmt::format("\"{}\" is a module's, not of a body inside of it", key));
  problems.expect_object(at, problems.size() == before ? Words(kNestedBodyKeys) : kBodyKeys);
  Body body;
  body.place = holes_.add_place(where, at);
  holes_.open_ties(where, Problems::member(at, "let"));
  ++nesting_;
  this->body(where, at, setting, body);
  --nesting_;
  holes_.close_ties();
  if (problems.size() != before) return std::nullopt;
  Item item;
  item.kind = Item::Kind::Body;
  item.op = static_cast<std::int32_t>(holes_.model.bodies.size());
  holes_.model.bodies.push_back(std::move(body));
  holes_.check_size(at);
  return item;
}

void ChainReader::straight(const Where& where, const Cursor& at, Setting setting, Body& body) {
  if (const auto stray = Problems::member(at, "split"))
    holes_.problems.add(*stray, R"("split" needs "branches")");
  if (const auto stray = Problems::member(at, "join"))
    holes_.problems.add(*stray, at->find("from") == nullptr
                                    ? R"("join" needs "branches")"
                                    : R"("join" needs "branches"; earlier maps join by "from": )"
                                      R"({"maps": [...], "join": ...})");
  auto chain = this->chain(where.key("chain"), *Problems::member(at, "chain"), setting);
  if (chain) body.branches.push_back(std::move(*chain));
  body.shortcut.options = {Node::ShortcutMode::None};
  const auto shortcut = Problems::member(at, "shortcut");
  if (!shortcut) return;
  const auto read = holes_.word(where.key("shortcut"), *shortcut, kShortcutNames);
  if (!read) return;
  body.shortcut.decision = read->decision;
  body.shortcut.options.clear();
  for (const std::size_t index : read->options)
    body.shortcut.options.push_back(static_cast<Node::ShortcutMode>(index));
}

void ChainReader::branched(const Where& where, const Cursor& at, Setting setting, Body& body) {
  Problems& problems = holes_.problems;
  for (const char* key : {"chain", "shortcut"})
    if (const auto stray = Problems::member(at, key))
      problems.add(*stray, fmt::format("\"{}\" cannot stand beside \"branches\"", key));
  const Cursor branches = *Problems::member(at, "branches");
  if (branches->kind != Kind::Array || branches->items.empty() ||
      branches->items.size() > kMaxBranches) {
    problems.add(branches, fmt::format("must be a list of 1 to {} chains", kMaxBranches));
    return;
  }
  split(where, at, body);
  const Where inside = where.key("branches");
  for (std::size_t b = 0; b < branches->items.size(); ++b) {
    body.branch_places.push_back(holes_.add_place(inside.index(b), branches.at(b)));
    if (auto chain = this->chain(inside.index(b), branches.at(b), setting))
      body.branches.push_back(std::move(*chain));
  }
  body.concat.options.push_back(0);
  const auto join = Problems::member(at, "join");
  if (!join && branches->items.size() > 1) (void)problems.required(at, "join");
  if (!join) return;
  if (auto read = this->join(where.key("join"), *join)) body.concat = std::move(*read);
}

std::optional<Choice<std::uint8_t>> ChainReader::join(const Where& where, const Cursor& at) {
  return holes_.choice<std::uint8_t>(where, at, [&](const Cursor& item) {
    const auto index = holes_.problems.one_of(item, kJoinNames);
    return index ? std::optional(static_cast<std::uint8_t>(*index)) : std::nullopt;
  });
}

void ChainReader::split(const Where& where, const Cursor& at, Body& body) {
  const auto written = Problems::member(at, "split");
  if (!written) return;
  Problems& problems = holes_.problems;
  const std::size_t branches = at->find("branches")->items.size();
  auto read = holes_.choice<std::vector<double>>(
      where.key("split"), *written, [&](const Cursor& item) -> std::optional<std::vector<double>> {
        if (item->kind != Kind::Array || item->items.size() != branches) {
          problems.add(item, fmt::format("must be a list of {} shares, one a branch", branches));
          return std::nullopt;
        }
        std::vector<double> shares;
        double sum = 0;
        for (std::size_t i = 0; i < branches; ++i) {
          const auto share = problems.number(item.at(i), 1e-6, 1);
          if (!share) return std::nullopt;
          shares.push_back(*share);
          sum += *share;
        }
        if (sum < 1 - 1e-6 || sum > 1 + 1e-6) {
          problems.add(item, "shares must sum to 1");
          return std::nullopt;
        }
        return shares;
      });
  if (read) body.split = std::move(*read);
}

}  // namespace atto::net
