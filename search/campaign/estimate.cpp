#include "search/campaign/estimate.hpp"

#include <algorithm>

#include "design_specs/seeds/random.hpp"

namespace atto::search {
namespace {

// Fitted on one-core trainings of attonet designs of 4.7 M multiply-adds and 0.25 to 0.63 MB of
// peak activations at 28x28 (0.7 to 1.2 ms an image); a running campaign corrects it by what its
// trials cost.
constexpr double kMacsPerSecond = 4e10;
constexpr double kTrainingPasses = 3.0;  ///< forward, gradient of inputs, gradient of weights
constexpr double kSecondsPerActivationByte = 1.4e-9;
constexpr double kFixedSecondsPerImage = 3e-5;  ///< augmentation, optimiser, dispatch
// Measured around the quickstart: a proposal with its records, and one that is learnt from; a
// latency that nothing disturbs; an artefact that is written and compared, and what a model file
// costs more (calibration images by the trainer, int8, two measurements).
constexpr double kProposalSeconds = 0.005, kLearntProposalSeconds = 0.05;
constexpr double kLatencySeconds = 0.8;
constexpr double kExportSeconds = 0.2, kModelFileSeconds = 5;
constexpr int kDraws = 64;

void add_what_is_not_training(const Campaign& campaign, int tier, int candidates,
                              Estimate& estimate) {
  const bool learns = campaign.spec.search.strategy == "generative_synthesis";
  estimate.coordinator_cpu_seconds =
      candidates * (learns ? kLearntProposalSeconds : kProposalSeconds);
  if (campaign.require(tier).latency_ms.max)
    estimate.measuring_seconds = kLatencySeconds * (candidates + 1);
  if (campaign.evaluator == EvaluatorKind::Fake) return;
  for (const spec::ExportFormat& format : campaign.spec.export_formats)
    estimate.export_seconds += kExportSeconds + (format.name == "atto" ? kModelFileSeconds : 0);
}

}  // namespace

double seconds_per_image(const spec::Costs& costs) {
  return kTrainingPasses * double(costs.macs) / kMacsPerSecond +
         kSecondsPerActivationByte * double(costs.peak_activation_bytes) + kFixedSecondsPerImage;
}

double training_seconds(const spec::Costs& costs, double trained, double judged) {
  return seconds_per_image(costs) * (trained + judged / kTrainingPasses);
}

Estimate& operator+=(Estimate& sum, const Estimate& more) {
  sum.jobs += more.jobs;
  sum.final_jobs += more.final_jobs;
  sum.search_cpu_seconds += more.search_cpu_seconds;
  sum.final_cpu_seconds += more.final_cpu_seconds;
  sum.coordinator_cpu_seconds += more.coordinator_cpu_seconds;
  sum.measuring_seconds += more.measuring_seconds;
  sum.export_seconds += more.export_seconds;
  sum.disk_bytes += more.disk_bytes;
  if (sum.typical.params == 0) sum.typical = more.typical;
  return sum;
}

Estimate estimate_tier(const Campaign& campaign, int tier, int candidates) {
  const gen::FeasibleSpace space(*campaign.prototype, campaign.input, campaign.require(tier),
                                 campaign.spec.search.band);
  spec::Random random(spec::derive_seed({campaign.spec.search.seed, spec::hash_bytes("estimate")}));
  spec::Costs sum;
  int drawn = 0;
  for (int i = 0; i < kDraws; ++i) {
    const std::optional<gen::Candidate> candidate = space.sample(random);
    if (!candidate) continue;
    ++drawn;
    sum.params += candidate->costs.params, sum.macs += candidate->costs.macs;
    sum.peak_activation_bytes += candidate->costs.peak_activation_bytes;
    sum.model_bytes += candidate->costs.model_bytes;
  }
  Estimate estimate;
  if (drawn == 0) return estimate;
  estimate.typical = {sum.params / drawn, sum.macs / drawn, sum.peak_activation_bytes / drawn,
                      sum.model_bytes / drawn};
  spec::SearchSettings search = campaign.spec.search;
  search.candidates = candidates;
  const Workload work = find_strategy(search.strategy)->workload(search);
  const spec::TrainingSettings& training = campaign.spec.training;
  const double finals = double(search.finalists) * training.final_seeds;
  estimate.jobs = work.jobs() + finals;
  estimate.final_jobs = finals;
  const auto validation = double(campaign.validation_images);
  estimate.search_cpu_seconds = training_seconds(
      estimate.typical, work.epochs(search.rungs) * double(campaign.images(train::Phase::Search)),
      work.jobs() * validation);
  const double epochs = training.final_epochs;
  estimate.final_cpu_seconds =
      finals *
      training_seconds(
          estimate.typical, epochs * double(campaign.images(train::Phase::Final)),
          epochs / training.recipe.judge_every * validation + double(campaign.test_images));
  add_what_is_not_training(campaign, tier, candidates, estimate);
  // A checkpoint holds weights, momentum and averages; about 25 kB a design go to its file and the
  // ledger.
  const double kept =
      std::min(double(candidates), 2.0 * double(promotions(search, std::size_t(candidates))));
  estimate.disk_bytes =
      3.0 * double(estimate.typical.model_bytes) * (kept + campaign.spec.search.window) +
      double(estimate.typical.model_bytes) * (finals + 1) + 25e3 * candidates;
  return estimate;
}

}  // namespace atto::search
