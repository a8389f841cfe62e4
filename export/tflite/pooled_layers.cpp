// Pools, and averages of other shapes.
#include <algorithm>
#include <cmath>

#include "export/tflite/layers.hpp"
#include "export/tflite/windows.hpp"

namespace atto::deploy::tflite {
namespace {

/// How many of a window's taps lie on the map, for each output place of a side.
std::vector<int> counts(const net::WindowSide& window, int side) {
  std::vector<int> result;
  for (int cell = 0; cell < window.output(side); ++cell) {
    const int first = cell * window.stride - window.before();
    result.push_back(std::min(first + window.kernel, side) - std::max(first, 0));
  }
  return result;
}

/// [1, height, width, 1] factors; in int8 steps of which 1 has a whole number.
int factor_tensor(const Site& site, Dims dims, const std::vector<float>& factors) {
  const std::string name = site.node.name + "/border";
  if (!site.is_int8()) return site.graph.floats(name, std::move(dims), factors);
  const float largest = *std::max_element(factors.begin(), factors.end());
  const float steps = largest < 255 ? std::floor(255 / largest) : 255 / largest;
  std::vector<std::int8_t> whole;
  for (const float factor : factors)
    whole.push_back(static_cast<std::int8_t>(std::nearbyint(factor * steps) - 128));
  return site.graph.bytes(name, std::move(dims), whole, {1 / steps}, 0, -128);
}

/// The format's own averages count no padding, but pad at other places. So zeros are counted with
/// the window, and the border's averages multiplied by what is missing.
int average_with_border(const Site& site, const net::Pool& op) {
  const net::Shape &in = site.from[0], &out = site.node.shape;
  const net::WindowSide rows = net::rows_of(op), columns = net::columns_of(op);
  const int taps = rows.kernel * columns.kernel;
  const auto channels = static_cast<std::size_t>(in.channels);
  FusedConv mean{op.kernel, op.stride, in.channels, 1, {}, std::vector<float>(channels)};
  mean.padding = op.padding;
  mean.weights.assign(channels * static_cast<std::size_t>(taps), 1 / static_cast<float>(taps));
  const int sums = write_constant_conv(site, "/mean", site.inputs[0], in, out, std::move(mean));
  std::vector<float> factors;
  for (const int high : counts(rows, in.height))
    for (const int wide : counts(columns, in.width))
      factors.push_back(static_cast<float>(taps) / static_cast<float>(high * wide));
  return site.make(Op::Mul, "", {sums, factor_tensor(site, {1, out.height, out.width, 1}, factors)},
                   site.dims());
}

int average_of_all(const Site& site) {
  return site.make(Op::Mean, "",
                   {site.inputs[0], site.graph.integers(site.node.name + "/axes", {2}, {1, 2})},
                   site.dims());
}

/// Of one channel: the share of every place [H * W] in every cell [h * w].
std::vector<float> shares(const net::Shape& in, const net::Shape& out) {
  std::vector<float> result;
  const auto first = [](int cell, int from, int to) { return cell * from / to; };
  const auto last = [](int cell, int from, int to) { return ((cell + 1) * from + to - 1) / to; };
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x) {
      const int top = first(y, in.height, out.height), bottom = last(y, in.height, out.height);
      const int left = first(x, in.width, out.width), right = last(x, in.width, out.width);
      const float share = 1 / static_cast<float>((bottom - top) * (right - left));
      for (int sy = 0; sy < in.height; ++sy)
        for (int sx = 0; sx < in.width; ++sx)
          result.push_back(sy >= top && sy < bottom && sx >= left && sx < right ? share : 0);
    }
  return result;
}

/// Cells of several sizes: places become channels, a convolution adds up their shares.
int average_by_shares(const Site& site) {
  const net::Shape &in = site.from[0], &out = site.node.shape;
  const int places = in.height * in.width, cells = out.height * out.width;
  const std::string& name = site.node.name;
  const int flat = reshaped(site, site.inputs[0], "/places", {1, 1, places, in.channels});
  const int turn = site.graph.integers(name + "/turn", {4}, {0, 3, 1, 2});
  const int turned =
      site.like(flat, Op::Transpose, "/turned", {flat, turn}, {1, in.channels, 1, places});
  FusedConv conv{1, 1, 1, 1, shares(in, out), std::vector<float>(static_cast<std::size_t>(cells))};
  const int averages = write_constant_conv(site, "/shares", turned, {places, in.channels, 1},
                                           {cells, in.channels, 1}, std::move(conv));
  const int back = site.graph.integers(name + "/back", {4}, {0, 2, 3, 1});
  const int channels_last =
      site.make(Op::Transpose, "/cells", {averages, back}, {1, 1, cells, in.channels});
  return reshaped(site, channels_last, "", site.dims());
}

}  // namespace

int write(const Site& site, const net::Pool& op) {
  const net::Shape& in = site.from[0];
  const bool is_max = op.kind == net::Pool::Kind::Max;
  const Padded way = padded(op, in);
  if (way == Padded::Apart && !is_max) return average_with_border(site, op);
  Options options;
  options.is_same = way == Padded::Same;
  options.kernel = op.kernel;
  options.stride = op.stride;
  const int input = way == Padded::Apart ? pad_map(site, site.inputs[0], in, net::rows_of(op),
                                                   net::columns_of(op), true)
                                         : site.inputs[0];
  return site.make(is_max ? Op::MaxPool : Op::AveragePool, "", {input}, site.dims(), options);
}

int write(const Site& site, const net::PoolTo& /*op*/) {
  const net::Shape &in = site.from[0], &out = site.node.shape;
  if (out.height * out.width == 1) return average_of_all(site);
  if (!has_even_cells(in, out)) return average_by_shares(site);
  Options options;
  options.kernel = options.stride = {in.height / out.height, in.width / out.width};
  return site.make(Op::AveragePool, "", {site.inputs[0]}, site.dims(), options);
}

int write(const Site& site, const net::GlobalAveragePool& /*op*/) {
  return average_of_all(site);
}

}  // namespace atto::deploy::tflite
