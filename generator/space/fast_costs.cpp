#include "generator/space/fast_costs.hpp"

#include <algorithm>
#include <limits>

namespace atto::gen {
namespace {

constexpr std::int64_t kFloatBytes = 4;

/// Adds as net::count_costs does: a sum beyond 64 bits stays at their largest value.
void add(std::int64_t& sum, std::int64_t amount) {
  if (__builtin_add_overflow(sum, amount, &sum)) sum = std::numeric_limits<std::int64_t>::max();
}

}  // namespace

void CostTally::clear() {
  tensors_.clear();
  norms_.clear();
  least_ram_.clear();
  parts_.clear();
  load_ = {};
  params_ = macs_ = stored_ = least_flash_ = 0;
  has_zeros_ = false;
}

void CostTally::begin_part(net::PartKind /*part*/, const net::PartLoad& load) {
  load_ = load;
  parts_.push_back({static_cast<std::int32_t>(tensors_.size()), load.kept_elements});
}

void CostTally::work(std::int64_t macs, const net::Shape& map) {
  add(macs_, load_.of(macs, map));
}

void CostTally::tensor(const net::Shape& out, std::span<const std::int32_t> inputs) {
  const auto number = static_cast<std::int32_t>(tensors_.size());
  for (const std::int32_t input : inputs) {
    Tensor& from = tensors_[static_cast<std::size_t>(input)];
    from.last_reader = number;
    ++from.readers;
  }
  tensors_.push_back({out.elements(), number});
}

void CostTally::note_convolution(bool has_bias) {
  tensors_.back().is_convolution = true;
  tensors_.back().has_bias = has_bias;
}

void CostTally::norm(const Norm& norm) {
  add(params_, norm.values);
  norms_.push_back(norm);
}

void CostTally::weights(const net::Conv& conv, const net::Shape& in, const net::Shape& out) {
  const std::int64_t per_output =
      std::int64_t{in.channels / conv.groups} * conv.kernel.height * conv.kernel.width;
  const std::int64_t weights = per_output * out.channels;
  const std::int64_t biases = conv.bias ? out.channels : 0;
  add(params_, weights + biases);
  work(per_output * out.elements(), out);
  add(stored_, kFloatBytes * (weights + biases));
}

void CostTally::weights(const net::Deconv& deconv, const net::Shape& in, const net::Shape& out) {
  const std::int64_t per_input = std::int64_t{out.channels} * deconv.kernel * deconv.kernel;
  const std::int64_t values = per_input * in.channels + (deconv.bias ? out.channels : 0);
  add(params_, values);
  work(per_input * in.elements(), in);
  add(stored_, kFloatBytes * values);
}

void CostTally::weights(const net::LayerNorm&, const net::Shape&, const net::Shape& out) {
  add(params_, 2 * std::int64_t{out.channels});
  add(stored_, kFloatBytes * 2 * std::int64_t{out.channels});
}

void CostTally::weights(const net::Dense&, const net::Shape& in, const net::Shape& out) {
  const std::int64_t weights = in.elements() * out.channels;
  add(params_, weights + out.channels);
  work(weights, out);
  add(stored_, kFloatBytes * (weights + out.channels));
}

void CostTally::footprint(const net::LeastFootprint& least) {
  add(least_flash_, least.flash_bytes);
  least_ram_.push_back(least.ram_bytes);
}

void CostTally::keep(std::int32_t layer) {
  Tensor& kept = tensors_[static_cast<std::size_t>(layer)];
  auto end = static_cast<std::int32_t>(tensors_.size());
  for (auto part = parts_.rbegin(); part != parts_.rend() && part->first_layer > layer; ++part)
    end = part->first_layer;
  kept.last_reader = end - 1;
  ++kept.readers;
}

void CostTally::count_live() const {
  change_.assign(tensors_.size() + 1, 0);
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    change_[t] += tensors_[t].elements;
    change_[static_cast<std::size_t>(tensors_[t].last_reader) + 1] -= tensors_[t].elements;
  }
  std::int64_t kept = 0;
  for (const Begun& part : parts_) {
    change_[static_cast<std::size_t>(part.first_layer)] += part.kept_elements - kept;
    kept = part.kept_elements;
  }
}

spec::Costs CostTally::total() const {
  count_live();
  std::int64_t live = 0, peak = 0;
  for (const std::int64_t change : change_) peak = std::max(peak, live += change);
  std::int64_t stored = stored_;
  for (const Norm& norm : norms_) {
    const Tensor& from = tensors_[static_cast<std::size_t>(norm.input)];
    if (!from.is_convolution || from.readers > 1)
      add(stored, kFloatBytes * norm.values);
    else if (!from.has_bias)
      add(stored, kFloatBytes * norm.biases);
  }
  if (has_zeros_ || !parts_.empty()) return {params_, macs_, peak * kFloatBytes, stored};
  const std::int64_t ram = *std::max_element(least_ram_.begin(), least_ram_.end());
  return {params_, macs_, peak * kFloatBytes, stored, least_flash_, ram};
}

std::vector<std::int64_t> CostTally::live_bytes() const {
  count_live();
  std::vector<std::int64_t> bytes;
  std::int64_t live = 0;
  for (std::size_t t = 0; t < tensors_.size(); ++t)
    bytes.push_back(kFloatBytes * (live += change_[t]));
  return bytes;
}

spec::Costs fast_costs(const net::Structure& structure, std::span<const net::Shape> shapes,
                       CostTally& tally, net::WalkStorage& storage) {
  tally.clear();
  net::LayerWalk<CostTally>(structure, shapes, tally, storage);
  for (const std::int32_t node : structure.output_nodes)
    tally.keep(storage.last_layer[static_cast<std::size_t>(node)]);
  return tally.total();
}

}  // namespace atto::gen
