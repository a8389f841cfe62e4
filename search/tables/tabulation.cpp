#include "search/tables/tabulation.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include "design_specs/seeds/random.hpp"
#include "generator/space/enumeration.hpp"
#include "search/ledger/open_ledger.hpp"
#include "search/running/crew_watch.hpp"

namespace atto::search {
namespace {

/// Ways to take all decisions that an enumeration tries at most.
constexpr std::size_t kMostDesigns = 1'000'000;
constexpr std::uint64_t kMoreSeedsSeed = 0x7ab1e;
constexpr int kPauseMs = 100;

class Tabulation {
 public:
  Tabulation(const CoordinatorOptions& options, const TabulationPlan& plan,
             const std::vector<DesignRow>& designs, Observer& observer, StopSignals& signals)
      : plan_(plan),
        designs_(designs),
        observer_(observer),
        signals_(signals),
        workers_(options.workers),
        folder_{options.folder},
        ledger_(open_ledger(folder_.path)),
        role_(ledger_->take(Role::Coordinate)),
        campaign_(load_campaign(*ledger_)),
        crew_(options.command, options.workers, folder_.logs()),
        watch_(crew_, *ledger_, folder_,
               [this](const std::string& text) { observer_.message(text); }) {
    if (!role_)
      throw EnvironmentError("another process runs this table: " + options.folder.string());
  }

  CampaignEnd run() {
    watch_.begin();
    set_state(*ledger_, CampaignState::Running);
    std::vector<std::string> all;
    for (const DesignRow& design : designs_) all.push_back(design.hash);
    add_jobs(all, 0, plan_.seeds);
    if (!finish_jobs()) return stop();
    if (plan_.more_seeds > 0) {
      add_jobs(designs_for_more_seeds(*ledger_, campaign_, plan_), plan_.seeds,
               plan_.seeds + plan_.more_seeds);
      if (!finish_jobs()) return stop();
    }
    set_state(*ledger_, CampaignState::Finished);
    watch_.end(SIGTERM, signals_);
    return CampaignEnd::Finished;
  }

 private:
  /// Adds the jobs that the ledger lacks: all seeds of a design stand together, so that an
  /// unfinished table is a whole one of fewer designs.
  void add_jobs(const std::vector<std::string>& hashes, int first_seed, int end_seed) {
    std::map<std::string, const DesignRow*> by_hash;
    for (const DesignRow& design : designs_) by_hash[design.hash] = &design;
    std::set<std::pair<std::string, int>> known;
    const std::vector<JobRow> rows = ledger_->jobs(0, Stage::Search);
    for (const JobRow& row : rows) known.emplace(row.job.hash, row.job.replica);
    auto position = static_cast<std::int64_t>(rows.size());
    for (const std::string& hash : hashes)
      for (int seed = first_seed; seed < end_seed; ++seed) {
        if (known.count({hash, seed})) continue;
        Job job;
        job.stage = Stage::Search;
        job.position = position++;
        job.hash = hash;
        job.rung = campaign_.top_rung();
        job.replica = seed;
        job.to_epoch = job.horizon = campaign_.spec.search.rungs.back();
        job.seed = campaign_.trial_seed(hash, job.phase(), seed);
        ledger_->add_job(job, *by_hash.at(hash));
      }
  }

  /// Waits until every job is done; false when asked to stop.
  bool finish_jobs() {
    expected_ = ledger_->totals().jobs;
    collect();
    while (done_ < expected_) {
      const int signal = signals_.wait(kPauseMs);
      if (signal == SIGINT || signal == SIGTERM) return false;
      watch_.look();
      collect();
      if (done_ < expected_) watch_.fill();
    }
    return true;
  }

  void collect() {
    for (const JobRow& row : ledger_->finished_since(cursor_)) {
      cursor_ = row.verdict.finish_order;
      ++done_;
      cpu_seconds_ += row.verdict.cpu_seconds;
      watch_.note_success();
      std::error_code ignored;
      std::filesystem::remove_all(folder_.trial(row.job.hash, row.job.phase(), row.job.replica),
                                  ignored);
      observer_.trial({done_, expected_, "", row, ledger_->design(row.job.hash).value()});
    }
    if (done_ == 0) return;
    const double left = cpu_seconds_ / double(done_) * double(expected_ - done_);
    observer_.status({done_,
                      expected_,
                      crew_.running(),
                      workers_,
                      cpu_seconds_,
                      left / std::max(1, workers_),
                      {},
                      {},
                      0});
  }

  CampaignEnd stop() {
    observer_.message("stopping: workers finish or checkpoint");
    watch_.end(SIGTERM, signals_);
    set_state(*ledger_, CampaignState::Stopped);
    return CampaignEnd::Interrupted;
  }

  TabulationPlan plan_;
  const std::vector<DesignRow>& designs_;
  Observer& observer_;
  StopSignals& signals_;
  int workers_;
  RunFolder folder_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<HeldRole> role_;
  Campaign campaign_;
  Crew crew_;
  CrewWatch watch_;
  std::int64_t cursor_ = 0, done_ = 0, expected_ = 0;
  double cpu_seconds_ = 0;
};

}  // namespace

std::vector<DesignRow> designs_to_tabulate(const Campaign& campaign) {
  const gen::FeasibleSpace space(*campaign.prototype, campaign.input, campaign.require(0),
                                 campaign.spec.search.band);
  const std::optional<gen::Enumeration> all = gen::enumerate_feasible(space, kMostDesigns);
  if (!all)
    throw SpecError(
        {{campaign.prototype_name, "",
          fmt::format("has more than {} combinations: too many to train them all", kMostDesigns),
          ""}});
  if (all->feasible.empty())
    throw SpecError({{campaign.spec_name, "/require",
                      fmt::format("none of the {} designs is feasible", all->well_formed), ""}});
  std::vector<DesignRow> designs;
  for (const gen::Candidate& candidate : all->feasible)
    designs.push_back(machine_design(candidate, "tabulated"));
  return designs;
}

std::vector<std::string> designs_for_more_seeds(Ledger& ledger, const Campaign& campaign,
                                                const TabulationPlan& plan) {
  const spec::Score& score = campaign.spec.maximise.score;
  const auto gain = [&](const Verdict& verdict) {
    const std::optional<double> value = spec::find_value(verdict.validation, score.name);
    return value ? spec::gain_of(score, *value) : 0;
  };
  std::map<std::string, double> sums;
  for (const JobRow& row : ledger.jobs(0, Stage::Search))
    if (row.job.replica < plan.seeds && row.job.rung == campaign.top_rung())
      sums[row.job.hash] += gain(row.verdict);
  std::vector<std::pair<double, std::string>> ranked;
  for (const auto& [hash, sum] : sums) ranked.emplace_back(-sum, hash);
  std::sort(ranked.begin(), ranked.end());
  const auto best = std::min(ranked.size(), static_cast<std::size_t>(plan.best));
  std::vector<std::string> others, chosen;
  for (std::size_t i = 0; i < ranked.size(); ++i)
    (i < best ? chosen : others).push_back(ranked[i].second);
  std::sort(others.begin(), others.end());
  spec::Random(kMoreSeedsSeed).shuffle(std::span<std::string>(others));
  others.resize(std::min(others.size(), static_cast<std::size_t>(plan.random)));
  chosen.insert(chosen.end(), others.begin(), others.end());
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

CampaignEnd run_tabulation(const CoordinatorOptions& options, const TabulationPlan& plan,
                           const std::vector<DesignRow>& designs, Observer& observer,
                           StopSignals& signals) {
  return Tabulation(options, plan, designs, observer, signals).run();
}

}  // namespace atto::search
