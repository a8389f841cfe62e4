// atto-trainer train DESIGN: one design, trained in full; continues its checkpoint where there is
// one. Of a list of trainings: train_list.cpp.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/json_text.hpp"
#include "prototypes/language/artefact_names.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/network/identity.hpp"
#include "search/cli/failure.hpp"
#include "search/cli/path_kind.hpp"
#include "search/cli/quantity_text.hpp"
#include "search/cli/terminal.hpp"
#include "search/ledger/open_ledger.hpp"
#include "search/running/early_stop.hpp"
#include "search/strategies/strategy.hpp"
#include "trainer/cli/commands.hpp"
#include "trainer/cli/device_option.hpp"
#include "trainer/cli/train_list.hpp"
#include "trainer/cli/training.hpp"
#include "trainer/data/dataset_identity.hpp"
#include "trainer/data/datasets.hpp"
#include "trainer/training/training_evaluator.hpp"
#include "trainer/training/training_folder.hpp"
#include "trainer/training/training_run.hpp"

namespace atto::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  fs::path design, out, spec, from;
  std::string data, device = "auto";
  std::optional<int> epochs, resolution, threads, rung;
  std::optional<std::uint64_t> seed;
  bool json = false, force = false, dry_run = false;
};

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
      if (const auto value = spec::find_value(e.validation, score.name))
        parts.push_back({is_main ? 0 : 4, (is_main ? "val " : "") + told(score, *value)});
    }
    if (!e.validation.empty())
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
    say(fmt::format("{}: {}\n", result.outcome == train::Outcome::Diverged ? "diverged" : "failed",
                    result.reason));
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

TrainingOrder order_of(const Options& options) {
  TrainingOrder order{.folder = options.out,
                      .spec = {},
                      .data = options.data,
                      .epochs = options.epochs,
                      .resolution = options.resolution,
                      .threads = options.threads,
                      .rung = options.rung,
                      .seed = options.seed.value_or(1),
                      .from = options.from};
  if (!options.spec.empty())
    order.spec = spec::read_design_spec(options.spec, search::strategy_names());
  return order;
}

int train_design(const Options& options, spec::JsonFile design, search::StopSignals& signals) {
  train::DatasetInfo info;
  const train::TrialRequest request =
      request_of(order_of(options), std::move(design.document), info);
  for (const std::string& note : info.notes) say("data: " + note + "\n");
  const net::Costs costs = costs_of(request);
  const net::Shape& input = request.network.input;
  say(fmt::format("{}  {} params  {} MACs  {} {}x{}x{}  seed {}\n", request.design_hash,
                  costs.params, costs.macs, request.data.name, input.channels, input.height,
                  input.width, request.seed));
  if (request.start) say(start_text(request) + "\n");
  train::TrainingEvaluator evaluator({device_of(options.device), request.recipe.threads});
  const auto lock = take_folder(request, design.text, options.force);
  Display display(request.task.kind, request.to_epoch);
  search::EarlyStop while_loading(signals, [&] {
    return tell(interrupted("interrupted; the same command goes on from there"), options.json);
  });
  const train::TrialResult result =
      evaluator.evaluate(request, [&](double share, const train::TrialResult& so_far) {
        while_loading.cease();
        display.show(share, so_far);
        return signals.wait(0) == 0;
      });
  for (const std::string& note : evaluator.take_notes()) say(note + "\n");
  return tell_result(options, request, result);
}

int train_command(const Options& options) {
  search::StopSignals signals;
  spec::JsonFile written =
      read_expected(options.design, "atto train", {PathKind::Network, PathKind::TrainingList});
  if (kind_of(written.document.root) != PathKind::TrainingList)
    return train_design(options, std::move(written), signals);
  const auto refuse = [](bool is_given, const char* name) {
    if (is_given) throw SpecError({{name, "", "is for one design; a list says it itself", ""}});
  };
  refuse(!options.spec.empty(), "--spec");
  refuse(options.epochs.has_value(), "--epochs");
  refuse(options.resolution.has_value(), "--resolution");
  refuse(options.rung.has_value(), "--rung");
  refuse(options.seed.has_value(), "--seed");
  refuse(!options.from.empty(), "--from");
  refuse(options.force, "--force");
  return train_list(written.document,
                    {options.out, options.data, device_of(options.device), options.threads,
                     options.dry_run, options.json},
                    signals);
}

}  // namespace

void add_trainer_train(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  Command command(app, "train", "Train one design in full, or a list of them");
  command
      .option("design", options->design,
              "Design JSON (a prototype without holes), or a list of trainings")
      .required();
  command.option("--data", options->data,
                 "Data set: a name that `atto data` lists, or a path; default: the spec's, "
                 "fashion_mnist, of a "
                 "detector fashion_scenes");
  command.option("--out", options->out,
                 "Folder for the results; default: runs/train-NAME-sSEED; of a list: "
                 "folder for their folders, runs/NAME");
  command.option("--spec", options->spec, "Take task and recipe from these design requirements");
  command.option("--from", options->from,
                 "Begin with the weights of a training, a run's winner or a file, where the "
                 "design has tensors of their names and shapes; the others begin as always");
  command.option("--epochs", options->epochs, "Epochs; default: the spec's final_epochs")
      .range(1, 100000);
  command.option("--resolution", options->resolution, "Pixels; default: the data set's own")
      .range(1, 1024);
  command
      .option("--rung", options->rung,
              "Train as the search of --spec does, up to this rung (1 = lowest)")
      .positive();
  command.option("--seed", options->seed, "Seed of weights, order and augmentation; default: 1");
  command.option("--threads", options->threads, "CPU threads; part of the result's identity")
      .range(1, 256);
  add_device_option(command, options->device);
  command.flag("--force", options->force, "Replace another training that the folder holds");
  command.flag("--dry-run", options->dry_run,
               "Of a list: say what is finished, begun and left, and what that costs");
  command.flag("--json", options->json, "Print the result as JSON");
  command.footer(
      "Example:  atto train design.json --data fashion_mnist --epochs 30\n"
      "Interrupted or killed, the same command goes on from the last epoch.");
  command.runs(action, [options] { return train_command(*options); });
}

}  // namespace atto::cli
