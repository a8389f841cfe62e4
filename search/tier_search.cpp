#include "search/tier_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "design_specs/seeds/random.hpp"
#include "prototypes/network/identity.hpp"
#include "search/winner.hpp"

namespace atto::search {
namespace {

StrategySetting setting_of(const Campaign& campaign, int tier, const gen::FeasibleSpace& space,
                           std::vector<std::uint64_t> taken) {
  const std::uint64_t seed = spec::derive_seed(
      {campaign.spec.search.seed, spec::hash_bytes("strategy"), static_cast<std::uint64_t>(tier)});
  return {&space, campaign.spec.search, seed, std::move(taken), {}};
}

[[noreturn]] void throw_mismatch(const JobRow& row, const std::string& proposed) {
  throw EnvironmentError(
      fmt::format("ledger: job {} is design {} at rung {}, but this version proposes {} there; "
                  "continue the campaign with "
                  "the version that started it (atto status shows it)",
                  row.job.position, row.job.hash, row.job.rung, proposed));
}

}  // namespace

TierSearch::TierSearch(const CampaignRun& run, int tier, std::vector<Extension> extensions,
                       std::vector<std::uint64_t> taken)
    : run_(run), tier_(tier), extensions_(std::move(extensions)) {
  const Campaign& campaign = run.campaign;
  space_ = std::make_unique<gen::FeasibleSpace>(*campaign.prototype, campaign.input,
                                                campaign.require(tier), campaign.spec.search.band);
  strategy_ = find_strategy(campaign.spec.search.strategy)
                  ->make(setting_of(campaign, tier, *space_, std::move(taken)));
  replay();
}

void TierSearch::replay() {
  std::vector<JobRow> rows = run_.ledger.jobs(tier_, Stage::Search);
  std::map<std::int64_t, const JobRow*> by_order;
  for (const JobRow& row : rows) {
    if (row.state != State::Done) continue;
    replayed_until_ = std::max(replayed_until_, row.verdict.finish_order);
    by_order[run_.campaign.is_async ? row.verdict.finish_order : row.job.position] = &row;
  }
  auto next_result = by_order.begin();
  for (const JobRow& row : rows) {
    apply_extensions();
    for (; seen_ < row.job.seen && next_result != by_order.end(); ++next_result) {
      ++delivered_;
      show(*next_result->second);
    }
    const std::optional<Proposal> proposal = strategy_->propose(next_);
    if (!proposal) throw_mismatch(row, "nothing");
    const std::string hash = net::hash_text(proposal->hash);
    if (hash != row.job.hash || proposal->rung != row.job.rung || row.job.position != next_)
      throw_mismatch(row, fmt::format("{} at rung {}", hash, proposal->rung));
    ++next_;
  }
  for (; next_result != by_order.end(); ++next_result) deliver(*next_result->second);
  release_checkpoints();
}

void TierSearch::apply_extensions() {
  for (const Extension& extension : extensions_)
    if (extension.tier == tier_ && extension.position == next_)
      strategy_->set_candidates(extension.candidates);
}

void TierSearch::deliver(const JobRow& row) {
  ++delivered_;
  arrived_.emplace(run_.campaign.is_async ? row.verdict.finish_order : row.job.position, row);
}

void TierSearch::show(const JobRow& row) {
  const std::optional<DesignRow> design = run_.ledger.design(row.job.hash);
  if (!design) throw InternalError("ledger: job without its design: " + row.job.hash);
  strategy_->observe(observe(run_.campaign, row, *design));
  seen_cpu_seconds_ += row.verdict.cpu_seconds;
  ++seen_;
}

bool TierSearch::show_next() {
  const auto next = arrived_.begin();
  if (next == arrived_.end()) return false;
  if (!run_.campaign.is_async && next->first != seen_) return false;
  show(next->second);
  arrived_.erase(next);
  return true;
}

/// Shows what job `next_` has to see; false while some of it is missing.
bool TierSearch::see_enough() {
  if (run_.campaign.is_async)
    while (show_next()) {
    }
  const std::int64_t needed = next_ - run_.campaign.spec.search.window + 1;
  while (seen_ < needed)
    if (!show_next()) return false;
  return true;
}

std::optional<Proposal> TierSearch::ask() {
  const std::optional<double>& budget = run_.campaign.spec.search.budget_cpu_seconds;
  for (;;) {
    if (budget && seen_cpu_seconds_ >= *budget) {
      is_over_budget_ = is_finished_ = true;
      return {};
    }
    if (std::optional<Proposal> proposal = strategy_->propose(next_)) return proposal;
    if (seen_ == next_) is_finished_ = true;
    if (is_finished_ || !show_next()) return {};
  }
}

int TierSearch::advance() {
  int added = 0;
  apply_extensions();
  while (!is_finished_ && see_enough()) {
    std::optional<Proposal> proposal = ask();
    if (!proposal) break;
    add(std::move(*proposal));
    ++added;
    apply_extensions();
  }
  release_checkpoints();
  return added;
}

void TierSearch::add(Proposal proposal) {
  const Campaign& campaign = run_.campaign;
  const std::string hash = net::hash_text(proposal.hash);
  DesignRow design;
  if (proposal.fresh) {
    design = machine_design(*proposal.fresh, proposal.how);
    write_design_file(run_.folder, campaign, design);
  } else {
    design = run_.ledger.design(hash).value();
  }
  Job job;
  job.tier = tier_;
  job.stage = Stage::Search;
  job.position = next_;
  job.seen = seen_;
  job.hash = hash;
  job.rung = proposal.rung;
  job.to_epoch = campaign.spec.search.rungs[static_cast<std::size_t>(proposal.rung)];
  job.horizon = campaign.spec.search.rungs.back();
  job.seed = campaign.trial_seed(hash, train::Phase::Search, 0);
  const std::optional<Reused> reused = run_.reuse.find(run_.ledger, run_.folder, job);
  if (reused)
    run_.ledger.add_job(job, design, &reused->verdict, reused->epochs);
  else
    run_.ledger.add_job(job, design);
  ++next_;
  run_.faults.pass("after_propose");
}

void TierSearch::release_checkpoints() {
  for (std::uint64_t hash : strategy_->take_released())
    clean_search(run_.folder, net::hash_text(hash));
}

}  // namespace atto::search
