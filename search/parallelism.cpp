#include "search/parallelism.hpp"

#include <algorithm>
#include <limits>
#include <thread>

namespace atto::search {
namespace {

int cores() {
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace

int default_workers(const Campaign& campaign) {
  const int most = cores() / campaign.spec.training.recipe.threads;
  return std::max(1, std::min(campaign.spec.search.window, most));
}

int finals_at_once(const Campaign& campaign) {
  const spec::TrainingSettings& training = campaign.spec.training;
  if (training.final_threads <= training.recipe.threads) return std::numeric_limits<int>::max();
  return std::max(1, cores() / training.final_threads);
}

double wall_seconds(const Campaign& campaign, const Estimate& work, int workers) {
  const spec::TrainingSettings& training = campaign.spec.training;
  const double finals =
      std::max(1.0, std::min({double(workers), work.final_jobs, double(finals_at_once(campaign))}));
  return work.search_cpu_seconds / (double(workers) * training.recipe.threads) +
         work.final_cpu_seconds / (finals * training.final_threads);
}

}  // namespace atto::search
