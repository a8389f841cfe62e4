#include "search/ledger/sql/schema.hpp"

namespace atto::search {

namespace {

// cpu_seconds: of the whole probe or scoring, in the row of module ''; 0 in the others.
constexpr const char* kResponses =
    "CREATE TABLE responses("
    " hash TEXT NOT NULL, phase INTEGER NOT NULL, replica INTEGER NOT NULL, epoch INTEGER NOT NULL,"
    " module TEXT NOT NULL, activation_sparsity REAL, effective_rank REAL,"
    " class_separation_gained REAL, gradient_norm REAL, taylor_saliency_per_param REAL,"
    " taylor_saliency_per_mac REAL, cpu_seconds REAL NOT NULL,"
    " PRIMARY KEY(hash, phase, replica, epoch, module)) WITHOUT ROWID";
constexpr const char* kScores =
    "CREATE TABLE scores("
    " hash TEXT NOT NULL, phase INTEGER NOT NULL, replica INTEGER NOT NULL, module TEXT NOT NULL,"
    " log_synflow REAL, naswot REAL, expressivity REAL, trainability REAL,"
    " cpu_seconds REAL NOT NULL,"
    " PRIMARY KEY(hash, phase, replica, module)) WITHOUT ROWID";

// Small, and not touched by signs of life. A job that is done has no number yet until its
// coordinator has seen it.
constexpr const char* kReadyJobs = "CREATE INDEX jobs_ready ON jobs(id) WHERE state = 0";
constexpr const char* kClaimedJobs = "CREATE INDEX jobs_claimed ON jobs(id) WHERE state = 1";
constexpr const char* kUnnumberedJobs =
    "CREATE INDEX jobs_unnumbered ON jobs(id) WHERE state = 2 AND finish_order = 0";

// What was judged: a row a score of the campaign's task.
constexpr const char* kEpochScores =
    "CREATE TABLE epoch_scores("
    " hash TEXT NOT NULL, phase INTEGER NOT NULL, replica INTEGER NOT NULL, epoch INTEGER NOT NULL,"
    " score TEXT NOT NULL, value REAL NOT NULL,"
    " PRIMARY KEY(hash, phase, replica, epoch, score)) WITHOUT ROWID";
// split: 0 validation, 1 test.
constexpr const char* kJobScores =
    "CREATE TABLE job_scores("
    " job INTEGER NOT NULL, split INTEGER NOT NULL, score TEXT NOT NULL, value REAL NOT NULL,"
    " PRIMARY KEY(job, split, score)) WITHOUT ROWID";

// text: the insight as JSON (search/campaign/cycles.hpp).
constexpr const char* kCycles =
    "CREATE TABLE cycles("
    " tier INTEGER NOT NULL, cycle INTEGER NOT NULL, position INTEGER NOT NULL, seen INTEGER NOT "
    "NULL, text TEXT NOT NULL, PRIMARY KEY(tier, cycle)) WITHOUT ROWID";
// only_tier: -1 = all. tier, position, seen: where it took effect; -1 = not yet.
constexpr const char* kSteering =
    "CREATE TABLE steering("
    " id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,"
    " hash TEXT NOT NULL, only_tier INTEGER NOT NULL, tier INTEGER NOT NULL DEFAULT -1,"
    " position INTEGER NOT NULL DEFAULT -1, seen INTEGER NOT NULL DEFAULT -1)";

// Where a request that took effect in a tier takes effect in a later one that had begun before it;
// in others it does from their start.
constexpr const char* kSteeringPlaces =
    "CREATE TABLE steering_places("
    " request INTEGER NOT NULL, tier INTEGER NOT NULL, position INTEGER NOT NULL, seen INTEGER NOT "
    "NULL, PRIMARY KEY(request, tier)) WITHOUT ROWID";

// is_trained: measured with the winner's weights, else with random ones. blocks: JSON
// (search/ledger/sql/latencies.cpp).
constexpr const char* kLatencies =
    "CREATE TABLE latencies("
    " hash TEXT NOT NULL, host TEXT NOT NULL, runtime TEXT NOT NULL, threads INTEGER NOT NULL,"
    " precision TEXT NOT NULL, is_trained INTEGER NOT NULL, median_ms REAL NOT NULL,"
    " low_ms REAL NOT NULL, high_ms REAL NOT NULL, runs INTEGER NOT NULL, blocks TEXT NOT NULL,"
    " predicted_ms REAL, at INTEGER NOT NULL,"
    " PRIMARY KEY(hash, host, runtime, threads, precision, is_trained)) WITHOUT ROWID";

constexpr const char* kWorkers =
    "CREATE TABLE workers("
    " name TEXT NOT NULL, host TEXT NOT NULL, environment INTEGER NOT NULL, PRIMARY KEY(name)) "
    "WITHOUT ROWID";

// What people may read with tools of their own: these three stay (docs/manual.md), whatever becomes
// of the tables.
constexpr const char* kDesignsView =
    "CREATE VIEW v_designs AS SELECT hash, origin, how, params, macs, peak_activation_bytes, "
    "model_bytes FROM designs";
constexpr const char* kTrialsView =
    "CREATE VIEW v_trials AS SELECT id AS trial, hash AS design, tier, "
    "CASE stage WHEN 0 THEN 'include' WHEN 1 THEN 'search' ELSE 'final' END AS stage, "
    "position, rung, replica, seed, to_epoch AS epochs, "
    "CASE state WHEN 0 THEN 'ready' WHEN 1 THEN 'claimed' ELSE 'done' END AS state, "
    "CASE WHEN state < 2 THEN NULL ELSE CASE outcome WHEN 0 THEN 'finished' WHEN 1 THEN 'diverged' "
    "WHEN 2 THEN 'failed' WHEN 3 THEN 'interrupted' ELSE 'refused' END END AS outcome, reason, "
    "split AS is_test, score, value, validation_loss, latency_ms, flash_kib, ram_kib, cpu_seconds, "
    "wasted_cpu_seconds, images_per_second, reused_from, "
    "CASE finished WHEN 0 THEN NULL ELSE strftime('%Y-%m-%dT%H:%M:%SZ', finished / 1000, "
    "'unixepoch') END AS finished "
    "FROM jobs LEFT JOIN job_scores ON job_scores.job = jobs.id";
constexpr const char* kEpochsView =
    "CREATE VIEW v_epochs AS SELECT e.hash AS design, "
    "CASE e.phase WHEN 0 THEN 'search' ELSE 'final' END AS phase, e.replica, e.epoch, score, "
    "value, "
    "train_loss, validation_loss, learning_rate, cpu_seconds FROM epochs AS e "
    "LEFT JOIN epoch_scores AS s ON (s.hash, s.phase, s.replica, s.epoch) = "
    "(e.hash, e.phase, e.replica, e.epoch)";

}  // namespace

// stage: 0 include, 1 search, 2 final. phase: 0 search, 1 final. state: 0 ready, 1 claimed, 2 done.
// outcome: as train::Outcome. Times are milliseconds since 1970, but lease_until of the machine's
// clock (search/ledger/process_mark.hpp). 64-bit seeds are stored as signed integers.
const char* const kLedgerTables[] = {
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE designs("
    " hash TEXT PRIMARY KEY, origin TEXT NOT NULL, how TEXT NOT NULL, assignment TEXT NOT NULL,"
    " text TEXT NOT NULL, misses TEXT NOT NULL, params INTEGER NOT NULL, macs INTEGER NOT NULL,"
    " peak_activation_bytes INTEGER NOT NULL, model_bytes INTEGER NOT NULL,"
    " pinned TEXT NOT NULL DEFAULT '') WITHOUT ROWID",
    "CREATE TABLE jobs("
    " id INTEGER PRIMARY KEY, tier INTEGER NOT NULL, stage INTEGER NOT NULL, position INTEGER NOT "
    "NULL,"
    " seen INTEGER NOT NULL, hash TEXT NOT NULL REFERENCES designs(hash), rung INTEGER NOT NULL,"
    " replica INTEGER NOT NULL, to_epoch INTEGER NOT NULL, horizon INTEGER NOT NULL, seed INTEGER "
    "NOT NULL,"
    " state INTEGER NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 0,"
    " worker TEXT NOT NULL DEFAULT '', environment INTEGER NOT NULL DEFAULT 0,"
    " lease_until INTEGER NOT NULL DEFAULT 0, claim_cpu REAL NOT NULL DEFAULT 0,"
    " attempt_cpu REAL NOT NULL DEFAULT 0,"
    " attempt_kept REAL NOT NULL DEFAULT 0, epochs_done INTEGER NOT NULL DEFAULT 0,"
    " deaths INTEGER NOT NULL DEFAULT 0, death_epoch INTEGER NOT NULL DEFAULT -1,"
    " outcome INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '',"
    " validation_loss REAL, cpu_seconds REAL NOT NULL DEFAULT 0,"
    " wasted_cpu_seconds REAL NOT NULL DEFAULT 0, images_per_second REAL NOT NULL DEFAULT 0,"
    " reused_from TEXT NOT NULL DEFAULT '', original_cpu_seconds REAL NOT NULL DEFAULT 0,"
    " finish_order INTEGER NOT NULL DEFAULT 0, finished INTEGER NOT NULL DEFAULT 0,"
    " latency_ms REAL, process TEXT NOT NULL DEFAULT '', flash_kib REAL, ram_kib REAL,"
    " UNIQUE(tier, stage, position))",
    kReadyJobs,
    kClaimedJobs,
    kUnnumberedJobs,
    "CREATE INDEX jobs_by_finish ON jobs(finish_order)",
    "CREATE INDEX jobs_by_hash ON jobs(hash)",
    "CREATE TABLE epochs("
    " hash TEXT NOT NULL, phase INTEGER NOT NULL, replica INTEGER NOT NULL, epoch INTEGER NOT NULL,"
    " train_loss REAL, learning_rate REAL, validation_loss REAL, cpu_seconds REAL,"
    " checkpoint TEXT NOT NULL DEFAULT '', environment INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY(hash, phase, replica, epoch)) WITHOUT ROWID",
    kEpochScores,
    kJobScores,
    kResponses,
    kScores,
    kCycles,
    kSteering,
    kSteeringPlaces,
    kLatencies,
    "CREATE TABLE environments(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)",
    kWorkers,
    "CREATE TABLE events(id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, text TEXT "
    "NOT NULL)",
    kDesignsView,
    kTrialsView,
    kEpochsView,
    nullptr};

namespace {
const char* const kFrom1[] = {kResponses, kScores, nullptr};
const char* const kFrom2[] = {
    kCycles, kSteering, "ALTER TABLE designs ADD COLUMN pinned TEXT NOT NULL DEFAULT ''", nullptr};
const char* const kFrom3[] = {kLatencies, "ALTER TABLE jobs ADD COLUMN latency_ms REAL", nullptr};
// Blocks of older runtimes are described in other words, and predict nothing of this one.
const char* const kFrom4[] = {"UPDATE latencies SET blocks = '[]'", nullptr};
const char* const kFrom5[] = {
    kSteeringPlaces, "ALTER TABLE jobs ADD COLUMN process TEXT NOT NULL DEFAULT ''", nullptr};
// There was one task, whose scores were columns.
const char* const kFrom6[] = {
    kEpochScores,
    kJobScores,
    "INSERT INTO epoch_scores SELECT hash, phase, replica, epoch, 'top1', validation_top1 "
    "FROM epochs WHERE validation_top1 IS NOT NULL UNION ALL "
    "SELECT hash, phase, replica, epoch, 'top5', validation_top5 "
    "FROM epochs WHERE validation_top5 IS NOT NULL",
    "INSERT INTO job_scores SELECT id, 0, 'top1', top1 FROM jobs WHERE top1 IS NOT NULL UNION ALL "
    "SELECT id, 0, 'top5', top5 FROM jobs WHERE top5 IS NOT NULL UNION ALL "
    "SELECT id, 1, 'top1', test_top1 FROM jobs WHERE test_top1 IS NOT NULL UNION ALL "
    "SELECT id, 1, 'top5', test_top5 FROM jobs WHERE test_top5 IS NOT NULL",
    "ALTER TABLE epochs DROP COLUMN validation_top1",
    "ALTER TABLE epochs DROP COLUMN validation_top5",
    "ALTER TABLE jobs DROP COLUMN top1",
    "ALTER TABLE jobs DROP COLUMN top5",
    "ALTER TABLE jobs DROP COLUMN test_top1",
    "ALTER TABLE jobs DROP COLUMN test_top5",
    nullptr};
const char* const kFrom7[] = {kDesignsView, kEpochsView, nullptr};
const char* const kFrom8[] = {"ALTER TABLE jobs ADD COLUMN flash_kib REAL",
                              "ALTER TABLE jobs ADD COLUMN ram_kib REAL",
                              "DROP VIEW IF EXISTS v_trials", kTrialsView, nullptr};
const char* const kFrom9[] = {"DROP INDEX jobs_by_state", kReadyJobs, kClaimedJobs, kUnnumberedJobs,
                              nullptr};
// Each trial had one checkpoint, of its last epoch, which every attempt wrote over.
const char* const kFrom10[] = {
    "ALTER TABLE epochs ADD COLUMN checkpoint TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE epochs ADD COLUMN environment INTEGER NOT NULL DEFAULT 0", kWorkers,
    "UPDATE epochs SET checkpoint = CASE WHEN EXISTS(SELECT 1 FROM meta WHERE key = 'campaign' AND "
    "value LIKE '%\"evaluator\"_\"fake\"%') THEN 'fake.checkpoint' ELSE 'checkpoint.safetensors' "
    "END "
    "WHERE epoch = "
    "(SELECT MAX(last.epoch) FROM epochs AS last WHERE last.hash = epochs.hash AND "
    "last.phase = epochs.phase AND last.replica = epochs.replica)",
    nullptr};
}  // namespace

const char* const* const kLedgerUpgrades[] = {kFrom1, kFrom2, kFrom3, kFrom4, kFrom5,
                                              kFrom6, kFrom7, kFrom8, kFrom9, kFrom10};

}  // namespace atto::search
