// atto compare: whether trained designs differ in accuracy, image by image and seed by seed.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "design_specs/errors.hpp"
#include "design_specs/json_text.hpp"
#include "design_specs/markup.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/language/trained_model.hpp"
#include "prototypes/network/costs.hpp"
#include "prototypes/network/identity.hpp"
#include "search/cli/path_kind.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/cli/commands.hpp"
#include "trainer/cli/device_option.hpp"
#include "trainer/cli/kept_result.hpp"
#include "trainer/cli/trained_network.hpp"
#include "trainer/data/dataset_identity.hpp"
#include "trainer/training/classification.hpp"
#include "trainer/training/paired_accuracy.hpp"
#include "trainer/training/training_evaluator.hpp"

namespace atto::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> sources;
  std::string data, split = "test", device = "auto";
  int threads = 1;
  bool json = false;
};

/// A design with all its trainings: those that are judged here, and kept results that were before.
struct Contestant {
  std::string name;
  std::vector<net::TrainedModel> trainings;
  std::vector<KeptResult> results;
  std::int64_t params = 0, macs = 0;
  train::RightBySeed right;

  double accuracy(std::size_t seed) const {
    return double(std::count(right[seed].begin(), right[seed].end(), 1)) /
           double(right[seed].size());
  }
  double mean() const {
    double sum = 0;
    for (std::size_t i = 0; i < right.size(); ++i) sum += accuracy(i) / double(right.size());
    return sum;
  }
  double deviation() const {
    double sum = 0;
    for (std::size_t i = 0; i < right.size(); ++i)
      sum += (accuracy(i) - mean()) * (accuracy(i) - mean());
    return right.size() < 2 ? 0 : std::sqrt(sum / double(right.size() - 1));
  }
};

/// A winner's folder in a campaign: the finalist's trainings, one a seed, lie among the trials.
std::vector<net::TrainedModel> trainings_of_winner(const fs::path& winner,
                                                   const TrainedSource& source) {
  const net::Prototype design = net::read_prototype(winner / net::kDesignName);
  const std::optional<net::TaskInput> unsaid = unsaid_input(source);
  const auto read = [&](const fs::path& weights) {
    return net::make_trained_model(net::read_safetensors(weights), weights, design, {}, unsaid);
  };
  const std::string hash =
      net::hash_text(net::structure_hash(net::design_network(design, design.written_input())));
  std::vector<net::TrainedModel> trainings;
  for (int replica = 0;; ++replica) {
    const fs::path weights = winner.parent_path() / "trials" / hash /
                             fmt::format("final{}", replica) / net::kWeightsName;
    if (!fs::exists(weights)) break;
    trainings.push_back(read(weights));
  }
  if (trainings.empty()) trainings.push_back(read(winner / net::kWeightsName));
  return trainings;
}

std::vector<fs::path> winners_of(const fs::path& campaign) {
  std::vector<fs::path> winners;
  for (const auto& entry : fs::directory_iterator(campaign))
    if (entry.path().filename().string().starts_with("winner") &&
        fs::exists(entry.path() / net::kWeightsName))
      winners.push_back(entry.path());
  std::sort(winners.begin(), winners.end());
  if (winners.empty())
    throw SpecError({{campaign.string(), "", "the campaign has no winner yet", ""}});
  return winners;
}

Contestant trained(std::string name, std::vector<net::TrainedModel> trainings) {
  Contestant contestant;
  contestant.name = std::move(name);
  contestant.trainings = std::move(trainings);
  return contestant;
}

std::vector<Contestant> contestants_of(const TrainedSource& source) {
  const fs::path& path = source.path;
  const auto wanted = {PathKind::Weights, PathKind::Training, PathKind::Campaign,
                       PathKind::KeptResult};
  if (path.extension() == ".safetensors")  // even if it is a damaged one
    expect_kind(path, "atto compare", wanted);
  else if (const auto json = read_if_json(path, "atto compare", wanted)) {
    Contestant kept;
    kept.results.push_back(read_kept_result(json->document));
    kept.name = kept.results[0].network;
    return {kept};
  }
  std::vector<Contestant> contestants;
  if (kind_of(path) == PathKind::Campaign) {
    for (const fs::path& winner : winners_of(path))
      contestants.push_back(trained(winner.string(), trainings_of_winner(winner, source)));
    return contestants;
  }
  const fs::path folder = fs::is_directory(path) ? path : path.parent_path();
  const bool is_winner = folder.filename().string().starts_with("winner") &&
                         kind_of(fs::absolute(folder).parent_path()) == PathKind::Campaign;
  if (is_winner)
    contestants.push_back(
        trained(folder.string(), trainings_of_winner(fs::absolute(folder), source)));
  else
    contestants.push_back(
        trained(path.string(), {net::read_trained_model(path, {}, unsaid_input(source))}));
  return contestants;
}

/// What tells a contestant's design from every other one.
std::string hash_of(const Contestant& contestant) {
  if (!contestant.results.empty()) return contestant.results[0].design_hash;
  return net::hash_text(net::structure_hash(contestant.trainings.at(0).network));
}

/// Judges trainings on one data set, and sees to it that all see the same images.
class Judge {
 public:
  explicit Judge(const Options& options)
      : options_(options), process_({device_of(options.device), options.threads}) {}

  void judge(const net::TrainedModel& training, Contestant& contestant) {
    constexpr int kBatch = 100;
    train::Dataset data;
    const TrainedNetwork network = with_data(training, {{}, {}, options_.data}, data);
    if (!network.note.empty()) fmt::print(stderr, "{}\n", network.note);
    const auto& images = options_.split == "test" ? data.test : data.validation;
    expect_same(training.weights_file.string(), train::identity_text(train::identity_of(data.info)),
                data.info.digest, images.size());
    const train::ParameterLayout layout(network.network);
    const auto backend =
        train::make_backend(network.network, layout, {process_.device(), options_.threads, kBatch});
    const train::Quality quality =
        train::judge(*backend, network.trained, data, images, kBatch, options_.threads);
    const net::Costs costs = net::count_costs(network.network);
    contestant.params = costs.params, contestant.macs = costs.macs;
    contestant.right.push_back(train::right_of(data, images, quality));
  }

  /// Takes what was judged before.
  void take(const KeptResult& result, Contestant& contestant) {
    if (options_.split != "test")
      throw SpecError(
          {{"--split", "", "results of trainings tell of the test images alone", options_.split}});
    expect_same(result.network, fmt::format("{} (digest {})", result.dataset, result.digest),
                result.digest, result.test_right.size());
    contestant.params = result.params, contestant.macs = result.macs;
    contestant.right.push_back(result.test_right);
  }

  std::size_t images() const { return count_; }
  const std::string& data() const { return judged_on_; }

 private:
  /// All must be judged on the images of the first.
  void expect_same(const std::string& what, const std::string& judged_on, const std::string& digest,
                   std::size_t count) {
    if (judged_on_.empty()) judged_on_ = judged_on, digest_ = digest, count_ = count;
    if (digest != digest_ || count != count_)
      throw SpecError(
          {{what, "", "must be of the data set of the first, " + judged_on_, judged_on}});
  }

  const Options& options_;
  train::TrainingEvaluator process_;
  std::string judged_on_, digest_;
  std::size_t count_ = 0;
};

const char* verdict_of(const train::PairedDifference& difference) {
  if (!difference.is_resolved()) return "not told apart";
  return difference.difference > 0 ? "better" : "worse";
}

void print_text(const std::vector<Contestant>& all, const Judge& judge, const Options& options) {
  std::size_t width = 10;
  for (const Contestant& one : all) width = std::max(width, one.name.size());
  fmt::print("{} {} images of {}\n{:<{}}  seeds          top-1 %      params           MACs\n",
             judge.images(), options.split, judge.data(), "network", width);
  for (const Contestant& one : all)
    fmt::print("{:<{}}  {:>5}  {:>6.2f} +- {:>4.2f}  {:>10}  {:>13}\n", one.name, width,
               one.right.size(), 100 * one.mean(), 100 * one.deviation(), spec::grouped(one.params),
               spec::grouped(one.macs));
  fmt::print("\nagainst {}, in points, with 95 % of what images and seeds leave open:\n",
             all.front().name);
  bool is_narrow = false;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const train::PairedDifference d = train::paired_difference(all[0].right, all[i].right);
    is_narrow |= !d.has_seeds;
    fmt::print("{:<{}}  {:>+6.2f}  from {:+.2f} to {:+.2f}  {}{}\n", all[i].name, width,
               100 * d.difference, 100 * d.low, 100 * d.high, verdict_of(d),
               d.has_seeds ? "" : " (*)");
  }
  if (is_narrow)
    fmt::print(
        "(*) one side was trained once: what another seed would give is not in the interval\n");
}

void print_json(const std::vector<Contestant>& all, const Judge& judge, const Options& options) {
  nlohmann::ordered_json networks = nlohmann::ordered_json::array();
  for (const Contestant& one : all) {
    nlohmann::ordered_json entry = {{"name", one.name},   {"params", one.params},
                                    {"macs", one.macs},   {"top1", nlohmann::json::array()},
                                    {"mean", one.mean()}, {"deviation", one.deviation()}};
    for (std::size_t i = 0; i < one.right.size(); ++i) entry["top1"].push_back(one.accuracy(i));
    if (&one != &all.front()) {
      const auto d = train::paired_difference(all[0].right, one.right);
      entry["against_first"] = {{"difference", d.difference},
                                {"low", d.low},
                                {"high", d.high},
                                {"share", 0.95},
                                {"has_seeds", d.has_seeds},
                                {"verdict", verdict_of(d)}};
    }
    networks.push_back(std::move(entry));
  }
  const nlohmann::ordered_json json = {{"dataset", judge.data()},
                                       {"split", options.split},
                                       {"images", judge.images()},
                                       {"networks", networks}};
  fmt::print("{}\n", spec::json_text(json, 2));
}

int compare_command(const Options& options) {
  std::vector<Contestant> all;
  std::map<std::string, std::size_t> known;  // trainings of one design are its seeds
  for (const std::string& source : options.sources)
    for (Contestant& one : contestants_of({source, {}, options.data})) {
      const auto [place, is_new] = known.emplace(hash_of(one), all.size());
      if (is_new) {
        all.push_back(std::move(one));
        continue;
      }
      Contestant& same = all[place->second];
      std::move(one.trainings.begin(), one.trainings.end(), std::back_inserter(same.trainings));
      same.results.insert(same.results.end(), one.results.begin(), one.results.end());
    }
  if (all.size() < 2)
    throw SpecError({{"atto compare", "runs", "must be of two designs at least",
                      fmt::format("one, trained {} times",
                                  all.at(0).trainings.size() + all.at(0).results.size())}});
  Judge judge(options);
  for (Contestant& one : all) {
    for (const KeptResult& result : one.results) judge.take(result, one);
    for (const net::TrainedModel& training : one.trainings) judge.judge(training, one);
  }
  (options.json ? print_json : print_text)(all, judge, options);
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
      "  atto compare results/mobilenet-s*.json results/mine-s*.json");
  command.runs(action, [options] { return compare_command(*options); });
}

}  // namespace atto::cli
