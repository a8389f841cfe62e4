#include "export/targets/atto_target.hpp"

#include <sstream>

#include "export/lowering/lower.hpp"
#include "export/lowering/passes.hpp"
#include "export/runtime/engine.hpp"

namespace atto::deploy {
namespace {

/// What the trainer wrote beside the weights: numbers "0.1 0.2", class names one a line.
Meaning meaning_of(const net::TensorFile& weights) {
  const auto text = [&](const char* key) {
    const auto found = weights.metadata.find(key);
    return std::istringstream(found == weights.metadata.end() ? std::string() : found->second);
  };
  Meaning meaning;
  std::istringstream mean = text("mean"), deviation = text("stddev"), names = text("class_names");
  for (float value; mean >> value;) meaning.mean.push_back(value);
  for (float value; deviation >> value;) meaning.deviation.push_back(value);
  for (std::string line; std::getline(names, line);) meaning.classes.push_back(line);
  meaning.producer = "AttoForge";
  return meaning;
}

}  // namespace

bool can_write_atto(Precision /*precision*/) {
  return true;
}

void write_atto(const ExportSource& source, const std::filesystem::path& file) {
  const Meaning meaning = meaning_of(source.model.weights);
  if (source.precision == Precision::I8)
    write_model(file, source.int8->network, meaning, {Precision::I8, &source.int8->quantisation});
  else
    write_model(file, fuse(source.model.network, source.model.weights), meaning,
                {source.precision, nullptr});
}

std::vector<float> run_atto(const std::filesystem::path& file, const ImageSet& images) {
  edge::Engine engine(edge::Model::open(file));
  std::vector<float> logits;
  for (std::int64_t n = 0; n < images.count; ++n) {
    engine.run(images.image(n));
    const std::span<const float> made = engine.output(0);
    logits.insert(logits.end(), made.begin(), made.end());
  }
  return logits;
}

}  // namespace atto::deploy
