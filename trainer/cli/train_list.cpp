#include "trainer/cli/train_list.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/json_text.hpp"
#include "design_specs/reading/json_file.hpp"
#include "search/campaign/estimate.hpp"
#include "search/cli/failure.hpp"
#include "search/cli/quantity_text.hpp"
#include "search/cli/terminal.hpp"
#include "search/running/early_stop.hpp"
#include "trainer/cli/training_list.hpp"
#include "trainer/training/checkpoint.hpp"
#include "trainer/training/training_folder.hpp"
#include "trainer/training/training_run.hpp"

namespace atto::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Item {
  ListedTraining listed;
  train::TrialRequest request;
  double cpu_seconds = 0;  ///< estimate of the whole
  Json result;             ///< null until it is finished
  bool is_begun = false;
};

double share(const train::TrialResult& so_far, const train::TrialRequest& request) {
  return double(so_far.epochs.size()) / request.to_epoch;
}

class Queue {
 public:
  Queue(const spec::Document& list, const ListOptions& options, search::StopSignals& signals)
      : options_(options),
        signals_(signals),
        file_(list.name),
        list_(read_training_list(list)),
        folder_(options.out.empty() ? fs::path("runs") / list_.name : options.out) {
    for (const ListedTraining& listed : list_.trainings) add(listed);
  }

  int run() {
    tell_plan();
    if (options_.dry_run) return tell_end();
    train::TrainingEvaluator evaluator({options_.device, options_.threads.value_or(1)});
    started_ = train::wall_seconds();
    for (at_ = 0; at_ < items_.size(); ++at_) {
      Item& item = items_[at_];
      if (item.result.is_null()) item.result = finished(item);
      if (!item.result.is_null()) continue;
      if (search::is_locked(item.request.folder / kLockName)) {
        line_.text(item.listed.name + ": another process trains it");
        continue;
      }
      if (!train_one(evaluator, item)) return tell_interrupted();
    }
    line_.clear();
    return tell_end();
  }

 private:
  int tell_interrupted() const {
    return tell(interrupted("interrupted; the same command goes on from there"), options_.json);
  }

  void add(const ListedTraining& listed) {
    Item item{listed, {}, 0, {}, false};
    item.listed.order.folder = folder_ / listed.name;
    if (!options_.data.empty()) {
      item.listed.order.data = options_.data;
      item.listed.order.data_base.clear();
    }
    if (options_.threads) item.listed.order.threads = options_.threads;
    train::DatasetInfo info;
    item.request = request_of(item.listed.order, design_of(listed).document, info);
    const auto images = item.request.images.value_or(int(info.train_images));
    const double epochs = item.request.to_epoch;
    item.cpu_seconds = search::training_seconds(
        costs_of(item.request), epochs * images,
        epochs / item.request.recipe.judge_every * double(info.validation_images));
    item.result = finished(item);
    std::error_code ignored;
    item.is_begun = fs::exists(item.request.folder / train::kCheckpointName, ignored);
    for (const std::string& note : info.notes)
      if (items_.empty()) say("data: " + note + "\n");
    items_.push_back(std::move(item));
  }

  /// Trainings that differ in their seeds share the file.
  const spec::JsonFile& design_of(const ListedTraining& listed) {
    const auto known = designs_.find(listed.design);
    return known != designs_.end()
               ? known->second
               : designs_.emplace(listed.design, spec::read_json_file(listed.design)).first->second;
  }

  fs::path kept(const Item& item) const { return list_.results / (item.listed.name + ".json"); }

  /// The result of a training that is finished, here or, where its file was kept, anywhere.
  Json finished(const Item& item) const {
    const std::string own = train::identity_text(item.request);
    std::error_code ignored;
    if (!list_.results.empty() && fs::exists(kept(item), ignored)) {
      const Json json = Json::parse(spec::read_file(kept(item)), nullptr, false);
      if (!json.is_object() || json.value("training", "") != own)
        throw SpecError({{kept(item).string(), "",
                          "is the result of another training than " + file_ +
                              " asks for; move it away or name this one otherwise",
                          ""}});
      return json;
    }
    const fs::path file = item.request.folder / train::kResultName;
    if (!fs::exists(file, ignored)) return {};
    const Json json = Json::parse(spec::read_file(file), nullptr, false);
    if (!json.is_object() || json.value("training", "") != own) return {};
    keep(item, json);
    return json;
  }

  void keep(const Item& item, Json json) const {
    if (list_.results.empty()) return;
    json.erase("folder");
    std::error_code error;
    fs::create_directories(list_.results, error);
    if (error) throw EnvironmentError("cannot make", list_.results.string(), error.value());
    spec::write_file_atomically(kept(item), spec::json_text(json, 1) + "\n");
  }

  void tell_plan() {
    double left = 0;
    int done = 0;
    for (const Item& item : items_) {
      const bool is_done = !item.result.is_null();
      done += is_done;
      left += is_done ? 0 : item.cpu_seconds;
      if (options_.dry_run)
        line_.text(fmt::format("{:<40}  {:>3} epochs  {:<8}  about {} of CPU", item.listed.name,
                               item.request.to_epoch, state_of(item),
                               duration_text(item.cpu_seconds)));
    }
    line_.text(fmt::format("{}: {} trainings, {} done; about {} of CPU for the others", list_.name,
                           items_.size(), done, duration_text(left)));
  }

  bool train_one(train::TrainingEvaluator& evaluator, Item& item) {
    const auto lock = take_folder(item.request, design_of(item.listed).text, false);
    std::optional<double> begun;
    std::size_t shown = 0;
    search::EarlyStop while_loading(signals_, [&] { return tell_interrupted(); });
    const train::TrialResult result =
        evaluator.evaluate(item.request, [&](double done, const train::TrialResult& so_far) {
          while_loading.cease();
          if (!begun) {
            begun = share(so_far, item.request);
            shown = so_far.epochs.size();
            worked_ -= *begun * item.cpu_seconds;
          }
          show(item, so_far, *begun + (1 - *begun) * done, shown);
          return signals_.wait(0) == 0;
        });
    for (const std::string& note : evaluator.take_notes()) line_.text(note);
    if (result.outcome == train::Outcome::Interrupted) return false;
    worked_ += item.cpu_seconds;
    item.result = json_of(item.request, result);
    spec::write_file_atomically(item.request.folder / train::kResultName,
                                spec::json_text(item.result, 2) + "\n");
    keep(item, item.result);
    tell_one(item, result);
    return true;
  }

  /// How long the rest takes at the speed of this run, in estimated CPU-seconds a second.
  std::string left_text(double worked, double left) const {
    const double wall = train::wall_seconds() - started_;
    if (worked < 1e-6 || wall < 1) return "";
    return "about " + duration_text(left * wall / worked) + " left for all";
  }

  void show(const Item& item, const train::TrialResult& so_far, double done, std::size_t& shown) {
    const double worked = worked_ + done * item.cpu_seconds;
    double left = (1 - done) * item.cpu_seconds;
    for (std::size_t i = at_ + 1; i < items_.size(); ++i)
      if (items_[i].result.is_null()) left += items_[i].cpu_seconds;
    std::vector<LinePart> parts = {
        {0, fmt::format("[{}/{}]", at_ + 1, items_.size())},
        {0, item.listed.name},
        {1, fmt::format("epoch {}/{}", so_far.epochs.size(), item.request.to_epoch)},
        {0, left_text(worked, left)}};
    if (shown < so_far.epochs.size()) {
      const spec::Score& main = item.request.task.kind.main_score();
      const auto value = spec::find_value(so_far.epochs.back().validation, main.name);
      if (value) parts.insert(parts.end() - 1, {2, "val " + told(main, *value)});
      line_.line(parts);
      shown = so_far.epochs.size();
    }
    line_.draw(parts);
  }

  void tell_one(const Item& item, const train::TrialResult& result) {
    const spec::Score& main = item.request.task.kind.main_score();
    std::string end = result.reason;
    if (result.outcome == train::Outcome::Finished)
      end = "test " + told(main, spec::find_value(result.test, main.name).value_or(0));
    line_.line({{0, fmt::format("[{}/{}]", at_ + 1, items_.size())},
                {0, item.listed.name},
                {0, item.result.at("outcome").get<std::string>()},
                {0, end},
                {1, fmt::format("{:.0f} CPU-s", item.result.at("cpu_seconds").get<double>())}});
  }

  static std::string state_of(const Item& item) {
    if (!item.result.is_null()) return item.result.value("outcome", "finished");
    return item.is_begun ? "begun" : "waits";
  }

  /// 1 where a training of the list diverged or failed, in this run or before.
  int tell_end() const {
    Json all = Json::array();
    bool is_bad = false;
    for (const Item& item : items_) {
      is_bad |= !item.result.is_null() && state_of(item) != "finished";
      all.push_back({{"name", item.listed.name},
                     {"estimated_cpu_seconds", item.cpu_seconds},
                     {"state", state_of(item)},
                     {"result", item.result}});
    }
    if (options_.json) fmt::print("{}\n", spec::json_text(all, 2));
    return is_bad ? 1 : 0;
  }

  const ListOptions options_;
  search::StopSignals& signals_;
  const std::string file_;
  const TrainingList list_;
  const fs::path folder_;
  std::map<fs::path, spec::JsonFile> designs_;
  std::vector<Item> items_;
  std::size_t at_ = 0;
  double started_ = 0, worked_ = 0;  ///< estimated CPU-seconds of this run's work
  StatusLine line_;
};

}  // namespace

int train_list(const spec::Document& list, const ListOptions& options,
               search::StopSignals& signals) {
  return Queue(list, options, signals).run();
}

}  // namespace atto::cli
