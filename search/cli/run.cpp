// `atto run`: classifies images with a model file.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "design_specs/errors.hpp"
#include "export/runtime/engine.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/guesses.hpp"
#include "trainer/images/image_decoding.hpp"
#include "trainer/images/image_resize.hpp"

namespace atto::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShownClasses = 5;

struct RunOptions {
  std::string model;
  std::vector<std::string> images;
  int threads = 1;
  bool is_json = false;
};

/// Decodes and resizes a file into the model's pixels: the shorter side fits, the middle is kept.
std::vector<std::uint8_t> pixels_of(const std::string& file, const format::Program& program) {
  train::DecodedImage image = train::decode_image(file, program.height);
  if (!image.fault.empty()) throw EnvironmentError(file + ": " + image.fault);
  std::vector<std::uint8_t> rgb;
  train::Resizer(image.height, image.width, 3, program.height).append(image.rgb.data(), rgb);
  if (program.channels == 3) return rgb;
  std::vector<std::uint8_t> grey;
  // The weights of ITU-R BT.601, as libjpeg takes them.
  for (std::size_t i = 0; i < rgb.size(); i += 3)
    grey.push_back(static_cast<std::uint8_t>(
        std::lround(0.299 * rgb[i] + 0.587 * rgb[i + 1] + 0.114 * rgb[i + 2])));
  return grey;
}

void require_images(const format::Program& program, const std::string& file) {
  if (program.height != program.width || (program.channels != 3 && program.channels != 1))
    throw SpecError({{file, "input", "must be a square image of 1 or 3 channels to run on files",
                      fmt::format("{}x{}x{}", program.channels, program.height, program.width)}});
}

int run(const RunOptions& options) {
  edge::EngineOptions engine_options;
  engine_options.threads = options.threads;
  edge::Engine engine(edge::Model::open(options.model), engine_options);
  const format::Program& program = engine.model().program();
  require_images(program, options.model);
  Json all = Json::array();
  for (const std::string& file : options.images) {
    const std::vector<std::uint8_t> pixels = pixels_of(file, program);
    const auto start = std::chrono::steady_clock::now();
    engine.run_pixels(pixels);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    Json guesses = Json::array();
    if (!options.is_json) fmt::print("{} ({:.3f} ms)\n", file, took.count());
    for (const Guess& guess : top_guesses(engine.output(), program, kShownClasses)) {
      guesses.push_back({{"class", guess.name}, {"share", guess.share}});
      if (!options.is_json) fmt::print("  {:>6.2f} %  {}\n", 100 * guess.share, guess.name);
    }
    all.push_back({{"image", file}, {"ms", took.count()}, {"top", guesses}});
  }
  if (options.is_json) fmt::print("{}\n", all.dump(2));
  return 0;
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  auto options = std::make_shared<RunOptions>();
  Command command(app, "run", "Classify images with a model file");
  command.option("model", options->model, "an .atto file").required();
  command.option("images", options->images, "JPEG or PNG files").required();
  command.option("--threads", options->threads, "run with this many threads (default 1)")
      .range(1, 256);
  command.flag("--json", options->is_json, "print JSON");
  command.footer("Example:  atto run winner.atto cat.jpg dog.png");
  command.runs(action, [options] { return run(*options); });
}

}  // namespace atto::cli
