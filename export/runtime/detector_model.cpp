#include "export/runtime/detector_model.hpp"

#include <set>
#include <utility>

#include "export/runtime/mapped_file.hpp"

namespace atto::edge {
namespace {

/// Says of which part an error is, and where in the whole file.
[[noreturn]] void rethrow(const format::ModelError& error, std::uint64_t at,
                          const std::string& name) {
  const std::string_view text = error.what();
  const std::size_t rule = text.find(": ", error.field().size());
  throw format::ModelError(at + error.offset(), name + ": " + error.field(),
                           rule == std::string_view::npos ? text : text.substr(rule + 2));
}

template <class Work>
auto named(std::uint64_t at, const std::string& name, const Work& work) {
  try {
    return work();
  } catch (const format::ModelError& error) {
    rethrow(error, at, name);
  }
}

std::int64_t macs_of(const format::NetworkOf<Model>& network) {
  return network.body.program().macs() + (network.last ? network.last->program().macs() : 0);
}

std::int64_t macs_of(const format::DetectorOf<Model>& parts) {
  std::int64_t macs = macs_of(parts.trunk) + parts.settings.proposals * macs_of(parts.box);
  for (const auto& level : parts.proposals) macs += macs_of(level);
  if (!parts.mask) return macs;
  if (parts.settings.mask_follows_box) macs += parts.settings.detections * macs_of(parts.box);
  return macs + parts.settings.detections * macs_of(*parts.mask);
}

const format::Tensor& output_of(const format::NetworkOf<const format::Program*>& network,
                                const char* name) {
  const format::OutputPlace place = *format::find_output(network, name);
  const format::Program& program = place.is_last ? **network.last : *network.body;
  return program.tensors[program.outputs[place.index].tensor];
}

}  // namespace

DetectorModel DetectorModel::view(std::span<const std::byte> bytes,
                                  std::shared_ptr<const void> owner) {
  const auto places = format::decode_detector(bytes);
  std::set<const std::byte*> counted;  // weights that parts share are there once
  Contents contents{std::move(owner),
                    format::changed(places,
                                    [&](std::uint64_t at, const std::string& name) {
                                      return named(at, name,
                                                   [&] { return Model::view(bytes.subspan(at)); });
                                    }),
                    0,
                    0,
                    0,
                    0};
  const auto programs =
      format::changed(contents.parts, [&](const Model& model, const std::string&) {
        if (counted.insert(model.weights().data()).second)
          contents.weight_bytes += model.weights().size();
        return &model.program();
      });
  format::check_detector(programs, [](std::string_view field, std::string_view rule) {
    throw format::ModelError(format::kHeaderBytes, field, rule);
  });
  contents.classes = output_of(programs.box, format::kScores).channels - 1;
  if (programs.mask) contents.mask_side = output_of(*programs.mask, format::kMasks).height;
  contents.macs = macs_of(contents.parts);
  return DetectorModel(std::make_shared<const Contents>(std::move(contents)));
}

DetectorModel DetectorModel::view(std::span<const std::byte> bytes) {
  return view(bytes, nullptr);
}

DetectorModel DetectorModel::open(const std::filesystem::path& file) {
  const MappedFile mapped = map_file(file);
  return view(mapped.bytes, mapped.owner);
}

void DetectorModel::check_weights() const {
  format::changed(parts(), [](const Model& model, const std::string& name) {
    named(0, name, [&] { model.check_weights(); });
    return 0;
  });
}

}  // namespace atto::edge
