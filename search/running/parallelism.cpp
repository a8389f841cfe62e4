#include "search/running/parallelism.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

namespace atto::search {
namespace {

int cores() {
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

/// What a team of threads trains more than one: two took 26.5 s for 46.3 CPU-s.
double speed_up(int threads) {
  return std::pow(threads, 0.8);
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
  const int at_once = std::min(workers, finals_at_once(campaign));
  const int searching = std::min(workers, campaign.spec.search.window);
  const double jobs = std::max(1.0, work.final_jobs);
  return work.search_cpu_seconds / (double(searching) * speed_up(training.recipe.threads)) +
         std::ceil(jobs / at_once) * work.final_cpu_seconds /
             (jobs * speed_up(training.final_threads)) +
         work.other_seconds();
}

}  // namespace atto::search
