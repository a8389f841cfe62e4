#include "search/running/tier_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "design_specs/seeds/random.hpp"
#include "prototypes/network/identity.hpp"
#include "search/campaign/cycles.hpp"
#include "search/campaign/ending.hpp"
#include "search/campaign/too_few.hpp"
#include "search/campaign/useful_scores.hpp"
#include "search/campaign/winner.hpp"

namespace atto::search {
namespace {

StrategySetting setting_of(const CampaignRun& run, int tier, const gen::FeasibleSpace& space,
                           std::vector<std::uint64_t> taken, gen::Theta theta) {
  const Campaign& campaign = run.campaign;
  const std::uint64_t seed = spec::derive_seed(
      {campaign.spec.search.seed, spec::hash_bytes("strategy"), static_cast<std::uint64_t>(tier)});
  return {&space, campaign.spec.search, seed, std::move(taken), std::move(theta), run.poll};
}

[[noreturn]] void throw_mismatch(const JobRow& row, const std::string& proposed) {
  throw EnvironmentError(
      fmt::format("ledger: job {} is design {} at rung {}, but this version proposes {} there; "
                  "continue the campaign with "
                  "the version that started it (atto status shows it)",
                  row.job.position, row.job.hash, row.job.rung, proposed));
}

}  // namespace

/// What the ledger held when the search of a tier was begun again.
struct TierSearch::Replay {
  std::vector<JobRow> rows;
  std::size_t next = 0;
  std::map<std::int64_t, const JobRow*> results;  ///< in the order in which they are shown
};

TierSearch::TierSearch(const CampaignRun& run, int tier, std::vector<Extension> extensions,
                       const gen::Theta& theta)
    : run_(run),
      tier_(tier),
      extensions_(std::move(extensions)),
      terms_(run.campaign, tier),
      candidates_(run.campaign.spec.search.candidates) {
  for (const SteerRow& row : run.ledger.steering(tier)) {
    if (row.is_in_effect() && row.tier < tier) terms_.apply(row);
    if (row.tier == tier) due_.push_back(row);
  }
  recorded_cycles_ = run.ledger.cycle_count(tier);
  spaces_.push_back(terms_.make_space());
  strategy_ = find_strategy(run.campaign.spec.search.strategy)
                  ->make(setting_of(run, tier, *spaces_.back(), designs_taken(),
                                    theta_at_start(run.ledger, tier, theta)));
  replay_ = std::make_unique<Replay>();
  replay_->rows = run.ledger.jobs(tier, Stage::Search);
  for (const JobRow& row : replay_->rows) {
    if (row.verdict.finish_order == 0) continue;  // not done, or delivered soon
    replayed_until_ = std::max(replayed_until_, row.verdict.finish_order);
    replay_->results[run.campaign.is_async ? row.verdict.finish_order : row.job.position] = &row;
  }
}

TierSearch::~TierSearch() = default;

/// A person's designs that the strategy knows from the start: those that come later have their
/// place among the proposals.
std::vector<std::uint64_t> TierSearch::designs_taken() const {
  std::vector<std::uint64_t> taken;
  const std::vector<SteerRow> requests = run_.ledger.steering(tier_);
  for (const DesignRow& design : run_.ledger.human_designs()) {
    const bool comes_later =
        std::any_of(requests.begin(), requests.end(), [&](const SteerRow& row) {
          return row.hash == design.hash && (!row.is_in_effect() || row.tier >= tier_);
        });
    if (!comes_later) taken.push_back(read_hash(design.hash));
  }
  return taken;
}

/// Gives a place among the proposals to what people asked for since.
void TierSearch::take_requests() {
  if (!due_.empty() || is_finished_) return;
  std::vector<SteerRow> waiting = waiting_requests(run_.ledger);
  if (waiting.empty() || is_search_over(run_.ledger, extensions_, tier_, next_)) return;
  std::vector<std::int64_t> ids;
  for (SteerRow& row : waiting) {
    ids.push_back(row.id);
    row.tier = tier_, row.position = next_, row.seen = seen_;
  }
  run_.faults.pass("before_steering");
  run_.ledger.begin_steering(ids, tier_, next_, seen_);
  due_.insert(due_.end(), waiting.begin(), waiting.end());
  run_.faults.pass("after_steering");
}

void TierSearch::apply_due() {
  while (is_due()) apply_command();
}

bool TierSearch::is_due() const {
  return !due_.empty() && due_.front().position == next_ && due_.front().seen == seen_;
}

/// Applies the requests of one command. Those of several are never applied as one: whether they
/// were taken at once or one after another, perhaps by two coordinators, a replay cannot tell.
void TierSearch::apply_command() {
  Steering steering;
  for (const std::int64_t at = due_.front().at; is_due() && due_.front().at == at;) {
    terms_.apply(due_.front());
    if (!due_.front().hash.empty()) steering.taken.push_back(read_hash(due_.front().hash));
    if (!replay_) applied_.push_back(std::move(due_.front()));
    due_.pop_front();
  }
  spaces_.push_back(terms_.make_space());
  steering.space = spaces_.back().get();
  if (terms_.is_steered())
    for (const std::string& hash : proposed_)
      if (!terms_.misses(run_.ledger.design(hash).value(), figures_of(hash)).empty())
        steering.barred.push_back(read_hash(hash));
  strategy_->steer(steering);
  forget_refusals();
}

/// What people changed may let designs pass.
void TierSearch::forget_refusals() {
  if (refused_in_a_row_ >= kMostRefusals) strategy_->set_candidates(candidates_);
  refused_in_a_row_ = 0;
}

Beliefs TierSearch::beliefs() const {
  Beliefs beliefs;
  for (const std::string& design : proposed_) {
    const std::uint64_t hash = read_hash(design);
    if (const auto belief = strategy_->belief(hash)) beliefs.emplace(hash, *belief);
  }
  return beliefs;
}

void TierSearch::close() {
  close_search(run_.ledger, extensions_, tier_, next_);
}

/// Keeps what the strategy holds after a cycle, before the first job that it planned: a process
/// that dies in between makes the same record again.
void TierSearch::record_cycle() {
  const std::int64_t cycle = strategy_->cycles();
  if (cycle <= recorded_cycles_) return;
  run_.faults.pass("before_cycle");
  run_.ledger.add_cycle({tier_, cycle, next_, seen_, insight_text(strategy_->insight())});
  recorded_cycles_ = cycle;
  run_.faults.pass("after_cycle");
}

/// Goes on with the replay; returns whether it is over.
bool TierSearch::replay(Clock::time_point end) {
  while (replay_ && replay_->next < replay_->rows.size()) {
    replay(replay_->rows[replay_->next++]);
    if (Clock::now() >= end) return false;
  }
  if (replay_)
    for (const auto& [order, row] : replay_->results) deliver(*row);
  replay_.reset();
  return true;
}

void TierSearch::replay(const JobRow& row) {
  apply_extensions();
  apply_due();
  while (seen_ < row.job.seen && !replay_->results.empty()) {
    ++delivered_;
    show(*replay_->results.begin()->second);
    replay_->results.erase(replay_->results.begin());
  }
  const std::optional<Proposal> proposal = strategy_->propose(next_);
  if (!proposal) throw_mismatch(row, "nothing");
  const std::string hash = net::hash_text(proposal->hash);
  if (hash != row.job.hash || proposal->rung != row.job.rung || row.job.position != next_)
    throw_mismatch(row, fmt::format("{} at rung {}", hash, proposal->rung));
  take(row.job, row.verdict.outcome == train::Outcome::Refused, proposal->fresh.has_value());
}

void TierSearch::apply_extensions() {
  for (const Extension& extension : extensions_)
    if (extension.tier == tier_ && extension.position == next_) {
      candidates_ = extension.candidates;
      strategy_->set_candidates(candidates_);
      refused_in_a_row_ = 0;
    }
}

void TierSearch::deliver(const JobRow& row) {
  ++delivered_;
  arrived_.emplace(run_.campaign.is_async ? row.verdict.finish_order : row.job.position, row);
}

void TierSearch::show(const JobRow& row) {
  if (row.verdict.outcome == train::Outcome::Refused) {  // the strategy knows
    ++seen_, ++seen_refused_;
    apply_due();
    return;
  }
  const std::optional<DesignRow> design = run_.ledger.design(row.job.hash);
  if (!design) throw EnvironmentError("the ledger is damaged: no design " + row.job.hash);
  Observation seen = observe(terms_, row, *design);
  const CurveKey key{row.job.hash, row.job.phase(), row.job.replica};
  if (run_.campaign.wants_responses)
    seen.responses = run_.ledger.responses(key, row.job.to_epoch).modules;
  if (run_.campaign.scored_jobs > 0) {
    seen.scores = run_.ledger.scores(key).modules;
    switch_off(seen.scores, run_.campaign.switched_off);
  }
  strategy_->observe(seen);
  seen_cpu_seconds_ += row.verdict.cpu_seconds;
  ++seen_;
  apply_due();
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
bool TierSearch::show_needed() {
  if (run_.campaign.is_async)
    while (show_next()) {
    }
  const std::int64_t needed = next_ - refused_ - run_.campaign.spec.search.window + 1;
  while (seen_ - seen_refused_ < needed)
    if (!show_next()) return false;
  return true;
}

/// Nothing where there is nothing to propose, or no time for that.
std::optional<Proposal> TierSearch::ask(Clock::time_point end) {
  const std::optional<double>& budget = run_.campaign.spec.search.budget_cpu_seconds;
  for (;;) {
    if (budget && seen_cpu_seconds_ >= *budget) {
      is_over_budget_ = is_finished_ = true;
      return {};
    }
    if (std::optional<Proposal> proposal = strategy_->propose(next_)) return proposal;
    if (seen_ == next_) is_finished_ = true;
    if (is_finished_ || !show_next() || Clock::now() >= end) return {};
  }
}

bool TierSearch::advance(Clock::time_point end) {
  const std::int64_t next_before = next_, seen_before = seen_;
  if (!replay(end)) return true;
  apply_extensions();
  apply_due();
  take_requests();
  apply_due();
  has_measured_ = false;
  while (!is_finished_ && !has_measured_ && show_needed()) {
    std::optional<Proposal> proposal = ask(end);
    if (!proposal) break;
    add(std::move(*proposal));
    apply_extensions();
    apply_due();
    if (Clock::now() >= end) break;
  }
  release_checkpoints();
  return next_ != next_before || seen_ != seen_before;
}

void TierSearch::add(Proposal proposal) {
  record_cycle();
  const Campaign& campaign = run_.campaign;
  DesignRow design;
  Job job;
  Judged judged;
  job.hash = net::hash_text(proposal.hash);
  if (proposal.fresh) {
    design = machine_design(*proposal.fresh, proposal.how);
    design.pinned = terms_.pinned(proposal.fresh->assignment);
    write_design_file(run_.folder, campaign, design);
    judged = run_.gate.judge(terms_.require(), design);
    has_measured_ = terms_.require().latency_ms.max.has_value();
  } else {
    design = run_.ledger.design(job.hash).value();
    judged.figures = figures_of(job.hash);
  }
  job.tier = tier_;
  job.stage = Stage::Search;
  job.position = next_;
  job.seen = seen_;
  job.rung = proposal.rung;
  job.to_epoch = campaign.spec.search.rungs[static_cast<std::size_t>(proposal.rung)];
  job.horizon = campaign.spec.search.rungs.back();
  job.seed = campaign.trial_seed(job.hash, train::Phase::Search, 0);
  job.figures = judged.figures;
  store(job, design, judged.refusal);
  take(job, !judged.refusal.empty(), proposal.fresh.has_value());
  run_.faults.pass("after_propose");
}

/// Writes a job, with its result where it has one already.
void TierSearch::store(const Job& job, const DesignRow& design, const std::string& refusal) {
  if (!refusal.empty()) {
    Verdict refused;
    refused.outcome = train::Outcome::Refused;
    refused.reason = refusal;
    run_.ledger.add_job(job, design, &refused);
  } else if (const auto reused = run_.reuse.find(run_.ledger, run_.folder, job)) {
    run_.ledger.add_job(job, design, &reused->verdict, reused->epochs, reused->scores);
  } else {
    run_.ledger.add_job(job, design);
  }
}

/// Counts a job that is in the ledger.
void TierSearch::take(const Job& job, bool is_refused, bool is_fresh) {
  ++next_;
  figures_[job.hash] = job.figures;
  if (is_refused) {
    ++refused_;
    strategy_->refuse(read_hash(job.hash));
    note_refusal(job.figures);
  } else if (is_fresh) {
    refused_in_a_row_ = 0;
    proposed_.push_back(job.hash);
  }
}

/// After too many in a row, what is being trained is all that the search will have.
void TierSearch::note_refusal(const spec::Figures& figures) {
  if (++refused_in_a_row_ == 1) least_refused_ = {};
  const auto take = [](const std::optional<double>& figure, std::optional<double>& least) {
    if (figure) least = std::min(*figure, least.value_or(*figure));
  };
  take(figures.latency_ms, least_refused_.latency_ms);
  take(figures.flash_kib, least_refused_.flash_kib);
  take(figures.ram_kib, least_refused_.ram_kib);
  if (refused_in_a_row_ == kMostRefusals)
    strategy_->set_candidates(static_cast<int>(proposed_.size()));
}

spec::Figures TierSearch::figures_of(const std::string& hash) const {
  const auto found = figures_.find(hash);
  return found == figures_.end() ? spec::Figures() : found->second;
}

std::string TierSearch::shortage_text() const {
  if (refused_in_a_row_ < kMostRefusals) return shortage();
  const spec::Requirements& require = terms_.require();
  std::vector<std::string> asked, least;
  if (require.flash_kib.max)
    asked.push_back(fmt::format("flash_kib.max of {:.6g}", *require.flash_kib.max));
  if (require.ram_kib.max)
    asked.push_back(fmt::format("ram_kib.max of {:.6g}", *require.ram_kib.max));
  if (least_refused_.flash_kib)
    least.push_back(fmt::format("the least flash of them is {:.4g} KiB, the least RAM {:.4g} KiB",
                                *least_refused_.flash_kib, *least_refused_.ram_kib));
  if (require.latency_ms.max)
    asked.push_back(fmt::format("latency_ms.max of {}", latency_text(*require.latency_ms.max)));
  if (least_refused_.latency_ms)
    least.push_back("the fastest of them takes " + latency_text(*least_refused_.latency_ms));
  if (least.empty()) least.push_back("none of them can run");
  return fmt::format("{} designs in a row miss {}, and no more are tried; {}", kMostRefusals,
                     fmt::join(asked, " or "), fmt::join(least, "; "));
}

/// Says why fewer designs were tried than asked for; empty where all were, or the budget is spent.
std::string TierSearch::shortage() const {
  const auto wanted = static_cast<std::size_t>(candidates_);
  if (!is_finished_ || is_over_budget_ || proposed_.size() >= wanted) return "";
  const std::size_t tried =
      proposed_.size() + static_cast<std::size_t>(refused_) + run_.ledger.human_designs().size();
  const spec::SearchSettings& search = run_.campaign.spec.search;
  return too_few_text(*spaces_.back(), {tried, wanted, search.seed});
}

void TierSearch::release_checkpoints() {
  for (std::uint64_t hash : strategy_->take_released())
    clean_search(run_.folder, net::hash_text(hash));
}

}  // namespace atto::search
