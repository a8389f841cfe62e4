#pragma once
// The steps of a network while they are being made: their tensors and weights, and where the values
// of every node lie.

#include <string>
#include <vector>

#include "export/lowering/lanes.hpp"
#include "export/lowering/lower.hpp"
#include "export/lowering/pack.hpp"
#include "export/lowering/pack_int8.hpp"

namespace atto::deploy {

inline std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}
inline format::Activation plain(net::Activation activation) {
  return static_cast<format::Activation>(activation);
}

/// A node's values: lanes of a tensor.
struct Value {
  std::uint32_t tensor = 0;
  Lanes lanes;
};

class StepList {
 public:
  StepList(const FusedNetwork& network, const LoweringOptions& options);

 protected:
  const FusedNode& this_node() const { return network_.nodes[at(index_)]; }
  bool is_int8() const { return quantisation_ != nullptr; }
  bool is_same_int8(int a, int b) const;
  Int8Layer int8_layer(int node) const;
  Int8Layer int8_layer(int node, const WeightQuantisation& weights) const;

  /// What the current node's activation makes of its input's bytes.
  std::uint64_t add_table();
  format::Parameters add_int8(const PackedInt8& packed);
  /// Weights [..][depth][16], as floats or as pairs of bf16.
  format::Parameters add_floats(const std::vector<float>& weights, int depth, bool is_bf16,
                                const std::vector<float>& bias);

  std::uint32_t tensor(int node, const Lanes& lanes);
  /// A step that makes the current node's tensor.
  format::Step step(format::StepKind kind, std::vector<std::uint32_t> inputs);
  void add(format::Step made) { file_.program.steps.push_back(std::move(made)); }

  /// The node's values in the lanes that a reader wants; copied where they are not.
  Value arranged(int node, const Lanes& lanes);
  /// `sources` empty: channel c is channel c of the only input.
  format::Step gather_step(std::vector<std::uint32_t> inputs, const Lanes& lanes,
                           const std::vector<Lanes>& input_lanes,
                           const std::vector<ChannelSource>& sources, std::uint32_t output,
                           std::string name) const;
  void add_gather(const std::vector<int>& from, const std::vector<ChannelSource>& sources);

  const FusedNetwork& network_;
  const Quantisation* quantisation_;  ///< null for floats
  Precision precision_;
  std::vector<Lanes> lanes_;   ///< by node
  std::vector<Value> values_;  ///< by node
  int index_ = 0;              ///< the current node
  format::ModelFile file_;
  WeightSection weights_;
};

}  // namespace atto::deploy
