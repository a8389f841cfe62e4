#include <cstdint>

#include "export/format/header.hpp"
#include "export/format/model_file.hpp"
#include "export/format/program_rules.hpp"
#include "model_generated.h"

namespace atto::format {
namespace {

Window plain(const wire::Window& w, const wire::Slide* down) {
  const Slide across{w.stride(), w.pad()};
  return {w.height(), w.width(), down == nullptr ? across : Slide{down->stride(), down->pad()},
          across, w.dilation()};
}
Wiring plain(const wire::Wiring& w) {
  return {w.groups(), w.in_blocks(), w.out_blocks(), w.last_depth(), w.interleave()};
}
Parameters plain(const wire::Parameters& p) {
  return {p.weights(), p.bias()};
}

template <class Value>
std::vector<Value> plain(const flatbuffers::Vector<Value>* values) {
  return values == nullptr ? std::vector<Value>{}
                           : std::vector<Value>(values->begin(), values->end());
}

/// Copies FlatBuffers tables into plain structs. Enumerations are checked here, because a value
/// outside of them must not exist as one.
class Reader {
 public:
  explicit Reader(std::uint64_t offset) : offset_(offset) {}

  Program read(const wire::Model& model) const {
    Program program;
    program.name = model.name()->str();
    program.structure_hash = model.structure_hash();
    program.precision = model.precision()->str();
    program.producer = model.producer()->str();
    program.channels = model.channels();
    program.height = model.height();
    program.width = model.width();
    program.mean = plain(model.mean());
    program.deviation = plain(model.deviation());
    if (model.classes() != nullptr)
      for (const auto* name : *model.classes()) program.classes.push_back(name->str());
    for (const auto* output : *model.outputs())
      program.outputs.push_back({output->name()->str(), output->tensor()});
    program.arena_bytes = model.arena_bytes();
    for (const auto* storage : *model.storages())
      program.storages.push_back({storage->offset(), storage->bytes()});
    for (const auto* tensor : *model.tensors()) program.tensors.push_back(read(*tensor));
    for (const auto* step : *model.steps()) program.steps.push_back(read(*step));
    return program;
  }

 private:
  template <class Enum>
  Enum enumerated(std::uint8_t value, int count, const char* field) const {
    if (value >= count) throw ModelError(offset_, field, "unknown value " + std::to_string(value));
    return static_cast<Enum>(value);
  }
  Activation activation(std::uint8_t value) const {
    return enumerated<Activation>(value, kActivations, "activation");
  }

  Tensor read(const wire::Tensor& from) const {
    return {from.channels(),     from.height(),
            from.width(),        enumerated<Element>(from.element(), kElements, "element"),
            from.halo(),         from.storage(),
            plain(from.lanes()), from.scale(),
            from.zero_point()};
  }
  Step read(const wire::Step& from) const {
    Step step;
    step.kind = enumerated<StepKind>(from.kind(), kStepKinds, "step kind");
    step.name = from.name()->str();
    step.inputs = plain(from.inputs());
    step.output = from.output();
    step.residual = from.residual();
    step.activation = activation(from.activation());
    step.joined_activation = activation(from.joined_activation());
    step.window = plain(*from.window(), from.down());
    step.wiring = plain(*from.wiring());
    step.parameters = plain(*from.parameters());
    if (from.gather() != nullptr)
      for (const auto* source : *from.gather())
        step.gather.push_back({source->input(), source->lane()});
    step.macs = from.macs();
    step.is_bf16 = from.is_bf16();
    step.is_winograd = from.is_winograd();
    return step;
  }

  std::uint64_t offset_;
};

}  // namespace

ModelView decode(std::span<const std::byte> bytes) {
  const Header header = read_header(bytes, kModelMagic, kOldestVersion, kVersion);
  const auto metadata = bytes.subspan(header.metadata_offset, header.metadata_bytes);
  const auto* data = reinterpret_cast<const std::uint8_t*>(metadata.data());
  flatbuffers::Verifier verifier(data, metadata.size());
  if (!wire::VerifyModelBuffer(verifier))
    throw ModelError(header.metadata_offset, "metadata", "is no valid FlatBuffers table");
  // The verifier sees to the alignment of a vector's length only.
  if (reinterpret_cast<std::uintptr_t>(wire::GetModel(data)->storages()->Data()) %
          alignof(wire::Storage) !=
      0)
    throw ModelError(header.metadata_offset, "storages", "are not aligned to 8 bytes");
  ModelView view{Reader(header.metadata_offset).read(*wire::GetModel(data)),
                 bytes.subspan(header.weights_offset, header.weights_bytes), header.weights_offset,
                 header.weights_checksum};
  check_program(view.program, view.weights.size(),
                [&](std::string_view field, std::string_view rule) {
                  throw ModelError(header.metadata_offset, field, rule);
                });
  return view;
}

}  // namespace atto::format
