#pragma once
// The ledger: one SQLite database a campaign, shared by the coordinator and its worker processes.
// What is in it has happened; everything else of a run folder can be made again from it.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "search/ledger/records.hpp"

namespace atto::search {

inline constexpr int kLedgerSchema = 6;
/// An attempt that dies without a new checkpoint counts; this many at one epoch fail the trial.
inline constexpr int kDeathsAllowed = 3;
/// A claim stands so long without a sign of life from a worker that cannot be seen from here.
inline constexpr std::int64_t kLeaseMs = 15000;
/// A pause ends by itself, so that a coordinator that dies holds nobody for long.
inline constexpr std::int64_t kLongestPauseMs = 60000;

/// One connection, whose users take turns. Every call is one transaction, which survives kill -9; a
/// power cut may cost the newest (proposals and claims, which are made again) but no result of a
/// trial and no request of people: those are synced. Times of leases and pauses are the ledger's
/// own: of a clock of its machine that nobody can set. Throws EnvironmentError: cannot be opened,
/// locked for longer than 30 s, disk full, another schema.
class Ledger {
 public:
  /// Read: where the folder is not writable for this user, the ledger is read as it stands (what
  /// needs repair, or is of an earlier schema, from a private copy).
  enum class Access : std::uint8_t { Write, Read };

  /// Makes a new ledger, with what `fill` writes into it; an existing file is an error. It is there
  /// whole or not at all, whatever ends the process or fills the disk.
  static void create(const std::filesystem::path& file,
                     const std::function<void(Ledger&)>& fill = {});
  /// Opens a ledger; one of an earlier schema is brought to this one (tables are added, nothing
  /// changes).
  explicit Ledger(const std::filesystem::path& file, Access access = Access::Write);
  ~Ledger();

  const std::filesystem::path& file() const { return file_; }
  /// Calls `may_wait` again and again while another process holds the lock; where it returns false,
  /// the call that waits fails.
  void while_locked(std::function<bool()> may_wait);
  /// Throws EnvironmentError when SQLite finds the file's structure damaged. Reads all of it.
  void examine();

  std::string meta(const std::string& key, const std::string& otherwise = "");
  void set_meta(const std::string& key, const std::string& value);

  // The coordinator's side.
  /// Adds a job with its design; with a verdict it is done at once (reused, refused). Returns its
  /// id.
  std::int64_t add_job(const Job& job, const DesignRow& design, const Verdict* verdict = nullptr,
                       const std::vector<train::EpochRecord>& epochs = {},
                       const net::ScoresByModule& scores = {});
  /// Adds a design without a job (a person's).
  void add_design(const DesignRow& design);
  std::vector<DesignRow> human_designs();  ///< by hash
  std::int64_t last_finish_order();
  /// Returns the jobs committed after `finish_order`, in that order.
  std::vector<JobRow> finished_since(std::int64_t finish_order);
  /// Puts the jobs that a dead worker held back to ready, or fails them at the third death at one
  /// epoch. `is_its_fault` false (the coordinator died with it): not counted.
  /// `process_cpu_seconds`: of its whole life, where known. Returns the number of jobs.
  int release_worker(const std::string& worker, const std::string& reason, bool is_its_fault,
                     std::optional<double> process_cpu_seconds = {});
  /// Puts the jobs of workers that are gone back to ready, but those of `spared` ones. A process
  /// that ended counts as a death; a lease that ran out (of a worker that cannot be seen from here)
  /// and a machine that was started again do not.
  LostClaims release_lost(const std::vector<std::string>& spared);
  /// Workers that hold claims.
  std::vector<std::string> holders();

  /// Writes what was learnt; an earlier record of the same cycle is replaced.
  void add_cycle(const CycleRow& cycle);
  /// Marks what people steered as in effect from a tier's proposal on, and at the ends of later
  /// tiers that have begun, all or nothing.
  void begin_steering(const std::vector<std::int64_t>& ids, int tier, std::int64_t position,
                      std::int64_t seen);

  /// Stores what was measured; an earlier figure of the same key is replaced.
  void add_latency(const LatencyRow& row);
  /// Asks workers that people started to wait between two batches, for kLongestPauseMs at most;
  /// calls `holding_lock` while nobody else can be writing to the ledger. Returns the pause's name.
  std::int64_t pause_workers(const std::function<void()>& holding_lock = {});
  void end_pause();

  // A person's side.
  /// Adds requests of one command, with the designs that they bring.
  void add_steering(const std::vector<SteerRow>& rows, const std::vector<DesignRow>& designs);

  // A worker's side.
  std::int64_t environment_id(const std::string& text);
  /// Claims the oldest ready job; a finalist's only while fewer than `finals_at_once` are claimed.
  std::optional<Claim> claim(const std::string& worker, std::int64_t environment,
                             double process_cpu_seconds,
                             int finals_at_once = std::numeric_limits<int>::max());
  /// What a worker without a job has to know.
  Glance glance(int finals_at_once = std::numeric_limits<int>::max());
  /// Says that the worker lives; false when another attempt holds the job now.
  bool renew(const Claim& claim, double attempt_cpu_seconds);
  bool record_epochs(const Claim& claim, const std::vector<train::EpochRecord>& epochs);
  bool commit(const Claim& claim, const train::TrialResult& result);
  /// Gives an unfinished job back without counting it as a death.
  bool give_back(const Claim& claim, double attempt_cpu_seconds);

  /// The name of the pause that holds now; 0 where none does. A worker says that it keeps it.
  std::int64_t pause();
  void keep_pause(const std::string& worker, std::int64_t pause);

  // Reading.
  std::vector<JobRow> jobs(int tier, Stage stage);  ///< by position
  std::vector<JobRow> jobs_in_state(State state);
  std::optional<DesignRow> design(const std::string& hash);
  std::vector<DesignRow> designs(int tier);  ///< by hash
  /// Without responses.
  std::vector<train::EpochRecord> curve(const CurveKey& key);
  Responses responses(const CurveKey& key, int epoch);
  Scores scores(const CurveKey& key);
  std::vector<CycleRow> cycles(int tier);  ///< by number
  std::int64_t cycle_count(int tier);
  /// Returns the requests in their order; as a tier takes them where one is named: with its own
  /// place where it has one.
  std::vector<SteerRow> steering(int tier = -1);
  /// Returns what was measured, the oldest first.
  std::vector<LatencyRow> latencies(bool is_trained);
  /// Finds the figure of the same key.
  std::optional<Latency> find_latency(const LatencyRow& like);
  /// Of those that hold claims, the workers that do not keep a pause.
  std::vector<std::string> unpaused(std::int64_t pause, const std::string& spared_prefix);
  /// Finds a finished job for the same piece of training, in any tier.
  std::optional<JobRow> find_done(const Job& like);
  Totals totals();
  std::vector<std::string> environments();
  void add_event(const std::string& kind, const std::string& text);
  std::vector<Event> events(int newest);
  /// Returns (hash, epoch, validation top-1) of every search epoch among `epochs`, by hash and
  /// epoch.
  std::vector<EpochValue> search_values(const std::vector<int>& epochs);

 private:
  struct Connection;
  static void make_tables(const std::filesystem::path& file);
  void open_to_write();
  void open_to_read();
  bool open_as_it_stands();
  void open_private_copy();
  void expect_tables();
  void bring_up_to_date();
  std::filesystem::path file_;
  std::unique_ptr<Connection> connection_;
};

/// The time of day, in milliseconds since 1970: for people to read, never to decide by.
std::int64_t now_ms();

/// What to say about a ledger that is not what a ledger of ours can be.
std::string damage_text(const std::filesystem::path& file, const std::string& what);

}  // namespace atto::search
