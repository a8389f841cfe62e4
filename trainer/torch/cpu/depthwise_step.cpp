// Depthwise convolution: image by image, 16 channels at a time, through small planes in cache.
#include <algorithm>

#include "trainer/torch/cpu/feature.hpp"

namespace atto::train::cpu {
namespace {

class DepthwiseStep : public Step {
 public:
  DepthwiseStep(const ConvGeometry& geometry, int threads)
      : g_(geometry),
        blocks_(padded(g_.in.channels) / kLanes),
        taps_(g_.kernel_width * g_.kernel_width),
        pad_((g_.kernel_width - 1) / 2),
        plane_height_(g_.in.height + 2 * pad_),
        plane_width_(g_.in.width + 2 * pad_) {
    // The stride may leave a rim of the padded plane unread; reads never pass its end.
    const auto plane = static_cast<std::size_t>(plane_height_ * plane_width_ * kLanes);
    for (int t = 0; t < threads; ++t) {
      planes_.emplace_back(plane);
      slopes_in_.emplace_back(plane);
      results_.emplace_back(static_cast<std::size_t>(g_.in.height * g_.in.width * kLanes));
      std::fill_n(planes_.back().data(), plane, 0.0F);
      std::fill_n(slopes_in_.back().data(), plane, 0.0F);
    }
  }

  void forward(const Pass& pass) override {
    pack(pass);
    const Feature& in = *inputs[0];
    Feature& out = *output;
    ChannelSums sums(pass.threads, g_.in.channels);
    in_parallel(pass.threads, pass.images,
                [&](int thread, std::ptrdiff_t first, std::ptrdiff_t last) {
                  for (std::ptrdiff_t image = first; image < last; ++image) {
                    for (int block = 0; block < blocks_; ++block)
                      forward_block(pass, in, out, thread, image, block, sums);
                    if (wants_sums(pass, *output)) sums.flush(thread);
                  }
                });
    if (wants_sums(pass, *output)) sums.total(out.sums, out.squares);
  }

  void backward(const Pass& pass) override {
    Feature& in = *inputs[0];
    const Blend blend = blend_of(*output, pass);
    const Arrival arrival = in.needs_gradient ? arrive(in) : Arrival{};
    ChannelSums sums(pass.threads, g_.in.channels);
    std::vector<std::vector<float>> slopes(
        static_cast<std::size_t>(pass.threads),
        std::vector<float>(static_cast<std::size_t>(blocks_ * taps_ * kLanes)));
    in_parallel(pass.threads, pass.images,
                [&](int thread, std::ptrdiff_t first, std::ptrdiff_t last) {
                  for (std::ptrdiff_t image = first; image < last; ++image) {
                    for (int block = 0; block < blocks_; ++block)
                      backward_block(pass, blend, arrival, thread, image, block,
                                     slopes[std::size_t(thread)], sums);
                    sums.flush(thread);
                  }
                });
    if (arrival.is_last) sums.total(in.gradient_sums, in.gradient_products);
    unpack_slopes(pass, slopes);
  }

 private:
  int lanes(int block) const { return std::min(kLanes, g_.in.channels - block * kLanes); }
  float* interior(Buffer& plane) const {
    return plane.data() + (pad_ * plane_width_ + pad_) * kLanes;
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

  /// Writes the activated values of a block into the middle of the thread's plane.
  void load_plane(const Pass& pass, const Feature& in, int thread, std::ptrdiff_t image,
                  int block) {
    const int channels = g_.in.channels, at = block * kLanes;
    const Affine affine{in.scale.data() + at, in.shift.data() + at, in.act};
    const float* const src = in.raw.data() + image * in.pixels() * channels + at;
    float* const dst = interior(planes_[std::size_t(thread)]);
    for (int y = 0; y < g_.in.height; ++y)
      pass.kernels->activate({src + std::ptrdiff_t{y} * g_.in.width * channels, channels},
                             g_.in.width, lanes(block), affine,
                             dst + std::ptrdiff_t{y} * plane_width_ * kLanes, kLanes);
  }

  DepthwiseBlock over(const Buffer& plane, int stride, int height, int width) const {
    return {g_.kernel_width, stride, height, width, plane.data(), plane_width_};
  }

  void forward_block(const Pass& pass, const Feature& in, Feature& out, int thread,
                     std::ptrdiff_t image, int block, ChannelSums& sums) {
    load_plane(pass, in, thread, image, block);
    const int channels = g_.in.channels, at = block * kLanes;
    float* const dst = out.raw.data() + image * out.pixels() * channels + at;
    pass.kernels->depthwise(
        over(planes_[std::size_t(thread)], g_.stride, g_.out.height, g_.out.width),
        packed_.data() + std::ptrdiff_t{block} * taps_ * kLanes, lanes(block), dst, channels,
        std::ptrdiff_t{g_.out.width} * channels);
    if (wants_sums(pass, *output))
      pass.kernels->sum({dst, channels}, static_cast<int>(out.pixels()), lanes(block),
                        sums.first(thread) + at, sums.second(thread) + at);
  }

  void backward_block(const Pass& pass, const Blend& blend, Arrival arrival, int thread,
                      std::ptrdiff_t image, int block, std::vector<float>& slopes,
                      ChannelSums& sums) {
    Feature& in = *inputs[0];
    const Kernels& kernels = *pass.kernels;
    const int channels = g_.in.channels, at = block * kLanes, s = g_.stride;
    // The output's gradient, `stride` apart on a plane of the input's size: its border and gaps
    // stay 0.
    float* const spread = interior(slopes_in_[std::size_t(thread)]);
    const std::ptrdiff_t from = image * output->pixels() * channels + at;
    for (int y = 0; y < g_.out.height; ++y) {
      const std::ptrdiff_t row = from + std::ptrdiff_t{y} * g_.out.width * channels;
      kernels.blend({output->gradient + row, channels}, {output->raw.data() + row, channels},
                    g_.out.width, lanes(block), blend.by_grad.data() + at, blend.by_raw.data() + at,
                    blend.constant.data() + at,
                    spread + std::ptrdiff_t{y} * s * plane_width_ * kLanes,
                    std::ptrdiff_t{s} * kLanes);
    }
    load_plane(pass, in, thread, image, block);
    kernels.depthwise_slopes(over(planes_[std::size_t(thread)], s, g_.out.height, g_.out.width),
                             spread, std::ptrdiff_t{s} * plane_width_, s,
                             slopes.data() + std::ptrdiff_t{block} * taps_ * kLanes);
    if (!in.needs_gradient) return;
    float* const result = results_[std::size_t(thread)].data();
    kernels.depthwise(over(slopes_in_[std::size_t(thread)], 1, g_.in.height, g_.in.width),
                      turned_.data() + std::ptrdiff_t{block} * taps_ * kLanes, kLanes, result,
                      kLanes, std::ptrdiff_t{g_.in.width} * kLanes);
    const std::ptrdiff_t to = image * in.pixels() * channels + at;
    kernels.contribute({result, kLanes}, arrival.is_first, arrival.is_last, in.gradient + to,
                       {in.raw.data() + to, channels}, static_cast<int>(in.pixels()), lanes(block),
                       {in.scale.data() + at, in.shift.data() + at, in.act}, in.mean.data() + at,
                       sums.first(thread) + at, sums.second(thread) + at);
  }

  const ConvGeometry g_;
  const int blocks_, taps_, pad_, plane_height_, plane_width_;
  std::vector<Buffer> planes_, slopes_in_, results_;  ///< one a thread
  std::vector<float> packed_, turned_;
};

}  // namespace

std::unique_ptr<Step> make_depthwise_step(const ConvGeometry& geometry, int threads) {
  return std::make_unique<DepthwiseStep>(geometry, threads);
}

}  // namespace atto::train::cpu
