// Depthwise convolution: image by image, row by row. Each block of 16 channels has a zero-padded
// plane in cache; rows come in once, in the order of memory, and results leave as soon as their
// rows are there.
#include <algorithm>

#include "trainer/backend/cpu/feature.hpp"
#include "trainer/backend/cpu/in_parallel.hpp"

namespace atto::train::cpu {
namespace {

class DepthwiseStep : public Step {
 public:
  DepthwiseStep(const ConvGeometry& geometry, int threads)
      : g_(geometry),
        blocks_(padded(g_.in.channels) / kLanes),
        taps_(g_.columns.kernel * g_.columns.kernel),
        pad_((g_.columns.kernel - 1) / 2),
        plane_width_(g_.in.width + 2 * pad_),
        plane_(std::ptrdiff_t{g_.in.height + 2 * pad_} * plane_width_ * kLanes),
        together_(static_cast<int>(std::clamp<std::ptrdiff_t>(kPlaneFloats / plane_, 1, blocks_))) {
    const auto size = static_cast<std::size_t>(plane_ * together_);
    for (int t = 0; t < threads; ++t) {
      planes_.emplace_back(size);
      slope_planes_.emplace_back(size);
      rows_.emplace_back(static_cast<std::size_t>(g_.in.width * kLanes));
      std::fill_n(planes_.back().data(), size, 0.0F);
      std::fill_n(slope_planes_.back().data(), size, 0.0F);
    }
  }

  void forward(const Pass& pass) override {
    pack(pass);
    ChannelSums sums(pass.threads, g_.in.channels);
    in_parallel(pass.threads, pass.images,
                [&](int thread, std::ptrdiff_t first, std::ptrdiff_t last) {
                  for (std::ptrdiff_t image = first; image < last; ++image) {
                    for (int block = 0; block < blocks_; block += together_)
                      forward_blocks(
                          {pass, thread, image, block, std::min(blocks_, block + together_)}, sums);
                    sums.flush(thread);
                  }
                });
    if (wants_sums(pass, *output)) sums.total(output->sums, output->squares);
  }

  void backward(const Pass& pass) override {
    Feature& in = *inputs[0];
    const Blend blend = blend_of(*output, pass);
    const Arrival arrival = in.needs_gradient ? arrive(in) : Arrival{};
    ChannelSums sums(pass.threads, g_.in.channels);
    std::vector<std::vector<float>> slopes(
        static_cast<std::size_t>(pass.threads),
        std::vector<float>(static_cast<std::size_t>(blocks_ * taps_ * kLanes)));
    in_parallel(
        pass.threads, pass.images, [&](int thread, std::ptrdiff_t first, std::ptrdiff_t last) {
          for (std::ptrdiff_t image = first; image < last; ++image) {
            for (int block = 0; block < blocks_; block += together_)
              backward_blocks({pass, thread, image, block, std::min(blocks_, block + together_)},
                              blend, arrival, slopes[std::size_t(thread)].data(), sums);
            sums.flush(thread);
          }
        });
    if (arrival.is_last) sums.total(in.gradient_sums, in.gradient_products);
    unpack_slopes(pass, slopes);
  }

 private:
  static constexpr std::ptrdiff_t kPlaneFloats =
      96 * 1024;  ///< of planes at once: two sets fit a cache of 1 MB

  /// What one call of forward_blocks or backward_blocks works on.
  struct Part {
    const Pass& pass;
    int thread;
    std::ptrdiff_t image;
    int first_block, last_block;
  };

  int lanes(int block) const { return std::min(kLanes, g_.in.channels - block * kLanes); }
  float* plane_row(const std::vector<Buffer>& planes, const Part& part, int block, int row) const {
    return planes[std::size_t(part.thread)].data() + (block - part.first_block) * plane_ +
           std::ptrdiff_t{row} * plane_width_ * kLanes;
  }

  /// weights [c][tap] -> [block][tap][16], and the same turned by 180 degrees.
  void pack(const Pass& pass) {
    const float* const weights = pass.weights + pass.layout->offset(g_.layer, 0);
    const auto size = static_cast<std::size_t>(blocks_ * taps_ * kLanes);
    packed_.assign(size, 0.0F);
    turned_.assign(size, 0.0F);
    for (int c = 0; c < g_.in.channels; ++c)
      for (int tap = 0; tap < taps_; ++tap) {
        const int block = c / kLanes * taps_, lane = c % kLanes;
        packed_[static_cast<std::size_t>((block + tap) * kLanes + lane)] = weights[c * taps_ + tap];
        turned_[static_cast<std::size_t>((block + taps_ - 1 - tap) * kLanes + lane)] =
            weights[c * taps_ + tap];
      }
  }

  void unpack_slopes(const Pass& pass, const std::vector<std::vector<float>>& slopes) const {
    float* const to = pass.gradients + pass.layout->offset(g_.layer, 0);
    for (int c = 0; c < g_.in.channels; ++c)
      for (int tap = 0; tap < taps_; ++tap) {
        float sum = 0;
        for (const auto& own : slopes)
          sum += own[static_cast<std::size_t>((c / kLanes * taps_ + tap) * kLanes + c % kLanes)];
        to[c * taps_ + tap] = sum;
      }
    if (!g_.has_bias) return;
    float* const bias = pass.gradients + pass.layout->offset(g_.layer, 1);
    for (int c = 0; c < g_.in.channels; ++c)
      bias[c] = static_cast<float>(output->gradient_sums[static_cast<std::size_t>(c)]);
  }

  /// Starts to fetch the part's channels of a row of `width` pixels.
  void fetch_row(const Part& part, const float* row, int width) const {
    const int first = part.first_block * kLanes,
              last = std::min(g_.in.channels, part.last_block * kLanes);
    for (int x = 0; x < width; ++x, row += g_.in.channels)
      for (int c = first; c < last; c += kLanes) __builtin_prefetch(row + c, 0, 2);
  }

  /// Activates row y of the input into the planes.
  void load_row(const Part& part, int y) const {
    const Feature& in = *inputs[0];
    const int channels = g_.in.channels;
    const float* const src =
        in.raw.data() + (part.image * in.pixels() + std::ptrdiff_t{y} * g_.in.width) * channels;
    if (y + 1 < g_.in.height)
      fetch_row(part, src + std::ptrdiff_t{g_.in.width} * channels, g_.in.width);
    for (int block = part.first_block; block < part.last_block; ++block) {
      const int at = block * kLanes;
      part.pass.kernels->activate({src + at, channels}, g_.in.width, lanes(block),
                                  {in.scale.data() + at, in.shift.data() + at, in.act},
                                  plane_row(planes_, part, block, y + pad_) + pad_ * kLanes,
                                  kLanes);
    }
  }

  /// Takes row y of the output's gradient through the batch norm into the planes of slopes,
  /// `stride` apart on a plane of the input's size: border and gaps stay 0.
  void load_slope_row(const Part& part, const Blend& blend, int y) const {
    const int channels = g_.in.channels, s = g_.columns.stride;
    const std::ptrdiff_t from =
        (part.image * output->pixels() + std::ptrdiff_t{y} * g_.out.width) * channels;
    if (y + 1 < g_.out.height) {
      const std::ptrdiff_t next = from + std::ptrdiff_t{g_.out.width} * channels;
      fetch_row(part, output->gradient + next, g_.out.width);
      fetch_row(part, output->raw.data() + next, g_.out.width);
    }
    for (int block = part.first_block; block < part.last_block; ++block) {
      const int at = block * kLanes;
      part.pass.kernels->blend({output->gradient + from + at, channels},
                               {output->raw.data() + from + at, channels}, g_.out.width,
                               lanes(block), blend.by_grad.data() + at, blend.by_raw.data() + at,
                               blend.constant.data() + at,
                               plane_row(slope_planes_, part, block, y * s + pad_) + pad_ * kLanes,
                               std::ptrdiff_t{s} * kLanes);
    }
  }

  void forward_blocks(const Part& part, ChannelSums& sums) const {
    const bool measures = wants_sums(part.pass, *output);
    for (int t = 0; t < g_.in.height + pad_; ++t) {
      if (t < g_.in.height) load_row(part, t);
      const int y = (t - pad_) / g_.columns.stride;
      if (t < pad_ || (t - pad_) % g_.columns.stride != 0) continue;
      float* const dst =
          output->raw.data() +
          (part.image * output->pixels() + std::ptrdiff_t{y} * g_.out.width) * g_.in.channels;
      for (int block = part.first_block; block < part.last_block; ++block) {
        const int at = block * kLanes;
        part.pass.kernels->depthwise(
            {g_.columns.kernel, g_.columns.stride, g_.out.width,
             plane_row(planes_, part, block, y * g_.columns.stride), plane_width_},
            packed_.data() + std::ptrdiff_t{block} * taps_ * kLanes,
            {dst + at, g_.in.channels, lanes(block), output->streams(),
             measures ? sums.first(part.thread) + at : nullptr, sums.second(part.thread) + at});
      }
    }
  }

  void backward_blocks(const Part& part, const Blend& blend, Arrival arrival, float* slopes,
                       ChannelSums& sums) {
    for (int t = 0; t < g_.in.height + pad_; ++t) {
      if (t < g_.in.height) {
        load_row(part, t);
        if (t % g_.columns.stride == 0) load_slope_row(part, blend, t / g_.columns.stride);
      }
      const int row = t - pad_;
      if (row < 0) continue;
      if (row % g_.columns.stride == 0) add_slopes(part, row / g_.columns.stride, slopes);
      if (inputs[0]->needs_gradient) send_row(part, arrival, row, sums);
    }
  }

  void add_slopes(const Part& part, int y, float* slopes) const {
    for (int block = part.first_block; block < part.last_block; ++block)
      part.pass.kernels->depthwise_slopes(
          {g_.columns.kernel, g_.columns.stride, g_.out.width,
           plane_row(planes_, part, block, y * g_.columns.stride), plane_width_},
          plane_row(slope_planes_, part, block, y * g_.columns.stride + pad_) + pad_ * kLanes,
          g_.columns.stride, slopes + std::ptrdiff_t{block} * taps_ * kLanes);
  }

  void send_row(const Part& part, Arrival arrival, int row, ChannelSums& sums) {
    float* const result = rows_[std::size_t(part.thread)].data();
    const std::ptrdiff_t pixel =
        part.image * inputs[0]->pixels() + std::ptrdiff_t{row} * g_.in.width;
    for (int block = part.first_block; block < part.last_block; ++block) {
      part.pass.kernels->depthwise({g_.columns.kernel, 1, g_.in.width,
                                    plane_row(slope_planes_, part, block, row), plane_width_},
                                   turned_.data() + std::ptrdiff_t{block} * taps_ * kLanes,
                                   {result, kLanes, kLanes, false, nullptr, nullptr});
      part.pass.kernels->contribute(contribution(*inputs[0], arrival, {result, kLanes}, pixel,
                                                 g_.in.width, block * kLanes, lanes(block), sums,
                                                 part.thread));
    }
  }

  const ConvGeometry g_;
  const int blocks_, taps_, pad_, plane_width_;
  const std::ptrdiff_t plane_;                        ///< floats
  const int together_;                                ///< blocks that are worked on at once
  std::vector<Buffer> planes_, slope_planes_, rows_;  ///< one a thread
  std::vector<float> packed_, turned_;
};

}  // namespace

std::unique_ptr<Step> make_depthwise_step(const ConvGeometry& geometry, int threads) {
  return std::make_unique<DepthwiseStep>(geometry, threads);
}

}  // namespace atto::train::cpu
