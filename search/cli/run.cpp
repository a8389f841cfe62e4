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

std::vector<std::uint8_t> pixels_of(const std::string& file, const format::Program& program) {
  const image::PixelShape shape{program.channels, program.height, program.width};
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(shape.channels) *
                                   static_cast<std::size_t>(shape.height) *
                                   static_cast<std::size_t>(shape.width));
  const std::string fault = train::read_pixels(file, shape, pixels.data());
  if (!fault.empty()) throw EnvironmentError(file + ": " + fault);
  return pixels;
}

/// Says what the model lacks; throws where no file can be its image.
void check_input(const format::Program& program, const std::string& file) {
  if (program.channels != 3 && program.channels != 1)
    throw SpecError({{file, "input", "must be an image of 1 or 3 channels to run on files",
                      fmt::format("{}x{}x{}", program.channels, program.height, program.width)}});
  if (program.mean.empty() || program.deviation.empty())
    fmt::print(stderr, "{}: holds no {}; pixels / 255 are taken as they are\n", file,
               program.deviation.empty() ? program.mean.empty() ? "mean and deviation" : "deviation"
                                         : "mean");
}

int run(const RunOptions& options) {
  edge::EngineOptions engine_options;
  engine_options.threads = options.threads;
  edge::Engine engine(edge::Model::open(options.model), engine_options);
  const format::Program& program = engine.model().program();
  check_input(program, options.model);
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
