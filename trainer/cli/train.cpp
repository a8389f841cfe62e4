// atto-trainer train DESIGN: one design, trained in full; continues its checkpoint where there is
// one.
#include <fmt/format.h>

#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/json_text.hpp"
#include "prototypes/language/artefact_names.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/network/costs.hpp"
#include "prototypes/network/identity.hpp"
#include "search/cli/failure.hpp"
#include "search/cli/path_kind.hpp"
#include "search/cli/quantity_text.hpp"
#include "search/cli/terminal.hpp"
#include "search/ledger/open_ledger.hpp"
#include "search/running/stop_signals.hpp"
#include "search/strategies/strategy.hpp"
#include "trainer/cli/commands.hpp"
#include "trainer/cli/device_option.hpp"
#include "trainer/data/dataset_identity.hpp"
#include "trainer/data/datasets.hpp"
#include "trainer/training/training_evaluator.hpp"
#include "trainer/training/training_folder.hpp"
#include "trainer/training/training_run.hpp"

namespace atto::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  fs::path design, out, spec;
  std::string data, device = "auto";
  std::optional<int> epochs, resolution, threads, rung;
  std::uint64_t seed = 1;
  bool json = false, force = false;
};

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// "top-1 65.20 %"
std::string told(const spec::Score& score, double value) {
  return fmt::format("{} {}{}", score.label, spec::shown(score, value), spec::unit_text(score));
}

/// Shows epochs as lines, and on a terminal the way to the next one. Of very many short epochs it
/// shows one a second.
class Display {
 public:
  Display(const spec::TaskKind& kind, int epochs)
      : kind_(kind), epochs_(epochs), started_(train::wall_seconds()) {}

  void show(double share, const train::TrialResult& so_far) {
    for (; shown_ < so_far.epochs.size(); ++shown_) show_epoch(so_far.epochs[shown_]);
    if (share >= 1) return line_.clear();
    const double left = (train::wall_seconds() - started_) / share * (1 - share);
    line_.draw({{2, bar_text(share, 24)},
                {0, fmt::format("epoch {}/{}", so_far.epochs.size() + 1, epochs_)},
                {1, share > 0.002 ? "about " + duration_text(left) + " left" : ""}});
  }

 private:
  static constexpr int kMostLines = 100;

  void show_epoch(const train::EpochRecord& e) {
    const double now = train::wall_seconds();
    if (epochs_ > kMostLines && e.epoch < epochs_ && now < next_line_) return;
    next_line_ = now + 1;
    std::vector<LinePart> parts = {{0, fmt::format("epoch {}/{}", e.epoch, epochs_)},
                                   {1, fmt::format("loss {:.4f}", e.train_loss)}};
    for (const spec::Score& score : kind_.scores) {
      const bool is_main = &score == &kind_.main_score();
      const double value = spec::find_value(e.validation, score.name).value_or(kNaN);
      parts.push_back({is_main ? 0 : 4, (is_main ? "val " : "") + told(score, value)});
    }
    parts.push_back({2, fmt::format("val loss {:.4f}", e.validation_loss)});
    parts.push_back({3, fmt::format("{:.1f} CPU-s", e.cpu_seconds)});
    line_.line(parts);
  }

  const spec::TaskKind kind_;
  const int epochs_;
  const double started_;
  double next_line_ = 0;
  std::size_t shown_ = 0;
  StatusLine line_;
};

/// Makes a request what a campaign's search asks for: up to a rung, its images, the top rung's
/// schedule.
void train_as_searched(const Options& options, const spec::SearchSettings& search,
                       train::TrialRequest& request) {
  const int rungs = static_cast<int>(search.rungs.size());
  if (*options.rung > rungs)
    throw SpecError({{"--rung", "", fmt::format("must be <= {}, the spec's rungs", rungs),
                      std::to_string(*options.rung)}});
  request.phase = train::Phase::Search;
  request.judge_test = false;
  request.images = search.images;
  request.to_epoch = search.rungs[static_cast<std::size_t>(*options.rung - 1)];
  request.horizon_epochs = search.rungs.back();
}

train::TrialRequest request_of(const Options& options) {
  train::TrialRequest request;
  spec::DesignSpec spec;
  if (!options.spec.empty()) {
    spec = spec::read_design_spec(options.spec, search::strategy_names());
    request.task = spec.task;
    request.recipe = options.rung ? spec.training.recipe : spec.training.final_recipe();
    request.images = spec.training.final_images;
    request.to_epoch = spec.training.final_epochs;
  } else {
    request.to_epoch = spec::TrainingSettings{}.final_epochs;
  }
  if (!options.data.empty()) {
    request.task.dataset = options.data;
    request.task.base.clear();
  }
  if (options.resolution) request.task.resolution = options.resolution;
  if (options.threads) request.recipe.threads = *options.threads;
  request.to_epoch = options.epochs.value_or(request.to_epoch);
  request.horizon_epochs = request.to_epoch;
  request.phase = train::Phase::Final;
  request.judge_test = true;
  if (options.rung && options.spec.empty())
    throw SpecError({{"--rung", "", "needs --spec, whose search.rungs it counts", ""}});
  if (options.rung) train_as_searched(options, spec.search, request);
  request.seed = options.seed;
  const train::DatasetInfo info = train::describe_dataset(request.task);
  train::check_image_counts(spec, info);
  request.data = train::identity_of(info);
  for (const std::string& note : info.notes) fmt::print(stderr, "data: {}\n", note);
  request.network = net::read_design(options.design, net::TaskInput{info.input(), info.classes},
                                     net::FirstOutput::Logits);
  request.design_hash = net::hash_text(net::structure_hash(request.network));
  request.folder =
      options.out.empty()
          ? fs::path("runs") / fmt::format("train-{}-s{}", request.network.name, options.seed)
          : options.out;
  return request;
}

nlohmann::ordered_json json_of(const train::TrialRequest& request,
                               const train::TrialResult& result) {
  nlohmann::ordered_json epochs = nlohmann::ordered_json::array();
  const std::vector<spec::Score>& scores = request.task.kind.scores;
  for (const train::EpochRecord& e : result.epochs) {
    nlohmann::ordered_json epoch = {{"epoch", e.epoch},
                                    {"train_loss", e.train_loss},
                                    {"learning_rate", e.learning_rate},
                                    {"validation_loss", e.validation_loss}};
    for (const spec::Score& score : scores)
      epoch["validation_" + score.name] = spec::find_value(e.validation, score.name).value_or(kNaN);
    epoch["cpu_seconds"] = e.cpu_seconds;
    epochs.push_back(std::move(epoch));
  }
  const net::Costs costs = net::count_costs(request.network);
  constexpr const char* kOutcomes[] = {"finished", "diverged", "failed", "interrupted"};
  nlohmann::ordered_json json = {{"design_hash", request.design_hash},
                                 {"dataset", request.data.name},
                                 {"seed", request.seed},
                                 {"params", costs.params},
                                 {"macs", costs.macs},
                                 {"outcome", kOutcomes[static_cast<int>(result.outcome)]},
                                 {"reason", result.reason}};
  for (const spec::Score& score : scores)  // null where absent
    json["test_" + score.name] = spec::find_value(result.test, score.name).value_or(kNaN);
  json["cpu_seconds"] = result.cpu_seconds;
  json["images_per_second"] = result.images_per_second;
  json["epochs"] = std::move(epochs);
  json["folder"] = request.folder.string();
  return json;
}

/// Returns the exit code: 0 trained, 1 diverged or failed, 130 interrupted.
int tell_result(const Options& options, const train::TrialRequest& request,
                const train::TrialResult& result) {
  if (result.outcome == train::Outcome::Interrupted)
    return tell(
        interrupted(fmt::format("interrupted after {} epoch{}; the same command goes on from there",
                                result.epochs.size(), result.epochs.size() == 1 ? "" : "s")),
        options.json);
  const std::string json = spec::json_text(json_of(request, result), 2) + "\n";
  spec::write_file_atomically(request.folder / train::kResultName, json);
  if (options.json) fmt::print("{}", json);
  if (result.outcome != train::Outcome::Finished) {
    fmt::print(stderr, "{}: {}\n",
               result.outcome == train::Outcome::Diverged ? "diverged" : "failed", result.reason);
    return 1;
  }
  if (options.json) return 0;
  std::string scores;
  for (const spec::Score& score : request.task.kind.scores)
    scores += told(score, spec::find_value(result.test, score.name).value_or(0)) + "  ";
  fmt::print("test {}{:.0f} images/s  {:.1f} CPU-s\nweights: {}\n", scores,
             result.images_per_second, result.cpu_seconds,
             (request.folder / train::kWeightsName).string());
  return 0;
}

/// Makes the folder. Throws SpecError where it holds another training or a campaign; with --force
/// the files of the other training go first, those that were made of its weights among them.
void take_folder(const Options& options, const train::TrialRequest& request) {
  const fs::path& folder = request.folder;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw EnvironmentError("cannot make", folder.string(), error.value());
  const std::string ledger = search::ledger_in(folder);
  const std::string other = ledger.empty() ? train::other_training(folder, request, options.design)
                                           : "a campaign: " + ledger;
  if (other.empty()) return;
  if (!options.force || !ledger.empty())
    throw SpecError({{folder.string(), "",
                      "holds " + other + "; choose another folder with --out" +
                          (options.force ? "" : ", or replace it with --force"),
                      ""}});
  train::remove_training(folder);
}

int train_command(const Options& options) {
  search::StopSignals signals;
  expect_kind(options.design, "atto train", {PathKind::Network});
  const train::TrialRequest request = request_of(options);
  const net::Costs costs = net::count_costs(request.network);
  const net::Shape& input = request.network.input;
  fmt::print(stderr, "{}  {} params  {} MACs  {} {}x{}x{}  seed {}\n", request.design_hash,
             costs.params, costs.macs, request.data.name, input.channels, input.height, input.width,
             request.seed);
  const std::string design = spec::read_file(options.design);
  take_folder(options, request);
  spec::write_file_atomically(request.folder / net::kDesignName, design);
  train::TrainingEvaluator evaluator({device_of(options.device), request.recipe.threads});
  Display display(request.task.kind, request.to_epoch);
  const train::TrialResult result =
      evaluator.evaluate(request, [&](double share, const train::TrialResult& so_far) {
        display.show(share, so_far);
        return signals.wait(0) == 0;
      });
  for (const std::string& note : evaluator.take_notes()) fmt::print(stderr, "{}\n", note);
  return tell_result(options, request, result);
}

}  // namespace

void add_trainer_train(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  Command command(app, "train", "Train one design in full");
  command.option("design", options->design, "Design JSON (a prototype without holes)").required();
  command.option(
      "--data", options->data,
      "Data set: a name that `atto data` lists, or a path; default: the spec's, fashion_mnist");
  command.option("--out", options->out, "Folder for the results; default: runs/train-NAME-sSEED");
  command.option("--spec", options->spec, "Take task and recipe from these design requirements");
  command.option("--epochs", options->epochs, "Epochs; default: the spec's final_epochs")
      .range(1, 100000);
  command.option("--resolution", options->resolution, "Pixels; default: the data set's own")
      .range(1, 1024);
  command
      .option("--rung", options->rung,
              "Train as the search of --spec does, up to this rung (1 = lowest)")
      .positive();
  command.option("--seed", options->seed, "Seed of weights, order and augmentation");
  command.option("--threads", options->threads, "CPU threads; part of the result's identity")
      .range(1, 256);
  add_device_option(command, options->device);
  command.flag("--force", options->force, "Replace another training that the folder holds");
  command.flag("--json", options->json, "Print the result as JSON");
  command.footer(
      "Example:  atto train design.json --data fashion_mnist --epochs 30\n"
      "Interrupted or killed, the same command goes on from the last epoch.");
  command.runs(action, [options] { return train_command(*options); });
}

}  // namespace atto::cli
