#include "export/lowering/lanes.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "export/lowering/bf16.hpp"

namespace atto::deploy {
namespace {

using format::kLanes;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

int blocks_for(int channels) {
  return (channels + kLanes - 1) / kLanes;
}

/// Whole blocks for every `interleave` groups, which lie in them channel by channel.
Lanes interleaved(int groups, int each, int interleave) {
  Lanes lanes;
  const int width = blocks_for(each * interleave) * kLanes;
  for (int first = 0; first < groups; first += interleave)
    for (int lane = 0; lane < width; ++lane) {
      const int group = first + lane % interleave, channel = lane / interleave;
      lanes.push_back(group < groups && channel < each ? group * each + channel : -1);
    }
  return lanes;
}

/// Works lane by lane: its output has the order of its inputs.
bool keeps_lanes(const FusedNetwork& network, const FusedNode& node) {
  const bool mixes =
      std::holds_alternative<FusedInput>(node.op) || std::holds_alternative<FusedConv>(node.op) ||
      std::holds_alternative<FusedDense>(node.op) || std::holds_alternative<FusedChannels>(node.op);
  return !mixes || is_depthwise(network, node);
}

/// Sets of nodes that must agree.
class Classes {
 public:
  explicit Classes(std::size_t nodes) : parent_(nodes) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }
  int find(int node) {
    while (parent_[at(node)] != node) node = parent_[at(node)] = parent_[at(parent_[at(node)])];
    return node;
  }
  void join(int a, int b) { parent_[at(find(a))] = find(b); }

 private:
  std::vector<int> parent_;
};

Classes classes_of(const FusedNetwork& network) {
  Classes classes(network.nodes.size());
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const FusedNode& node = network.nodes[i];
    if (node.residual >= 0) classes.join(static_cast<int>(i), node.residual);
    if (!keeps_lanes(network, node)) continue;
    for (const int input : node.inputs) classes.join(static_cast<int>(i), input);
  }
  return classes;
}

const Lanes& most_frequent(const std::map<Lanes, int>& wishes) {
  return std::max_element(wishes.begin(), wishes.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

/// The lanes of moved channels in the order in which they lie before, so that the moves are of
/// whole runs of lanes. Channels that are only renamed may stay where they are, padding and all,
/// when nobody else has to follow.
Lanes kept_together(const FusedNetwork& network, const FusedNode& node,
                    const std::vector<Lanes>& lanes, bool is_alone) {
  const auto& moves = std::get<FusedChannels>(node.op);
  if (node.inputs.size() == 1 && is_alone) {
    Lanes same = renamed(moves, lanes[at(node.inputs[0])]);
    if (!same.empty()) return same;
  }
  std::vector<std::vector<std::int32_t>> lane_of;
  for (const int input : node.inputs)
    lane_of.push_back(lane_of_channel(lanes[at(input)], network.nodes[at(input)].shape.channels));
  const auto place = [&](std::int32_t channel) {
    const ChannelSource& from = moves.sources[at(channel)];
    return std::pair(from.input, lane_of[at(from.input)][at(from.channel)]);
  };
  Lanes order = identity_lanes(node.shape.channels);
  std::stable_sort(order.begin(), order.begin() + node.shape.channels,
                   [&](std::int32_t a, std::int32_t b) { return place(a) < place(b); });
  return order;
}

int channels_of_group(const FusedNetwork& network, const FusedNode& node) {
  return network.nodes[at(node.inputs[0])].shape.channels / std::get<FusedConv>(node.op).groups;
}

/// Whether interleaved groups multiply in bf16: there are kernels for their window, and the
/// products outweigh the rounding of what they read.
bool multiplies_interleaved_bf16(const FusedNetwork& network, const FusedNode& node) {
  const FusedConv& conv = std::get<FusedConv>(node.op);
  if (conv.dilation != 1) return false;
  const int channels = channels_of_group(network, node), width = conv.kernel.width;
  if (conv.stride.width == 1) return (width == 3 || width == 5) && channels >= 2;
  return conv.stride.width == 2 && width == 3 && channels >= 6;
}

}  // namespace

Lanes identity_lanes(int channels) {
  Lanes lanes(at(blocks_for(channels) * kLanes), -1);
  std::iota(lanes.begin(), lanes.begin() + channels, 0);
  return lanes;
}

std::vector<std::int32_t> lane_of_channel(const Lanes& lanes, int channels) {
  std::vector<std::int32_t> lane(at(channels), -1);
  for (std::size_t l = 0; l < lanes.size(); ++l)
    if (lanes[l] >= 0) lane[at(lanes[l])] = static_cast<std::int32_t>(l);
  return lane;
}

GroupLayout group_layout(int groups, int in_each, int out_each, Precision precision) {
  const auto narrow = [&](int interleave) { return interleave * in_each <= kLanes; };
  // Of wide groups of bytes every product takes a load, or a shuffle.
  const auto wide_pays = [&](int interleave, std::size_t lanes, std::size_t than) {
    if (precision == Precision::I8) return interleave < 8 && 3 * lanes <= 2 * than;
    return (precision == Precision::F32 || narrow(2)) && lanes < than;
  };
  int best = 1;
  std::size_t fewest = interleaved(groups, out_each, 1).size();
  for (const int interleave : {2, 4, 8}) {
    const std::size_t lanes = interleaved(groups, out_each, interleave).size();
    const bool pays = narrow(interleave) ? lanes <= fewest : wide_pays(interleave, lanes, fewest);
    if (!pays) continue;
    best = interleave;
    fewest = lanes;
  }
  const int in_blocks = blocks_for(in_each * best);
  return {{(groups + best - 1) / best, in_blocks, blocks_for(out_each * best),
           in_each - (in_blocks - 1) * kLanes / best, best},
          interleaved(groups, in_each, best),
          interleaved(groups, out_each, best)};
}

bool is_depthwise(const FusedNetwork& network, const FusedNode& node) {
  const auto* conv = std::get_if<FusedConv>(&node.op);
  return conv != nullptr && conv->groups == node.shape.channels &&
         conv->groups == network.nodes[at(node.inputs[0])].shape.channels;
}

bool is_grouped(const FusedNetwork& network, const FusedNode& node) {
  const auto* conv = std::get_if<FusedConv>(&node.op);
  return conv != nullptr && conv->groups > 1 && !is_depthwise(network, node);
}

GroupLayout group_layout(const FusedNetwork& network, const FusedNode& node, Precision precision) {
  const int groups = std::get<FusedConv>(node.op).groups;
  const bool as_floats = precision == Precision::Bf16 && multiplies_interleaved_bf16(network, node);
  return group_layout(groups, channels_of_group(network, node), node.shape.channels / groups,
                      as_floats ? Precision::F32 : precision);
}

bool multiplies_in_bf16(const FusedNetwork& network, const FusedNode& node) {
  if (std::holds_alternative<FusedDense>(node.op)) return true;
  if (!std::holds_alternative<FusedConv>(node.op)) return false;
  if (!is_grouped(network, node)) return !is_depthwise(network, node);
  return multiplies_interleaved_bf16(network, node) ||
         group_layout(network, node, Precision::Bf16).wiring.interleave == 1;
}

Lanes renamed(const FusedChannels& moves, const Lanes& input) {
  std::map<std::int32_t, std::int32_t> name;
  for (std::size_t c = 0; c < moves.sources.size(); ++c) {
    if (moves.sources[c].input != 0) return {};
    if (!name.emplace(moves.sources[c].channel, static_cast<std::int32_t>(c)).second) return {};
  }
  Lanes lanes = input;
  for (std::int32_t& channel : lanes) {
    if (channel < 0) continue;
    const auto found = name.find(channel);
    if (found == name.end()) return {};
    channel = found->second;
  }
  return lanes;
}

std::vector<Lanes> choose_lanes(const FusedNetwork& network, Precision precision) {
  Classes classes = classes_of(network);
  std::map<int, std::map<Lanes, int>> wishes;  // by class: how many want it
  std::vector<int> members(network.nodes.size());
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const FusedNode& node = network.nodes[i];
    ++members[at(classes.find(static_cast<int>(i)))];
    if (!is_grouped(network, node)) continue;
    GroupLayout layout = group_layout(network, node, precision);
    ++wishes[classes.find(node.inputs[0])][std::move(layout.in)];
    ++wishes[classes.find(static_cast<int>(i))][std::move(layout.out)];
  }
  std::vector<Lanes> lanes(network.nodes.size());
  std::map<int, Lanes> chosen;  // by class, when its first member comes
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const FusedNode& node = network.nodes[i];
    const int of = classes.find(static_cast<int>(i));
    Lanes& choice = chosen[of];
    if (choice.empty()) {
      const auto wish = wishes.find(of);
      if (wish != wishes.end())
        choice = most_frequent(wish->second);
      else if (std::holds_alternative<FusedChannels>(node.op))
        choice = kept_together(network, node, lanes, members[at(of)] == 1);
      else
        choice = identity_lanes(node.shape.channels);
    }
    lanes[i] = choice;
  }
  return lanes;
}

}  // namespace atto::deploy
