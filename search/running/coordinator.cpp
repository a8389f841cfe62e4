#include "search/running/coordinator.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <set>
#include <utility>

#include "search/campaign/ending.hpp"
#include "search/campaign/winner.hpp"
#include "search/ledger/open_ledger.hpp"
#include "search/running/crew_watch.hpp"
#include "search/running/pace.hpp"
#include "search/running/quiet_moment.hpp"
#include "search/running/stop_requests.hpp"
#include "search/running/tier_search.hpp"

namespace atto::search {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kLongestPauseMs = 50;
constexpr milliseconds kStatusInterval{200};
/// Between two outages that are told of.
constexpr milliseconds kComplaintInterval{10000};
/// How long proposals may take before signals, ended workers and leases are looked at again.
constexpr milliseconds kProposingSlice{100};

class Coordinator {
 public:
  Coordinator(const CoordinatorOptions& options, Observer& observer, StopSignals& signals)
      : options_(options),
        observer_(observer),
        signals_(signals),
        stops_(signals, [this](int count) { pass_on_stop(count); }),
        folder_{options.folder},
        ledger_(open_ledger(folder_.path)),
        role_(ledger_->take(Role::Coordinate)),
        campaign_(load_campaign(*ledger_)),
        extensions_(read_extensions(*ledger_)),
        reuse_(campaign_, options.warm_start),
        gate_(
            campaign_, *ledger_, faults_, options.meter,
            [this](const std::function<void()>& work) { keep_quiet(work); }, stops_.poll()),
        run_{campaign_, folder_, *ledger_, reuse_, faults_, gate_, stops_.poll()},
        crew_(options.make_workforce
                  ? options.make_workforce(*ledger_)
                  : std::make_unique<Crew>(options.command, options.workers, folder_.logs())),
        watch_(*crew_, *ledger_, folder_,
               [this](const std::string& text) { observer_.message(text); }),
        pace_(campaign_, whole_estimate()),
        finals_(*ledger_, campaign_) {
    if (!role_)
      throw EnvironmentError("another process runs this campaign: " + options.folder.string());
    ledger_->while_locked([this] { return stops_.may_wait_for_lock(); });
    ledger_->while_away([this](const std::string& why) {
      if (!why.empty() && Clock::now() >= next_complaint_)
        observer_.message(why + "; waiting for it");
      if (!why.empty()) next_complaint_ = Clock::now() + kComplaintInterval;
      return stops_.may_wait_for_lock();
    });
  }

  CampaignEnd run() {
    try {
      try {
        return run_all();
      } catch (const StopAsked&) {
        return stop();
      }
    } catch (const EnvironmentError& error) {
      if (stops_.count() > 0) {  // the ledger can do without the last words
        observer_.message(error.what());
        return CampaignEnd::Interrupted;
      }
      throw EnvironmentError(fmt::format("{}; when that is mended, continue with: atto resume {}",
                                         error.what(), folder_.path.string()));
    }
  }

 private:
  CampaignEnd run_all() {
    begin();
    for (int tier = 0; tier < campaign_.tiers(); ++tier)
      if (!run_tier(tier)) return stop();
    drop_checkpoints();
    record_own_cost();
    set_state(*ledger_, CampaignState::Finished);
    watch_.end(SIGTERM, signals_);
    if (const std::size_t waiting = waiting_requests(*ledger_).size(); waiting > 0)
      observer_.message(
          fmt::format("{} of `atto steer`, made since the search was over: atto resume {}",
                      waiting == 1 ? "1 request waits" : fmt::format("{} requests wait", waiting),
                      folder_.path.string()));
    return CampaignEnd::Finished;
  }

  Estimate whole_estimate() {
    Estimate sum;
    for (int tier = 0; tier < campaign_.tiers(); ++tier)
      sum += estimate_tier(campaign_, tier, candidates_of(campaign_, extensions_, tier));
    sum.jobs += double(ledger_->human_designs().size()) * campaign_.tiers();
    return sum;
  }

  void begin() {
    for (const std::string& note : reuse_.notes()) observer_.message(note);
    for (const std::string& other : gate_.other_machines())
      observer_.message("latencies so far were measured on " + other +
                        " and stand; new designs are measured here");
    watch_.begin();
    if (!waiting_requests(*ledger_).empty() && is_search_over(*ledger_, campaign_))
      open_search(*ledger_, campaign_);
    earlier_cpu_seconds_ = ledger_->totals().coordinator_cpu_seconds;
    set_state(*ledger_, CampaignState::Running);
    finish_cursor_ = ledger_->last_finish_order();
    for (int tier = 0; tier < campaign_.tiers(); ++tier)
      for (Stage stage : {Stage::Include, Stage::Search, Stage::Final})
        for (const JobRow& row : ledger_->jobs(tier, stage))
          if (row.verdict.finish_order > 0) take_note(row, ledger_->design(row.job.hash)->costs);
  }

  /// Runs a tier to its leaderboard; false when asked to stop.
  bool run_tier(int tier) {
    include_designs(tier);
    Beliefs beliefs;
    {
      TierSearch search(run_, tier, extensions_, theta_);
      search_ = &search;
      while (!search.is_finished() || !pending_.empty())
        if (!step()) return false;
      search_ = nullptr;
      search.close();
      theta_ = search.theta();
      beliefs = search.beliefs();
      if (search.is_over_budget())
        observer_.message(
            fmt::format("search.budget is spent after {} jobs", search.next_position()));
      if (!search.shortage_text().empty()) tell_shortage(tier, search.shortage_text());
    }
    faults_.pass("before_finalists");
    add_finalists(tier, beliefs);
    while (!pending_.empty())
      if (!step()) return false;
    faults_.pass("before_winner");
    const Leaderboard board = make_leaderboard(*ledger_, campaign_, tier);
    write_winner(folder_, campaign_, board);
    const Entry* winner = board.winner();
    if (winner)
      gate_.confirm(terms_of(*ledger_, campaign_, tier).require(), winner->design,
                    folder_.winner(board.tier_name));
    else if (std::filesystem::exists(folder_.winner(board.tier_name)))
      observer_.message(fmt::format("no design meets what is asked for; {} stays as it was",
                                    folder_.winner(board.tier_name).string()));
    return true;
  }

  void tell_shortage(int tier, const std::string& why) {
    const std::string name = campaign_.tier_name(tier);
    const std::string text = (name.empty() ? "" : "tier " + name + ": ") + why;
    ledger_->add_event("refusals", text);
    observer_.message(text);
  }

  void keep_quiet(const std::function<void()>& work) {
    for (const std::string& worker : in_a_quiet_moment(*ledger_, *crew_, work, stops_.poll())) {
      const std::string text = "worker " + worker + " trained on while a latency was measured";
      ledger_->add_event("latency", text);
      observer_.message(text);
    }
  }

  /// Removes the checkpoints of designs that are at the top rung. What is left is what a later
  /// `--candidates` may promote: the strategy has released the others.
  void drop_checkpoints() {
    for (int tier = 0; tier < campaign_.tiers(); ++tier)
      for (Stage stage : {Stage::Include, Stage::Search})
        for (const JobRow& row : ledger_->jobs(tier, stage))
          if (row.job.rung == campaign_.top_rung()) clean_search(folder_, row.job.hash);
  }

  /// Brings the designs of people that the tier does not know yet to the top rung.
  void include_designs(int tier) {
    std::set<std::string> known;
    for (const JobRow& row : ledger_->jobs(tier, Stage::Include)) known.insert(row.job.hash);
    for (const DesignRow& design : ledger_->human_designs()) {
      if (known.count(design.hash)) continue;
      stops_.pass();
      write_design_file(folder_, campaign_, design);
      Job job;
      job.stage = Stage::Include;
      job.rung = campaign_.top_rung();
      job.to_epoch = job.horizon = campaign_.spec.search.rungs.back();
      job.figures = gate_.judge(terms_of(*ledger_, campaign_, tier).require(), design).figures;
      add_job(job, tier, static_cast<std::int64_t>(known.size()), design);
      known.insert(design.hash);
    }
    wait_for(tier, Stage::Include);
  }

  void add_finalists(int tier, const Beliefs& beliefs) {
    const std::vector<JobRow> rows = ledger_->jobs(tier, Stage::Final);
    std::set<std::pair<std::string, int>> known;
    for (const JobRow& row : rows) known.emplace(row.job.hash, row.job.replica);
    auto position = static_cast<std::int64_t>(rows.size());
    const std::vector<std::string> hashes = choose_finalists(
        make_leaderboard(*ledger_, campaign_, tier), terms_of(*ledger_, campaign_, tier),
        campaign_.spec.search.finalists, beliefs);
    for (const std::string& hash : hashes)
      for (int replica = 0; replica < campaign_.spec.training.final_seeds; ++replica) {
        if (known.count({hash, replica})) continue;
        stops_.pass();
        Job job;
        job.stage = Stage::Final;
        job.replica = replica;
        job.to_epoch = job.horizon = campaign_.spec.training.final_epochs;
        add_job(job, tier, position++, ledger_->design(hash).value());
        faults_.pass("after_finalist");
      }
    wait_for(tier, Stage::Final);
  }

  void add_job(Job job, int tier, std::int64_t position, const DesignRow& design) {
    job.tier = tier;
    job.position = position;
    job.hash = design.hash;
    job.seed = campaign_.trial_seed(job.hash, job.phase(), job.replica);
    const std::optional<Reused> reused = reuse_.find(*ledger_, folder_, job);
    if (reused)
      ledger_->add_job(job, design, &reused->verdict, reused->epochs, reused->scores);
    else
      ledger_->add_job(job, design);
  }

  void wait_for(int tier, Stage stage) {
    for (const JobRow& row : ledger_->jobs(tier, stage))
      if (row.verdict.finish_order == 0) pending_.insert(row.job.id);
  }

  /// One turn of the loop: signals, ended workers, results, proposals, new workers. False when
  /// asked to stop.
  bool step() {
    if (stops_.heard(pause_ms_)) return false;
    watch_.look();
    const bool got_results = collect();
    const bool added = search_ && search_->advance(Clock::now() + kProposingSlice);
    if (search_) tell_applied();
    tell_notes();
    faults_.pass("before_spawn");
    watch_.fill();
    pause_ms_ = got_results || added ? 1 : std::min(pause_ms_ + 1 + pause_ms_ / 4, kLongestPauseMs);
    show_status();
    return true;
  }

  void tell_notes() {
    for (const std::string& text : gate_.take_notes()) {
      ledger_->add_event("latency", text);
      observer_.message(text);
    }
  }

  void tell_applied() {
    for (const SteerRow& row : search_->take_applied()) {
      observer_.message(
          fmt::format("steered: {} (from proposal {} on)", option_text(row), row.position));
      if (!row.hash.empty()) include_designs(row.tier);
    }
  }

  bool collect() {
    const std::vector<JobRow> rows = ledger_->finished_since(finish_cursor_);
    for (const JobRow& row : rows) {
      finish_cursor_ = row.verdict.finish_order;
      pending_.erase(row.job.id);
      const bool is_new = !search_ || row.verdict.finish_order > search_->replayed_until();
      if (search_ && row.job.stage == Stage::Search && is_new) search_->deliver(row);
      const DesignRow design = ledger_->design(row.job.hash).value();
      take_note(row, design.costs);
      if (row.verdict.outcome != train::Outcome::Refused) watch_.note_success();
      observer_.trial({done_, expected(), campaign_.tier_name(row.job.tier), row, design});
    }
    return !rows.empty();
  }

  void take_note(const JobRow& row, const spec::Costs& costs) {
    if (row.job.stage == Stage::Final) settle_final(folder_, row);
    if (row.verdict.outcome == train::Outcome::Refused) return;
    ++done_;
    cpu_seconds_ += row.verdict.cpu_seconds;
    pace_.add(row, costs);
    const spec::Score& score = campaign_.spec.maximise.score;
    const auto value = spec::find_value(row.verdict.validation, score.name);
    if (value && (!best_ || spec::gain_of(score, *value) > spec::gain_of(score, *best_)))
      best_ = value;
  }

  std::int64_t expected() const {
    return std::max(done_, static_cast<std::int64_t>(pace_.expected_jobs() + 0.5));
  }

  void show_status() {
    const Clock::time_point now = Clock::now();
    if (now < next_status_) return;
    next_status_ = now + kStatusInterval;
    for (EpochNote& note : finals_.new_epochs()) {
      note.eta_seconds = eta_seconds();
      observer_.epoch(note);
    }
    observer_.status({done_, expected(), crew_->running(), options_.workers, cpu_seconds_,
                      eta_seconds(), best_, finals_.slowest_epoch(),
                      campaign_.spec.training.final_epochs});
  }

  std::optional<double> eta_seconds() const {
    return pace_.eta_seconds(options_.workers, finals_.cpu_seconds());
  }

  void pass_on_stop(int count) {
    if (count == 1)
      observer_.message("stopping: workers finish or checkpoint (Ctrl-C again to end at once)");
    crew_->signal_all(count == 1 ? SIGTERM : SIGKILL);
  }

  CampaignEnd stop() {
    watch_.end(SIGTERM, signals_);
    record_own_cost();
    set_state(*ledger_, CampaignState::Stopped);
    return CampaignEnd::Interrupted;
  }

  void record_own_cost() {
    const double own = double(std::clock()) / CLOCKS_PER_SEC;
    ledger_->set_meta("coordinator_cpu_seconds", fmt::format("{:.3f}", earlier_cpu_seconds_ + own));
  }

  CoordinatorOptions options_;
  Observer& observer_;
  StopSignals& signals_;
  StopRequests stops_;
  RunFolder folder_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<HeldRole> role_;
  Campaign campaign_;
  std::vector<Extension> extensions_;
  ReuseSources reuse_;
  Faults faults_;
  LatencyGate gate_;
  CampaignRun run_;
  std::unique_ptr<Workforce> crew_;
  CrewWatch watch_;
  Pace pace_;
  FinalsWatch finals_;
  TierSearch* search_ = nullptr;
  gen::Theta theta_;                ///< at the end of the tier before
  std::set<std::int64_t> pending_;  ///< ids of include and final jobs not done
  std::int64_t finish_cursor_ = 0, done_ = 0;
  double cpu_seconds_ = 0, earlier_cpu_seconds_ = 0;
  std::optional<double> best_;
  int pause_ms_ = 1;
  Clock::time_point next_status_{}, next_complaint_{};
};

}  // namespace

CampaignEnd run_campaign(const CoordinatorOptions& options, Observer& observer,
                         StopSignals& signals) {
  {
    const std::unique_ptr<Ledger> ledger = open_ledger(options.folder);
    const std::unique_ptr<HeldRole> role = ledger->take(Role::Coordinate);
    const Campaign campaign = load_campaign(*ledger);
    if (role && is_settled(*ledger, campaign)) {
      for (int tier = 0; tier < campaign.tiers(); ++tier)
        write_winner({options.folder}, campaign, make_leaderboard(*ledger, campaign, tier));
      return CampaignEnd::Finished;
    }
  }
  return Coordinator(options, observer, signals).run();
}

WorkerCommand worker_command(const Campaign& campaign, const std::filesystem::path& folder) {
  WorkerCommand command;
  const bool is_fake = campaign.evaluator == EvaluatorKind::Fake;
  command.program = is_fake ? binary_folder() / "atto" : find_trainer();
  command.arguments = {"worker", folder.string()};
  if (is_fake)
    command.arguments.push_back("--fake");
  else
    command.arguments.insert(command.arguments.end(), {"--device", campaign.device});
  return command;
}

}  // namespace atto::search
