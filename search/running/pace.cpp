#include "search/running/pace.hpp"

#include <algorithm>

#include "search/running/parallelism.hpp"

namespace atto::search {

void Pace::add(const JobRow& row, const spec::Costs& costs) {
  const spec::SearchSettings& search = campaign_.spec.search;
  const bool is_final = row.job.stage == Stage::Final;
  int before = 0;
  if (!is_final) {
    const auto known = reached_.find(row.job.hash);
    if (known != reached_.end()) before = known->second;
    if (row.job.to_epoch >= search.rungs.back())
      reached_.erase(row.job.hash);
    else
      reached_[row.job.hash] = row.job.to_epoch;
  }
  const double epochs = row.job.to_epoch - before;
  const double judged = is_final ? epochs / campaign_.spec.training.recipe.judge_every : 1;
  (is_final ? done_.final_cpu_seconds : done_.search_cpu_seconds) +=
      training_seconds(costs, epochs * double(campaign_.images(row.job.phase())),
                       judged * double(campaign_.validation_images));
  if (is_final) ++done_.final_jobs;
  if (row.verdict.reused_from.empty()) spent_ += row.verdict.cpu_seconds;
}

std::optional<double> Pace::eta_seconds(int workers, double final_cpu_seconds) const {
  if (!(done_.cpu_seconds() > 0) || !(spent_ > 0)) return {};
  Estimate left;
  left.final_jobs = whole_.final_jobs - done_.final_jobs;
  left.search_cpu_seconds = std::max(0.0, whole_.search_cpu_seconds - done_.search_cpu_seconds);
  left.final_cpu_seconds =
      std::max(0.0, whole_.final_cpu_seconds - done_.final_cpu_seconds - final_cpu_seconds);
  left.export_seconds = whole_.export_seconds;
  if (whole_.search_cpu_seconds > 0)
    left.measuring_seconds =
        whole_.measuring_seconds * left.search_cpu_seconds / whole_.search_cpu_seconds;
  return wall_seconds(campaign_, left, std::max(1, workers)) * spent_ / done_.cpu_seconds();
}

}  // namespace atto::search
