#include "search/running/worker.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "search/campaign/campaign.hpp"
#include "search/campaign/run_folder.hpp"
#include "search/ledger/open_ledger.hpp"
#include "search/ledger/process_mark.hpp"
#include "search/running/faults.hpp"
#include "search/running/host_class.hpp"
#include "search/running/parallelism.hpp"
#include "search/running/reuse.hpp"

namespace atto::search {
namespace {

double process_cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

std::string default_name() {
  return fmt::format("{}-{}-{}", machine_name(), ::getpid(), now_ms());
}

/// Renews the lease of the job at hand from a thread of its own, because an evaluator may be silent
/// for long (a data set is being decoded); listens to signals; watches the parent.
class Heartbeat {
 public:
  Heartbeat(Ledger& ledger, StopSignals& signals, int parent)
      : ledger_(ledger), signals_(signals), parent_(parent), thread_([this] { run(); }) {}
  ~Heartbeat() {
    is_ending_ = true;
    thread_.join();
  }

  void hold(const Claim& claim, double cpu_before) {
    const std::lock_guard lock(mutex_);
    claim_ = claim;
    cpu_before_ = cpu_before;
    is_lost_ = false;
  }
  void drop() {
    const std::lock_guard lock(mutex_);
    claim_.reset();
  }
  bool is_lost() const { return is_lost_; }
  bool is_stopping() const { return is_stopping_; }
  /// The same, and hears signals where the thread waits for the ledger itself.
  bool hears_stop() {
    if (signals_.wait(0) != 0) is_stopping_ = true;
    return is_stopping_;
  }

 private:
  void run() {
    auto next_beat = std::chrono::steady_clock::now();
    while (!is_ending_) {
      if (signals_.wait(kSliceMs) != 0) is_stopping_ = true;
      if (parent_ != 0 && ::getppid() != parent_) ::kill(::getpid(), SIGKILL);
      if (std::chrono::steady_clock::now() < next_beat) continue;
      beat();
      next_beat = std::chrono::steady_clock::now() + interval_;
    }
  }

  void beat() {
    const std::lock_guard lock(mutex_);
    if (!claim_) return;
    try {
      if (!ledger_.renew(*claim_, process_cpu_seconds() - cpu_before_)) is_lost_ = true;
    } catch (const EnvironmentError&) {
      // The next beat tries again; a lease that runs out meanwhile is found then.
    }
  }

  static constexpr int kSliceMs = 50;  ///< how soon it notices its own end
  Ledger& ledger_;
  /// Between two signs of life: every 2 s where a lease is 15 s.
  const std::chrono::milliseconds interval_{2 * ledger_.lease_ms() / 15};
  StopSignals& signals_;
  int parent_;
  std::mutex mutex_;
  std::optional<Claim> claim_;
  double cpu_before_ = 0;
  std::atomic<bool> is_ending_{false}, is_stopping_{false}, is_lost_{false};
  std::thread thread_;
};

class Worker {
 public:
  Worker(train::Evaluator& evaluator, const std::filesystem::path& folder,
         const WorkerOptions& options, StopSignals& signals)
      : evaluator_(evaluator),
        options_(options),
        folder_{folder},
        ledger_(open_ledger(folder)),
        campaign_(load_campaign(*ledger_)),
        bell_(ledger_->listen()),
        heartbeat_(*ledger_, signals, options.parent) {
    if (options_.name.empty()) options_.name = default_name();
    ledger_->while_away([this](const std::string&) { return !heartbeat_.hears_stop(); });
    if (options_.has_own_cores) finals_at_once_ = std::numeric_limits<int>::max();
    if (!evaluator_.environment().starts_with("evaluator=" + word_of(campaign_.evaluator) + "\n"))
      throw EnvironmentError("this campaign is evaluated by " + word_of(campaign_.evaluator) +
                             ": its workers are `atto worker DIR" +
                             (campaign_.evaluator == EvaluatorKind::Fake ? " --fake`" : "`"));
    const spec::TrainingSettings& training = campaign_.spec.training;
    join(evaluator_.environment() + fmt::format("host_class={}\nthreads={}\nfinal_threads={}\n",
                                                host_class(), training.recipe.threads,
                                                training.final_threads));
  }

  WorkerEnd run() {
    try {
      return work();
    } catch (const EnvironmentError&) {
      // A ledger that did not answer could do without the last words: leases run out.
      if (!heartbeat_.hears_stop()) throw;
      return WorkerEnd::Interrupted;
    }
  }

 private:
  /// Registers. Workers of several machines compute the same bits, or people said that they need
  /// not.
  void join(const std::string& environment) {
    environment_ = ledger_->environment_id(environment);
    const std::string first = ledger_->register_worker(options_.name, machine_name(), environment_);
    if (first == environment || !ledger_->spans_machines() || allows_mixed_hosts(*ledger_)) return;
    throw EnvironmentError(fmt::format(
        "this machine ({}) would not give the bits of those that train this campaign: {}; let "
        "workers run on equal machines (a constraint of Slurm's), or allow others with: atto "
        "resume {} --mixed-hosts",
        machine_name(), first_difference(environment, first), folder_.path.string()));
  }

  WorkerEnd work() {
    int pause_ms = kShortestIdleMs;
    std::int64_t idle_since = machine_clock_ms();
    while (!heartbeat_.is_stopping()) {
      last_look_ = machine_clock_ms();
      const Glance glance = ledger_->glance(finals_at_once_);
      if (glance.pause != 0 && options_.parent == 0) {
        keep_pause();
        continue;
      }
      if (glance.has_work && work_once()) {
        pause_ms = kShortestIdleMs;
        idle_since = machine_clock_ms();
        vain_answers_ = 0;
        continue;
      }
      if (glance.is_finished) return WorkerEnd::Finished;
      if (options_.parent == 0 &&
          double(machine_clock_ms() - idle_since) > 1000 * options_.patience_seconds)
        return WorkerEnd::Idle;
      if (!idle(pause_ms)) pause_ms = std::min(2 * pause_ms, kLongestIdleMs);
    }
    return WorkerEnd::Interrupted;
  }

  static constexpr int kPausedMs = 20, kSliceMs = 50;
  /// For a file that another machine wrote to be seen here.
  static constexpr std::chrono::seconds kUnseenFile{10};
  /// The ledger rings; looking without that makes up for a process that died before it could.
  static constexpr int kShortestIdleMs = 20, kLongestIdleMs = 3000;
  /// A ring wakes all who are idle, where one is needed. Answers in vain are rationed: so many in a
  /// row at once, then one in so long.
  static constexpr int kVainAnswers = 8, kVainIntervalMs = 3000;

  /// Waits for the bell, so long at most; returns whether it rang, and is to be answered.
  bool idle(int milliseconds) {
    bool has_rung = false;
    const std::int64_t start = machine_clock_ms();
    for (int left = milliseconds; left > 0 && !heartbeat_.is_stopping();) {
      has_rung |= bell_->wait(std::min(left, kSliceMs));
      const std::int64_t now = machine_clock_ms();
      left = milliseconds - static_cast<int>(now - start);
      if (has_rung && vain_answers_ >= kVainAnswers && now - last_look_ < kVainIntervalMs) {
        std::this_thread::sleep_for(std::chrono::milliseconds(kPausedMs));
        continue;
      }
      if (!has_rung) continue;
      ++vain_answers_;
      return true;
    }
    return false;
  }

  /// Waits, where people started this worker, while its coordinator asks for a quiet moment; the
  /// coordinator stops workers of its own.
  void keep_pause() {
    if (options_.parent != 0) return;
    std::int64_t kept = 0;
    while (const std::int64_t pause = ledger_->pause()) {
      if (heartbeat_.is_stopping()) return;
      if (pause != kept) ledger_->keep_pause(options_.name, kept = pause);
      std::this_thread::sleep_for(std::chrono::milliseconds(kPausedMs));
    }
  }

  bool work_once() {
    const double cpu_before = process_cpu_seconds();
    const std::optional<Claim> claim =
        ledger_->claim(options_.name, environment_, cpu_before, finals_at_once_);
    if (!claim) return false;
    faults_.pass("after_claim", is_spared(*claim));
    const std::filesystem::path trial =
        folder_.trial(claim->job.hash, claim->job.phase(), claim->job.replica);
    heartbeat_.hold(*claim, cpu_before);
    try {
      evaluate(*claim, trial, cpu_before);
    } catch (...) {
      heartbeat_.drop();
      // Of an attempt that lost its job, files may have been removed under its hands.
      if (give_back_quietly(*claim, process_cpu_seconds() - cpu_before)) throw;
    }
    heartbeat_.drop();
    return true;
  }

  /// A job whose workers die too often is given up, and chance may lead it to dying workers only:
  /// tests that expect every job to end let one attempt of so many live.
  static bool is_spared(const Claim& claim) { return claim.attempt % kDeathsAllowed == 0; }

  /// After an error, which is what matters: where the ledger cannot be written either, the
  /// coordinator takes the job back. False: it is not this attempt's any more.
  bool give_back_quietly(const Claim& claim, double cpu_seconds) noexcept {
    try {
      return ledger_->give_back(claim, cpu_seconds);
    } catch (const std::exception&) {
      return true;
    }
  }

  /// Makes the folders of the trial and of this attempt. Returns whether the trial's was there.
  static bool make_folders(const train::TrialRequest& request) {
    std::error_code error;
    const bool is_new = std::filesystem::create_directories(request.folder, error);
    if (!error) std::filesystem::create_directories(request.own_folder(), error);
    if (error) throw EnvironmentError("cannot make", request.own_folder().string(), error.value());
    return !is_new;
  }

  /// A shared file system may show late what another machine wrote.
  void await_checkpoint(const train::TrialRequest& request) {
    if (request.checkpoints.empty() || !ledger_->spans_machines()) return;
    const auto end = std::chrono::steady_clock::now() + kUnseenFile;
    std::error_code ignored;
    while (!std::filesystem::exists(request.folder / request.checkpoints.front(), ignored) &&
           std::chrono::steady_clock::now() < end && !heartbeat_.is_stopping())
      std::this_thread::sleep_for(std::chrono::milliseconds(kSliceMs));
  }

  void evaluate(const Claim& claim, const std::filesystem::path& trial, double cpu_before) {
    train::TrialRequest request = request_of(claim.job, trial);
    request.attempt = RunFolder::attempt(claim.job.id, claim.attempt);
    request.checkpoints = ledger_->checkpoints(claim);
    if (make_folders(request)) await_checkpoint(request);
    int recorded = 0;
    const train::Progress progress = [&](double, const train::TrialResult& so_far) {
      faults_.pass("mid_epoch", is_spared(claim));
      keep_pause();
      if (is_to_record(claim, so_far, recorded)) {
        recorded = so_far.epochs.back().epoch;
        if (!ledger_->record_epochs(claim, so_far.epochs)) return false;
        faults_.pass("after_epoch", is_spared(claim));
      }
      return !heartbeat_.is_stopping() && !heartbeat_.is_lost();
    };
    const train::TrialResult result = evaluator_.evaluate(request, progress);
    if (result.outcome == train::Outcome::Interrupted) {
      ledger_->record_epochs(claim, result.epochs);
      ledger_->give_back(claim, process_cpu_seconds() - cpu_before);
      return;
    }
    faults_.pass("before_commit", is_spared(claim));
    if (!ledger_->commit(claim, result)) {  // of no use to anybody
      std::error_code ignored;
      std::filesystem::remove_all(request.own_folder(), ignored);
      return;
    }
    faults_.pass("after_commit", is_spared(claim));
    if (!result.epochs.empty() && !result.epochs.back().checkpoint.empty())
      remove_earlier_attempts(trial, claim.job.id, claim.attempt);
  }

  /// An epoch that was trained now. The last one comes with the commit, which is far away where the
  /// test split is judged first.
  static bool is_to_record(const Claim& claim, const train::TrialResult& so_far, int recorded) {
    if (so_far.epochs.empty()) return false;
    const train::EpochRecord& last = so_far.epochs.back();
    const bool is_new = last.epoch > claim.known_epochs || !last.checkpoint.empty();
    return is_new && last.epoch != recorded &&
           (last.epoch < claim.job.to_epoch || claim.job.stage == Stage::Final);
  }

  train::TrialRequest request_of(const Job& job, const std::filesystem::path& trial) {
    const std::optional<DesignRow> design = ledger_->design(job.hash);
    if (!design) throw EnvironmentError(ledger_->damage_text("no design " + job.hash));
    train::TrialRequest request;
    net::Realised realised = build_design(campaign_, *design);
    if (realised.detector) {
      request.network = realised.detector->trunk;
      request.detector = std::make_shared<const net::DetectorParts>(std::move(*realised.detector));
    } else {
      request.network = std::move(*realised.network);
    }
    request.design_hash = job.hash;
    request.task = campaign_.spec.task;
    request.data = campaign_.dataset;
    request.recipe = campaign_.recipe(job.phase());
    request.phase = job.phase();
    if (job.phase() == train::Phase::Search) {
      const spec::SearchSettings& search = campaign_.spec.search;
      request.images = search.images;
      request.validation_images = search.validation_images;
      request.judged_epochs = search.rungs;
      request.wants_responses = campaign_.wants_responses;
      request.wants_scores = job.position < campaign_.scored_jobs && job.replica == 0;
    } else {
      request.images = campaign_.spec.training.final_images;
    }
    request.to_epoch = job.to_epoch;
    request.horizon_epochs = job.horizon;
    request.judge_test = job.stage == Stage::Final;
    request.seed = job.seed;
    request.folder = trial;
    return request;
  }

  train::Evaluator& evaluator_;
  WorkerOptions options_;
  RunFolder folder_;
  std::unique_ptr<Ledger> ledger_;
  Campaign campaign_;
  std::unique_ptr<Bell> bell_;
  Faults faults_;
  std::int64_t environment_ = 0;
  int finals_at_once_ = finals_at_once(campaign_), vain_answers_ = 0;
  std::int64_t last_look_ = 0;
  Heartbeat heartbeat_;
};

}  // namespace

void die_with_parent(int parent) {
  if (parent == 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before the line above.
  if (::getppid() != parent) ::kill(::getpid(), SIGKILL);
}

WorkerEnd run_worker(train::Evaluator& evaluator, const std::filesystem::path& folder,
                     const WorkerOptions& options, StopSignals& signals) {
  die_with_parent(options.parent);
  return Worker(evaluator, folder, options, signals).run();
}

}  // namespace atto::search
