#include "tests/export/format/sample_program.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace atto::test {
namespace {

using namespace format;

/// Places tensors and parameters one after the other.
struct Builder {
  ModelFile file;

  std::uint32_t tensor(std::int32_t channels, std::int32_t side, std::int32_t halo,
                       std::vector<std::int32_t> lanes = {}) {
    Tensor made;
    made.channels = channels;
    made.height = made.width = side;
    made.halo = halo;
    made.lanes = std::move(lanes);
    Program& program = file.program;
    made.storage = static_cast<std::uint32_t>(program.storages.size());
    const auto bytes = static_cast<std::uint64_t>(made.extent()) * 4;
    program.storages.push_back({program.arena_bytes, bytes});
    program.arena_bytes += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    program.tensors.push_back(made);
    return static_cast<std::uint32_t>(program.tensors.size()) - 1;
  }
  Step step(StepKind kind, const char* name, std::vector<std::uint32_t> inputs,
            std::uint32_t output) {
    Step made;
    made.kind = kind;
    made.name = name;
    made.inputs = std::move(inputs);
    made.output = output;
    return made;
  }
  Parameters parameters(std::size_t weights, std::size_t bias) {
    const std::uint64_t at = file.weights.size();
    file.weights.resize(at + (weights + bias) * 4);
    for (std::uint64_t i = at; i < file.weights.size(); i += 4) {
      const float value = static_cast<float>(i % 7) / 16 - 0.2F;
      std::memcpy(file.weights.data() + i, &value, 4);
    }
    return {at, at + weights * 4};
  }
  void add(Step step) { file.program.steps.push_back(std::move(step)); }
};

std::vector<std::int32_t> interleaved(std::int32_t channels, std::int32_t groups) {
  std::vector<std::int32_t> lanes(16);
  for (std::int32_t lane = 0; lane < 16; ++lane)
    lanes[static_cast<std::size_t>(lane)] = lane % groups * (channels / groups) + lane / groups;
  return lanes;
}

}  // namespace

ModelFile sample_model() {
  Builder b;
  Program& program = b.file.program;
  program.name = "sample";
  program.structure_hash = 42;
  program.precision = "fp32";
  program.producer = "test";
  program.channels = 3;
  program.height = program.width = 8;
  program.mean = {0.5F, 0.4F, 0.3F};
  program.deviation = {0.2F, 0.25F, 0.3F};
  program.classes = {"cat", "dog"};
  const std::vector<std::int32_t> twos = interleaved(16, 2);
  const auto stem = b.tensor(16, 8, 1, twos), grouped = b.tensor(16, 8, 1, twos),
             pair = b.tensor(16, 8, 1, twos), gathered = b.tensor(16, 8, 0),
             pooled = b.tensor(16, 4, 0), product = b.tensor(16, 4, 0), mean = b.tensor(16, 1, 0),
             logits = b.tensor(2, 1, 0);
  program.tensors.push_back(program.tensors[logits]);  // in place
  const auto shares = static_cast<std::uint32_t>(program.tensors.size()) - 1;
  program.tensors.push_back(program.tensors[gathered]);
  program.tensors.back().lanes = twos;
  program.tensors.back().storage = kInStrips;
  const auto strips = static_cast<std::uint32_t>(program.tensors.size()) - 1;

  Step conv = b.step(StepKind::ImageConv, "stem", {}, stem);
  conv.window = {3, 3, {1, 1}, {1, 1}, 1};
  conv.parameters = b.parameters(27 * 16, 16);
  conv.activation = Activation::Relu;
  b.add(conv);
  Step groups = b.step(StepKind::Conv, "grouped", {stem}, grouped);
  groups.window = {3, 3, {1, 1}, {1, 1}, 1};
  groups.wiring = {1, 1, 1, 8, 2};
  groups.parameters = b.parameters(9 * 8 * 16, 16);
  b.add(groups);
  Step depthwise = b.step(StepKind::Depthwise, "depthwise", {grouped}, strips);
  depthwise.window = {3, 3, {1, 1}, {1, 1}, 1};
  depthwise.parameters = b.parameters(9 * 16, 16);
  b.add(depthwise);
  Step pointwise = b.step(StepKind::Conv, "pointwise", {strips}, pair);
  pointwise.parameters = b.parameters(16 * 16, 16);
  pointwise.residual = static_cast<std::int32_t>(stem);
  b.add(pointwise);
  Step gather = b.step(StepKind::Gather, "shuffle", {pair}, gathered);
  for (std::int32_t lane = 0; lane < 16; ++lane) gather.gather.push_back({0, 15 - lane});
  b.add(gather);
  Step pool = b.step(StepKind::MaxPool, "pool", {gathered}, pooled);
  pool.window = {3, 3, {2, 1}, {2, 1}, 1};
  b.add(pool);
  Step squared = b.step(StepKind::Multiply, "product", {pooled, pooled}, product);
  b.add(squared);
  b.add(b.step(StepKind::AverageTo, "mean", {product}, mean));
  Step dense = b.step(StepKind::Conv, "dense", {mean}, logits);
  dense.parameters = b.parameters(16 * 16, 16);
  dense.macs = 32;
  b.add(dense);
  b.add(b.step(StepKind::Softmax, "shares", {logits}, shares));
  program.outputs = {{"head", shares}};
  return b.file;
}

AlignedBytes::AlignedBytes(std::span<const std::byte> bytes) : size_(bytes.size()) {
  void* data = nullptr;
  if (::posix_memalign(&data, kAlignment, size_) != 0) throw std::bad_alloc();
  data_.reset(static_cast<std::byte*>(data), std::free);
  std::copy(bytes.begin(), bytes.end(), data_.get());
}

void repair_checksum(std::vector<std::byte>& file) {
  std::uint64_t offset = 0, bytes = 0;
  std::memcpy(&offset, file.data() + 16, 8);
  std::memcpy(&bytes, file.data() + 24, 8);
  const std::span<const std::byte> all(file);
  if (offset > file.size() || bytes > file.size() - offset) return;
  const std::uint64_t sum = checksum(all.subspan(offset, bytes), checksum(all.first(48)));
  std::memcpy(file.data() + 48, &sum, 8);
}

}  // namespace atto::test
