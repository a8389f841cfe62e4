#include "trainer/cli/training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "prototypes/language/artefact_names.hpp"
#include "prototypes/language/prototype.hpp"
#include "prototypes/language/trained_model.hpp"
#include "prototypes/network/identity.hpp"
#include "search/ledger/open_ledger.hpp"
#include "trainer/backend/joint_layout.hpp"
#include "trainer/cli/kept_result.hpp"
#include "trainer/data/dataset_identity.hpp"
#include "trainer/data/instances/anchor_reach.hpp"
#include "trainer/data/instances/instance_dataset.hpp"
#include "trainer/training/checkpoint.hpp"
#include "trainer/training/training_evaluator.hpp"
#include "trainer/training/training_folder.hpp"

namespace atto::cli {
namespace {

namespace fs = std::filesystem;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
/// Tensors that people are told of by name.
constexpr std::size_t kMostNamed = 4;

/// Makes a request what a campaign's search asks for: up to a rung, its images, the top rung's
/// schedule.
void train_as_searched(const TrainingOrder& order, const spec::SearchSettings& search,
                       train::TrialRequest& request) {
  const int rungs = static_cast<int>(search.rungs.size());
  if (*order.rung > rungs)
    throw SpecError({{"--rung", "", fmt::format("must be <= {}, the spec's rungs", rungs),
                      std::to_string(*order.rung)}});
  request.phase = train::Phase::Search;
  request.judge_test = false;
  request.images = search.images;
  request.to_epoch = search.rungs[static_cast<std::size_t>(*order.rung - 1)];
  request.horizon_epochs = search.rungs.back();
}

nlohmann::ordered_json recipe_json(const train::TrialRequest& request) {
  const spec::TrainingRecipe& recipe = request.recipe;
  nlohmann::ordered_json json = {{"epochs", request.to_epoch},
                                 {"images", nullptr},
                                 {"batch", recipe.batch},
                                 {"learning_rate", recipe.learning_rate},
                                 {"warmup_epochs", recipe.warmup_epochs},
                                 {"final_learning_rate", recipe.final_learning_rate},
                                 {"momentum", recipe.momentum},
                                 {"weight_decay", recipe.weight_decay},
                                 {"label_smoothing", recipe.label_smoothing},
                                 {"crop_padding", recipe.crop_padding},
                                 {"flip", recipe.flip},
                                 {"cutout", recipe.cutout},
                                 {"ema", recipe.ema},
                                 {"threads", recipe.threads}};
  if (request.images) json["images"] = *request.images;
  if (recipe.scale_jitter > 0) json["scale_jitter"] = recipe.scale_jitter;
  if (recipe.clip_norm > 0) json["clip_norm"] = recipe.clip_norm;
  if (recipe.judge_every > 1) json["judge_every"] = recipe.judge_every;
  return json;
}

train::ParameterLayout layout_of(const train::TrialRequest& request) {
  if (!request.detector) return train::ParameterLayout(request.network);
  std::vector<train::ParameterLayout> parts;
  for (const net::Network* part : net::networks_of(*request.detector)) parts.emplace_back(*part);
  std::vector<const train::ParameterLayout*> all;
  for (const train::ParameterLayout& part : parts) all.push_back(&part);
  return train::JointLayout(std::move(all)).whole();
}

/// What the network takes of weights to begin with; the share of its trained numbers in `share`.
train::TakenWeights taken_of(const train::TrialRequest& request, const net::TensorFile& file,
                             double& share) {
  const train::ParameterLayout layout = layout_of(request);
  std::vector<float> weights(layout.trained);
  train::TakenWeights taken = train::take_weights(layout, file, weights);
  share = double(taken.taken) / double(layout.trained);
  return taken;
}

std::shared_ptr<const train::StartingWeights> read_start(const fs::path& from,
                                                         const train::TrialRequest& request) {
  auto start = std::make_shared<train::StartingWeights>();
  start->file = net::read_weights(from);
  start->digest = net::weights_digest(start->file);
  double share = 0;
  const train::TakenWeights taken = taken_of(request, start->file, share);
  if (taken.taken == 0)
    throw SpecError({{from.string(), "",
                      "must have a tensor of the network's, in name and shape, such as " +
                          (taken.fresh.empty() ? "none" : taken.fresh.front()),
                      ""}});
  return start;
}

/// What a design is trained for where no spec says it.
spec::DesignSpec usual_spec(const net::Prototype& design) {
  spec::DesignSpec spec;
  if (!design.is_detector()) return spec;
  spec.task.dataset = "fashion_scenes";
  spec.training.recipe = spec::detection_recipe();
  for (const spec::TaskKind& kind : spec::task_kinds())
    if (net::other_subject(design, kind).empty()) spec.task.kind = kind;
  return spec;
}

spec::DesignSpec spec_of(const TrainingOrder& order, const net::Prototype& design) {
  if (!order.spec) return usual_spec(design);
  if (!order.spec->file.empty()) {
    const std::string other = net::other_subject(design, order.spec->task.kind);
    if (!other.empty()) throw SpecError({{design.file(), "", other, ""}});
    return *order.spec;
  }
  spec::DesignSpec spec = usual_spec(design);
  spec.training = order.spec->training;
  return spec;
}

/// Pictures with objects come in any size: the design's is meant, or the task's.
train::DatasetInfo describe_data(const spec::Task& task, const net::Prototype& design) {
  if (!design.is_detector()) return train::describe_dataset(task);
  net::Shape input = design.written_input().input;
  if (task.resolution) input.height = input.width = *task.resolution;
  const std::unique_ptr<train::InstanceSet> set = train::open_instance_set(task.dataset, task.base);
  return train::instance_info(*set, input);
}

std::string anchors_note(const net::DetectorParts& parts, const spec::Task& task) {
  const auto set = train::open_instance_set(task.dataset, task.base);
  return train::reach_text(train::reach_of(parts, *set));
}

void take_network(net::Realised realised, train::TrialRequest& request) {
  if (!realised.detector) {
    request.network = std::move(*realised.network);
    return;
  }
  request.network = realised.detector->trunk;
  request.detector = std::make_shared<const net::DetectorParts>(std::move(*realised.detector));
}

}  // namespace

net::Costs costs_of(const train::TrialRequest& request) {
  return request.detector ? net::count_costs(*request.detector) : net::count_costs(request.network);
}

std::string told(const spec::Score& score, double value) {
  return fmt::format("{} {}{}", score.label, spec::shown(score, value), spec::unit_text(score));
}

train::TrialRequest request_of(const TrainingOrder& order, spec::Document design,
                               train::DatasetInfo& info) {
  const net::Prototype prototype(std::move(design));
  const spec::DesignSpec spec = spec_of(order, prototype);
  train::TrialRequest request;
  request.task = spec.task;
  request.recipe = order.rung ? spec.training.recipe : spec.training.final_recipe();
  request.images = spec.training.final_images;
  if (!order.data.empty()) {
    request.task.dataset = order.data;
    request.task.base = order.data_base;
  }
  if (order.resolution) request.task.resolution = order.resolution;
  if (order.threads) request.recipe.threads = *order.threads;
  request.to_epoch = order.epochs.value_or(spec.training.final_epochs);
  request.horizon_epochs = request.to_epoch;
  request.phase = train::Phase::Final;
  request.judge_test = true;
  if (order.rung && !order.spec)
    throw SpecError({{"--rung", "", "needs --spec, whose search.rungs it counts", ""}});
  if (order.rung) train_as_searched(order, spec.search, request);
  request.seed = order.seed;
  info = describe_data(request.task, prototype);
  train::check_image_counts(spec, info);
  request.data = train::identity_of(info);
  const net::TaskInput input{info.input(), info.classes, request.task.detector};
  net::Realised realised = net::design_realised(prototype, input);
  net::expect_output(prototype, input, net::FirstOutput::Logits);
  request.design_hash = net::hash_text(realised.hash());
  take_network(std::move(realised), request);
  if (request.detector) info.notes.push_back(anchors_note(*request.detector, request.task));
  if (!order.from.empty()) request.start = read_start(order.from, request);
  request.folder =
      order.folder.empty()
          ? fs::path("runs") / fmt::format("train-{}-s{}", request.network.name, order.seed)
          : order.folder;
  return request;
}

std::string start_text(const train::TrialRequest& request) {
  double share = 0;
  const train::TakenWeights taken = taken_of(request, request.start->file, share);
  std::string fresh;
  for (std::size_t i = 0; i < std::min(taken.fresh.size(), kMostNamed); ++i)
    fresh += (i == 0 ? "; new: " : ", ") + taken.fresh[i];
  if (taken.fresh.size() > kMostNamed)
    fresh += fmt::format(" and {} more", taken.fresh.size() - kMostNamed);
  return fmt::format("begins with {:.1f} % of its weights{}", 100 * share, fresh);
}

nlohmann::ordered_json json_of(const train::TrialRequest& request,
                               const train::TrialResult& result) {
  nlohmann::ordered_json epochs = nlohmann::ordered_json::array();
  const std::vector<spec::Score>& scores = request.task.kind.scores;
  double cpu_seconds = 0;
  for (const train::EpochRecord& e : result.epochs) {
    nlohmann::ordered_json epoch = {{"epoch", e.epoch},
                                    {"train_loss", e.train_loss},
                                    {"learning_rate", e.learning_rate},
                                    {"validation_loss", e.validation_loss}};
    for (const spec::Score& score : scores)
      epoch["validation_" + score.name] = spec::find_value(e.validation, score.name).value_or(kNaN);
    epoch["cpu_seconds"] = e.cpu_seconds;
    cpu_seconds += e.cpu_seconds;
    epochs.push_back(std::move(epoch));
  }
  const net::Costs costs = costs_of(request);
  constexpr const char* kOutcomes[] = {"finished", "diverged", "failed", "interrupted"};
  nlohmann::ordered_json json = {{"network", request.network.name},
                                 {"design_hash", request.design_hash},
                                 {"dataset", request.data.name},
                                 {"dataset_digest", request.data.digest},
                                 {"resolution", request.network.input.height},
                                 {"seed", request.seed},
                                 {"params", costs.params},
                                 {"macs", costs.macs},
                                 {"peak_activation_bytes", costs.peak_activation_bytes},
                                 {"recipe", recipe_json(request)},
                                 {"outcome", kOutcomes[static_cast<int>(result.outcome)]},
                                 {"reason", result.reason}};
  for (const spec::Score& score : scores)  // null where absent
    json["validation_" + score.name] =
        result.epochs.empty()
            ? kNaN
            : spec::find_value(result.epochs.back().validation, score.name).value_or(kNaN);
  for (const spec::Score& score : scores)
    json["test_" + score.name] = spec::find_value(result.test, score.name).value_or(kNaN);
  if (!result.right.empty()) json["test_right"] = bits_text(result.right);
  if (result.matches) json["test_matches"] = matches_json(*result.matches);
  if (request.start) json["from"] = request.start->digest;
  json["cpu"] = train::cpu_model();
  json["cpu_seconds"] = std::max(cpu_seconds, result.cpu_seconds);  // earlier calls' among them
  json["images_per_second"] = result.images_per_second;
  json["epochs"] = std::move(epochs);
  json["training"] = train::identity_text(request);
  json["folder"] = request.folder.string();
  return json;
}

std::unique_ptr<search::FileLock> take_folder(const train::TrialRequest& request,
                                              const std::string& design, bool force) {
  const fs::path& folder = request.folder;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw EnvironmentError("cannot make", folder.string(), error.value());
  const std::string ledger = search::ledger_in(folder);
  const std::string other =
      ledger.empty() ? train::other_training(folder, request, design) : "a campaign: " + ledger;
  if (!other.empty() && (!force || !ledger.empty()))
    throw SpecError({{folder.string(), "",
                      "holds " + other + "; choose another folder with --out" +
                          (force || !ledger.empty() ? "" : ", or replace it with --force"),
                      ""}});
  auto lock = std::make_unique<search::FileLock>(folder / kLockName);
  if (!lock->is_held())
    throw SpecError({{folder.string(), "", "is being trained into by another process", ""}});
  if (!other.empty()) train::remove_training(folder);
  spec::write_file_atomically(folder / net::kDesignName, design);
  return lock;
}

}  // namespace atto::cli
