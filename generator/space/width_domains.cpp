#include "generator/space/width_domains.hpp"

#include <algorithm>

#include "prototypes/network/shapes.hpp"

namespace atto::gen {

using net::Node;
using Kind = net::Node::Kind;

namespace {

/// What net::related_width() says of a relation that gives no width.
constexpr std::int64_t kImpossible = 0;

}  // namespace

WidthDomains::Row WidthDomains::fixed(std::int64_t value) {
  values_.push_back(value);
  return {Row::Kind::Fixed, net::kNoDecision, static_cast<std::int32_t>(values_.size()) - 1, 1};
}

WidthDomains::Row WidthDomains::decided(net::DecisionId id) {
  const net::Decision& decision = forest_->at(id);
  const auto d = static_cast<std::size_t>(id);
  if (!forest_->is_width(id))
    return fixed(decision.values[static_cast<std::size_t>((*assignment_)[d])]);
  if (row_of_decision_[d] < 0) {
    row_of_decision_[d] = static_cast<std::int32_t>(values_.size());
    values_.insert(values_.end(), decision.values.begin(), decision.values.end());
  }
  return {Row::Kind::Single, id, row_of_decision_[d], decision.alternatives};
}

const WidthDomains::Row& WidthDomains::input_row(const Node& node, std::int32_t i) const {
  const auto at = static_cast<std::size_t>(node.first_input + i);
  return rows_[static_cast<std::size_t>(structure_->inputs[at])];
}

WidthDomains::Row WidthDomains::scaled(const Row& base, double factor, std::int32_t round) {
  if (base.kind == Row::Kind::Unknown || (factor == 1 && round <= 1)) return base;
  Row row = base;
  row.first = static_cast<std::int32_t>(values_.size());
  for (std::int32_t i = 0; i < base.count; ++i) {
    const std::int64_t value = values_[static_cast<std::size_t>(base.first + i)];
    values_.push_back(value == kImpossible
                          ? kImpossible
                          : net::related_width(static_cast<std::int32_t>(value), factor, round));
  }
  demand(row, [](std::int64_t value) { return value > 0; });
  return row;
}

WidthDomains::Row WidthDomains::width_row(const Node& node) {
  const net::WidthExpression& width = node.width;
  Row base;
  switch (width.base) {
    case net::WidthExpression::Base::Fixed:
      base = fixed(width.is_of_classes() ? structure_->classes : width.index);
      break;
    case net::WidthExpression::Base::Decided:
      base = decided(width.index);
      break;
    case net::WidthExpression::Base::OfNode:
      base = rows_[static_cast<std::size_t>(width.index)];
      break;
  }
  return scaled(scaled(base, width.inner_factor, width.inner_round), width.factor, width.round);
}

WidthDomains::Row WidthDomains::concatenated(const Node& node) {
  Row sum = input_row(node, 0);
  for (std::int32_t i = 1; i < node.input_count; ++i) {
    const Row& next = input_row(node, i);
    if (sum.kind == Row::Kind::Unknown || next.kind == Row::Kind::Unknown ||
        (sum.kind == Row::Kind::Single && next.kind == Row::Kind::Single &&
         sum.decision != next.decision))
      return {};
    const Row& varied = sum.kind == Row::Kind::Single ? sum : next;
    Row row{varied.kind, varied.decision, static_cast<std::int32_t>(values_.size()), varied.count};
    for (std::int32_t v = 0; v < row.count; ++v) {
      const std::int64_t a = values_[static_cast<std::size_t>(sum.first + (sum.count > 1 ? v : 0))];
      const std::int64_t b =
          values_[static_cast<std::size_t>(next.first + (next.count > 1 ? v : 0))];
      values_.push_back(a == kImpossible || b == kImpossible ? kImpossible : a + b);
    }
    sum = row;
  }
  demand(sum, [](std::int64_t value) { return value <= net::kMaxChannels; });
  return sum;
}

WidthDomains::Row WidthDomains::row_of(const Node& node) {
  switch (node.kind) {
    case Kind::Input:
      return fixed(structure_->input.channels);
    case Kind::Unit:
      return node.one_group_per_channel ? input_row(node, 0) : width_row(node);
    case Kind::Dense:
      return width_row(node);
    case Kind::Concat:
      return concatenated(node);
    case Kind::Gather:
      return node.concat ? concatenated(node) : input_row(node, 0);
    case Kind::Slice:
      return sliced(node);
    default:
      return input_row(node, 0);
  }
}

WidthDomains::Row WidthDomains::sliced(const Node& node) {
  const Row in = input_row(node, 0);
  if (node.slice_begin == 0) return scaled(in, node.slice_end, 0);
  const Row before = scaled(in, node.slice_begin, 0);
  const Row upto = scaled(in, node.slice_end, 0);
  if (before.kind == Row::Kind::Unknown || upto.kind == Row::Kind::Unknown) return {};
  Row row = upto;
  row.first = static_cast<std::int32_t>(values_.size());
  for (std::int32_t v = 0; v < row.count; ++v) {
    const std::int64_t begin = values_[static_cast<std::size_t>(before.first + v)];
    const std::int64_t end = values_[static_cast<std::size_t>(upto.first + v)];
    values_.push_back(begin == kImpossible || end == kImpossible ? kImpossible : end - begin);
  }
  return row;
}

void WidthDomains::ban(const Row& row, std::int32_t i) {
  if (row.kind == Row::Kind::Fixed) {
    if (broken_node_ < 0) broken_node_ = node_;
    return;
  }
  std::vector<char>& banned = banned_[static_cast<std::size_t>(row.decision)];
  if (banned.empty()) {
    banned.assign(static_cast<std::size_t>(row.count), 0);
    touched_.push_back(row.decision);
  }
  if (banned[static_cast<std::size_t>(i)]) return;
  banned[static_cast<std::size_t>(i)] = 1;
  for (const std::int32_t allowed : forest_->allowed(row.decision))
    if (!banned[static_cast<std::size_t>(allowed)]) return;
  if (broken_node_ < 0) broken_node_ = node_;
}

template <class Predicate>
void WidthDomains::demand(const Row& row, Predicate holds) {
  if (row.kind == Row::Kind::Unknown) return;
  for (std::int32_t i = 0; i < row.count; ++i) {
    const std::int64_t value = values_[static_cast<std::size_t>(row.first + i)];
    if (value == kImpossible || !holds(value)) ban(row, i);
  }
}

void WidthDomains::demand_equal(const Row& a, const Row& b) {
  if (a.kind == Row::Kind::Unknown || b.kind == Row::Kind::Unknown) return;
  if (a.kind == Row::Kind::Single && b.kind == Row::Kind::Single && a.decision != b.decision)
    return;
  const Row& varied = a.kind == Row::Kind::Single ? a : b;
  for (std::int32_t v = 0; v < varied.count; ++v)
    if (values_[static_cast<std::size_t>(a.first + (a.count > 1 ? v : 0))] !=
        values_[static_cast<std::size_t>(b.first + (b.count > 1 ? v : 0))])
      ban(varied, v);
}

void WidthDomains::check_rules(const Node& node, const Row& out) {
  const auto divides = [](std::int64_t groups) {
    return [groups](std::int64_t width) { return width % groups == 0; };
  };
  if (node.kind == Kind::Unit && !node.one_group_per_channel && node.groups > 1) {
    demand(input_row(node, 0), divides(node.groups));
    demand(out, divides(node.groups));
  } else if (const auto* shuffle = std::get_if<net::Shuffle>(&node.op)) {
    demand(out, divides(std::max(1, shuffle->groups)));
  } else if (node.kind == Kind::Add || node.kind == Kind::Merge || node.kind == Kind::Border) {
    for (std::int32_t i = 1; i < node.input_count; ++i) demand_equal(input_row(node, i), out);
  }
}

bool WidthDomains::may_match_or_differ(std::int32_t a, std::int32_t b) const {
  const Row& first = rows_[static_cast<std::size_t>(a)];
  const Row& second = rows_[static_cast<std::size_t>(b)];
  if (first.kind == Row::Kind::Unknown || second.kind == Row::Kind::Unknown) return true;
  if (first.kind == Row::Kind::Single && second.kind == Row::Kind::Single &&
      first.decision != second.decision)
    return true;
  const Row& varied = first.kind == Row::Kind::Single ? first : second;
  std::int32_t matches = 0;
  for (std::int32_t v = 0; v < varied.count; ++v)
    matches += values_[static_cast<std::size_t>(first.first + (first.count > 1 ? v : 0))] ==
               values_[static_cast<std::size_t>(second.first + (second.count > 1 ? v : 0))];
  return matches != 0 && matches != varied.count;
}

bool WidthDomains::collect() {
  pool_.clear();
  domains_.clear();
  for (std::size_t d = 0; d < forest_->size(); ++d) {
    const auto id = static_cast<net::DecisionId>(d);
    if (!forest_->is_width(id) || (*assignment_)[d] == net::kInactive) continue;
    const auto first = static_cast<std::int32_t>(pool_.size());
    const std::vector<char>& banned = banned_[d];
    for (const std::int32_t i : forest_->allowed(id))
      if (banned.empty() || !banned[static_cast<std::size_t>(i)]) pool_.push_back(i);
    domains_.push_back({id, first, static_cast<std::int32_t>(pool_.size()) - first});
  }
  return broken_node_ < 0;
}

bool WidthDomains::compute(const net::Structure& structure, const DecisionForest& forest,
                           const net::Assignment& assignment) {
  structure_ = &structure;
  forest_ = &forest;
  assignment_ = &assignment;
  broken_node_ = -1;
  values_.clear();
  rows_.resize(structure.nodes.size());
  row_of_decision_.assign(forest.size(), -1);
  for (const net::DecisionId id : touched_) banned_[static_cast<std::size_t>(id)].clear();
  touched_.clear();
  banned_.resize(forest.size());
  for (std::size_t n = 0; n < structure.nodes.size(); ++n) {
    node_ = static_cast<std::int32_t>(n);
    rows_[n] = row_of(structure.nodes[n]);
    check_rules(structure.nodes[n], rows_[n]);
  }
  return collect();
}

}  // namespace atto::gen
