#include "search/cli/model_shown.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "export/runtime/engine.hpp"
#include "search/cli/run_detector.hpp"

namespace atto::cli {
namespace {

constexpr std::size_t kTop = 3;

}  // namespace

edge::Model open_model(const std::filesystem::path& file) {
  return of_model_file(file, [&] { return edge::Model::open(file); });
}

ModelShown show_model(const std::filesystem::path& file, const deploy::ImageSet& images) {
  edge::Engine engine(open_model(file));
  const format::Program& program = engine.model().program();
  ModelShown shown{program.precision, std::string(edge::level_name(engine.level())), {}, {}, {}};
  shown.timing = search::time_quickest({[&] { engine.run(images.image(0)); }});
  shown.guesses = top_guesses(engine.output(), program, kTop);
  if (!images.labels.empty())
    shown.label = class_name(program, static_cast<std::size_t>(images.labels[0]));
  return shown;
}

ModelShown show_detector(const std::filesystem::path& file) {
  edge::Detector detector(open_detector(file));
  const format::Program& program = detector.model().program();
  const std::vector<float> picture = search::noise_image(program);
  return {program.precision,
          std::string(edge::level_name(detector.level())),
          search::time_quickest({[&] { detector.time(picture); }}),
          "",
          {}};
}

std::string latency_line(const ModelShown& model) {
  return fmt::format(
      "{} latency of the exported model {:.4f} ms (1 thread, {}; middle half {:.4f} to {:.4f}, {} "
      "runs)\n",
      model.precision, model.timing.median_ms, model.level, model.timing.low_ms,
      model.timing.high_ms, model.timing.runs);
}

std::string image_line(const ModelShown& model) {
  std::string line = model.label.empty() ? std::string("a held-out image:")
                                         : fmt::format("a held-out image ({}):", model.label);
  for (const Guess& guess : model.guesses)
    line += fmt::format("{} {} {:.1f} %", &guess == model.guesses.data() ? "" : ",", guess.name,
                        100 * guess.share);
  return line + "\n";
}

nlohmann::ordered_json model_json(const ModelShown& model) {
  nlohmann::ordered_json top = nlohmann::ordered_json::array();
  for (const Guess& guess : model.guesses)
    top.push_back({{"class", guess.name}, {"share", guess.share}});
  return {{"precision", model.precision},
          {"level", model.level},
          {"latency_ms", model.timing.median_ms},
          {"label", model.label},
          {"top", std::move(top)}};
}

}  // namespace atto::cli
