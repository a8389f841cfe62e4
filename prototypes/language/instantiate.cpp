#include "prototypes/language/instantiate.hpp"

#include <algorithm>
#include <initializer_list>

#include "prototypes/language/instantiate_detector.hpp"
#include "prototypes/language/operator_nodes.hpp"

namespace atto::net {
namespace {

/// What the operators of one chain see.
struct ChainContext {
  std::int32_t input = 0;  ///< node that enters the chain
  std::int32_t here = 0;   ///< node that enters the operator
  const WidthExpression* module = nullptr;
  Sides stride = 1;               ///< the module's
  const Item* strided = nullptr;  ///< the operator, or the body, that takes it
};

/// The part of a chain whose turn it is to take the module's stride: an operator, or a body that
/// hands it on to each of its branches.
struct StrideSearch {
  const Item *marked = nullptr, *first_wide = nullptr, *first = nullptr;
  const Item* found() const { return marked ? marked : first_wide ? first_wide : first; }
  void note(const Item& item, bool is_marked, bool is_wide) {
    const Item*& place = is_marked ? marked : first;
    if (place == nullptr) place = &item;
    if (!is_marked && is_wide && first_wide == nullptr) first_wide = &item;
  }
};

class Builder final : public StructureSource {
 public:
  Builder(const Model& model, const Assignment& assignment, Structure& out)
      : model_(model), decided_{model.decisions, assignment}, out_(out) {}

  void build() {
    Node input;
    input.kind = Node::Kind::Input;
    std::int32_t current = append(input, {});
    current = chain(model_.stem, {current, current, nullptr, 1, nullptr}, current);
    stem_ = current;
    out_.module_nodes.assign(model_.slots.size(), -1);
    if (model_.detector) return build_detector(*model_.detector, *this, out_);
    for (const Stage& stage : model_.stages) current = build_stage(stage, current);
    current = chain(model_.head, {current, current, nullptr, 1, nullptr}, current);
    for (const Source output : model_.outputs)
      out_.output_nodes.push_back(output == kPrevious ? current : node_of(output, current));
  }

  const Decided& decided() const override { return decided_; }
  std::int32_t append_node(Node node, std::span<const std::int32_t> inputs) override {
    node.first_input = static_cast<std::int32_t>(out_.inputs.size());
    node.input_count = static_cast<std::int32_t>(inputs.size());
    out_.inputs.insert(out_.inputs.end(), inputs.begin(), inputs.end());
    node.module = module_;
    node.level = level_;
    out_.nodes.push_back(node);
    return static_cast<std::int32_t>(out_.nodes.size()) - 1;
  }
  std::int32_t append_chain(const Item& item, std::int32_t input,
                            const WidthExpression& width) override {
    return chain(item, {input, input, &width, 1, nullptr}, input);
  }
  std::int32_t append_stage(std::int32_t number, std::int32_t input) override {
    return build_stage(model_.stages[static_cast<std::size_t>(number)], input);
  }
  std::int32_t stem() const override { return stem_; }
  WidthExpression width_of(const Width& width, std::int32_t input,
                           const WidthExpression& pyramid) const override {
    return this->width(width, {input, input, &pyramid, 1, nullptr});
  }
  void set_level(std::int32_t level) override { level_ = level; }

 private:
  std::int32_t append(const Node& node, std::initializer_list<std::int32_t> inputs) {
    return append_node(node, std::span(inputs.begin(), inputs.size()));
  }

  WidthExpression width(const Width& width, const ChainContext& context) const {
    WidthExpression result;
    switch (width.kind) {
      case Width::Kind::Number:
        if (width.number.decision == kNoDecision) {
          result.index = width.number.literal;
        } else {
          result.base = WidthExpression::Base::Decided;
          result.index = width.number.decision;
        }
        return result;
      case Width::Kind::Input:
        result.base = WidthExpression::Base::OfNode;
        result.index = context.input;
        return result;
      case Width::Kind::Here:
        result.base = WidthExpression::Base::OfNode;
        result.index = context.here;
        return result;
      case Width::Kind::Module:
        return *context.module;
      case Width::Kind::Times:
        return times(width, context);
      case Width::Kind::Choice:
        break;
    }
    const auto chosen = static_cast<std::size_t>(decided_.index(width.decision));
    return this->width(width.of[chosen], context);
  }
  WidthExpression times(const Width& width, const ChainContext& context) const {
    // The reader lets a relation stand on a relation once at most.
    WidthExpression result = this->width(width.of.front(), context);
    result.inner_factor = result.factor;
    result.inner_round = result.round;
    result.factor = decided_.option(width.times);
    result.round = width.round;
    return result;
  }

  void search(const Item& item, StrideSearch& found) const {
    if (item.kind == Item::Kind::Choice) {
      search(item.items[static_cast<std::size_t>(decided_.index(item.decision))], found);
    } else if (item.kind == Item::Kind::Sequence) {
      for (std::size_t i = 0; i < length(item); ++i) search(item.items[i], found);
    } else if (item.kind == Item::Kind::Body) {
      StrideSearch inside;
      for (const Item& branch : body_of(item).branches) search(branch, inside);
      if (inside.found() != nullptr)
        found.note(item, inside.marked != nullptr, inside.first_wide != nullptr);
    } else {
      const Operator& op = operator_of(item);
      if (op.stride_rule != StrideRule::Written)
        found.note(item, op.stride_rule == StrideRule::Module,
                   decided_.value(op.kernel) != Sides(1));
    }
  }
  const Operator& operator_of(const Item& item) const {
    return model_.operators[static_cast<std::size_t>(item.op)];
  }
  const Body& body_of(const Item& item) const {
    return model_.bodies[static_cast<std::size_t>(item.op)];
  }
  std::size_t length(const Item& item) const {
    return item.has_length ? static_cast<std::size_t>(decided_.value(item.length))
                           : item.items.size();
  }

  std::int32_t chain(const Item& item, const ChainContext& context, std::int32_t current) {
    if (item.kind == Item::Kind::Choice)
      return chain(item.items[static_cast<std::size_t>(decided_.index(item.decision))], context,
                   current);
    if (item.kind == Item::Kind::Operator) return operation(item, context, current);
    if (item.kind == Item::Kind::Body) return nested(item, context, current);
    const std::size_t end = length(item);
    for (std::size_t i = 0; i < end; ++i) current = chain(item.items[i], context, current);
    return current;
  }

  std::int32_t nested(const Item& item, ChainContext context, std::int32_t current) {
    context.input = current;
    context.stride = context.strided == &item ? context.stride : 1;
    return build_body(body_of(item), context);
  }

  std::int32_t operation(const Item& item, ChainContext context, std::int32_t current) {
    const Operator& op = operator_of(item);
    context.here = current;
    Node node;
    node.place = op.place;
    if (op.stride_rule == StrideRule::Written)
      node.stride = decided_.value(op.stride);
    else
      node.stride = context.strided == &item ? context.stride : Sides(1);
    fill(op, context, node);
    current = append(node, {current});
    const Node::Kind kind = out_.nodes.back().kind;
    if (kind != Node::Kind::Dense && kind != Node::Kind::Operation) return current;
    return activated(decided_.option(op.activation), op.place, current);
  }
  void fill(const Operator& op, const ChainContext& context, Node& node) const {
    fill_node(op, decided_, node);
    if (has_width(node)) node.width = width(op.width, context);
  }
  std::int32_t activated(Activation activation, std::int32_t place, std::int32_t current) {
    if (activation == Activation::None) return current;
    Node node;
    node.kind = Node::Kind::Activate;
    node.activation = activation;
    node.place = place;
    return append(node, {current});
  }

  std::int32_t build_stage(const Stage& stage, std::int32_t current) {
    ChainContext context{current, current, nullptr, 1, nullptr};
    WidthExpression channels;
    if (stage.channels) channels = width(*stage.channels, context);
    const std::int32_t count = decided_.value(stage.count);
    for (std::int32_t i = 0; i < count; ++i) {
      module_ = stage.first_slot + i;
      const Slot& slot = model_.slots[static_cast<std::size_t>(module_)];
      current = build_module(slot, slot.module, channels, current);
      out_.module_nodes[static_cast<std::size_t>(module_)] = current;
    }
    module_ = -1;
    return current;
  }

  std::int32_t build_module(const Slot& slot, const Module& module,
                            const WidthExpression& stage_channels, std::int32_t previous) {
    if (module.decision != kNoDecision)
      return build_module(
          slot, module.alternatives[static_cast<std::size_t>(decided_.index(module.decision))],
          stage_channels, previous);
    const Body& body = module.body;
    ChainContext context;
    context.input = gathered(body, previous);
    WidthExpression channels = stage_channels;
    if (body.channels) channels = width(*body.channels, context);
    context.module = &channels;
    context.stride = decided_.value(slot.stride);
    return build_body(body, context);
  }
  std::int32_t build_body(const Body& body, const ChainContext& context) {
    const std::int32_t end = body.is_branched ? branched(body, context) : straight(body, context);
    return chain(body.then, {end, end, context.module, 1, nullptr}, end);
  }

  /// Emits a chain with the module's stride placed in it.
  std::int32_t strided_chain(const Item& item, ChainContext context, std::int32_t place) {
    StrideSearch found;
    if (context.stride != Sides(1)) search(item, found);
    context.strided = found.found();
    const std::int32_t end = chain(item, context, context.input);
    if (context.stride == Sides(1) || context.strided != nullptr) return end;
    Node lost;  // resolve() reports a stride that nothing takes
    lost.kind = Node::Kind::Activate;
    lost.stride = context.stride;
    lost.place = place;
    return append(lost, {end});
  }

  std::int32_t straight(const Body& body, const ChainContext& context) {
    const std::int32_t end = strided_chain(body.branches.front(), context, body.place);
    const Node::ShortcutMode mode = decided_.option(body.shortcut);
    const Activation activation = decided_.option(body.activation);
    if (mode == Node::ShortcutMode::None || end == context.input)
      return activated(activation, body.place, end);
    Node node;
    node.kind = Node::Kind::Shortcut;
    node.shortcut = mode;
    node.stride = context.stride;
    node.activation = activation;
    node.place = body.place;
    return append(node, {end, context.input});
  }

  std::int32_t branched(const Body& body, const ChainContext& context) {
    const std::vector<double>* shares =
        body.split.options.empty() ? nullptr : &decided_.option(body.split);
    // The ends wait behind the inputs of the nodes still to come, and are moved to their own place.
    const std::size_t first_end = ends_begin();
    double begin = 0;
    for (std::size_t b = 0; b < body.branches.size(); ++b) {
      ChainContext branch = context;
      if (shares != nullptr) {
        Node slice;
        slice.kind = Node::Kind::Slice;
        slice.slice_begin = begin;
        slice.slice_end = b + 1 == body.branches.size() ? 1 : begin + (*shares)[b];
        begin = slice.slice_end;
        slice.place = body.branch_places[b];
        branch.input = append(slice, {context.input});
      }
      const bool is_identity = is_empty(body.branches[b]);
      out_.ends.push_back(is_identity
                              ? branch.input
                              : strided_chain(body.branches[b], branch, body.branch_places[b]));
    }
    Node join;
    join.kind = decided_.option(body.concat) != 0 ? Node::Kind::Concat : Node::Kind::Add;
    join.activation = decided_.option(body.activation);
    join.place = body.place;
    return joined(join, first_end);
  }
  bool is_empty(const Item& item) const {
    if (item.kind == Item::Kind::Choice)
      return is_empty(item.items[static_cast<std::size_t>(decided_.index(item.decision))]);
    if (item.kind != Item::Kind::Sequence) return false;
    for (std::size_t i = 0; i < length(item); ++i)
      if (!is_empty(item.items[i])) return false;
    return true;
  }

  std::size_t ends_begin() const { return out_.ends.size(); }
  /// Joins the ends collected since `first_end`; a single one passes, activated.
  std::int32_t joined(const Node& join, std::size_t first_end) {
    std::int32_t result = out_.ends[first_end];
    if (out_.ends.size() - first_end == 1) {
      result = activated(join.activation, join.place, result);
    } else {
      result = append(join, {});
      Node& node = out_.nodes.back();
      out_.inputs.insert(out_.inputs.end(),
                         out_.ends.begin() + static_cast<std::ptrdiff_t>(first_end),
                         out_.ends.end());
      node.input_count = static_cast<std::int32_t>(out_.ends.size() - first_end);
    }
    out_.ends.resize(first_end);
    return result;
  }

  /// Returns the node that enters the module.
  std::int32_t gathered(const Body& body, std::int32_t previous) {
    if (body.from.options.empty()) return previous;
    const Sources& sources = decided_.option(body.from);
    const std::vector<Source>& maps = sources.maps;
    const auto found = std::find(maps.begin(), maps.end(), kPrevious);
    const auto main = found == maps.end() ? 0 : found - maps.begin();
    Node gather;
    gather.kind = Node::Kind::Gather;
    gather.place = body.from_place;
    gather.concat = decided_.option(sources.concat) != 0;
    const std::size_t first_end = ends_begin();
    for (const Source source : maps) out_.ends.push_back(node_of(source, previous));
    const auto ends = out_.ends.begin() + static_cast<std::ptrdiff_t>(first_end);
    if (gather.concat)
      gather.main_input = static_cast<std::int32_t>(main);
    else  // a sum's order is free, and part of designs' hashes: the main one first
      std::rotate(ends, ends + main, ends + main + 1);
    return joined(gather, first_end);
  }
  std::int32_t node_of(Source source, std::int32_t previous) const {
    if (source == kPrevious) return previous;
    if (source == kStem) return stem_;
    if (source >= 0) return out_.module_nodes[static_cast<std::size_t>(source)];
    const Stage& stage = model_.stages[static_cast<std::size_t>(kStageBase - source)];
    const std::int32_t last = stage.first_slot + decided_.value(stage.count) - 1;
    return out_.module_nodes[static_cast<std::size_t>(last)];
  }

  const Model& model_;
  Decided decided_;
  Structure& out_;
  std::int32_t stem_ = 0;
  std::int32_t module_ = -1, level_ = -1;
};

}  // namespace

void build_structure(const Model& model, const Assignment& assignment, const TaskInput& input,
                     Structure& out) {
  out.clear();
  out.input = input.input;
  out.classes = input.classes;
  if (model.detector) {
    const DetectorSettings settings = input.detector.over(model.detector->settings);
    out.run.proposals = settings.proposals;
    out.run.detections = settings.detections;
    out.run.anchors = settings.anchors.shapes_a_cell();
  }
  Builder(model, assignment, out).build();
}

}  // namespace atto::net
