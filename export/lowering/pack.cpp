#include "export/lowering/pack.hpp"

#include <cstring>

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

std::vector<float> packed_bias(const Kernel& kernel, const Lanes& out) {
  std::vector<float> packed;
  for (const int channel : out) packed.push_back(channel < 0 ? 0 : kernel.bias[at(channel)]);
  return packed;
}

format::Parameters WeightSection::add(const std::vector<float>& weights,
                                      const std::vector<float>& bias) {
  const std::uint64_t first = add_bytes(std::as_bytes(std::span(weights)));
  return {first, add_bytes(std::as_bytes(std::span(bias)))};
}

std::uint64_t WeightSection::add_bytes(std::span<const std::byte> bytes) {
  const std::size_t offset =
      (bytes_.size() + format::kAlignment - 1) / format::kAlignment * format::kAlignment;
  bytes_.resize(offset + bytes.size());
  if (!bytes.empty()) std::memcpy(bytes_.data() + offset, bytes.data(), bytes.size());
  return offset;
}

}  // namespace atto::deploy
