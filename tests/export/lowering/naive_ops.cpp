#include "tests/export/lowering/naive_ops.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace atto::test {
namespace {

template <class Value>
void fill(Map& map, Value&& value) {
  for (int c = 0; c < map.shape.channels; ++c)
    for (int y = 0; y < map.shape.height; ++y)
      for (int x = 0; x < map.shape.width; ++x)
        map.at(c, y, x) = static_cast<float>(value(c, y, x));
}

int ceil_div(int a, int b) {
  return (a + b - 1) / b;
}

double average(const Map& in, int c, int y0, int y1, int x0, int x1) {
  double sum = 0;
  for (int y = y0; y < y1; ++y)
    for (int x = x0; x < x1; ++x) sum += in.at(c, y, x);
  return sum / ((y1 - y0) * (x1 - x0));
}

double activated(double x, net::Activation kind) {
  switch (kind) {
    case net::Activation::None:
      return x;
    case net::Activation::Relu:
      return std::max(x, 0.0);
    case net::Activation::Relu6:
      return std::clamp(x, 0.0, 6.0);
    case net::Activation::LeakyRelu:
      return x >= 0 ? x : 0.1 * x;
    case net::Activation::Sigmoid:
      return 1 / (1 + std::exp(-x));
    case net::Activation::HardSigmoid:
      return std::clamp(x / 6 + 0.5, 0.0, 1.0);
    case net::Activation::Swish:
      return x / (1 + std::exp(-x));
    case net::Activation::HardSwish:
      return x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
    case net::Activation::Gelu:
      return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0)));
    case net::Activation::Tanh:
      return std::tanh(x);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

/// What a side of a window does, as docs/counting.md states it.
struct Side {
  int before, out;
};
Side side_of(int from, int kernel, int stride, int dilation, net::Padding padding) {
  const int reach = dilation * (kernel - 1) + 1;
  if (padding == net::Padding::Valid) return {0, ceil_div(from - reach + 1, stride)};
  const int before = reach % 2 != 0 ? reach / 2 : reach > stride ? (reach - stride) / 2 : 0;
  return {before, ceil_div(from, stride)};
}

Map naive_conv(const Map& in, const net::Conv& conv, std::span<const float> weights,
               std::span<const float> bias) {
  const auto [kh, kw] = std::pair(conv.kernel.height, conv.kernel.width);
  const auto [sh, sw] = std::pair(conv.stride.height, conv.stride.width);
  const Side down = side_of(in.shape.height, kh, sh, conv.dilation, conv.padding),
             across = side_of(in.shape.width, kw, sw, conv.dilation, conv.padding);
  const int group_in = in.shape.channels / conv.groups, group_out = conv.out_channels / conv.groups;
  Map out({conv.out_channels, down.out, across.out});
  fill(out, [&](int o, int y, int x) {
    double sum = bias.empty() ? 0 : bias[static_cast<std::size_t>(o)];
    for (int i = 0; i < group_in; ++i)
      for (int ky = 0; ky < kh; ++ky)
        for (int kx = 0; kx < kw; ++kx) {
          const int sy = y * sh + ky * conv.dilation - down.before;
          const int sx = x * sw + kx * conv.dilation - across.before;
          if (sy < 0 || sy >= in.shape.height || sx < 0 || sx >= in.shape.width) continue;
          sum += double{in.at(o / group_out * group_in + i, sy, sx)} *
                 weights[static_cast<std::size_t>(((o * group_in + i) * kh + ky) * kw + kx)];
        }
    return sum;
  });
  return out;
}

Map naive_dense(const Map& in, std::span<const float> weights, std::span<const float> bias) {
  Map out({static_cast<int>(bias.size()), 1, 1});
  fill(out, [&](int o, int, int) {
    double sum = bias[static_cast<std::size_t>(o)];
    for (std::size_t i = 0; i < in.values.size(); ++i)
      sum += double{in.values[i]} * weights[static_cast<std::size_t>(o) * in.values.size() + i];
    return sum;
  });
  return out;
}

Map naive_batch_norm(const Map& in, std::span<const float> gamma, std::span<const float> beta,
                     std::span<const float> mean, std::span<const float> variance) {
  Map out(in.shape);
  fill(out, [&](int channel, int y, int x) {
    const auto c = static_cast<std::size_t>(channel);
    return (in.at(channel, y, x) - double{mean[c]}) / std::sqrt(variance[c] + 1e-5) * gamma[c] +
           beta[c];
  });
  return out;
}

Map naive_activation(Map in, net::Activation kind) {
  for (float& value : in.values) value = static_cast<float>(activated(value, kind));
  return in;
}

Map naive_add(const std::vector<const Map*>& in) {
  Map out(in[0]->shape);
  fill(out, [&](int c, int y, int x) {
    double sum = 0;
    for (const Map* map : in) sum += map->at(c, y, x);
    return sum;
  });
  return out;
}

Map naive_multiply(const Map& a, const Map& b) {
  const bool is_broadcast = !(b.shape == a.shape);
  Map out(a.shape);
  fill(out, [&](int c, int y, int x) {
    return double{a.at(c, y, x)} * (is_broadcast ? b.at(c, 0, 0) : b.at(c, y, x));
  });
  return out;
}

Map naive_pool(const Map& in, const net::Pool& pool) {
  const auto [kh, kw] = std::pair(pool.kernel.height, pool.kernel.width);
  const auto [sh, sw] = std::pair(pool.stride.height, pool.stride.width);
  const Side down = side_of(in.shape.height, kh, sh, 1, pool.padding),
             across = side_of(in.shape.width, kw, sw, 1, pool.padding);
  Map out({in.shape.channels, down.out, across.out});
  fill(out, [&](int c, int y, int x) {
    const int y0 = std::max(y * sh - down.before, 0), x0 = std::max(x * sw - across.before, 0);
    const int y1 = std::min(y * sh - down.before + kh, in.shape.height);
    const int x1 = std::min(x * sw - across.before + kw, in.shape.width);
    if (pool.kind == net::Pool::Kind::Average) return average(in, c, y0, y1, x0, x1);
    double largest = -std::numeric_limits<double>::infinity();
    for (int sy = y0; sy < y1; ++sy)
      for (int sx = x0; sx < x1; ++sx) largest = std::max(largest, double{in.at(c, sy, sx)});
    return largest;
  });
  return out;
}

Map naive_pool_to(const Map& in, int height, int width) {
  Map out({in.shape.channels, height, width});
  const auto begin = [](int i, int from, int to) { return i * from / to; };
  const auto end = [](int i, int from, int to) { return ceil_div((i + 1) * from, to); };
  fill(out, [&](int c, int y, int x) {
    return average(in, c, begin(y, in.shape.height, height), end(y, in.shape.height, height),
                   begin(x, in.shape.width, width), end(x, in.shape.width, width));
  });
  return out;
}

Map naive_upsample(const Map& in, const net::Upsample& op) {
  const int factor = op.factor, height = in.shape.height, width = in.shape.width;
  Map out({in.shape.channels, height * factor, width * factor});
  fill(out, [&](int c, int y, int x) -> double {
    if (op.mode == net::Upsample::Mode::Nearest) return in.at(c, y / factor, x / factor);
    // A tent over the middles of the source's pixels, whose border is repeated.
    double sum = 0;
    for (int sy = -1; sy <= height; ++sy)
      for (int sx = -1; sx <= width; ++sx) {
        const double down = std::abs((y + 0.5) / factor - (sy + 0.5));
        const double across = std::abs((x + 0.5) / factor - (sx + 0.5));
        if (down >= 1 || across >= 1) continue;
        sum += (1 - down) * (1 - across) *
               in.at(c, std::clamp(sy, 0, height - 1), std::clamp(sx, 0, width - 1));
      }
    return sum;
  });
  return out;
}

Map naive_deconv(const Map& in, const net::Deconv& op, std::span<const float> weights,
                 std::span<const float> bias) {
  const int k = op.kernel;
  Map out({op.out_channels, in.shape.height * k, in.shape.width * k});
  fill(out, [&](int o, int, int) { return bias.empty() ? 0 : bias[static_cast<std::size_t>(o)]; });
  std::vector<double> sums(out.values.begin(), out.values.end());
  for (int i = 0; i < in.shape.channels; ++i)
    for (int y = 0; y < in.shape.height; ++y)
      for (int x = 0; x < in.shape.width; ++x)
        for (int o = 0; o < op.out_channels; ++o)
          for (int ky = 0; ky < k; ++ky)
            for (int kx = 0; kx < k; ++kx)
              sums[out.index(o, y * k + ky, x * k + kx)] +=
                  double{in.at(i, y, x)} *
                  weights[static_cast<std::size_t>(((i * op.out_channels + o) * k + ky) * k + kx)];
  std::transform(sums.begin(), sums.end(), out.values.begin(),
                 [](double sum) { return static_cast<float>(sum); });
  return out;
}

Map naive_layer_norm(const Map& in, std::span<const float> gamma, std::span<const float> beta) {
  Map out(in.shape);
  fill(out, [&](int channel, int y, int x) {
    double mean = 0, variance = 0;
    for (int c = 0; c < in.shape.channels; ++c) mean += in.at(c, y, x) / double(in.shape.channels);
    for (int c = 0; c < in.shape.channels; ++c)
      variance += std::pow(in.at(c, y, x) - mean, 2) / in.shape.channels;
    const double normal = (in.at(channel, y, x) - mean) / std::sqrt(variance + 1e-6);
    const auto c = static_cast<std::size_t>(channel);
    return gamma.empty() ? normal : normal * gamma[c] + beta[c];
  });
  return out;
}

Map naive_layer_scale(const Map& in, std::span<const float> factors) {
  Map out(in.shape);
  fill(out, [&](int c, int y, int x) {
    return double{in.at(c, y, x)} * factors[static_cast<std::size_t>(c)];
  });
  return out;
}

Map naive_softmax(const Map& in) {
  Map out(in.shape);
  for (int y = 0; y < in.shape.height; ++y)
    for (int x = 0; x < in.shape.width; ++x) {
      double largest = in.at(0, y, x), sum = 0;
      for (int c = 0; c < in.shape.channels; ++c)
        largest = std::max(largest, double{in.at(c, y, x)});
      for (int c = 0; c < in.shape.channels; ++c) sum += std::exp(in.at(c, y, x) - largest);
      for (int c = 0; c < in.shape.channels; ++c)
        out.at(c, y, x) = static_cast<float>(std::exp(in.at(c, y, x) - largest) / sum);
    }
  return out;
}

}  // namespace atto::test
