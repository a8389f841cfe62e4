// Campaigns that meet what their seeds draw: processes that are killed, frozen or pushed out, a
// server that crashes or freezes, sessions and links that are cut. Each ends as the same campaign
// does without them, with its ledger in a file.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <optional>

#include "design_specs/seeds/random.hpp"
#include "tests/search/cluster/machine.hpp"
#include "tests/search/cluster/server.hpp"
#include "tests/search/process/process.hpp"
#include "tests/search/slurm/slurm_cluster.hpp"

using namespace atto;
using namespace atto::test;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kLeaseSeconds = 3, kWorkers = 2;
constexpr double kLongestEvent = 5;  // longer than a lease
/// A third death at one epoch would rightly fail a trial.
constexpr int kMostWorkersKilled = 2;
constexpr std::chrono::seconds kLongestCampaign{240}, kLongestQuiet{3};
constexpr const char* kTrained = "SELECT COUNT(*) FROM trained";
/// Killed; stopped, perhaps before it could listen; while the ledger is away, or the one before has
/// not left yet.
constexpr int kExpectedEnds[] = {128 + SIGKILL, 130, 128 + SIGTERM, 4};

/// In a network of its own, where machines reach it.
void reach_server() {
  static const bool is_ready = (leave_the_network(), server().listen_on(kHere), true);
  static_cast<void>(is_ready);
}

/// What lasts, and how it ends.
struct Lasting {
  Clock::time_point until;
  std::function<void()> end;
};

class RandomCampaign {
 public:
  /// Its own workers are processes here, or Slurm starts them; one more runs on another machine.
  RandomCampaign(std::uint64_t seed, const SlurmCluster* slurm) : seed_(seed), slurm_(slurm) {
    begin();
  }

  ~RandomCampaign() {
    for (const int process : {coordinator_, far_})
      if (process != 0) ::kill(process, SIGKILL), ::waitpid(process, nullptr, 0);
  }

  void run(std::size_t events) {
    start_far();
    resume();
    const auto last = Clock::now() + kLongestCampaign;
    while (look_after()) {
      if (Clock::now() > last) FAIL("it does not end:\n" << log());
      sleep_for(0.1);
      if (met_ < events && is_time()) meet();
    }
    for (const Lasting& event : lasting_) event.end();
    lasting_.clear();
    check();
  }

 private:
  using Event = void (RandomCampaign::*)();

  /// Runs it without events; begins it as far as its first proposal.
  void begin() {
    reach_server();
    json spec = json::parse(read_text(tiny_spec()));
    spec["prototype"] = kSource + "/tests/search/data/tiny_prototype.json";
    spec["search"]["window"] = 6;
    spec["search"]["candidates"] = 16;
    spec["search"]["seed"] = seed_;
    constexpr const char* kStrategies[] = {"random_asha", "aging_evolution",
                                           "generative_synthesis"};
    strategy_ = kStrategies[random_.below(std::size(kStrategies))];
    spec["search"]["strategy"] = strategy_;
    write_text(scratch_ / "spec.json", spec.dump(1));
    write_text(scratch_ / "cluster.json",
               fmt::format(R"({{ "format": 1, "workers": {} }})", kWorkers));
    const std::string search = "search spec.json --evaluator fake --out ";
    const Ended calm = run_atto(scratch_, search + "calm --workers 1");
    INFO(calm.err);
    REQUIRE(calm.code == 0);
    calm_ = boards_of(scratch_, scratch_ / "calm");
    const Ended begun =
        run_atto(scratch_, search + "run --ledger " + server().url(kHere) + workforce(),
                 environment() + "ATTO_FAULT=after_propose:1");
    INFO(begun.err);
    REQUIRE(begun.code == 128 + SIGKILL);
    run_in_schema(scratch_ / "run",
                  fmt::format("INSERT INTO meta VALUES('lease_ms', '{}')", 1000 * kLeaseSeconds));
    watch_changes(scratch_ / "run");
  }

  std::string workforce() const {
    return slurm_ ? " --slurm cluster.json" : fmt::format(" --workers {}", kWorkers);
  }
  std::string environment() const {
    return (slurm_ ? slurm_->environment() : "") + "ATTO_FAKE_EPOCH_SECONDS=0.15 ";
  }
  std::string log() const { return read_text(scratch_ / "log"); }
  void resume() { coordinator_ = start_atto(scratch_, "resume run" + workforce(), environment()); }
  void start_far() {
    far_ = start_atto(scratch_, fmt::format("worker run --fake --name far{}", ++fars_),
                      environment() + machine_.in(scratch_ / ""));
  }

  /// Ends what is over, and starts again what people would. False when the campaign has its end.
  bool look_after() {
    std::erase_if(lasting_, [](const Lasting& event) {
      if (event.until > Clock::now()) return false;
      event.end();
      return true;
    });
    if (has_ended(far_)) start_far();
    if (!has_ended(coordinator_)) return true;
    if (code_ != 0) resume();
    return code_ != 0;
  }

  /// Whether a process of ours has; with an expected code, which is kept.
  bool has_ended(int& process) {
    int status = 0;
    if (::waitpid(process, &status, WNOHANG) != process) return false;
    process = 0;
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (code_ != 0 && std::find(std::begin(kExpectedEnds), std::end(kExpectedEnds), code_) ==
                          std::end(kExpectedEnds))
      FAIL("exit code " << code_ << ":\n" << log());
    return true;
  }

  /// Workers of the campaign, wherever they run: processes with a name in its folder.
  std::vector<int> workers() const {
    std::vector<int> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string number = entry.path().filename();
      if (number.find_first_not_of("0123456789") != std::string::npos) continue;
      const std::string line = read_text(entry.path() / "cmdline");
      if (line.find(std::string("\0--name\0", 8)) != std::string::npos &&
          line.find("atto") != std::string::npos &&
          fs::equivalent(fs::read_symlink(entry.path() / "cwd", ignored), scratch_ / "", ignored))
        found.push_back(std::stoi(number));
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  /// Whether it got on since the last event by as many epochs as were drawn, or did not for long.
  bool is_time() {
    if (Clock::now() < latest_ && (is_server_away_ || ask(kTrained) < due_)) return false;
    latest_ = Clock::now() + kLongestQuiet;
    due_ = is_server_away_ ? due_ : ask(kTrained) + 1 + static_cast<int>(random_.below(5));
    return true;
  }

  void meet();
  /// Lets an event end after a time.
  void last(std::function<void()> end) {
    const std::chrono::duration<double> seconds(kLongestEvent * random_.uniform());
    lasting_.push_back(
        {Clock::now() + std::chrono::duration_cast<Clock::duration>(seconds), std::move(end)});
    ++met_;
  }

  void signal_worker(int signal) {
    const std::vector<int> all = workers();
    if (all.empty()) return;
    const int worker = all[random_.below(all.size())];
    ::kill(worker, signal);
    if (signal != SIGSTOP) return void(++met_);
    last([worker] { ::kill(worker, SIGCONT); });
  }
  void kill_worker() {
    if (workers_killed_ == kMostWorkersKilled) return;
    ++workers_killed_;
    signal_worker(SIGKILL);
  }
  void freeze_worker() { signal_worker(SIGSTOP); }
  /// By a job that comes first, or by people.
  void preempt_worker() {
    if (!slurm_) return signal_worker(SIGTERM);
    slurm_->shell(
        "sbatch --partition=high --nodelist=n1 --ntasks=2 --output=/dev/null --wrap='sleep 1'");
    ++met_;
  }
  void kill_coordinator() { ::kill(coordinator_, SIGKILL), ++met_; }
  void stop_coordinator() { ::kill(coordinator_, SIGTERM), ++met_; }
  void freeze_coordinator() {
    ::kill(coordinator_, SIGSTOP);
    last([process = coordinator_] { ::kill(process, SIGCONT); });
  }
  void crash_server() {
    if (std::exchange(is_server_away_, true)) return;
    server().crash();
    last([this] { server().start(), is_server_away_ = false; });
  }
  void freeze_server() {
    if (std::exchange(is_server_away_, true)) return;
    server().freeze();
    last([this] { server().thaw(), is_server_away_ = false; });
  }
  void cut_sessions() {
    if (is_server_away_) return;
    server().query(fmt::format(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'atto' AND pid <> "
        "pg_backend_pid() ORDER BY hashint8(pid + {}) LIMIT 2",
        random_.below(1 << 20)));
    ++met_;
  }
  void cut_link() {
    if (std::exchange(is_cut_, true)) return;
    machine_.cut();
    last([this] { machine_.mend(), is_cut_ = false; });
  }

  void check() {
    const int far_code = wait_for(far_, 90);
    far_ = 0;
    INFO(log());
    CHECK(far_code != -1);
    const json boards = boards_of(scratch_, scratch_ / "run");
    CHECK(boards == calm_);
    CHECK_NOTHROW(expect_nothing_twice(scratch_ / "run"));
    CHECK(ask("SELECT COUNT(*) FROM jobs WHERE state <> 2") == 0);
    CHECK(met_ > 2);
    const Changes changes = changes_of(scratch_ / "run");
    std::string met;
    for (const auto& [name, count] : events_)
      met += fmt::format("{}{}: {}", met.empty() ? "" : ", ", name, count);
    WARN(
        fmt::format("seed {}: digest {} = {} of SQLite, {}, workers of {}; {} commits of {} "
                    "trials, {} claims given "
                    "back or lost; {} epochs recorded, {} of them trained again; {}",
                    seed_, boards.at(0).at("digest").get<std::string>(),
                    calm_.at(0).at("digest").get<std::string>(), strategy_,
                    slurm_ ? "Slurm" : "its own", changes.commits, changes.committed_jobs,
                    changes.returned_claims, changes.epochs, changes.repeated_epochs, met));
  }

  int ask(const std::string& query) const {
    return std::atoi(run_in_schema(scratch_ / "run", query).c_str());
  }

  const std::uint64_t seed_;
  const SlurmCluster* slurm_;
  const Scratch scratch_;
  const Machine machine_{1};
  spec::Random random_{seed_};
  std::string strategy_;
  json calm_;
  std::vector<Lasting> lasting_;
  Clock::time_point latest_ = Clock::now() + kLongestQuiet;
  int due_ = 2;
  std::map<std::string, int> events_;
  std::size_t met_ = 0;
  int coordinator_ = 0, far_ = 0, fars_ = 0, code_ = 0, workers_killed_ = 0;
  bool is_server_away_ = false, is_cut_ = false;
};

/// Meets an event by chance; one that cannot be met now passes.
void RandomCampaign::meet() {
  constexpr std::pair<const char*, Event> kEvents[] = {
      {"workers killed", &RandomCampaign::kill_worker},
      {"workers frozen", &RandomCampaign::freeze_worker},
      {"workers preempted", &RandomCampaign::preempt_worker},
      {"coordinators killed", &RandomCampaign::kill_coordinator},
      {"coordinators stopped", &RandomCampaign::stop_coordinator},
      {"coordinators frozen", &RandomCampaign::freeze_coordinator},
      {"server crashed", &RandomCampaign::crash_server},
      {"server frozen", &RandomCampaign::freeze_server},
      {"sessions cut", &RandomCampaign::cut_sessions},
      {"link cut", &RandomCampaign::cut_link},
  };
  const auto& [name, event] = kEvents[random_.below(std::size(kEvents))];
  const std::size_t before = met_;
  (this->*event)();
  if (met_ > before) ++events_[name];
}

/// Runs campaigns, each fourth with Slurm.
void check_campaigns(std::uint64_t first, std::uint64_t last, std::size_t events) {
  reach_server();
  std::unique_ptr<SlurmCluster> slurm;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const bool needs_slurm = seed % 4 == 0;
    if (needs_slurm && !slurm) slurm = std::make_unique<SlurmCluster>(1, 4);
    RandomCampaign(seed, needs_slurm ? slurm.get() : nullptr).run(events);
  }
}

}  // namespace

TEST_CASE(
    "Two random campaigns end as in quiet, each trial committed once and no recorded epoch trained "
    "again") {
  check_campaigns(3, 4, 5);
}

TEST_CASE("Twenty random campaigns do", "[.slow]") {
  check_campaigns(1, 20, 10);
}
