#include "export/quantisation/bias_correction.hpp"

#include <algorithm>
#include <numeric>

#include "design_specs/errors.hpp"
#include "export/quantisation/ranges.hpp"
#include "prototypes/network/windows.hpp"

namespace atto::deploy {
namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

/// The mean error of each channel's values.
std::vector<double> mean_shifts(const Observation& seen, const TensorQuantisation& tensor) {
  std::vector<double> shifts(seen.channels);
  for (std::size_t s = 0; s < seen.samples.size(); ++s)
    shifts[seen.channel_of(s)] += quantised(seen.samples[s], tensor) - seen.samples[s];
  for (double& shift : shifts) shift /= static_cast<double>(seen.samples.size() / seen.channels);
  return shifts;
}

/// What a weight meets on average: the value, and the share of the places at which it meets one.
struct Meeting {
  double value = 0, share = 0;
};

/// The mean over all outputs of what tap (ky, kx) reads of a map; padding reads 0.
Meeting at_tap(const double* map, const net::Shape& in, const net::Shape& out,
               const FusedConv& conv, int ky, int kx) {
  const net::WindowSide down = net::rows_of(conv), across = net::columns_of(conv);
  Meeting met;
  for (int y = 0; y < out.height; ++y) {
    const int sy = y * down.stride + ky * conv.dilation - down.before();
    if (sy < 0 || sy >= in.height) continue;
    for (int x = 0; x < out.width; ++x) {
      const int sx = x * across.stride + kx * conv.dilation - across.before();
      if (sx < 0 || sx >= in.width) continue;
      met.value += map[at(sy) * at(in.width) + at(sx)];
      met.share += 1;
    }
  }
  const double places = double(out.height) * out.width;
  return {met.value / places, met.share / places};
}

/// meetings[channel][tap]
std::vector<Meeting> meetings_of(const FusedConv& conv, const net::Shape& in, const net::Shape& out,
                                 const std::vector<double>& mean_map) {
  std::vector<Meeting> meetings;
  for (int c = 0; c < in.channels; ++c)
    for (int ky = 0; ky < conv.kernel.height; ++ky)
      for (int kx = 0; kx < conv.kernel.width; ++kx)
        meetings.push_back(
            at_tap(mean_map.data() + at(c) * at(in.height) * at(in.width), in, out, conv, ky, kx));
  return meetings;
}

}  // namespace

std::vector<double> mean_errors(const FusedNode& node, const net::Shape& in,
                                const WeightQuantisation& weights, const Observation& seen,
                                const TensorQuantisation& tensor) {
  const std::vector<double> shifts = mean_shifts(seen, tensor);
  std::vector<double> errors(weights.scales.size());
  const std::size_t each = weights.weights.size() / errors.size();
  const auto add = [&](std::size_t w, float real, const Meeting& met, double shift) {
    const double rounded = double{weights.scales[w / each]} * weights.weights[w];
    errors[w / each] += (real - rounded) * met.value - rounded * shift * met.share;
  };
  const auto* conv = std::get_if<FusedConv>(&node.op);
  if (conv != nullptr && conv->is_transposed) {
    // Each tap makes a share of the outputs, of every input once.
    const std::size_t taps = at(conv->kernel.height * conv->kernel.width),
                      plane = at(in.height) * at(in.width);
    for (std::size_t w = 0; w < conv->weights.size(); ++w) {
      const std::size_t channel = w / taps % shifts.size();
      const double* map = seen.mean_map.data() + channel * plane;
      const double mean = std::accumulate(map, map + plane, 0.0) / static_cast<double>(plane);
      const double share = 1 / static_cast<double>(taps);
      add(w, conv->weights[w], {mean * share, share}, shifts[channel]);
    }
  } else if (conv != nullptr) {
    const std::vector<Meeting> meetings = meetings_of(*conv, in, node.shape, seen.mean_map);
    const std::size_t taps = at(conv->kernel.height * conv->kernel.width), group_in = each / taps;
    const std::size_t group_out = errors.size() / at(conv->groups);
    for (std::size_t w = 0; w < conv->weights.size(); ++w) {
      const std::size_t channel = w / each / group_out * group_in + w / taps % group_in;
      add(w, conv->weights[w], meetings[channel * taps + w % taps], shifts[channel]);
    }
  } else if (const auto* dense = std::get_if<FusedDense>(&node.op)) {
    const std::size_t plane = each / shifts.size();
    for (std::size_t w = 0; w < dense->weights.size(); ++w)
      add(w, dense->weights[w], {seen.mean_map[w % each], 1}, shifts[w % each / plane]);
  } else {
    throw InternalError(node.name + ": has no weights");
  }
  return errors;
}

}  // namespace atto::deploy
