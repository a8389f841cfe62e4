#include "prototypes/network/identity.hpp"

#include <fmt/format.h>

#include "design_specs/seeds/random.hpp"

namespace atto::net {
namespace {

/// Bump when the stream of numbers changes: all hashes change with it.
constexpr std::uint64_t kCanonicalForm = 1;

/// Adds an operation's tag and attributes. Tags are part of every stored hash: a new operation
/// takes the next free one.
template <class Mix>
struct OpStream {
  Mix mix;
  int classes;

  template <class... Values>
  void put(Values... values) const {
    (mix(static_cast<std::int64_t>(values)), ...);
  }
  void operator()(const InputLayer& /*op*/) const { put(1); }
  void operator()(const Conv& op) const {
    put(2, op.out_channels, op.kernel, op.stride, op.groups, op.dilation, op.bias);
  }
  void operator()(const BatchNorm& /*op*/) const { put(3); }
  void operator()(const Activate& op) const { put(4, op.kind); }
  void operator()(const Add& /*op*/) const { put(5); }
  void operator()(const Concat& /*op*/) const { put(6); }
  void operator()(const Slice& op) const { put(7, op.begin, op.end); }
  void operator()(const Shuffle& op) const { put(8, op.groups); }
  void operator()(const Pool& op) const { put(9, op.kind, op.kernel, op.stride); }
  void operator()(const PoolTo& /*op*/) const { put(10); }
  void operator()(const GlobalAveragePool& /*op*/) const { put(11); }
  void operator()(const Multiply& /*op*/) const { put(12); }
  void operator()(const Upsample& op) const { put(13, op.factor); }
  // 0 stands for the class count, and is the same network as the count written out.
  void operator()(const Dense& op) const {
    put(14, op.out_features > 0 ? op.out_features : classes);
  }
  void operator()(const Softmax& /*op*/) const { put(15); }
};

}  // namespace

StructureHasher::StructureHasher(const Shape& input, int classes, std::size_t layers)
    : classes_(classes), hash_(spec::mix64(kCanonicalForm)) {
  for (const int value : {input.channels, input.height, input.width, classes}) mix(value);
  mix(static_cast<std::int64_t>(layers));
}

void StructureHasher::mix(std::int64_t value) {
  hash_ = spec::mix64(hash_ ^ spec::mix64(static_cast<std::uint64_t>(value)));
}

void StructureHasher::add(const Op& op, std::span<const int> inputs) {
  const auto mix_one = [this](std::int64_t value) { mix(value); };
  std::visit(OpStream<decltype(mix_one)>{mix_one, classes_}, op);
  mix(static_cast<std::int64_t>(inputs.size()));
  for (const int input : inputs) mix(input);
}

std::uint64_t StructureHasher::finish(std::span<const int> outputs) {
  mix(static_cast<std::int64_t>(outputs.size()));
  for (const int layer : outputs) mix(layer);
  return hash_;
}

std::uint64_t structure_hash(const Network& network) {
  StructureHasher hasher(network.input, network.classes, network.layers.size());
  for (const Layer& layer : network.layers) hasher.add(layer.op, layer.inputs);
  std::vector<int> outputs;
  for (const Output& output : network.outputs) outputs.push_back(output.layer);
  return hasher.finish(outputs);
}

std::string hash_text(std::uint64_t hash) {
  return fmt::format("{:016x}", hash);
}

}  // namespace atto::net
