#include "trainer/backend/cpu/feature.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <new>

namespace atto::train::cpu {

// Large buffers are mapped, not taken from malloc, which is told to keep what is freed: a trial
// gives all its memory back. They begin at huge pages, because maps are walked in strides and small
// pages would miss the address cache on every other row.
Buffer::Buffer(std::size_t count) : size_(count) {
  constexpr std::size_t kLine = 64, kHugePage = std::size_t{2} << 20;
  if (count == 0) return;
  const std::size_t bytes = (count * sizeof(float) + kLine - 1) / kLine * kLine;
  if (bytes < 2 * kHugePage) {
    data_.reset(static_cast<float*>(std::aligned_alloc(kLine, bytes)));
    if (!data_) throw std::bad_alloc();
    return;
  }
  const std::size_t mapped = bytes + kHugePage;
  void* const memory =
      mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  const auto base = reinterpret_cast<std::uintptr_t>(memory);
  auto* const start = reinterpret_cast<float*>((base + kHugePage - 1) / kHugePage * kHugePage);
  madvise(start, bytes, MADV_HUGEPAGE);
  data_ = std::unique_ptr<float, Free>(start, Free{memory, mapped});
}

void Buffer::Free::operator()(float* p) const {
  mapping ? static_cast<void>(munmap(mapping, mapped)) : std::free(p);
}

ChannelSums::ChannelSums(int threads, int channels)
    : pitch_(static_cast<std::size_t>(padded(channels))),
      threads_(threads),
      channels_(channels),
      values_(2 * pitch_ * static_cast<std::size_t>(threads)),
      totals_(values_.size()) {}

void ChannelSums::flush(int thread) {
  float* const values = first(thread);
  double* const totals = totals_.data() + (values - values_.data());
  for (std::size_t i = 0; i < 2 * pitch_; ++i) {
    totals[i] += static_cast<double>(values[i]);
    values[i] = 0;
  }
}

void ChannelSums::total(std::vector<double>& firsts, std::vector<double>& seconds) const {
  firsts.assign(static_cast<std::size_t>(channels_), 0.0);
  seconds.assign(static_cast<std::size_t>(channels_), 0.0);
  for (int t = 0; t < threads_; ++t)
    for (std::size_t c = 0; c < firsts.size(); ++c) {
      firsts[c] += totals_[std::size_t(t) * 2 * pitch_ + c];
      seconds[c] += totals_[std::size_t(t) * 2 * pitch_ + pitch_ + c];
    }
}

Arrival arrive(Feature& feature) {
  ++feature.arrived;
  return {feature.arrived == 1, feature.arrived == feature.readers};
}

Contribution contribution(const Feature& to, Arrival arrival, Rows d, std::ptrdiff_t first,
                          int rows, int channel, int channels, ChannelSums& sums, int thread) {
  const std::ptrdiff_t at = first * to.shape.channels + channel;
  return {d,
          arrival.is_first,
          arrival.is_last,
          to.streams(),
          to.gradient + at,
          {to.raw.data() + at, to.shape.channels},
          rows,
          channels,
          {to.scale.data() + channel, to.shift.data() + channel, to.act},
          to.mean.data() + channel,
          sums.first(thread) + channel,
          sums.second(thread) + channel};
}

Blend blend_of(const Feature& feature, const Pass& pass) {
  const auto channels = static_cast<std::size_t>(feature.shape.channels);
  Blend blend{std::vector<float>(channels, 1.0F), std::vector<float>(channels, 0.0F),
              std::vector<float>(channels, 0.0F)};
  if (feature.norm_layer < 0) return blend;
  float* const by_gamma = pass.gradients + pass.layout->offset(feature.norm_layer, 0);
  float* const by_beta = pass.gradients + pass.layout->offset(feature.norm_layer, 1);
  const double count = static_cast<double>(pass.images) * static_cast<double>(feature.pixels());
  for (std::size_t c = 0; c < channels; ++c) {
    const double deviation = feature.deviation[c];
    const double gamma_slope = feature.gradient_products[c] * deviation;
    by_gamma[c] = static_cast<float>(gamma_slope);
    by_beta[c] = static_cast<float>(feature.gradient_sums[c]);
    const double a = feature.scale[c];  // gamma / sigma
    const double b = -a * deviation * gamma_slope / count;
    blend.by_grad[c] = static_cast<float>(a);
    blend.by_raw[c] = static_cast<float>(b);
    blend.constant[c] =
        static_cast<float>(-a * feature.gradient_sums[c] / count - b * feature.mean[c]);
  }
  return blend;
}

}  // namespace atto::train::cpu
