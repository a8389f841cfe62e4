#pragma once
// The ledger of a campaign, shared by its coordinator, its workers and people's commands. What is
// in it has happened; everything else of a run folder can be made again from it.

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "search/ledger/records.hpp"

namespace atto::search {

/// An attempt that dies without a new checkpoint counts; this many at one epoch fail the trial.
inline constexpr int kDeathsAllowed = 3;
/// What ends workers from outside, or in silence, is no fault of a trial for so many attempts, then
/// counts: a design that takes its machine down must end some time.
inline constexpr std::int64_t kFreeAttempts = 10;
/// A claim stands so long without a sign of life from a worker that cannot be seen from here:
/// where all processes are on one machine, and where they are on several, whose database may be
/// started again.
inline constexpr std::int64_t kLeaseMs = 15000, kClusterLeaseMs = 60000;
/// A pause ends by itself, so that a coordinator that dies holds nobody for long.
inline constexpr std::int64_t kLongestPauseMs = 60000;

/// What only one process of a campaign may do at a time.
enum class Role : std::uint8_t { Coordinate, Steer };

/// A role in the hands of this process, until destruction or its death.
class HeldRole {
 public:
  virtual ~HeldRole() = default;
};

/// How those who wait hear that the ledger holds something for them, without asking it again and
/// again.
class Bell {
 public:
  Bell() = default;
  virtual ~Bell() = default;
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  /// Waits so long at most; returns whether it rang since the last call. One that cannot listen is
  /// silent, and only time passes.
  virtual bool wait(int milliseconds) = 0;
};

/// A connection to a ledger. Whatever database holds it promises:
///
/// * A commit is a fact. What a call that returned has written survives kill -9 of every process. A
///   power cut may cost the newest proposals and claims, which are made again, but no result of a
///   trial and no request of people: those are on the disk.
/// * A call that writes is one transaction. Others see all of it or nothing; one that throws has
///   changed nothing.
/// * Only the newest attempt writes. A claim carries the number of its attempt, larger than those
///   of all claims of the job before it; renew(), record_epochs(), commit() and give_back() of an
///   older one, or of a job that is done, return false and change nothing. So each job is done
///   once.
/// * Reads never go back. A call sees all that was committed before it began, by whomever, and no
///   later call sees less. The numbers of finish_order are given without gaps, by the coordinator's
///   calls alone: whoever asks for what came after the last number it saw misses none. A ledger
///   that may not be written to may be read as it stood when it was opened.
/// * The ledger's clock decides. Callers give no times; leases and pauses are compared by a clock
///   that all processes of the campaign share and nobody can set. Times of day in rows are for
///   people to read.
///
/// Threads may share a connection: they take turns. Throws EnvironmentError: cannot be opened,
/// locked for longer than 30 s, disk full, damaged, another version's.
class Ledger {
 public:
  /// Write: refused where the ledger cannot be written to safely. Read: where this user may not
  /// write, as it stands. Snapshot: to read, and all calls see one state, that of the first; for
  /// what is told soon after, because it keeps others from tidying up.
  enum class Access : std::uint8_t { Write, Read, Snapshot };

  Ledger() = default;
  virtual ~Ledger() = default;
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  virtual std::string name() const = 0;  ///< as messages call it: where it is
  /// What to say where the ledger is not what one of ours can be.
  virtual std::string damage_text(const std::string& what) const = 0;
  /// Takes a role, or returns a null pointer while another process holds it.
  virtual std::unique_ptr<HeldRole> take(Role role) = 0;
  virtual bool is_taken(Role role) = 0;  ///< by anybody; needs no right to write
  /// Listens from here on for jobs that became ready, pauses that began, and the campaign's end.
  virtual std::unique_ptr<Bell> listen() = 0;
  /// Calls `may_wait` again and again while a call waits for another process; where it returns
  /// false, that call fails.
  virtual void while_locked(std::function<bool()> may_wait) = 0;
  /// The same with the reason while the database cannot be reached; and without one, from another
  /// thread, while a call has no answer yet.
  virtual void while_away(std::function<bool(const std::string& why)> may_wait) = 0;
  virtual std::int64_t lease_ms() const = 0;  ///< kLeaseMs or kClusterLeaseMs
  /// Whether processes of several machines work with it.
  virtual bool spans_machines() const = 0;
  /// Throws EnvironmentError when the database finds itself damaged. Reads all of it.
  virtual void examine() = 0;

  virtual std::string meta(const std::string& key, const std::string& otherwise = "") = 0;
  virtual void set_meta(const std::string& key, const std::string& value) = 0;

  // The coordinator's side.
  /// Adds a job with its design; with a verdict it is done at once (reused, refused). Returns its
  /// id.
  virtual std::int64_t add_job(const Job& job, const DesignRow& design,
                               const Verdict* verdict = nullptr,
                               const std::vector<train::EpochRecord>& epochs = {},
                               const net::ScoresByModule& scores = {}) = 0;
  /// Adds a design without a job (a person's).
  virtual void add_design(const DesignRow& design) = 0;
  virtual std::vector<DesignRow> human_designs() = 0;  ///< by hash
  /// Gives numbers to the jobs that are done and have none. Returns the last number.
  virtual std::int64_t last_finish_order() = 0;
  /// The same; returns the jobs with larger numbers, in their order.
  virtual std::vector<JobRow> finished_since(std::int64_t finish_order) = 0;
  /// Puts the jobs that a dead worker held back to ready, or fails them at the third death at one
  /// epoch. `is_its_fault` false (the coordinator died with it): not counted.
  /// `process_cpu_seconds`: of its whole life, where known. Returns the number of jobs.
  virtual int release_worker(const std::string& worker, const std::string& reason,
                             bool is_its_fault, std::optional<double> process_cpu_seconds = {}) = 0;
  /// Puts the jobs of workers that are gone back to ready, but those of `spared` ones, while their
  /// processes run or until their leases ran out a lease ago. A process that ended counts as a
  /// death; that of a spared worker, a lease that ran out (of a worker that cannot be seen from
  /// here) and a machine that was started again do not before kFreeAttempts.
  virtual LostClaims release_lost(const std::vector<std::string>& spared) = 0;
  /// Workers that hold claims.
  virtual std::vector<std::string> holders() = 0;

  /// Writes what was learnt; an earlier record of the same cycle is replaced.
  virtual void add_cycle(const CycleRow& cycle) = 0;
  /// Marks what people steered as in effect from a tier's proposal on, and at the ends of later
  /// tiers that have begun, all or nothing.
  virtual void begin_steering(const std::vector<std::int64_t>& ids, int tier, std::int64_t position,
                              std::int64_t seen) = 0;

  /// Stores what was measured; an earlier figure of the same key is replaced.
  virtual void add_latency(const LatencyRow& row) = 0;
  /// Asks workers that people started to wait between two batches, for kLongestPauseMs at most;
  /// calls `holding_lock` while nobody else can be writing to the ledger. Returns the pause's name.
  virtual std::int64_t pause_workers(const std::function<void()>& holding_lock = {}) = 0;
  virtual void end_pause() = 0;

  // A person's side.
  /// Adds requests of one command, with the designs that they bring.
  virtual void add_steering(const std::vector<SteerRow>& rows,
                            const std::vector<DesignRow>& designs) = 0;

  // A worker's side.
  virtual std::int64_t environment_id(const std::string& text) = 0;
  /// Says where a worker runs, and in which environment. Returns the environment that the campaign
  /// is trained in: the first worker's.
  virtual std::string register_worker(const std::string& name, const std::string& host,
                                      std::int64_t environment) = 0;
  /// Claims the oldest ready job; a finalist's only while fewer than `finals_at_once` are claimed
  /// by workers of this machine.
  virtual std::optional<Claim> claim(const std::string& worker, std::int64_t environment,
                                     double process_cpu_seconds,
                                     int finals_at_once = std::numeric_limits<int>::max()) = 0;
  /// What a worker without a job has to know.
  virtual Glance glance(int finals_at_once = std::numeric_limits<int>::max()) = 0;
  /// Says that the worker lives; false when another attempt holds the job now.
  virtual bool renew(const Claim& claim, double attempt_cpu_seconds) = 0;
  virtual bool record_epochs(const Claim& claim, const std::vector<train::EpochRecord>& epochs) = 0;
  virtual bool commit(const Claim& claim, const train::TrialResult& result) = 0;
  /// The newest checkpoints of a claim's piece of training that were recorded, and that a worker of
  /// its environment may continue: the newest first, and the one to go back to.
  virtual std::vector<std::string> checkpoints(const Claim& claim) = 0;
  /// Gives an unfinished job back without counting it as a death.
  virtual bool give_back(const Claim& claim, double attempt_cpu_seconds) = 0;

  /// The name of the pause that holds now; 0 where none does. A worker says that it keeps it.
  virtual std::int64_t pause() = 0;
  virtual void keep_pause(const std::string& worker, std::int64_t pause) = 0;

  // Reading.
  virtual std::vector<JobRow> jobs(int tier, Stage stage) = 0;  ///< by position
  virtual std::vector<JobRow> jobs_in_state(State state) = 0;
  virtual std::optional<DesignRow> design(const std::string& hash) = 0;
  virtual std::vector<DesignRow> designs(int tier) = 0;  ///< by hash
  /// Without responses.
  virtual std::vector<train::EpochRecord> curve(const CurveKey& key) = 0;
  virtual Responses responses(const CurveKey& key, int epoch) = 0;
  virtual Scores scores(const CurveKey& key) = 0;
  virtual std::vector<CycleRow> cycles(int tier) = 0;  ///< by number
  virtual std::int64_t cycle_count(int tier) = 0;
  /// Returns the requests in their order; as a tier takes them where one is named: with its own
  /// place where it has one.
  virtual std::vector<SteerRow> steering(int tier = -1) = 0;
  /// Returns what was measured, the oldest first.
  virtual std::vector<LatencyRow> latencies(bool is_trained) = 0;
  /// Finds the figure of the same key.
  virtual std::optional<Latency> find_latency(const LatencyRow& like) = 0;
  /// Of those that hold claims, the workers that do not keep a pause.
  virtual std::vector<std::string> unpaused(std::int64_t pause,
                                            const std::string& spared_prefix) = 0;
  /// Finds a finished job for the same piece of training, in any tier.
  virtual std::optional<JobRow> find_done(const Job& like) = 0;
  virtual Totals totals() = 0;
  virtual std::vector<std::string> environments() = 0;
  virtual std::vector<HostRow> hosts() = 0;  ///< by name
  virtual void add_event(const std::string& kind, const std::string& text) = 0;
  virtual std::vector<Event> events(int newest) = 0;
  /// Returns a validation score of every search epoch among `epochs`, by hash and epoch.
  virtual std::vector<EpochValue> search_values(const std::vector<int>& epochs,
                                                const std::string& score) = 0;
};

/// The time of day, in milliseconds since 1970: for people to read, never to decide by.
std::int64_t now_ms();

}  // namespace atto::search
