// What moves values: channels, enlarged maps.
#include <string>

#include "export/tflite/layers.hpp"

namespace atto::deploy::tflite {
namespace {

/// Channels that stand beside each other in one input, as in the output.
struct Run {
  int input = 0, first = 0, count = 0;
};

std::vector<Run> runs_of(const FusedChannels& op) {
  std::vector<Run> runs;
  for (const ChannelSource& source : op.sources) {
    if (!runs.empty() && runs.back().input == source.input &&
        runs.back().first + runs.back().count == source.channel)
      ++runs.back().count;
    else
      runs.push_back({source.input, source.channel, 1});
  }
  return runs;
}

/// The groups of a shuffle of all channels of one input; 0 where it is none.
int groups_of(const FusedChannels& op, int channels) {
  if (static_cast<int>(op.sources.size()) != channels || channels < 2) return 0;
  const int each = op.sources[1].channel;
  if (each < 1 || channels % each != 0) return 0;
  const int groups = channels / each;
  for (int c = 0; c < channels; ++c)
    if (op.sources[static_cast<std::size_t>(c)] != ChannelSource{0, c % groups * each + c / groups})
      return 0;
  return groups;
}

class ChannelWriter {
 public:
  ChannelWriter(const Site& site, const FusedChannels& op) : site_(site), op_(op) {
    for (std::size_t i = 0; i < site.inputs.size(); ++i)
      inputs_.push_back(in_parameters(site.inputs[i], i));
  }

  int write() const {
    const std::vector<Run> runs = runs_of(op_);
    const bool is_short = runs.size() <= 2 * inputs_.size();
    if (is_short) return joined_runs(runs);
    if (inputs_.size() == 1)
      if (const int groups = groups_of(op_, site_.from[0].channels)) return shuffled(groups);
    return gathered();
  }

 private:
  /// A tensor in the node's parameters.
  int in_parameters(int tensor, std::size_t i) const {
    if (!site_.is_int8()) return tensor;
    const TensorQuantisation of = *parameters_of(site_.graph[tensor]);
    const TensorQuantisation& to = *site_.parameters;
    if (of.scale == to.scale && of.zero_point == to.zero_point) return tensor;
    return site_.make(Op::Quantize, "/part" + std::to_string(i), {tensor},
                      site_.graph.dims(tensor));
  }

  Dims dims(int channels) const {
    return {1, site_.node.shape.height, site_.node.shape.width, channels};
  }
  int concatenated(const std::vector<int>& parts, const std::string& part, int channels) const {
    Options options;
    options.axis = 3;
    return site_.make(Op::Concatenation, part, parts, dims(channels), options);
  }

  int joined_runs(const std::vector<Run>& runs) const {
    std::vector<int> parts;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const Run& run = runs[i];
      const auto from = static_cast<std::size_t>(run.input);
      const std::string part = runs.size() == 1 ? "" : "/slice" + std::to_string(i);
      const std::string name = site_.node.name + part;
      if (run.count == site_.from[from].channels)
        parts.push_back(inputs_[from]);
      else
        parts.push_back(site_.make(
            Op::Slice, part,
            {inputs_[from], site_.graph.integers(name + ".begin", {4}, {0, 0, 0, run.first}),
             site_.graph.integers(name + ".size", {4}, dims(run.count))},
            dims(run.count)));
    }
    return parts.size() == 1 ? parts[0] : concatenated(parts, "", site_.node.shape.channels);
  }

  /// Channels [groups, each] become [each, groups].
  int shuffled(int groups) const {
    const net::Shape& shape = site_.node.shape;
    const int pixels = shape.height * shape.width, each = shape.channels / groups;
    const int split = reshaped(site_, inputs_[0], "/groups", {pixels, groups, each});
    const int turn = site_.graph.integers(site_.node.name + "/turn", {3}, {0, 2, 1});
    const int turned = site_.make(Op::Transpose, "/turned", {split, turn}, {pixels, each, groups});
    return reshaped(site_, turned, "", site_.dims());
  }

  int gathered() const {
    std::vector<int> first = {0}, places;
    for (const net::Shape& shape : site_.from) first.push_back(first.back() + shape.channels);
    for (const ChannelSource& source : op_.sources)
      places.push_back(first[static_cast<std::size_t>(source.input)] + source.channel);
    const int joined =
        inputs_.size() == 1 ? inputs_[0] : concatenated(inputs_, "/joined", first.back());
    Options options;
    options.axis = 3;
    const int indices = site_.graph.integers(site_.node.name + "/channels",
                                             {static_cast<int>(places.size())}, places);
    return site_.make(Op::Gather, "", {joined, indices}, site_.dims(), options);
  }

  const Site& site_;
  const FusedChannels& op_;
  std::vector<int> inputs_;
};

}  // namespace

int write(const Site& site, const FusedChannels& op) {
  return ChannelWriter(site, op).write();
}

int write(const Site& site, const net::Upsample& op) {
  const int size = site.graph.integers(site.node.name + "/size", {2},
                                       {site.node.shape.height, site.node.shape.width});
  return site.make(
      op.mode == net::Upsample::Mode::Bilinear ? Op::ResizeBilinear : Op::ResizeNearest, "",
      {site.inputs[0], size}, site.dims());
}

}  // namespace atto::deploy::tflite
