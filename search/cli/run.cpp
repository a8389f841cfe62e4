// `atto run`: classifies images with a model file, or finds objects in them with a detector's.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "design_specs/errors.hpp"
#include "design_specs/json_text.hpp"
#include "export/runtime/engine.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/failure.hpp"
#include "search/cli/guesses.hpp"
#include "search/cli/model_shown.hpp"
#include "search/cli/path_kind.hpp"
#include "search/cli/run_detector.hpp"
#include "trainer/data/images/image_decoding.hpp"

namespace atto::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShownClasses = 5;

struct RunOptions {
  std::string model;
  std::vector<std::string> images;
  int threads = 1;
  DetectorShown shown;
  bool says_score = false, is_json = false;
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

Json classify(edge::Engine& engine, const std::string& file, bool is_json) {
  const format::Program& program = engine.model().program();
  const std::vector<std::uint8_t> pixels = pixels_of(file, program);
  const auto start = std::chrono::steady_clock::now();
  engine.run_pixels(pixels);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  Json guesses = Json::array();
  if (!is_json) fmt::print("{} ({:.3f} ms)\n", file, took.count());
  for (const Guess& guess : top_guesses(engine.output(), program, kShownClasses)) {
    guesses.push_back({{"class", guess.name}, {"share", guess.share}});
    if (!is_json) fmt::print("  {:>6.2f} %  {}\n", 100 * guess.share, guess.name);
  }
  return {{"image", file}, {"ms", took.count()}, {"top", guesses}};
}

/// What has become of the images so far. One that cannot be read is told, and the others go on.
class Results {
 public:
  explicit Results(bool is_json) : is_json_(is_json) {}

  template <class Work>
  void take(const std::string& image, const Work& work) {
    try {
      work();
    } catch (const EnvironmentError& error) {
      std::fflush(stdout);
      tell({4, "environment", error.what()}, false);
      add({{"image", image}, {"error", error.what()}});
      ++failed_;
    }
  }
  void add(Json entry) { all_.push_back(std::move(entry)); }

  /// Prints the summary; returns the exit code.
  int end() const {
    if (is_json_) fmt::print("{}\n", spec::json_text(all_, 2));
    if (failed_ == 0) return 0;
    std::fflush(stdout);
    fmt::print(stderr, "{} of {} images could not be classified\n", failed_, all_.size());
    return 4;
  }

 private:
  bool is_json_;
  Json all_ = Json::array();
  std::size_t failed_ = 0;
};

/// Calls work(image) with every image, which returns its entry; returns the exit code.
template <class Work>
int run_on_images(const RunOptions& options, const Work& work) {
  Results results(options.is_json);
  for (const std::string& path : options.images)
    results.take(path, [&] {
      const std::vector<std::filesystem::path> images = images_of(path);
      if (images.empty()) throw EnvironmentError(path + ": holds no JPEG or PNG files");
      for (const std::filesystem::path& image : images)
        results.take(image.string(), [&] { results.add(work(image.string())); });
    });
  return results.end();
}

int detect(const RunOptions& options, const std::string& file) {
  DetectorShown shown = options.shown;
  if (!(shown.least_score >= 0 && shown.least_score <= 1))
    throw SpecError({{"--score", "", "must be in [0, 1]", fmt::format("{:g}", shown.least_score)}});
  shown.is_json = options.is_json;
  DetectorRun run(open_detector(file), file, options.threads, shown);
  return run_on_images(options, [&](const std::string& image) { return run.find(image); });
}

int run(const RunOptions& options) {
  const std::string file = model_or_detector_of(options.model, "atto run").string();
  if (is_detector_file(file)) return detect(options, file);
  for (const auto& [option, is_there] :
       {std::pair("--draw", !options.shown.draw.empty()), {"--score", options.says_score}})
    if (is_there)
      throw SpecError({{option, "", "is for detectors, and this is a classifier", file}});
  edge::EngineOptions engine_options;
  engine_options.threads = options.threads;
  const edge::Model model = open_model(file);
  model.check_weights();
  edge::Engine engine(model, engine_options);
  check_input(engine.model().program(), file);
  return run_on_images(
      options, [&](const std::string& image) { return classify(engine, image, options.is_json); });
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  auto options = std::make_shared<RunOptions>();
  Command command(app, "run", "Classify images, or find objects in them, with a model file");
  command
      .option("model", options->model,
              "A .atto file, or a folder with one: a training's, or a campaign's (its winner)")
      .required();
  command
      .option("images", options->images,
              "JPEG or PNG files, or folders: all such files in them and in their folders, by name")
      .required();
  command.option("--threads", options->threads, "run with this many threads (default 1)")
      .range(1, 256);
  command.option("--draw", options->shown.draw,
                 "of a detector: write pictures with what it finds into this folder");
  const Option score =
      command.option("--score", options->shown.least_score,
                     "of a detector: tell of objects of at least this score (default 0.5)");
  command.flag("--json", options->is_json, "print JSON; masks as COCO's compressed runs");
  command.footer(
      "Examples:\n"
      "  atto run winner.atto cat.jpg dog.png\n"
      "  atto run runs/quickstart-s1 photos\n"
      "  atto run detector.atto photos --draw found --score 0.3\n"
      "Exit code 4: some images could not be read; the others are looked at.");
  command.runs(action, [options, score] {
    options->says_score = score.is_given();
    return run(*options);
  });
}

}  // namespace atto::cli
