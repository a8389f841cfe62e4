#include "export/import/structure_tree.hpp"

#include <algorithm>
#include <set>

#include "design_specs/errors.hpp"

namespace atto::deploy::import {
namespace {

using net::Layer;

class TreeMaker {
 public:
  TreeMaker(const net::Network& network, std::string file)
      : network_(network), file_(std::move(file)), readers_(network.layers.size()) {
    for (const Layer& layer : network.layers)
      for (const int input : std::set<int>(layer.inputs.begin(), layer.inputs.end()))
        ++readers_[at(input)];
    find_dominators();
  }

  Chain make() {
    Chain whole = chain(0, network_.outputs[0].layer, 0);
    for (const net::Output& output : network_.outputs)
      if (taken_.count(output.layer) == 0)
        throw SpecError({{file_, "",
                          "node " + layer(output.layer).name +
                              ": an output must lie on the way to the first one",
                          ""}});
    if (taken_.size() + 1 != network_.layers.size())
      for (std::size_t i = 1; i < network_.layers.size(); ++i)
        if (taken_.count(static_cast<int>(i)) == 0) refuse(static_cast<int>(i));
    return whole;
  }

 private:
  static constexpr int kDeepest = 8;  ///< bodies inside of each other

  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  const Layer& layer(int index) const { return network_.layers[at(index)]; }
  template <class Op>
  bool is(int index) const {
    return std::holds_alternative<Op>(layer(index).op);
  }
  [[noreturn]] void refuse(int index) const {
    throw SpecError({{file_, "",
                      "node " + layer(index).name +
                          ": its branches must part at one tensor and join at one, "
                          "nested in each other",
                      ""}});
  }

  /// By layer: the last that all ways from the input to it pass.
  void find_dominators() {
    dominator_.assign(network_.layers.size(), 0);
    for (std::size_t i = 1; i < network_.layers.size(); ++i) {
      const std::vector<int>& inputs = network_.layers[i].inputs;
      int common = inputs.at(0);
      for (int other : inputs)
        while (common != other)
          (common > other ? common : other) = dominator_[at(std::max(common, other))];
      dominator_[i] = common;
    }
  }

  void take(int index) {
    if (!taken_.insert(index).second) refuse(index);
  }

  /// What lies behind `from`, up to `to`.
  Chain chain(int from, int to, int depth) {
    Chain made;
    int current = to;
    while (current != from) {
      if (current < from) refuse(to);
      Item item = this->item(current, depth);
      made.items.push_back(std::move(item));
    }
    std::reverse(made.items.begin(), made.items.end());
    join_operators(made);
    return made;
  }

  /// The item that ends with `current`, which becomes what enters it.
  Item item(int& current, int depth) {
    const int end = current;
    if (layer(end).inputs.size() == 1) {
      take(end);
      current = layer(end).inputs[0];
      return {{end}, {}, {}};
    }
    if (is<net::Multiply>(end)) return squeeze_excite(current);
    if (!is<net::Add>(end) && !is<net::Concat>(end)) refuse(end);
    if (depth == kDeepest) refuse(end);
    const int fork = dominator_[at(end)];
    Item body{{end}, {}, {}};
    take(end);
    for (const int input : layer(end).inputs)
      body.branches.push_back(chain(fork, input, depth + 1));
    take_slices(body);
    current = fork;
    return body;
  }

  /// A map times what was made of its average: pool, conv, activation, conv, gate.
  Item squeeze_excite(int& current) {
    const int scale = current, map = layer(scale).inputs[0];
    std::vector<int> made = {scale};
    const auto step = [&](auto is_right) {
      const int before = layer(made.back()).inputs[made.size() == 1 ? 1 : 0];
      if (!is_right(before) || readers_[at(before)] != 1) refuse(scale);
      made.push_back(before);
    };
    const auto is_dense_conv = [&](int index) {
      const auto* conv = std::get_if<net::Conv>(&layer(index).op);
      return conv && conv->kernel == net::Sides(1) && conv->groups == 1 && conv->bias;
    };
    const auto is_activation = [&](int index) { return is<net::Activate>(index); };
    step(is_activation);
    step(is_dense_conv);
    step(is_activation);
    step(is_dense_conv);
    step([&](int index) { return is<net::GlobalAveragePool>(index); });
    if (layer(made.back()).inputs[0] != map) refuse(scale);
    std::reverse(made.begin(), made.end());
    for (const int index : made) take(index);
    current = map;
    return {made, {}, {}};
  }

  /// Branches that each begin with a share of the input, in order, are a split.
  void take_slices(Item& body) const {
    std::vector<int> slices;
    int begin = 0;
    for (const Chain& branch : body.branches) {
      const bool is_sliced = !branch.items.empty() && branch.items.front().layers.size() == 1 &&
                             !branch.items.front().is_body() &&
                             is<net::Slice>(branch.items.front().layers[0]);
      if (!is_sliced) return;
      slices.push_back(branch.items.front().layers[0]);
      const auto& slice = std::get<net::Slice>(layer(slices.back()).op);
      if (slice.begin != begin) return;
      begin = slice.end;
    }
    body.slices = slices;
    for (Chain& branch : body.branches) branch.items.erase(branch.items.begin());
  }

  /// Takes norms and activations into the operator before them.
  void join_operators(Chain& chain) const {
    std::vector<Item> joined;
    for (Item& item : chain.items) {
      const int first = item.layers.front();
      Item* before = joined.empty() ? nullptr : &joined.back();
      const bool is_alone = item.layers.size() == 1 && !item.is_body();
      if (before && is_alone && may_follow(*before, first))
        before->layers.push_back(first);
      else
        joined.push_back(std::move(item));
    }
    chain.items = std::move(joined);
  }
  bool is_output(int index) const {
    return std::any_of(network_.outputs.begin(), network_.outputs.end(),
                       [&](const net::Output& output) { return output.layer == index; });
  }
  bool may_follow(const Item& before, int next) const {
    const int first = before.layers.front(), last = before.layers.back();
    const bool is_conv = is<net::Conv>(first) || is<net::Deconv>(first);
    if (is_output(last)) return false;
    if (is<net::BatchNorm>(next)) return is_conv && !before.is_body() && last == first;
    if (!is<net::Activate>(next) || is<net::Activate>(last)) return false;
    return before.is_body() || is_conv || is<net::Dense>(first) || is<net::BatchNorm>(first) ||
           is<net::LayerNorm>(first);
  }

  const net::Network& network_;
  std::string file_;
  std::vector<int> readers_, dominator_;
  std::set<int> taken_;
};

void append_order(const Chain& chain, std::vector<int>& order) {
  for (const Item& item : chain.items) {
    for (std::size_t b = 0; b < item.branches.size(); ++b) {
      if (!item.slices.empty()) order.push_back(item.slices[b]);
      append_order(item.branches[b], order);
    }
    order.insert(order.end(), item.layers.begin(), item.layers.end());
  }
}

}  // namespace

Chain structure_tree(const net::Network& network, const std::string& file) {
  return TreeMaker(network, file).make();
}

std::vector<int> layer_order(const Chain& chain) {
  std::vector<int> order = {0};
  append_order(chain, order);
  return order;
}

}  // namespace atto::deploy::import
