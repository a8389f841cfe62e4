#include "export/lowering/pack.hpp"

#include <algorithm>
#include <cstring>

#include "export/lowering/bf16.hpp"

namespace atto::deploy {
namespace {

using format::kLanes;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

int blocks_of(const Lanes& lanes) {
  return static_cast<int>(lanes.size()) / kLanes;
}

}  // namespace

std::vector<float> packed_conv(const Kernel& kernel, const format::Wiring& wiring, const Lanes& in,
                               const Lanes& out) {
  std::vector<float> packed;
  const int depth = wiring.depth(), together = wiring.interleave;
  packed.reserve(out.size() * at(kernel.height * kernel.width * depth));
  for (int block = 0; block < blocks_of(out); ++block) {
    const int first = block / wiring.out_blocks * wiring.in_blocks * kLanes;
    for (int y = 0; y < kernel.height; ++y)
      for (int x = 0; x < kernel.width; ++x)
        for (int d = 0; d < depth; ++d)
          for (int lane = 0; lane < kLanes; ++lane) {
            const int from = first + d * together + lane % together;
            packed.push_back(kernel.at(out[at(block * kLanes + lane)], in[at(from)], y, x));
          }
  }
  return packed;
}

std::vector<float> packed_winograd(const Kernel& kernel, const format::Wiring& wiring,
                                   const Lanes& in, const Lanes& out) {
  constexpr float kRows[4][3] = {{1, 0, 0}, {0.5F, 0.5F, 0.5F}, {0.5F, -0.5F, 0.5F}, {0, 0, 1}};
  std::vector<float> packed;
  packed.reserve(16 * out.size() * at(wiring.depth()));
  for (const auto& down : kRows)
    for (const auto& across : kRows)
      for (int block = 0; block < blocks_of(out); ++block)
        for (int d = 0; d < wiring.depth(); ++d)
          for (int lane = 0; lane < kLanes; ++lane) {
            double sum = 0;
            for (int y = 0; y < 3; ++y)
              for (int x = 0; x < 3; ++x)
                sum += double{down[y]} * double{across[x]} *
                       double{kernel.at(out[at(block * kLanes + lane)], in[at(d)], y, x)};
            packed.push_back(static_cast<float>(sum));
          }
  return packed;
}

std::vector<float> packed_depthwise(const Kernel& kernel, const Lanes& lanes) {
  std::vector<float> packed;
  for (int block = 0; block < blocks_of(lanes); ++block)
    for (int y = 0; y < kernel.height; ++y)
      for (int x = 0; x < kernel.width; ++x)
        for (int lane = 0; lane < kLanes; ++lane) {
          const int channel = lanes[at(block * kLanes + lane)];
          packed.push_back(kernel.at(channel, channel, y, x));
        }
  return packed;
}

std::vector<float> packed_image_conv(const Kernel& kernel, const Lanes& out) {
  std::vector<float> packed;
  for (int block = 0; block < blocks_of(out); ++block)
    for (int y = 0; y < kernel.height; ++y)
      for (int channel = 0; channel < kernel.in_each; ++channel)
        for (int x = 0; x < kernel.width; ++x)
          for (int lane = 0; lane < kLanes; ++lane)
            packed.push_back(kernel.at(out[at(block * kLanes + lane)], channel, y, x));
  return packed;
}

std::vector<float> with_channels_together(const std::vector<float>& packed, int depth,
                                          int together) {
  const std::size_t lanes = kLanes, each = at(together), channels = at(depth);
  const std::size_t groups = (channels + each - 1) / each,
                    taps = packed.size() / (channels * lanes);
  std::vector<float> made(taps * groups * lanes * each);
  for (std::size_t tap = 0; tap < taps; ++tap)
    for (std::size_t d = 0; d < channels; ++d)
      for (std::size_t lane = 0; lane < lanes; ++lane)
        made[((tap * groups + d / each) * lanes + lane) * each + d % each] =
            packed[(tap * channels + d) * lanes + lane];
  return made;
}

std::vector<std::uint16_t> as_bf16(const std::vector<float>& values) {
  std::vector<std::uint16_t> made(values.size());
  std::transform(values.begin(), values.end(), made.begin(), bf16_of);
  return made;
}

std::vector<float> packed_bias(const Kernel& kernel, const Lanes& out) {
  std::vector<float> packed;
  for (const int channel : out) packed.push_back(channel < 0 ? 0 : kernel.bias[at(channel)]);
  return packed;
}

std::uint64_t WeightSection::add_bytes(std::span<const std::byte> bytes) {
  const std::size_t offset =
      (bytes_.size() + format::kAlignment - 1) / format::kAlignment * format::kAlignment;
  bytes_.resize(offset + bytes.size());
  if (!bytes.empty()) std::memcpy(bytes_.data() + offset, bytes.data(), bytes.size());
  return offset;
}

}  // namespace atto::deploy
