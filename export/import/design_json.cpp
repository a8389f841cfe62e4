#include "export/import/design_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "design_specs/errors.hpp"
#include "prototypes/language/json_text.hpp"
#include "prototypes/network/shapes.hpp"

namespace atto::deploy::import {
namespace {

using net::json_integer;
using net::json_object;
using net::json_text_value;
using net::set_member;
using spec::Value;

constexpr std::size_t kMost = 64;  ///< stages, and modules of a stage

Value list() {
  return net::json_array();
}

Value number(double value) {
  Value made = json_integer(static_cast<std::int64_t>(value));
  if (value == std::floor(value)) return made;
  made.kind = spec::Kind::Number;
  made.number = value;
  return made;
}

Value boolean(bool value) {
  Value made;
  made.kind = spec::Kind::Boolean;
  made.boolean = value;
  return made;
}

Value sides(const net::Sides& of) {
  if (of.is_square()) return json_integer(of.height);
  Value pair = list();
  pair.items = {json_integer(of.height), json_integer(of.width)};
  return pair;
}

Value activation_name(net::Activation kind) {
  return json_text_value(net::kActivationNames[static_cast<std::size_t>(kind)]);
}

/// What layers are in the language.
class DesignJson {
 public:
  DesignJson(const net::Network& network, std::string file)
      : network_(network), file_(std::move(file)), shapes_(net::infer_shapes(network)) {}

  std::string text(const Chain& chain) {
    sort(chain);
    Value design = json_object(), input = json_object();
    set_member(input, "channels", json_integer(network_.input.channels));
    set_member(input, "height", json_integer(network_.input.height));
    set_member(input, "width", json_integer(network_.input.width));
    set_member(design, "format", json_integer(1));
    set_member(design, "name", json_text_value(network_.name));
    set_member(design, "input", std::move(input));
    set_member(design, "classes", json_integer(network_.classes));
    if (!stem_.empty()) set_member(design, "stem", operators(stem_, ""));
    set_member(design, "stages", stages());
    if (!head_.empty()) set_member(design, "head", operators(head_, ""));
    if (network_.outputs.size() > 1) set_member(design, "outputs", outputs());
    if (!decisions_.items.empty()) set_member(design, "decisions", std::move(decisions_));
    return net::pretty_text(design);
  }

 private:
  using Items = std::vector<Item>;

  [[noreturn]] void refuse(int layer, const std::string& rule) const {
    throw SpecError({{file_, "", "node " + of(layer).name + ": " + rule, ""}});
  }
  const net::Layer& of(int layer) const { return network_.layers[static_cast<std::size_t>(layer)]; }
  const net::Shape& shape(int layer) const { return shapes_[static_cast<std::size_t>(layer)]; }
  template <class Op>
  const Op* find(const Item& item) const {
    return item.is_body() ? nullptr : std::get_if<Op>(&of(item.layers.front()).op);
  }

  /// Whether some window of it makes maps smaller.
  bool shrinks(const Item& item) const {
    for (const Chain& branch : item.branches)
      for (const Item& inner : branch.items)
        if (shrinks(inner)) return true;
    if (const auto* conv = find<net::Conv>(item)) return conv->stride != net::Sides(1);
    if (const auto* pool = find<net::Pool>(item)) return pool->stride != net::Sides(1);
    return false;
  }
  bool begins_head(const Item& item) const {
    return find<net::Dense>(item) ||
           (find<net::GlobalAveragePool>(item) && item.layers.size() == 1);
  }

  /// Whether a further output of the network is this item's.
  bool is_output(const Item& item) const {
    return std::any_of(
        network_.outputs.begin() + 1, network_.outputs.end(),
        [&](const net::Output& output) { return output.layer == item.layers.back(); });
  }

  /// Stem: up to the first body or the second window that shrinks, or an output; head: from the
  /// first average over the whole map, or dense layer, on.
  void sort(const Chain& chain) {
    const Items& all = chain.items;
    const auto head =
        std::find_if(all.begin(), all.end(), [&](const Item& item) { return begins_head(item); });
    auto at = all.begin();
    bool has_shrunk = false;
    for (; at != head && !at->is_body() && !(has_shrunk && shrinks(*at)); ++at) {
      if (!stem_.empty() && is_output(stem_.back())) break;
      has_shrunk |= shrinks(*at);
      stem_.push_back(*at);
    }
    if (at == head && !stem_.empty()) {  // a stage must have something
      stem_.pop_back();
      --at;
    }
    for (; at != head; ++at) place(*at);
    head_.assign(head, all.end());
    if (stages_.empty()) stages_.push_back({{}});
    if (stages_.size() > kMost) merge_stages();
  }
  void place(const Item& item) {
    const bool is_new_stage =
        stages_.empty() || (shrinks(item) && has_body_or_stride(stages_.back()));
    if (is_new_stage) stages_.push_back({});
    std::vector<Items>& modules = stages_.back();
    const bool is_own = item.is_body() || modules.empty() || modules.back().back().is_body() ||
                        is_output(modules.back().back()) ||
                        (shrinks(item) && !modules.back().empty());
    if (is_own && modules.size() < kMost)
      modules.push_back({item});
    else
      modules.back().push_back(item);
  }
  static bool has_body_or_stride(const std::vector<Items>& modules) { return !modules.empty(); }
  void merge_stages() {
    std::vector<std::vector<Items>> merged(1);
    for (std::vector<Items>& stage : stages_)
      for (Items& module : stage) {
        if (merged.back().size() == kMost) merged.emplace_back();
        merged.back().push_back(std::move(module));
      }
    stages_ = std::move(merged);
  }

  Value stages() {
    Value all = list();
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      Value modules = list(), stage = json_object();
      for (std::size_t m = 0; m < stages_[s].size(); ++m)
        modules.items.push_back(module(stages_[s][m], fmt::format("stages[{}].modules[{}]", s, m)));
      set_member(stage, "modules", std::move(modules));
      all.items.push_back(std::move(stage));
    }
    return all;
  }
  /// The places that the outputs are the ends of.
  Value outputs() const {
    Value all = list();
    all.items.push_back(json_text_value("head"));
    for (std::size_t i = 1; i < network_.outputs.size(); ++i)
      all.items.push_back(json_text_value(place_that_ends(network_.outputs[i].layer)));
    return all;
  }
  std::string place_that_ends(int layer) const {
    const auto ends = [&](const Items& items) {
      return !items.empty() && items.back().layers.back() == layer;
    };
    if (ends(stem_)) return "stem";
    for (std::size_t s = 0; s < stages_.size(); ++s)
      for (std::size_t m = 0; m < stages_[s].size(); ++m)
        if (ends(stages_[s][m])) return fmt::format("stages[{}].modules[{}]", s, m);
    refuse(layer, "an output beside the scores must be what the stem or a module ends with");
  }
  Value module(const Items& items, const std::string& path) {
    if (items.size() == 1 && items[0].is_body()) return body(items[0], path);
    Value made = json_object();
    if (items.empty()) {
      Value branches = list();
      branches.items.push_back(list());
      set_member(made, "branches", std::move(branches));
    } else {
      set_member(made, "chain", operators(items, path + ".chain"));
    }
    return made;
  }
  /// `path` is empty where nothing of it can be freed.
  Value operators(const Items& items, const std::string& path) {
    Value made = list();
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string own = path.empty() ? "" : fmt::format("{}[{}]", path, i);
      made.items.push_back(items[i].is_body() ? body(items[i], own) : operation(items[i], own));
      if (!own.empty() && !items[i].is_body()) record(items, i, own);
    }
    return made;
  }
  Value body(const Item& item, const std::string& path) {
    Value made = json_object(), branches = list();
    for (std::size_t b = 0; b < item.branches.size(); ++b)
      branches.items.push_back(operators(
          item.branches[b].items, path.empty() ? "" : fmt::format("{}.branches[{}]", path, b)));
    set_member(made, "branches", std::move(branches));
    if (!item.slices.empty()) set_member(made, "split", shares(item));
    const bool is_add = std::holds_alternative<net::Add>(of(item.layers[0]).op);
    set_member(made, "join", json_text_value(is_add ? "add" : "concat"));
    if (item.layers.size() > 1)
      set_member(made, "activation", activation_name(kind_of(item.layers[1])));
    return made;
  }
  Value shares(const Item& item) const {
    Value made = list();
    for (const int layer : item.slices) {
      const auto& slice = std::get<net::Slice>(of(layer).op);
      made.items.push_back(
          number(double(slice.end - slice.begin) / shape(of(layer).inputs[0]).channels));
    }
    return made;
  }
  net::Activation kind_of(int layer) const { return std::get<net::Activate>(of(layer).op).kind; }
  net::Activation activation_of(const Item& item) const {
    const auto* last = std::get_if<net::Activate>(&of(item.layers.back()).op);
    return last ? last->kind : net::Activation::None;
  }

  Value operation(const Item& item, const std::string& path) {
    Value made = json_object();
    const int first = item.layers.front();
    if (item.layers.size() == 6) return squeeze_excite(item);
    std::visit([&](const auto& op) { write(op, item, first, made); }, of(first).op);
    (void)path;
    return made;
  }
  static void name(Value& made, const char* word) { set_member(made, "op", json_text_value(word)); }

  void write(const net::Conv& op, const Item& item, int first, Value& made) const {
    const int inputs = shape(of(first).inputs[0]).channels;
    const bool is_depthwise = op.groups == inputs && op.out_channels == inputs && inputs > 1;
    const bool is_pointwise = op.groups == 1 && op.kernel == net::Sides(1);
    name(made, is_depthwise    ? "depthwise"
               : op.groups > 1 ? "grouped"
               : is_pointwise  ? "pointwise"
                               : "conv");
    if (!is_pointwise) set_member(made, "kernel", sides(op.kernel));
    if (op.groups > 1 && !is_depthwise) set_member(made, "groups", json_integer(op.groups));
    if (op.stride != net::Sides(1)) set_member(made, "stride", sides(op.stride));
    if (!is_depthwise) set_member(made, "channels", json_integer(op.out_channels));
    if (op.dilation != 1 && !is_pointwise) set_member(made, "dilation", json_integer(op.dilation));
    if (op.padding == net::Padding::Valid && !is_pointwise)
      set_member(made, "padding", json_text_value("valid"));
    write_end(item, op.bias, made);
  }
  void write(const net::Deconv& op, const Item& item, int /*first*/, Value& made) const {
    name(made, "deconv");
    set_member(made, "kernel", json_integer(op.kernel));
    set_member(made, "channels", json_integer(op.out_channels));
    write_end(item, op.bias, made);
  }
  /// Norm, bias and activation.
  void write_end(const Item& item, bool has_bias, Value& made) const {
    const bool has_norm =
        item.layers.size() > 1 && std::holds_alternative<net::BatchNorm>(of(item.layers[1]).op);
    if (!has_norm) set_member(made, "norm", boolean(false));
    if (has_bias == has_norm) set_member(made, "bias", boolean(has_bias));
    set_member(made, "activation", activation_name(activation_of(item)));
  }
  void write(const net::Pool& op, const Item& /*item*/, int /*first*/, Value& made) const {
    name(made, op.kind == net::Pool::Kind::Max ? "max_pool" : "average_pool");
    set_member(made, "kernel", sides(op.kernel));
    set_member(made, "stride", sides(op.stride));
    if (op.padding == net::Padding::Valid) set_member(made, "padding", json_text_value("valid"));
  }
  /// The last one follows the classes of a task.
  void write(const net::Dense& op, const Item& item, int first, Value& made) const {
    name(made, "dense");
    const bool is_last = first == network_.outputs[0].layer;
    if (!is_last) set_member(made, "channels", json_integer(op.out_features));
    if (item.layers.size() > 1)
      set_member(made, "activation", activation_name(activation_of(item)));
  }
  void write(const net::BatchNorm& /*op*/, const Item& item, int /*first*/, Value& made) const {
    name(made, "batch_norm");
    if (item.layers.size() > 1)
      set_member(made, "activation", activation_name(activation_of(item)));
  }
  void write(const net::Activate& op, const Item& /*item*/, int /*first*/, Value& made) const {
    name(made, "activation");
    set_member(made, "activation", activation_name(op.kind));
  }
  void write(const net::Shuffle& op, const Item& /*item*/, int /*first*/, Value& made) const {
    name(made, "channel_shuffle");
    set_member(made, "groups", json_integer(op.groups));
  }
  void write(const net::Upsample& op, const Item& /*item*/, int /*first*/, Value& made) const {
    name(made, "upsample");
    set_member(made, "factor", json_integer(op.factor));
    set_member(made, "mode",
               json_text_value(net::kUpsampleModeNames[static_cast<std::size_t>(op.mode)]));
  }
  void write(const net::GlobalAveragePool& /*op*/, const Item& /*i*/, int /*f*/,
             Value& made) const {
    name(made, "global_average_pool");
  }
  void write(const net::LayerScale& /*op*/, const Item& /*i*/, int /*f*/, Value& made) const {
    name(made, "layer_scale");
  }
  void write(const net::Softmax& /*op*/, const Item& /*i*/, int /*f*/, Value& made) const {
    name(made, "softmax");
  }
  template <class Other>
  void write(const Other& /*op*/, const Item& /*item*/, int first, Value& /*made*/) const {
    refuse(first, fmt::format("the language has no {} here", Other::kIdentity.name));
  }
  Value squeeze_excite(const Item& item) const {
    Value made = json_object();
    name(made, "squeeze_excite");
    set_member(made, "channels", json_integer(shape(item.layers[1]).channels));
    set_member(made, "activation", activation_name(kind_of(item.layers[2])));
    set_member(made, "gate", activation_name(kind_of(item.layers[4])));
    return made;
  }

  /// Records what may be freed of an operator of a stage.
  void record(const Items& items, std::size_t i, const std::string& path) {
    const auto* conv = find<net::Conv>(items[i]);
    if (!conv) return;
    const int side = conv->kernel.height;
    if (conv->kernel.is_square() && conv->dilation == 1 && conv->padding == net::Padding::Same &&
        (side == 3 || side == 5 || side == 7)) {
      Value hole = json_object(), choices = list();
      for (const int choice : {3, 5, 7}) choices.items.push_back(json_integer(choice));
      set_member(hole, "choose", std::move(choices));
      add_decision(path + ".kernel", side, std::move(hole));
    }
    if (conv->groups == 1 && is_inner(items, i)) {
      const int width = conv->out_channels;
      const int step = width % 8 == 0 ? 8 : width % 4 == 0 ? 4 : width % 2 == 0 ? 2 : 1;
      const int low = std::max(step, width / 2 / step * step), high = std::min(2 * width, 1 << 16);
      Value hole = json_object(), ends = list();
      ends.items = {json_integer(low), json_integer(low + (high - low) / step * step)};
      set_member(hole, "range", std::move(ends));
      set_member(hole, "step", json_integer(step));
      add_decision(path + ".channels", width, std::move(hole));
    }
  }
  /// Whether any width will do: another convolution of one group makes the width that leaves, and
  /// only what takes every width stands between.
  bool is_inner(const Items& items, std::size_t i) const {
    for (std::size_t next = i + 1; next < items.size(); ++next) {
      if (items[next].is_body()) return false;
      const auto* conv = find<net::Conv>(items[next]);
      if (!conv) {
        if (find<net::Shuffle>(items[next])) return false;
        continue;
      }
      if (conv->groups == 1) return true;
      const int inputs = shape(of(items[next].layers.front()).inputs[0]).channels;
      if (conv->groups != inputs || conv->out_channels != inputs) return false;
    }
    return false;
  }
  void add_decision(const std::string& path, int value, Value hole) {
    Value record = json_object();
    set_member(record, "path", json_text_value(path));
    set_member(record, "value", json_integer(value));
    set_member(record, "by", json_text_value("human"));
    set_member(record, "hole", std::move(hole));
    decisions_.items.push_back(std::move(record));
  }

  const net::Network& network_;
  std::string file_;
  std::vector<net::Shape> shapes_;
  Items stem_, head_;
  std::vector<std::vector<Items>> stages_;
  Value decisions_ = net::json_array();
};

}  // namespace

std::string design_json(const net::Network& network, const Chain& chain, const std::string& file) {
  return DesignJson(network, file).text(chain);
}

}  // namespace atto::deploy::import
