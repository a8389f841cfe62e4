// atto eval and atto reference: trained weights on a data set.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/json_text.hpp"
#include "prototypes/language/trained_model.hpp"
#include "search/cli/path_kind.hpp"
#include "search/report/csv.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/cli/commands.hpp"
#include "trainer/cli/detector_eval.hpp"
#include "trainer/cli/device_option.hpp"
#include "trainer/cli/judge.hpp"
#include "trainer/cli/trained_network.hpp"
#include "trainer/training/classification.hpp"
#include "trainer/training/trained_files.hpp"

namespace atto::cli {
namespace {

struct Options {
  TrainedSource source;
  std::filesystem::path confusion, detections, results, truth, out;
  std::string split = "test", device = "auto";
  int threads = 1, images = 0;
  bool json = false, quiet = false;
};

struct ClassResult {
  std::int64_t images = 0, right = 0, predicted = 0;
  double recall() const { return images > 0 ? double(right) / double(images) : 0; }
  double precision() const { return predicted > 0 ? double(right) / double(predicted) : 0; }
};

/// The true class and the predicted one of each image.
using Judged = std::vector<std::pair<std::size_t, std::size_t>>;

Judged judged_of(const train::Quality& quality, const train::Dataset& data,
                 const std::vector<std::int32_t>& images) {
  Judged judged;
  for (std::size_t i = 0; i < images.size(); ++i)
    judged.emplace_back(data.images.labels[static_cast<std::size_t>(images[i])],
                        quality.predicted[i]);
  return judged;
}

std::vector<ClassResult> per_class(const Judged& judged, int classes) {
  std::vector<ClassResult> results(static_cast<std::size_t>(classes));
  for (const auto& [label, predicted] : judged) {
    ++results[label].images;
    ++results[predicted].predicted;
    results[label].right += label == predicted;
  }
  return results;
}

/// Rows are true classes, columns predicted ones.
std::string confusion_csv(const Judged& judged, const std::vector<std::string>& names) {
  std::map<std::pair<std::size_t, std::size_t>, std::int64_t> counts;
  for (const auto& pair : judged) ++counts[pair];
  std::string text = "true\\predicted";
  for (const std::string& name : names) text += "," + search::csv_field(name);
  auto next = counts.begin();
  for (std::size_t t = 0; t < names.size(); ++t) {
    text += "\n" + search::csv_field(names[t]);
    for (std::size_t p = 0; p < names.size(); ++p) {
      const bool is_next = next != counts.end() && next->first == std::pair(t, p);
      text += "," + std::to_string(is_next ? next++->second : 0);
    }
  }
  return text + "\n";
}

/// A table of every pair of classes is for people to read.
void expect_small(const std::filesystem::path& confusion, int classes) {
  constexpr int kMostClasses = 4096;
  if (!confusion.empty() && classes > kMostClasses)
    throw SpecError({{"--confusion", "", fmt::format("is for at most {} classes", kMostClasses),
                      std::to_string(classes)}});
}

void print_table(const train::Quality& quality, const train::Dataset& data, const Judged& judged,
                 const std::string& split) {
  fmt::print(
      "{} {}: {} images  top-1 {:.2f} %  top-5 {:.2f} %  loss {:.4f}\n\n{:<24} {:>7} {:>9} "
      "{:>10}\n",
      data.info.name, split, judged.size(), 100 * quality.top1, 100 * quality.top5, quality.loss,
      "class", "images", "recall %", "precision %");
  const std::vector<ClassResult> classes = per_class(judged, data.info.classes);
  for (std::size_t c = 0; c < classes.size(); ++c)
    fmt::print("{:<24} {:>7} {:>9.2f} {:>10.2f}\n", data.class_names[c], classes[c].images,
               100 * classes[c].recall(), 100 * classes[c].precision());
}

void print_json(const train::Quality& quality, const train::Dataset& data, const Judged& judged,
                const std::string& split) {
  nlohmann::ordered_json classes = nlohmann::ordered_json::array();
  const std::vector<ClassResult> results = per_class(judged, data.info.classes);
  for (std::size_t c = 0; c < results.size(); ++c)
    classes.push_back({{"name", data.class_names[c]},
                       {"images", results[c].images},
                       {"recall", results[c].recall()},
                       {"precision", results[c].precision()}});
  const nlohmann::ordered_json json = {{"dataset", data.info.name}, {"split", split},
                                       {"top1", quality.top1},      {"top5", quality.top5},
                                       {"loss", quality.loss},      {"classes", classes}};
  fmt::print("{}\n", spec::json_text(json, 2));
}

void expect_weights(const Options& options, const char* command) {
  expect_kind(options.source.path, command,
              {PathKind::Weights, PathKind::Training, PathKind::Campaign});
}

/// Options of one kind of networks are given with another.
void refuse(const std::filesystem::path& given, const char* option, const char* rule) {
  if (!given.empty()) throw SpecError({{option, "", rule, given.string()}});
}

int eval_command(const Options& options) {
  expect_weights(options, "atto eval");
  if (net::is_trained_detector(options.source.path, options.source.design)) {
    refuse(options.confusion, "--confusion", "is for classifiers; this is a detector");
    return eval_detector({options.source, options.split, options.results, options.truth,
                          device_of(options.device), options.threads, options.json});
  }
  refuse(options.results, "--results", "is for detectors; this is a classifier");
  refuse(options.truth, "--truth", "is for detectors; this is a classifier");
  constexpr int kBatch = 100;
  // The evaluator decides on the device and prepares the process.
  const train::TrainingEvaluator process({device_of(options.device), options.threads});
  train::Dataset data;
  const TrainedNetwork network = read_trained(options.source, data);
  if (!network.note.empty()) fmt::print(stderr, "{}\n", network.note);
  expect_small(options.confusion, data.info.classes);
  const train::ParameterLayout layout(network.network);
  const auto backend =
      train::make_backend(network.network, layout, {process.device(), options.threads, kBatch});
  const auto& images = options.split == "test" ? data.test : data.validation;
  const train::Quality quality =
      train::judge(*backend, network.trained, data, images, kBatch, options.threads);
  const Judged judged = judged_of(quality, data, images);
  options.json ? print_json(quality, data, judged, options.split)
               : print_table(quality, data, judged, options.split);
  if (!options.confusion.empty())
    spec::write_file_atomically(options.confusion, confusion_csv(judged, data.class_names));
  return 0;
}

/// The images that are asked for.
std::vector<std::int32_t> images_of(const Options& options, const train::Dataset& data) {
  if (options.images == 0) {
    const auto images = train::reference_images(data);
    return {images.begin(), images.end()};
  }
  const auto& split = options.split == "train"  ? data.train
                      : options.split == "test" ? data.test
                                                : data.validation;
  if (split.empty())
    throw SpecError({{"--split", "", "the data set has no such images", options.split}});
  return train::spread_images(split, static_cast<std::size_t>(options.images));
}

int reference_command(const Options& options) {
  expect_weights(options, "atto reference");
  if (net::is_trained_detector(options.source.path, options.source.design)) {
    const auto out =
        refer_detector({options.source, options.split, options.out, options.threads},
                       [&](const train::Dataset& data) { return images_of(options, data); });
    if (!options.quiet) fmt::print("{}\n", out.string());
    return 0;
  }
  train::prepare_process(options.threads);
  train::Dataset data;
  TrainedSource source = options.source;
  source.needs_labels = options.split != "train";  // whose images calibrate
  const TrainedNetwork network = read_trained(source, data);
  const std::filesystem::path out =
      options.out.empty() ? network.weights_file.parent_path() / net::kReferenceName : options.out;
  const train::ParameterLayout layout(network.network);
  train::write_reference(
      out, data, layout, network.trained,
      train::classification_reference(network.network, data, images_of(options, data), layout,
                                      network.trained));
  if (!options.quiet) fmt::print("{}\n", out.string());
  return 0;
}

/// The command, and its positional argument.
std::pair<Command, Option> add_command(CLI::App& app, const char* name, const char* summary,
                                       Options& options) {
  Command command(app, name, summary);
  const Option weights =
      command.option("weights", options.source.path,
                     "Run folder (of a campaign: its winner), or weights.safetensors");
  command.option("--data", options.source.data, "Data set; default: that of the training");
  command.option("--design", options.source.design,
                 "Design JSON; default: design.json beside the weights");
  command.option("--threads", options.threads, "CPU threads").range(1, 256);
  return {command, weights};
}

}  // namespace

void add_trainer_eval(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto [command, weights] = add_command(app, "eval", "Evaluate trained weights", *options);
  command.option("--split", options->split, "Which images").one_of({"test", "validation"});
  command.option("--confusion", options->confusion,
                 "Write the confusion matrix as CSV: rows true, columns predicted");
  Option detections = command.option(
      "--detections", options->detections,
      "Judge these instead, a JSON file as COCO's results are; --data: a set with objects "
      "in its pictures, or a file of annotations");
  detections.excludes(weights);
  command
      .option("--results", options->results,
              "Of a detector: write what it found, as COCO's results are")
      .excludes(detections);
  command
      .option("--truth", options->truth,
              "Of a detector: write what was to be found, as COCO's annotations are")
      .excludes(detections);
  add_device_option(command, options->device);
  command.flag("--json", options->json, "Print JSON");
  command.footer(
      "Examples:\n"
      "  atto eval runs/quickstart-s1/winner --confusion confusion.csv\n"
      "  atto eval --detections results.json --data nuclei256");
  command.makes(action, [options]() -> Action {
    const bool judges = !options->detections.empty();
    if (!judges && options->source.path.empty()) throw_missing("weights");
    if (judges && options->source.data.empty()) throw_missing("--data");
    if (!judges) return [options] { return eval_command(*options); };
    return [options] {
      return judge({options->detections, options->source.data, options->split, options->json});
    };
  });
}

void add_trainer_reference(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto [command, weights] =
      add_command(app, "reference",
                  "Write LibTorch's answers to held-out images beside trained weights", *options);
  weights.required();
  command.option("--out", options->out, "File; default: reference.safetensors beside the weights");
  command
      .option("--images", options->images,
              "How many images of --split, at equal distances; default: the first 64 test images")
      .range(1, 1000000);
  command
      .option("--split", options->split,
              "Which images; of a detector's training images, which calibrate, no answers are "
              "written")
      .one_of({"test", "validation", "train"});
  command.flag("--quiet", options->quiet, "Print nothing");
  command.footer("Example:  atto reference runs/quickstart-s1/winner");
  command.runs(action, [options] { return reference_command(*options); });
}

}  // namespace atto::cli
