#include "search/campaign/campaign.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "design_specs/files.hpp"
#include "design_specs/requirements/readers.hpp"
#include "design_specs/seeds/random.hpp"
#include "search/campaign/judging.hpp"
#include "trainer/data/dataset_identity.hpp"
#include "trainer/data/instances/instance_dataset.hpp"
#include "trainer/data/instances/tiles.hpp"

namespace atto::search {
namespace {

std::string data_identity(const train::DatasetInfo& info) {
  // Of the others the name says which they are.
  const bool is_folder =
      info.format.is_picture_folder || (info.format.read == nullptr && !info.digest.empty());
  return fmt::format("{} {}x{}x{}, {} classes, {} + {} images, {} for test{}", info.name,
                     info.channels, info.height, info.width, info.classes,
                     info.train_images - info.validation_images, info.validation_images,
                     info.test_images, is_folder ? ", digest " + info.digest : "");
}

/// The fake evaluator reads no pixels, so that a missing data set does not stop it.
train::DatasetInfo stand_in(const spec::DesignSpec& spec, const net::TaskInput& written) {
  train::DatasetInfo info;
  info.name = spec.task.dataset;
  info.channels = written.input.channels;
  info.height = spec.task.resolution.value_or(written.input.height);
  info.width = spec.task.resolution.value_or(written.input.width);
  info.classes = written.classes;
  info.train_images = 10000;
  info.validation_images = info.test_images = 1000;
  return info;
}

/// Pictures with objects come in any size: the prototype's is meant, or the task's.
train::DatasetInfo describe_instances(const spec::Task& task, net::Shape input) {
  if (task.resolution) input.height = input.width = *task.resolution;
  return train::instance_info(*train::open_instance_set(task.dataset, task.base), input);
}

train::DatasetInfo find_data(const Campaign& campaign) {
  try {
    if (campaign.spec.task.kind.finds_objects())
      return describe_instances(campaign.spec.task, campaign.prototype->written_input().input);
    return train::describe_dataset(campaign.spec.task);
  } catch (const EnvironmentError&) {
    if (campaign.evaluator != EvaluatorKind::Fake) throw;
    return stand_in(campaign.spec, campaign.prototype->written_input());
  }
}

void check_overrides(const Campaign& campaign) {
  std::vector<Problem> problems;
  const spec::SearchSettings& search = campaign.spec.search;
  if (!find_strategy(search.strategy))
    problems.push_back({campaign.spec_name, "/search/strategy",
                        fmt::format("must be one of {}", fmt::join(strategy_names(), ", ")),
                        search.strategy});
  if (search.candidates < 1 || search.candidates > spec::kMaxCandidates)
    problems.push_back({campaign.spec_name, "/search/candidates",
                        search.candidates < 1 ? "must be >= 1"
                                              : fmt::format("must be <= {}", spec::kMaxCandidates),
                        std::to_string(search.candidates)});
  if (!problems.empty()) throw SpecError(std::move(problems));
}

}  // namespace

std::uint64_t Campaign::trial_seed(const std::string& hash, train::Phase phase, int replica) const {
  return spec::derive_seed({spec.search.seed, read_hash(hash), static_cast<std::uint64_t>(phase),
                            static_cast<std::uint64_t>(replica)});
}

std::int64_t Campaign::images(train::Phase phase) const {
  const auto& asked =
      phase == train::Phase::Search ? spec.search.images : spec.training.final_images;
  return std::min<std::int64_t>(asked.value_or(train_images), train_images);
}

std::string Campaign::context(train::Phase phase) const {
  const spec::TrainingRecipe r = recipe(phase);
  std::string devices = device;
  for (const std::string& earlier : earlier_devices) devices += "," + earlier;
  std::string text = fmt::format(
      "version={}\nevaluator={}\ndevice={}\ntask={}\ndata={}\nseed={}\nrecipe={},{},{},{},{},{},{},"
      "{},{},{},"
      "{},{},{}\n",
      ATTO_VERSION, word_of(evaluator), devices, spec.task.kind.name, data, spec.search.seed,
      r.name, r.batch, r.learning_rate, r.warmup_epochs, r.final_learning_rate, r.momentum,
      r.weight_decay, r.label_smoothing, r.crop_padding, r.flip, r.cutout, r.ema, r.threads);
  if (spec.task.kind.finds_objects())
    text += "detector=" + spec::settings_text(prototype->detector_settings(input)) + "\n";
  if (r.scale_jitter > 0 || r.clip_norm > 0)
    text += fmt::format("detection_recipe={},{}\n", r.scale_jitter, r.clip_norm);
  if (phase == train::Phase::Search)
    text +=
        fmt::format("images={}\nvalidation_images={}\nhorizon={}\n", spec.search.images.value_or(0),
                    spec.search.validation_images.value_or(0), spec.search.rungs.back());
  else
    text += fmt::format("images={}\nhorizon={}\n", spec.training.final_images.value_or(0),
                        spec.training.final_epochs);
  return text;
}

net::TaskInput task_input(const Campaign& campaign, const net::Shape& shape, int classes) {
  net::TaskInput input{shape, classes, campaign.spec.task.detector};
  if (campaign.prototype->is_detector())
    input.detector = spec::stated(campaign.prototype->detector_settings(input));
  return input;
}

Campaign read_campaign(spec::JsonFile written, const Overrides& overrides, EvaluatorKind evaluator,
                       const std::vector<spec::TaskKind>& kinds) {
  Campaign campaign;
  campaign.spec_name = written.document.name;
  campaign.spec_text = std::move(written.text);
  campaign.spec =
      spec::read_design_spec(written.document, campaign.spec_name, strategy_names(), kinds);
  campaign.spec.search.seed = overrides.seed.value_or(campaign.spec.search.seed);
  campaign.spec.search.candidates = overrides.candidates.value_or(campaign.spec.search.candidates);
  campaign.spec.search.strategy = overrides.strategy.value_or(campaign.spec.search.strategy);
  campaign.evaluator = evaluator;
  check_overrides(campaign);

  campaign.prototype_name = campaign.spec.prototype.string();
  spec::JsonFile prototype = spec::read_json_file(campaign.spec.prototype);
  campaign.prototype_text = std::move(prototype.text);
  campaign.prototype = std::make_unique<net::Prototype>(std::move(prototype.document));
  net::expect_subject(*campaign.prototype, campaign.spec);
  const train::DatasetInfo info = find_data(campaign);
  train::check_image_counts(campaign.spec, info);
  campaign.dataset = train::identity_of(info);
  if (info.is_by_path) {
    campaign.spec.task.dataset = info.folder.string() + train::read_tiled_name(info.name).tiling;
    campaign.spec.task.base.clear();
  }
  campaign.input = task_input(campaign, info.input(), info.classes);
  net::expect_output(*campaign.prototype, campaign.input, net::FirstOutput::Logits);
  for (int tier = 0; tier < campaign.tiers(); ++tier)
    net::expect_levels_at(*campaign.prototype, campaign.input, campaign.require(tier));
  campaign.train_images = info.train_images - info.validation_images;
  campaign.validation_images = info.validation_images;
  campaign.test_images = info.test_images;
  campaign.data = data_identity(info);
  campaign.data_notes = info.notes;
  const spec::SearchSettings& search = campaign.spec.search;
  const Measurements wants = find_strategy(search.strategy)->wants(search);
  campaign.wants_responses = wants.responses;
  campaign.scored_jobs = wants.scored_jobs;
  return campaign;
}

int candidates_of(const Campaign& campaign, const std::vector<Extension>& extensions, int tier) {
  int candidates = campaign.spec.search.candidates;
  for (const Extension& extension : extensions)
    if (extension.tier == tier) candidates = extension.candidates;
  return candidates;
}

std::string assignment_text(const net::Assignment& assignment) {
  return fmt::format("{}", fmt::join(assignment, ","));
}

net::Assignment read_assignment(const std::string& text) {
  net::Assignment assignment;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    std::int32_t index = 0;
    const auto [next, error] = std::from_chars(at, end, index);
    if (error != std::errc())
      throw EnvironmentError("the ledger is damaged: an assignment cannot be read: " + text);
    assignment.push_back(index);
    at = next < end ? next + 1 : next;
  }
  return assignment;
}

}  // namespace atto::search
