#include "search/running/finals_watch.hpp"

#include <algorithm>

#include "search/campaign/estimate.hpp"

namespace atto::search {
namespace {

constexpr std::chrono::seconds kInterval{1};

}  // namespace

std::vector<EpochNote> FinalsWatch::new_epochs() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return {};
  next_ = now + kInterval;
  std::vector<EpochNote> notes;
  slowest_.reset();
  cpu_seconds_ = 0;
  for (const JobRow& row : ledger_.jobs_in_state(State::Claimed)) {
    if (row.job.stage != Stage::Final) continue;
    const std::vector<train::EpochRecord> curve =
        ledger_.curve({row.job.hash, train::Phase::Final, row.job.replica});
    const int epoch = curve.empty() ? 0 : curve.back().epoch;
    slowest_ = std::min(epoch, slowest_.value_or(epoch));
    cpu_seconds_ += training_seconds(
        ledger_.design(row.job.hash).value().costs,
        double(epoch) * double(campaign_.images(train::Phase::Final)),
        double(epoch / campaign_.spec.training.recipe.judge_every * campaign_.validation_images));
    int& known = known_[row.job.id];
    if (epoch > known)
      notes.push_back({row.job, campaign_.spec.training.final_seeds, curve.back(), {}});
    known = epoch;
  }
  return notes;
}

}  // namespace atto::search
