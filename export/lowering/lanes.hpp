#pragma once
// Which channel each lane of a tensor holds. Convolutions with small groups want their groups
// interleaved; steps that work lane by lane want the same order on all sides; everything else takes
// what it gets, because its weights are packed to fit.

#include <cstdint>
#include <vector>

#include "export/format/program.hpp"
#include "export/lowering/fused_network.hpp"
#include "export/lowering/quantisation.hpp"

namespace atto::deploy {

/// Channel by lane, -1 for none; whole blocks of 16.
using Lanes = std::vector<std::int32_t>;

Lanes identity_lanes(int channels);
/// Returns the lane of every channel.
std::vector<std::int32_t> lane_of_channel(const Lanes& lanes, int channels);

/// How a convolution of groups, `in_each` channels to `out_each`, reads and writes. As many groups
/// are interleaved as make the fewest blocks of outputs. In int8 groups that read more than a block
/// are where that makes at least a third fewer; in bf16, where interleaved groups stay float
/// (bf16.hpp), what two of them read fits one block.
struct GroupLayout {
  format::Wiring wiring;
  Lanes in, out;
};
GroupLayout group_layout(int groups, int in_each, int out_each, Precision precision);

/// A convolution whose output channel c reads input channel c alone.
bool is_depthwise(const FusedNetwork& network, const FusedNode& node);
/// A convolution that reads and writes as group_layout says.
bool is_grouped(const FusedNetwork& network, const FusedNode& node);
/// That of a node; bf16 interleaves as floats do where it has kernels for that.
GroupLayout group_layout(const FusedNetwork& network, const FusedNode& node, Precision precision);

/// Returns what the lanes of a one-input FusedChannels hold when it only renames the lanes of its
/// input, or nothing when it drops or repeats channels.
Lanes renamed(const FusedChannels& moves, const Lanes& input);

/// Chooses the lanes of every node's tensor. Where the wishes of several grouped convolutions
/// differ, the most frequent wins; the others get copies. Where no reader minds,
/// moved channels keep the order of their sources.
std::vector<Lanes> choose_lanes(const FusedNetwork& network, Precision precision);

}  // namespace atto::deploy
