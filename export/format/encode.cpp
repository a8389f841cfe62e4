#include <algorithm>
#include <cstring>

#include "export/format/header.hpp"
#include "export/format/model_file.hpp"
#include "model_generated.h"

namespace atto::format {
namespace {

using flatbuffers::FlatBufferBuilder;

wire::Window wired(const Window& w) {
  return {w.height, w.width, w.across.stride, w.dilation, w.across.pad};
}
wire::Wiring wired(const Wiring& w) {
  return {w.groups, w.in_blocks, w.out_blocks, w.last_depth, w.interleave};
}
wire::Parameters wired(const Parameters& p) {
  return {p.weights, p.bias};
}

template <class Enum>
std::uint8_t code(Enum value) {
  return static_cast<std::uint8_t>(value);
}

flatbuffers::Offset<wire::Tensor> add(FlatBufferBuilder& to, const Tensor& tensor) {
  const auto lanes = tensor.lanes.empty() ? 0 : to.CreateVector(tensor.lanes);
  return wire::CreateTensor(to, tensor.channels, tensor.height, tensor.width, code(tensor.element),
                            tensor.halo, tensor.storage, lanes, tensor.scale, tensor.zero_point);
}

flatbuffers::Offset<wire::Step> add(FlatBufferBuilder& to, const Step& step) {
  const auto name = to.CreateString(step.name);
  const auto inputs = to.CreateVector(step.inputs);
  std::vector<wire::LaneSource> sources;
  for (const LaneSource& source : step.gather) sources.emplace_back(source.input, source.lane);
  const auto gather = sources.empty() ? 0 : to.CreateVectorOfStructs(sources);
  const wire::Window window = wired(step.window);
  const wire::Slide down(step.window.down.stride, step.window.down.pad);
  const wire::Wiring wiring = wired(step.wiring);
  const wire::Parameters parameters = wired(step.parameters);
  return wire::CreateStep(to, code(step.kind), name, inputs, step.output, step.residual,
                          code(step.activation), code(step.joined_activation), &window, &wiring,
                          &parameters, gather, step.macs, step.is_bf16, step.is_winograd,
                          step.window.down == step.window.across ? nullptr : &down);
}

flatbuffers::DetachedBuffer metadata_of(const Program& program) {
  FlatBufferBuilder to;
  std::vector<flatbuffers::Offset<wire::Tensor>> tensors;
  for (const Tensor& tensor : program.tensors) tensors.push_back(add(to, tensor));
  std::vector<flatbuffers::Offset<wire::Step>> steps;
  for (const Step& step : program.steps) steps.push_back(add(to, step));
  std::vector<flatbuffers::Offset<wire::Output>> outputs;
  for (const ProgramOutput& output : program.outputs)
    outputs.push_back(wire::CreateOutput(to, to.CreateString(output.name), output.tensor));
  std::vector<wire::Storage> storages;
  for (const Storage& storage : program.storages)
    storages.emplace_back(storage.offset, storage.bytes);
  const auto name = to.CreateString(program.name), precision = to.CreateString(program.precision),
             producer = to.CreateString(program.producer);
  const auto mean = to.CreateVector(program.mean), deviation = to.CreateVector(program.deviation);
  const auto classes = to.CreateVectorOfStrings(program.classes);
  wire::FinishModelBuffer(
      to, wire::CreateModel(to, name, program.structure_hash, precision, producer, program.channels,
                            program.height, program.width, mean, deviation, classes,
                            to.CreateVector(outputs), program.arena_bytes,
                            to.CreateVectorOfStructs(storages), to.CreateVector(tensors),
                            to.CreateVector(steps)));
  return to.Release();
}

/// The oldest version that knows all steps.
std::uint32_t version_of(const Program& program) {
  std::uint32_t version = kOldestVersion;
  for (const Step& step : program.steps) {
    if (step.is_winograd) version = std::max(version, kWinogradVersion);
    if (step.kind == StepKind::Activate && program.tensors[step.inputs[0]].is_in_strips())
      version = std::max(version, kStripVersion);
    if (step.kind >= StepKind::LayerNorm || step.window.down != step.window.across)
      version = kVersion;
  }
  return version;
}

}  // namespace

std::vector<std::byte> encode(const ModelFile& model) {
  const flatbuffers::DetachedBuffer metadata = metadata_of(model.program);
  const std::size_t weights_offset =
      (kHeaderBytes + metadata.size() + kAlignment - 1) / kAlignment * kAlignment;
  std::vector<std::byte> bytes(weights_offset + model.weights.size());
  std::memcpy(bytes.data() + kHeaderBytes, metadata.data(), metadata.size());
  std::copy(model.weights.begin(), model.weights.end(),
            bytes.begin() + static_cast<std::ptrdiff_t>(weights_offset));
  write_header(bytes, kModelMagic, version_of(model.program),
               {kHeaderBytes, metadata.size(), weights_offset, model.weights.size(), 0,
                checksum(model.weights)});
  return bytes;
}

}  // namespace atto::format
