#include "export/reference/plain_ops.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace atto::deploy::plain {
namespace {

std::size_t at(std::int64_t index) {
  return static_cast<std::size_t>(index);
}

std::size_t plane(const Shape& shape) {
  return at(std::int64_t{shape.height} * shape.width);
}

/// Output places [first, last) at which tap `offset` (kernel place * dilation - padding) lies
/// inside a side of `from` places.
struct Span {
  int first, last;
};
Span inside(int offset, int stride, int from, int to) {
  const int first = offset >= 0 ? 0 : std::min(to, (-offset + stride - 1) / stride);
  const int last = offset >= from ? 0 : std::min(to, (from - 1 - offset) / stride + 1);
  return {first, std::max(last, first)};
}

/// sums[y, x] += weight * src at one tap of the window.
void add_tap(const float* src, const Shape& in, double weight, int ky, int kx, const Window& window,
             const Shape& out, double* sums) {
  const int row_offset = ky * window.dilation_h - window.top;
  const int column_offset = kx * window.dilation_w - window.left;
  const Span rows = inside(row_offset, window.stride_h, in.height, out.height);
  const Span columns = inside(column_offset, window.stride_w, in.width, out.width);
  for (int y = rows.first; y < rows.last; ++y) {
    const float* from =
        src + std::int64_t{y * window.stride_h + row_offset} * in.width + column_offset;
    double* to = sums + std::int64_t{y} * out.width;
    if (window.stride_w == 1)
      for (int x = columns.first; x < columns.last; ++x) to[x] += weight * from[x];
    else
      for (int x = columns.first; x < columns.last; ++x)
        to[x] += weight * from[std::int64_t{x} * window.stride_w];
  }
}

bool is_pointwise(const Window& window) {
  return window.kernel_h == 1 && window.kernel_w == 1 && window.stride_h == 1 &&
         window.stride_w == 1 && window.top == 0 && window.left == 0;
}

/// Calls visit(value) for every value that the window of output (y, x) covers.
template <class Visit>
void visit_window(const float* src, const Shape& in, const Window& window, int y, int x,
                  Visit&& visit) {
  for (int ky = 0; ky < window.kernel_h; ++ky) {
    const int row = y * window.stride_h + ky * window.dilation_h - window.top;
    if (row < 0 || row >= in.height) continue;
    for (int kx = 0; kx < window.kernel_w; ++kx) {
      const int column = x * window.stride_w + kx * window.dilation_w - window.left;
      if (column >= 0 && column < in.width) visit(src[std::int64_t{row} * in.width + column]);
    }
  }
}

/// Makes every output cell from make(source plane, y, x).
template <class Make>
void make_cells(std::span<const float> src, const Shape& in, const Shape& out, std::span<float> dst,
                Make&& make) {
  for (int c = 0; c < out.channels; ++c)
    for (int y = 0; y < out.height; ++y)
      for (int x = 0; x < out.width; ++x)
        dst[at(c) * plane(out) + at(std::int64_t{y} * out.width + x)] =
            static_cast<float>(make(src.data() + at(c) * plane(in), y, x));
}

}  // namespace

void conv(std::span<const float> src, const Shape& in, std::span<const float> weights,
          std::span<const float> bias, int groups, const Window& window, const Shape& out,
          std::span<float> dst) {
  if (is_pointwise(window) && in.height > 1) {  // one long row, for speed
    const int pixels = in.height * in.width;
    return conv(src, {in.channels, 1, pixels}, weights, bias, groups, window,
                {out.channels, 1, pixels}, dst);
  }
  const int group_in = in.channels / groups, group_out = out.channels / groups;
  const float* weight = weights.data();
  std::vector<double> sums(plane(out));
  for (int o = 0; o < out.channels; ++o) {
    std::fill(sums.begin(), sums.end(), bias.empty() ? 0.0 : bias[at(o)]);
    for (int i = 0; i < group_in; ++i) {
      const float* from = src.data() + at(o / group_out * group_in + i) * plane(in);
      for (int ky = 0; ky < window.kernel_h; ++ky)
        for (int kx = 0; kx < window.kernel_w; ++kx)
          add_tap(from, in, *weight++, ky, kx, window, out, sums.data());
    }
    std::transform(sums.begin(), sums.end(),
                   dst.begin() + static_cast<std::ptrdiff_t>(at(o) * plane(out)),
                   [](double sum) { return static_cast<float>(sum); });
  }
}

void max_pool(std::span<const float> src, const Shape& in, const Window& window, const Shape& out,
              std::span<float> dst) {
  make_cells(src, in, out, dst, [&](const float* from, int y, int x) {
    float largest = -std::numeric_limits<float>::infinity();
    visit_window(from, in, window, y, x, [&](float v) { largest = std::max(largest, v); });
    return largest;
  });
}

void average_pool(std::span<const float> src, const Shape& in, const Window& window,
                  const Shape& out, std::span<float> dst) {
  make_cells(src, in, out, dst, [&](const float* from, int y, int x) {
    double sum = 0;
    int count = 0;
    visit_window(from, in, window, y, x, [&](float v) { sum += v, ++count; });
    return sum / count;
  });
}

void adaptive_average_pool(std::span<const float> src, const Shape& in, const Shape& out,
                           std::span<float> dst) {
  const auto begin = [](std::int64_t cell, int from, int to) { return cell * from / to; };
  const auto end = [](std::int64_t cell, int from, int to) {
    return ((cell + 1) * from + to - 1) / to;
  };
  make_cells(src, in, out, dst, [&](const float* from, int y, int x) {
    double sum = 0;
    std::int64_t count = 0;
    for (auto row = begin(y, in.height, out.height); row < end(y, in.height, out.height); ++row)
      for (auto column = begin(x, in.width, out.width); column < end(x, in.width, out.width);
           ++column, ++count)
        sum += from[row * in.width + column];
    return sum / static_cast<double>(count);
  });
}

void batch_norm(std::span<const float> src, const Shape& in, const Normalisation& norm,
                std::span<float> dst) {
  for (std::size_t c = 0; c < at(in.channels); ++c) {
    const double factor = norm.scale[c] / std::sqrt(norm.variance[c] + norm.epsilon);
    for (std::size_t i = c * plane(in); i < (c + 1) * plane(in); ++i)
      dst[i] = static_cast<float>((src[i] - double{norm.mean[c]}) * factor + norm.shift[c]);
  }
}

void dense(std::span<const float> src, std::span<const float> weights, std::span<const float> bias,
           std::span<float> dst) {
  for (std::size_t o = 0; o < dst.size(); ++o) {
    double sum = bias.empty() ? 0.0 : bias[o];
    for (std::size_t i = 0; i < src.size(); ++i)
      sum += double{weights[o * src.size() + i]} * src[i];
    dst[o] = static_cast<float>(sum);
  }
}

void shuffle(std::span<const float> src, const Shape& in, int groups, std::span<float> dst) {
  const int each = in.channels / groups;
  for (int c = 0; c < in.channels; ++c)
    std::copy_n(src.data() + at(c) * plane(in), plane(in),
                dst.data() + at(c % each * groups + c / each) * plane(in));
}

void upsample_nearest(std::span<const float> src, const Shape& in, int factor,
                      std::span<float> dst) {
  const Shape out{in.channels, in.height * factor, in.width * factor};
  make_cells(src, in, out, dst, [&](const float* from, int y, int x) {
    return from[std::int64_t{y / factor} * in.width + x / factor];
  });
}

void upsample_bilinear(std::span<const float> src, const Shape& in, int factor,
                       std::span<float> dst) {
  const Shape out{in.channels, in.height * factor, in.width * factor};
  const auto place = [&](int at) { return std::max((at + 0.5) / factor - 0.5, 0.0); };
  make_cells(src, in, out, dst, [&](const float* from, int y, int x) {
    const double down = place(y), across = place(x);
    const auto top = static_cast<int>(down), left = static_cast<int>(across);
    const auto row = [&](int r) {
      const float* values = from + std::int64_t{std::min(r, in.height - 1)} * in.width;
      return values[left] +
             (across - left) * (double{values[std::min(left + 1, in.width - 1)]} - values[left]);
    };
    return row(top) + (down - top) * (row(top + 1) - row(top));
  });
}

void deconv(std::span<const float> src, const Shape& in, std::span<const float> weights,
            std::span<const float> bias, int kernel, std::span<float> dst) {
  const std::size_t taps = at(std::int64_t{kernel} * kernel);
  const std::size_t each = at(in.channels) * taps;
  const Shape out{static_cast<int>(weights.size() / each), in.height * kernel, in.width * kernel};
  for (std::size_t o = 0; o < at(out.channels); ++o)
    for (int y = 0; y < out.height; ++y)
      for (int x = 0; x < out.width; ++x) {
        const std::size_t tap = at(y % kernel * kernel + x % kernel);
        const std::size_t from = at(std::int64_t{y / kernel} * in.width + x / kernel);
        double sum = bias.empty() ? 0.0 : bias[o];
        for (std::size_t i = 0; i < at(in.channels); ++i)
          sum += double{weights[o * each + i * taps + tap]} * src[i * plane(in) + from];
        dst[o * plane(out) + at(std::int64_t{y} * out.width + x)] = static_cast<float>(sum);
      }
}

void layer_norm(std::span<const float> src, const Shape& in, std::span<float> dst) {
  for (std::size_t p = 0; p < plane(in); ++p) {
    double mean = 0, variance = 0;
    for (std::size_t i = p; i < src.size(); i += plane(in)) mean += src[i];
    mean /= in.channels;
    for (std::size_t i = p; i < src.size(); i += plane(in))
      variance += (src[i] - mean) * (src[i] - mean);
    const double deviation = std::sqrt(variance / in.channels + 1e-6);
    for (std::size_t i = p; i < src.size(); i += plane(in))
      dst[i] = static_cast<float>((src[i] - mean) / deviation);
  }
}

void softmax(std::span<const float> src, const Shape& in, std::span<float> dst) {
  for (std::size_t p = 0; p < plane(in); ++p) {
    double largest = src[p], sum = 0;
    for (std::size_t i = p; i < src.size(); i += plane(in))
      largest = std::max<double>(largest, src[i]);
    for (std::size_t i = p; i < src.size(); i += plane(in)) sum += std::exp(src[i] - largest);
    for (std::size_t i = p; i < src.size(); i += plane(in))
      dst[i] = static_cast<float>(std::exp(src[i] - largest) / sum);
  }
}

double activation(net::Activation kind, double x) {
  switch (kind) {
    case net::Activation::None:
      return x;
    case net::Activation::Relu:
      return std::max(x, 0.0);
    case net::Activation::Relu6:
      return std::clamp(x, 0.0, 6.0);
    case net::Activation::LeakyRelu:
      return x < 0 ? 0.1 * x : x;
    case net::Activation::Sigmoid:
      return 1 / (1 + std::exp(-x));
    case net::Activation::HardSigmoid:
      return std::clamp(x / 6 + 0.5, 0.0, 1.0);
    case net::Activation::Swish:
      return x / (1 + std::exp(-x));
    case net::Activation::HardSwish:
      return x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
    case net::Activation::Gelu:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case net::Activation::Tanh:
      return std::tanh(x);
  }
  return x;
}

}  // namespace atto::deploy::plain
