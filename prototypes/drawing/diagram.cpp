#include "prototypes/drawing/diagram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "prototypes/network/costs.hpp"
#include "prototypes/network/dot.hpp"

namespace atto::net {
namespace {

/// The place of a layer: its name without the last part, "stages[0].modules[2].chain[1]".
std::string place_of(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? name : name.substr(0, dot);
}

/// The card that a place lies in: "stages[0].modules[2]", "stem", "head".
std::string card_of(const std::string& place) {
  if (place.starts_with("stages[")) {
    const std::size_t module = place.find(".modules[");
    if (module != std::string::npos) return place.substr(0, place.find(']', module) + 1);
  }
  return place.substr(0, place.find_first_of("[."));
}

std::string stage_of(const std::string& card) {
  return card.starts_with("stages[") ? card.substr(0, card.find(']') + 1) : "";
}

/// A path without the alternatives that it runs through: "chain#0[1].kernel" is "chain[1].kernel".
std::string plain_path(const std::string& path) {
  std::string plain;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '#') {
      plain += path[i];
      continue;
    }
    while (i + 1 < path.size() && path[i + 1] >= '0' && path[i + 1] <= '9') ++i;
  }
  return plain;
}

bool joins(const Op& op) {
  return std::holds_alternative<Add>(op) || std::holds_alternative<Concat>(op);
}

std::string conv_title(const Conv& conv, int in_channels) {
  const std::string kernel = fmt::format("{}x{}", conv.kernel.height, conv.kernel.width);
  std::string title;
  if (conv.groups > 1 && conv.groups == in_channels && conv.groups == conv.out_channels)
    title = "depthwise " + kernel;
  else if (conv.groups > 1)
    title = "grouped " + kernel;
  else if (conv.kernel == Sides(1))
    title = "pointwise";
  else
    title = "conv " + kernel;
  if (conv.dilation > 1) title += fmt::format(" dilated {}", conv.dilation);
  if (conv.stride != Sides(1)) title += " /" + sides_text(conv.stride);
  if (conv.padding == Padding::Valid) title += " valid";
  return title;
}

/// Layers [first, last) of one place, as one block.
class BlockMaker {
 public:
  BlockMaker(const Network& network, const std::vector<LayerCosts>& costs)
      : network_(network), costs_(costs) {}

  DrawnBlock make(int first, int last) const {
    DrawnBlock block;
    block.place = place_of(layer(first).name);
    block.shape = costs_[static_cast<std::size_t>(last - 1)].shape;
    bool has_scale = false;
    std::string activations;
    int widest = 0, groups = 1;
    for (int i = first; i < last; ++i) {
      const Op& op = layer(i).op;
      block.params += costs_[static_cast<std::size_t>(i)].params;
      block.macs += costs_[static_cast<std::size_t>(i)].macs;
      has_scale |= std::holds_alternative<Multiply>(op);
      if (std::holds_alternative<Activate>(op)) activations += ", " + op_text(op);
      if (const auto* conv = std::get_if<Conv>(&op)) {
        if (widest == 0) widest = conv->out_channels;
        groups = std::max(groups, conv->groups);
      }
    }
    if (has_scale && last - first > 2) {
      block.title = "squeeze-excite";
      block.detail = fmt::format("{} wide{}", widest, activations);
      return block;
    }
    block.title = title_of(first);
    block.detail = fmt::format("{} channels", block.shape.channels);
    if (groups > 1 && block.title.starts_with("grouped"))
      block.detail += fmt::format(", {} groups", groups);
    block.detail += activations;
    return block;
  }

 private:
  const Layer& layer(int index) const { return network_.layers[static_cast<std::size_t>(index)]; }

  std::string title_of(int index) const {
    const Op& op = layer(index).op;
    if (const auto* conv = std::get_if<Conv>(&op)) {
      const int input = layer(index).inputs.at(0);
      return conv_title(*conv, costs_[static_cast<std::size_t>(input)].shape.channels);
    }
    if (std::holds_alternative<GlobalAveragePool>(op)) return "average of all";
    if (const auto* deconv = std::get_if<Deconv>(&op))
      return op_text(Deconv{deconv->out_channels, deconv->kernel, false});
    return op_text(op);
  }

  const Network& network_;
  const std::vector<LayerCosts>& costs_;
};

/// Gives each block of a card a rank below all that it reads, and a free column.
void arrange(std::vector<DrawnBlock>& blocks) {
  std::set<std::pair<int, int>> taken;
  for (DrawnBlock& block : blocks) {
    for (const int input : block.inputs)
      block.rank = std::max(block.rank, blocks[static_cast<std::size_t>(input)].rank + 1);
    if (!block.inputs.empty())
      block.column = blocks[static_cast<std::size_t>(block.inputs.front())].column;
    while (taken.contains({block.rank, block.column})) ++block.column;
    taken.insert({block.rank, block.column});
  }
}

SettledBy settled_by(const DrawnDecisions& decisions) {
  if (decisions.empty()) return SettledBy::Text;
  const bool by_people = std::any_of(decisions.begin(), decisions.end(),
                                     [](const Provenance& one) { return one.by == By::Human; });
  return by_people ? SettledBy::Person : SettledBy::Machine;
}

/// Whether two cards look the same, so that one stands for both.
bool same_look(const DrawnCard& one, const DrawnCard& other) {
  return one.stage == other.stage && one.by == other.by && one.far_readers.empty() &&
         other.far_readers.empty() &&
         std::equal(one.blocks.begin(), one.blocks.end(), other.blocks.begin(), other.blocks.end(),
                    [](const DrawnBlock& a, const DrawnBlock& b) {
                      return a.title == b.title && a.detail == b.detail && a.shape == b.shape &&
                             a.params == b.params && a.inputs == b.inputs && a.by == b.by &&
                             a.reads_card == b.reads_card && a.from_afar.empty() &&
                             b.from_afar.empty();
                    });
}

class DiagramMaker {
 public:
  explicit DiagramMaker(const Network& network)
      : network_(network), costs_(layer_costs(network)), blocks_(network, costs_) {
    diagram_.name = network.name;
    diagram_.input = network.input;
    diagram_.classes = network.classes;
  }

  Diagram make(const DrawnDecisions& decisions) {
    for (int first = 1; first < int(network_.layers.size());) {
      const int last = end_of_block(first);
      add(first, last);
      first = last;
    }
    for (DrawnCard& card : diagram_.cards) arrange(card.blocks);
    for (const DrawnDecision& decision : decisions) settle(decision);
    finish();
    return std::move(diagram_);
  }

 private:
  struct Spot {
    int card = -1, block = -1;
  };

  const Layer& layer(int index) const { return network_.layers[static_cast<std::size_t>(index)]; }

  /// Layers of one place that follow each other; a join begins a block.
  int end_of_block(int first) const {
    const std::string place = place_of(layer(first).name);
    int last = first + 1;
    while (last < int(network_.layers.size()) && place_of(layer(last).name) == place &&
           !joins(layer(last).op))
      ++last;
    return last;
  }

  void add(int first, int last) {
    DrawnBlock block = blocks_.make(first, last);
    const std::string name = card_of(block.place);
    if (diagram_.cards.empty() || names_.back() != name) {
      const std::string stage = stage_of(name);
      diagram_.cards.push_back({stage.empty() ? name : name.substr(stage.size() + 1),
                                stage,
                                1,
                                {},
                                0,
                                0,
                                {},
                                SettledBy::Text});
      names_.push_back(name);
    }
    DrawnCard& card = diagram_.cards.back();
    const int number = int(diagram_.cards.size()) - 1;
    std::set<int> seen;
    for (int i = first; i < last; ++i)
      for (const int input : layer(i).inputs)
        if (input < first && seen.insert(input).second) connect(block, spot_of(input), number);
    card.params += block.params, card.macs += block.macs;
    for (int i = first; i < last; ++i) spots_[i] = {number, int(card.blocks.size())};
    card.blocks.push_back(std::move(block));
  }

  Spot spot_of(int index) const {
    const auto found = spots_.find(index);
    return found == spots_.end() ? Spot{} : found->second;
  }

  void connect(DrawnBlock& block, const Spot& from, int card) {
    if (from.card == card) {
      if (std::find(block.inputs.begin(), block.inputs.end(), from.block) == block.inputs.end())
        block.inputs.push_back(from.block);
    } else if (from.card >= card - 1) {
      block.reads_card = true;
    } else {
      block.from_afar.push_back(from.card < 0 ? "input" : names_[std::size_t(from.card)]);
      if (from.card < 0) return;
      auto& readers = diagram_.cards[std::size_t(from.card)].far_readers;
      const std::string& reader = names_[std::size_t(card)];
      if (readers.empty() || readers.back() != reader) readers.push_back(reader);
    }
  }

  /// Gives a decision to the block, card or stage that it settles.
  void settle(const DrawnDecision& decision) {
    const std::string path = plain_path(decision.path);
    for (std::size_t i = 0; i < diagram_.cards.size(); ++i) {
      if (!path.starts_with(names_[i] + ".") && !path.starts_with(names_[i] + "[")) continue;
      DrawnCard& card = diagram_.cards[i];
      DrawnBlock* nearest = nullptr;  // bodies inside of chains lie around other blocks
      for (DrawnBlock& one : card.blocks)
        if (one.place != names_[i] && path.starts_with(one.place + ".") &&
            (nearest == nullptr || one.place.size() > nearest->place.size()))
          nearest = &one;
      (nearest == nullptr ? card.decisions : nearest->decisions).push_back(decision);
      return;
    }
    const std::string place = stage_of(path);
    if (place.empty()) return;
    auto stage = std::find_if(diagram_.stages.begin(), diagram_.stages.end(),
                              [&](const DrawnStage& one) { return one.place == place; });
    if (stage == diagram_.stages.end())
      stage = diagram_.stages.insert(stage, DrawnStage{place, {}, SettledBy::Text});
    stage->decisions.push_back(decision);
  }

  void finish() {
    std::vector<DrawnCard> cards;
    for (DrawnCard& card : diagram_.cards) {
      card.by = settled_by(card.decisions);
      for (DrawnBlock& block : card.blocks) block.by = settled_by(block.decisions);
      diagram_.params += card.params, diagram_.macs += card.macs;
      if (!cards.empty() && !card.stage.empty() && same_look(cards.back(), card)) {
        DrawnCard& first = cards.back();
        ++first.count, first.params += card.params, first.macs += card.macs;
        const std::string from = first.title.substr(0, first.title.find_first_of(".]"));
        first.title = fmt::format("{}..{}", from, card.title.substr(card.title.find('[') + 1));
        continue;
      }
      cards.push_back(std::move(card));
    }
    diagram_.cards = std::move(cards);
    for (DrawnStage& stage : diagram_.stages) stage.by = settled_by(stage.decisions);
  }

  const Network& network_;
  std::vector<LayerCosts> costs_;
  BlockMaker blocks_;
  Diagram diagram_;
  std::vector<std::string> names_;  ///< of the cards, in full
  std::map<int, Spot> spots_;       ///< where a layer lies
};

}  // namespace

DrawnDecisions recorded(std::vector<Provenance> decisions) {
  DrawnDecisions drawn;
  for (Provenance& one : decisions) drawn.push_back({std::move(one)});
  return drawn;
}

Diagram diagram_of(const Network& network, const DrawnDecisions& decisions) {
  return DiagramMaker(network).make(decisions);
}

}  // namespace atto::net
