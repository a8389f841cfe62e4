#include "export/quantisation/ranges.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace atto::deploy {
namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

/// The nearest whole number, of halves the even one, as nearbyint() gives it, which is a call; what
/// is beyond 2^51 stays beyond every place of a tensor.
double nearest(double value) {
  constexpr double kWhole = 0x1.8p52;
  return value + kWhole - kWhole;
}

TensorQuantisation percentile_range(const Observation& seen) {
  constexpr double kCut = 1e-4;
  std::vector<float> sorted = seen.samples;
  const auto cut = static_cast<std::ptrdiff_t>(kCut * static_cast<double>(sorted.size()));
  const auto low = sorted.begin() + cut, high = sorted.end() - 1 - cut;
  std::nth_element(sorted.begin(), low, sorted.end());
  const double lowest = *low;
  std::nth_element(sorted.begin(), high, sorted.end());
  return span_range(lowest, *high);
}

/// Stops where the sum is no longer below `least`: most ranges are far from the best one.
double squared_error(const Observation& seen, const TensorQuantisation& tensor, double least) {
  constexpr std::size_t kBlock = 256;
  double sum = 0;
  for (std::size_t begin = 0; begin < seen.samples.size() && sum < least; begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, seen.samples.size());
    for (std::size_t s = begin; s < end; ++s) {
      const double error = quantised(seen.samples[s], tensor) - seen.samples[s];
      sum += error * error;
    }
  }
  return sum;
}

double weighted_error(const Observation& seen, const TensorQuantisation& tensor,
                      std::span<const double> weights) {
  double sum = 0;
  for (std::size_t s = 0; s < seen.samples.size(); ++s) {
    const double error = quantised(seen.samples[s], tensor) - seen.samples[s];
    sum += weights[seen.channel_of(s)] * error * error;
  }
  return sum;
}

TensorQuantisation mse_range(const Observation& seen) {
  constexpr int kSteps = 40;
  TensorQuantisation best = span_range(seen.low, seen.high);
  double least = squared_error(seen, best, std::numeric_limits<double>::infinity());
  for (int step = 1; step < kSteps; ++step) {
    const double share = 1 - 0.02 * step;
    const TensorQuantisation tensor = span_range(seen.low * share, seen.high * share);
    const double error = squared_error(seen, tensor, least);
    if (error < least) {
      least = error;
      best = tensor;
    }
  }
  return best;
}

/// What the readers of `node` say of its input `i`, handed on to `weights` of that input.
void hand_on(const FusedNode& node, std::size_t i, const std::vector<double>& own,
             std::vector<double>& weights) {
  if (const auto* conv = std::get_if<FusedConv>(&node.op)) {
    const std::size_t groups = at(conv->groups), group_in = weights.size() / groups;
    const std::size_t taps = at(conv->kernel.height * conv->kernel.width);
    const std::size_t group_out = conv->bias.size() / groups;
    for (std::size_t w = 0; w < conv->weights.size(); ++w)
      weights[w / taps / group_in / group_out * group_in + w / taps % group_in] +=
          double{conv->weights[w]} * conv->weights[w];
  } else if (const auto* dense = std::get_if<FusedDense>(&node.op)) {
    const std::size_t inputs = dense->weights.size() / dense->bias.size();
    for (std::size_t w = 0; w < dense->weights.size(); ++w)
      weights[w % inputs / (inputs / weights.size())] +=
          double{dense->weights[w]} * dense->weights[w];
  } else if (const auto* moves = std::get_if<FusedChannels>(&node.op)) {
    for (std::size_t c = 0; c < moves->sources.size(); ++c)
      if (at(moves->sources[c].input) == i) weights[at(moves->sources[c].channel)] += own[c];
  } else {
    for (std::size_t c = 0; c < weights.size(); ++c) weights[c] += own[c];
  }
}

}  // namespace

TensorQuantisation span_range(double low, double high) {
  low = std::min(low, 0.0);
  high = std::max(high, 0.0);
  if (!(high - low > 1e-30)) return {1, 0};
  const auto scale = static_cast<float>((high - low) / 255);
  return {scale, static_cast<int>(std::clamp(std::nearbyint(-low / scale), 0.0, 255.0))};
}

double quantised(double value, const TensorQuantisation& tensor) {
  const double place = nearest(value / tensor.scale) + tensor.zero_point;
  return (std::clamp(place, 0.0, 255.0) - tensor.zero_point) * tensor.scale;
}

TensorQuantisation choose_range(const Observation& seen, RangeMethod method,
                                std::span<const double> weights) {
  const TensorQuantisation all = span_range(seen.low, seen.high);
  if (method == RangeMethod::MinMax) return all;
  if (method == RangeMethod::Percentile) return percentile_range(seen);
  if (method == RangeMethod::Mse) return mse_range(seen);
  TensorQuantisation best = all;
  double least = weighted_error(seen, all, weights);
  for (const TensorQuantisation& tensor : {percentile_range(seen), mse_range(seen)}) {
    const double error = weighted_error(seen, tensor, weights);
    if (error < least) {
      least = error;
      best = tensor;
    }
  }
  return best;
}

std::vector<std::vector<double>> channel_weights(const FusedNetwork& network) {
  std::vector<std::vector<double>> weights;
  for (const FusedNode& node : network.nodes) weights.emplace_back(at(node.shape.channels), 0.0);
  for (const net::Output& output : network.outputs)
    for (double& weight : weights[at(output.layer)]) weight += 1;
  for (std::size_t n = network.nodes.size(); n-- > 0;) {
    const FusedNode& node = network.nodes[n];
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      hand_on(node, i, weights[n], weights[at(node.inputs[i])]);
    if (node.residual >= 0)
      for (std::size_t c = 0; c < weights[n].size(); ++c)
        weights[at(node.residual)][c] += weights[n][c];
  }
  return weights;
}

}  // namespace atto::deploy
