// The engine's own files.
#include "export/lowering/lower.hpp"
#include "export/lowering/passes.hpp"
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

void write(const ExportSource& source, const std::filesystem::path& file) {
  const Meaning meaning = meaning_of(source.model.metadata);
  if (source.precision == Precision::I8)
    write_model(file, source.int8->network, meaning, {Precision::I8, &source.int8->quantisation});
  else
    write_model(file, fuse(source.model.network, source.model.weights), meaning,
                {source.precision, nullptr});
}

Ran run(const ExportSource& /*source*/, const std::filesystem::path& file, const ImageSet& images) {
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
                            .can_write_detector = nullptr,
                            .require_tools = nullptr,
                            .quantise = quantise_model,
                            .write = write,
                            .run = run};

}  // namespace atto::deploy
