// atto compare: whether trained designs differ in what they get right, image by image and seed by
// seed.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "design_specs/errors.hpp"
#include "design_specs/json_text.hpp"
#include "design_specs/markup.hpp"
#include "prototypes/network/costs.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/cli/commands.hpp"
#include "trainer/cli/contestants.hpp"
#include "trainer/cli/detector_eval.hpp"
#include "trainer/cli/device_option.hpp"
#include "trainer/cli/trained_network.hpp"
#include "trainer/comparison/resampling.hpp"
#include "trainer/data/dataset_identity.hpp"
#include "trainer/training/classification.hpp"
#include "trainer/training/training_evaluator.hpp"

namespace atto::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::vector<std::string> sources;
  std::string data, split = "test", device = "auto";
  int threads = 1;
  bool json = false;
};

/// What all are judged on.
struct Arena {
  spec::Subject subject = spec::Subject::Picture;
  std::string data, digest;  ///< data: for people
  std::size_t images = 0;
  std::vector<std::vector<std::int32_t>> objects;  ///< MatchRecord::objects, of detectors

  const spec::TaskKind& task() const {
    const auto& kinds = spec::task_kinds();
    return *std::find_if(kinds.begin(), kinds.end(),
                         [&](const spec::TaskKind& kind) { return kind.subject == subject; });
  }
};

Arena arena_of(const det::MatchRecord& record, const std::string& data, const std::string& digest) {
  return {record.has_masks() ? spec::Subject::Masks : spec::Subject::Boxes, data, digest,
          std::size_t(record.pictures), record.objects};
}

/// Judges trainings on one data set, and sees to it that all see the same images.
class Judge {
 public:
  explicit Judge(const Options& options)
      : options_(options), process_({device_of(options.device), options.threads}) {}

  void judge(const net::TrainedModel& training, Contestant& contestant) {
    if (training.detector)
      judge_detector(training, contestant);
    else
      judge_classifier(training, contestant);
  }

  /// Takes what was judged before.
  void take(KeptResult& result, Contestant& contestant) {
    if (options_.split != "test")
      throw SpecError(
          {{"--split", "", "results of trainings tell of the test images alone", options_.split}});
    const std::string data = fmt::format("{} (digest {})", result.dataset, result.digest);
    contestant.params = result.params, contestant.macs = result.macs;
    if (result.test_matches) {
      expect_same(result.file, arena_of(*result.test_matches, data, result.digest));
      contestant.matches.push_back(std::move(*result.test_matches));
      return;
    }
    expect_same(result.file,
                {spec::Subject::Picture, data, result.digest, result.test_right.size(), {}});
    contestant.right.push_back(std::move(result.test_right));
  }

  const Arena& arena() const { return *arena_; }

 private:
  void judge_classifier(const net::TrainedModel& training, Contestant& contestant) {
    constexpr int kBatch = 100;
    train::Dataset data;
    const TrainedNetwork network = with_data(training, {{}, {}, options_.data}, data);
    if (!network.note.empty()) fmt::print(stderr, "{}\n", network.note);
    const auto& images = options_.split == "test" ? data.test : data.validation;
    expect_same(training.weights_file.string(),
                {spec::Subject::Picture,
                 train::identity_text(train::identity_of(data.info)),
                 data.info.digest,
                 images.size(),
                 {}});
    const train::ParameterLayout layout(network.network);
    const auto backend =
        train::make_backend(network.network, layout, {process_.device(), options_.threads, kBatch});
    const train::Quality quality =
        train::judge(*backend, network.trained, data, images, kBatch, options_.threads);
    take_costs(net::count_costs(network.network), contestant);
    contestant.right.push_back(train::right_of(data, images, quality));
  }

  void judge_detector(const net::TrainedModel& training, Contestant& contestant) {
    const JudgedPictures judged = judged_pictures(
        training, {options_.data, options_.split, process_.device(), options_.threads});
    const bool judges_masks = training.detector->mask && judged.truth.has_masks();
    det::MatchRecord record = det::match_record(judged.truth, judged.found, judges_masks);
    expect_same(training.weights_file.string(),
                arena_of(record, train::identity_text(train::identity_of(judged.data)),
                         judged.data.digest));
    take_costs(net::count_costs(*training.detector), contestant);
    contestant.matches.push_back(std::move(record));
  }

  static void take_costs(const net::Costs& costs, Contestant& contestant) {
    contestant.params = costs.params, contestant.macs = costs.macs;
  }

  /// All must be judged as the first, on its images.
  void expect_same(const std::string& what, Arena arena) {
    if (!arena_) {
      arena_ = std::move(arena);
      if (arena_->images < 2)
        throw SpecError(
            {{what, "", "must be judged on two images at least", std::to_string(arena_->images)}});
      return;
    }
    const auto refuse = [&](const std::string& rule, const std::string& value) {
      throw SpecError({{what, "", rule, value}});
    };
    if (arena.subject != arena_->subject)
      refuse("must be of the task of the first, " + arena_->task().name, arena.task().name);
    if (arena.digest != arena_->digest || arena.images != arena_->images)
      refuse("must be of the data set of the first, " + arena_->data, arena.data);
    if (arena.objects != arena_->objects)
      refuse("must be judged by the objects of the first", "other ones");
  }

  const Options& options_;
  train::TrainingEvaluator process_;
  std::optional<Arena> arena_;
};

/// What is told of one score.
struct Told {
  spec::Score score;
  std::vector<std::vector<double>> by_seed;            ///< [design]
  std::vector<train::PairedDifference> against_first;  ///< [design]
};

std::vector<Told> told_of_classifiers(const std::vector<Contestant>& all,
                                      const spec::TaskKind& task) {
  Told told{task.main_score(), {}, {}};
  for (const Contestant& one : all) {
    std::vector<double>& accuracies = told.by_seed.emplace_back();
    for (const auto& right : one.right)
      accuracies.push_back(double(std::count(right.begin(), right.end(), 1)) /
                           double(right.size()));
    told.against_first.push_back(train::paired_difference(all[0].right, one.right));
  }
  return {told};
}

std::vector<Told> told_of_detectors(const std::vector<Contestant>& all,
                                    const spec::TaskKind& task) {
  std::vector<train::ResampledScores> resampled;
  for (const Contestant& one : all) resampled.push_back(train::resampled_scores(one.matches));
  std::vector<Told> all_told;
  for (const spec::Score& score : task.scores) {
    Told& told = all_told.emplace_back(Told{score, {}, {}});
    for (const train::ResampledScores& one : resampled) {
      std::vector<double>& values = told.by_seed.emplace_back();
      for (const spec::ScoreValues& seed : one.by_seed) values.push_back(seed.at(score.name));
      told.against_first.push_back(train::paired_difference(resampled[0], one, score.name));
    }
  }
  return all_told;
}

const char* verdict_of(const train::PairedDifference& difference) {
  if (!difference.is_resolved()) return "not told apart";
  return difference.difference > 0 ? "better" : "worse";
}

std::string title(const spec::Score& score) {
  return score.label + std::string(spec::unit_text(score));
}

void print_scores(const std::vector<Contestant>& all, const std::vector<Told>& told,
                  std::size_t width) {
  fmt::print("{:<{}}  seeds", "network", width);
  for (const Told& one : told) fmt::print("  {:>14}", title(one.score));
  fmt::print("  {:>10}  {:>13}\n", "params", "MACs");
  for (std::size_t i = 0; i < all.size(); ++i) {
    fmt::print("{:<{}}  {:>5}", all[i].name, width, told[0].by_seed[i].size());
    for (const Told& one : told) {
      const train::Spread seeds = train::spread_of(one.by_seed[i]);
      fmt::print("  {:>6.2f} +- {:>4.2f}", 100 * seeds.mean,
                 100 * std::sqrt(seeds.variance_of_one()));
    }
    fmt::print("  {:>10}  {:>13}\n", spec::grouped(all[i].params), spec::grouped(all[i].macs));
  }
}

void print_differences(const std::vector<Contestant>& all, const std::vector<Told>& told,
                       std::size_t width) {
  bool is_narrow = false;
  for (std::size_t i = 1; i < all.size(); ++i)
    for (const Told& one : told) {
      const train::PairedDifference& d = one.against_first[i];
      is_narrow |= !d.has_seeds;
      fmt::print("{:<{}}  {}{:>+6.2f}  from {:+.2f} to {:+.2f}  {}{}\n", all[i].name, width,
                 told.size() > 1 ? fmt::format("{:<9}  ", one.score.label) : "", 100 * d.difference,
                 100 * d.low, 100 * d.high, verdict_of(d), d.has_seeds ? "" : " (*)");
    }
  if (is_narrow)
    fmt::print(
        "(*) one side was trained once: what another seed would give is not in the interval\n");
}

void print_text(const std::vector<Contestant>& all, const std::vector<Told>& told,
                const Arena& arena, const Options& options) {
  std::size_t width = 10;
  for (const Contestant& one : all) width = std::max(width, one.name.size());
  fmt::print("{} {} images of {}\n", arena.images, options.split, arena.data);
  print_scores(all, told, width);
  const bool draws = arena.task().finds_objects();
  fmt::print("\nagainst {}, in points, with 95 % of what images{} and seeds leave open:\n",
             all.front().name, draws ? fmt::format(" ({} draws of them)", train::kResamples) : "");
  print_differences(all, told, width);
}

Json told_json(const Told& told, std::size_t design, const char* values) {
  const train::Spread seeds = train::spread_of(told.by_seed[design]);
  Json json = {{values, told.by_seed[design]},
               {"mean", seeds.mean},
               {"deviation", std::sqrt(seeds.variance_of_one())}};
  if (design == 0) return json;
  const train::PairedDifference& d = told.against_first[design];
  json["against_first"] = {{"difference", d.difference},
                           {"low", d.low},
                           {"high", d.high},
                           {"share", 0.95},
                           {"has_seeds", d.has_seeds},
                           {"verdict", verdict_of(d)}};
  return json;
}

void print_json(const std::vector<Contestant>& all, const std::vector<Told>& told,
                const Arena& arena, const Options& options) {
  const bool draws = arena.task().finds_objects();
  Json networks = Json::array();
  for (std::size_t i = 0; i < all.size(); ++i) {
    Json entry = {{"name", all[i].name}, {"params", all[i].params}, {"macs", all[i].macs}};
    if (!draws) entry.update(told_json(told[0], i, told[0].score.name.c_str()));
    for (const Told& one : told)
      if (draws) entry["scores"][one.score.name] = told_json(one, i, "by_seed");
    networks.push_back(std::move(entry));
  }
  Json json = {{"task", arena.task().name},
               {"dataset", arena.data},
               {"split", options.split},
               {"images", arena.images}};
  if (draws) json["draws"] = train::kResamples;
  json["networks"] = std::move(networks);
  fmt::print("{}\n", spec::json_text(json, 2));
}

int compare_command(const Options& options) {
  std::vector<Contestant> all = read_contestants(options.sources, options.data);
  if (all.size() < 2)
    throw SpecError({{"atto compare", "runs", "must be of two designs at least",
                      fmt::format("one, trained {} times",
                                  all.at(0).trainings.size() + all.at(0).results.size())}});
  Judge judge(options);
  for (Contestant& one : all) {
    for (KeptResult& result : one.results) judge.take(result, one);
    for (const net::TrainedModel& training : one.trainings) judge.judge(training, one);
  }
  const spec::TaskKind& task = judge.arena().task();
  const std::vector<Told> told =
      task.finds_objects() ? told_of_detectors(all, task) : told_of_classifiers(all, task);
  (options.json ? print_json : print_text)(all, told, judge.arena(), options);
  return 0;
}

}  // namespace

void add_trainer_compare(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  Command command(app, "compare", "Say whether trained designs differ in accuracy");
  command
      .option(
          "runs", options->sources,
          "campaigns (their winners, all seeds), folders of trainings, weights, or results that "
          "atto train LIST kept; trainings of one design are its seeds")
      .required();
  command.option("--data", options->data, "data set; default: that of the trainings");
  command.option("--split", options->split, "which images").one_of({"test", "validation"});
  command.option("--threads", options->threads, "CPU threads").range(1, 256);
  add_device_option(command, options->device);
  command.flag("--json", options->json, "print JSON");
  command.footer(
      "Examples:\n"
      "  atto compare runs/mine-s1 runs/mine-s2\n"
      "  atto compare trained/mobilenet-s1 trained/mobilenet-s2 runs/mine-s1\n"
      "  atto compare results/mobilenet-s*.json results/mine-s*.json\n"
      "  atto compare runs/resnet50_mask_rcnn runs/atto_mask_rcnn --split validation");
  command.runs(action, [options] { return compare_command(*options); });
}

}  // namespace atto::cli
