// The engine's own files.
#include "design_specs/files.hpp"
#include "export/lowering/lower.hpp"
#include "export/lowering/lower_detector.hpp"
#include "export/lowering/passes.hpp"
#include "export/runtime/detector.hpp"
#include "export/runtime/engine.hpp"
#include "export/runtime/level.hpp"
#include "export/targets/targets.hpp"

namespace atto::deploy {
namespace {

Meaning meaning_of(const net::TrainingMetadata& metadata) {
  Meaning meaning;
  meaning.mean = metadata.mean;
  meaning.deviation = metadata.stddev;
  meaning.classes = metadata.class_names;
  meaning.producer = "AttoForge";
  return meaning;
}

bool can_write(Precision /*precision*/) {
  return true;
}

bool can_write_detector(Precision precision) {
  return precision != Precision::Bf16;
}

void write(const ExportSource& source, const std::filesystem::path& file) {
  const Meaning meaning = meaning_of(source.model.metadata);
  if (source.model.detector) {
    const std::vector<std::byte> bytes =
        detector_bytes(*source.model.detector, source.model.weights, meaning,
                       source.int8 == nullptr ? QuantisedPieces() : source.int8->pieces);
    return spec::write_file_atomically(file,
                                       {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  if (source.precision == Precision::I8)
    write_model(file, source.int8->network, meaning, {Precision::I8, &source.int8->quantisation});
  else
    write_model(file, fuse(source.model.network, source.model.weights), meaning,
                {source.precision, nullptr});
}

Ran run_detector(const std::filesystem::path& file, const ImageSet& images) {
  edge::Detector detector(edge::DetectorModel::open(file));
  Ran ran{{}, "our engine, " + std::string(edge::level_name(detector.level()))};
  for (std::int64_t n = 0; n < images.count; ++n) {
    det::Found found;
    for (const edge::Detection& one : detector.run(images.image(n)))
      found.objects.push_back(
          {{one.box.x1, one.box.y1, one.box.x2, one.box.y2}, one.category, one.score});
    found.masks.assign(detector.masks().begin(), detector.masks().end());
    ran.found.push_back(std::move(found));
  }
  return ran;
}

Ran run(const ExportSource& source, const std::filesystem::path& file, const ImageSet& images) {
  if (source.model.detector) return run_detector(file, images);
  edge::Engine engine(edge::Model::open(file));
  std::vector<float> logits;
  for (std::int64_t n = 0; n < images.count; ++n) {
    engine.run(images.image(n));
    const std::span<const float> made = engine.output(0);
    logits.insert(logits.end(), made.begin(), made.end());
  }
  return {std::move(logits), "our engine, " + std::string(edge::level_name(edge::chosen_level()))};
}

}  // namespace

extern const Target kAttoTarget;
const Target kAttoTarget = {.name = "atto",
                            .extension = ".atto",
                            .companions = {},
                            .can_write = can_write,
                            .can_write_detector = can_write_detector,
                            .require_tools = nullptr,
                            .quantise = quantise_model,
                            .write = write,
                            .run = run};

}  // namespace atto::deploy
