// The ledger's side of a worker: claim, renew, record, commit. Each write names the attempt and
// does nothing when a newer one holds the job.
#include "search/ledger/process_mark.hpp"
#include "search/ledger/sql/ledger.hpp"
#include "search/ledger/sql/rows.hpp"

namespace atto::search {
namespace {

/// Names the job of a claim while it is this attempt's: with its id, attempt and worker.
constexpr const char* kHeld = "id = :id AND attempt = :attempt AND worker = :worker AND state = 1";

/// Of the piece of training that a job is part of.
constexpr const char* kKnownEpochs =
    "(SELECT COUNT(*) FROM epochs AS known WHERE known.hash = jobs.hash AND known.phase = CASE "
    "jobs.stage WHEN 2 THEN 1 ELSE 0 END AND known.replica = jobs.replica)";

/// Ready jobs, but finalists only while fewer than so many are trained on this machine: with
/// Dialect::spans_machines, the machine's name and the number.
constexpr const char* kReady =
    "state = 0 AND (stage <> 2 OR (SELECT COUNT(*) FROM jobs AS busy LEFT JOIN workers ON "
    "workers.name = busy.worker WHERE busy.state = 1 AND busy.stage = 2 AND (workers.host IS NULL "
    "OR 0 = :spans OR workers.host = :host)) < :finals)";

bool is_done_by(soci::session& sql, const Claim& claim) {
  return find_value<int>(sql,
                         "SELECT 1 FROM jobs WHERE id = :id AND attempt = :attempt AND "
                         "worker = :worker AND state = 2",
                         claim.job.id, claim.attempt, claim.worker)
      .has_value();
}

/// Runs a statement that gives a job's columns and its known epochs.
template <class... Values>
std::optional<Claim> find_claim(soci::session& sql, const std::string& text,
                                std::int64_t environment, const Values&... values) {
  JobBuffer job;
  int known = 0;
  soci::statement statement(sql);
  job.bind(statement), statement.exchange(soci::into(known));
  std::optional<Claim> claim;
  for_each_row(
      statement, text,
      [&] {
        claim = Claim{job.row().job, job.attempt, known, job.worker, environment};
      },
      values...);
  return claim;
}

Verdict verdict_of(const train::TrialResult& result) {
  Verdict verdict;
  verdict.outcome = result.outcome;
  verdict.reason = result.reason;
  if (!result.epochs.empty()) {
    const train::EpochRecord& last = result.epochs.back();
    verdict.validation = last.validation;
    verdict.validation_loss = last.validation_loss;
  }
  verdict.test = result.test;
  verdict.cpu_seconds = result.cpu_seconds;
  verdict.images_per_second = result.images_per_second;
  return verdict;
}

}  // namespace

void write_epochs(Writes& writes, const Job& job, const std::vector<train::EpochRecord>& epochs,
                  int after_epoch, std::int64_t environment) {
  RowsToWrite& rows = writes.rows(
      "epochs(hash, phase, replica, epoch, train_loss, learning_rate, validation_loss, "
      "cpu_seconds, checkpoint, environment)",
      replacing("hash, phase, replica, epoch",
                {"train_loss", "learning_rate", "validation_loss", "cpu_seconds", "environment"}) +
          // What was read of a checkpoint does not say which.
          ", checkpoint = CASE WHEN excluded.checkpoint = '' THEN epochs.checkpoint ELSE "
          "excluded.checkpoint END");
  for (const train::EpochRecord& record : epochs)
    if (is_written(record, after_epoch))
      rows.add(job.hash, job.phase(), job.replica, record.epoch, record.train_loss,
               record.learning_rate, record.validation_loss, record.cpu_seconds, record.checkpoint,
               environment);
  write_epoch_scores(writes, job, epochs, after_epoch);
  write_responses(writes, job, epochs, after_epoch);
}

std::optional<Claim> SqlLedger::claim(const std::string& worker, std::int64_t environment,
                                      double process_cpu_seconds, int finals_at_once) {
  return connection_->guarded([&]() -> std::optional<Claim> {
    const std::string columns = std::string(JobBuffer::kColumns) + ", " + kKnownEpochs;
    if (connection_->is_again())
      if (auto claim = find_claim(connection_->sql,
                                  "SELECT " + columns +
                                      " FROM jobs WHERE state = 1 AND worker = :worker AND "
                                      "process = :process",
                                  environment, worker, process_mark()))
        return claim;
    return find_claim(
        connection_->sql,
        fmt::format("UPDATE jobs SET state = 1, attempt = attempt + 1, worker = :worker, "
                    "environment = :environment, process = :process, "
                    "lease_until = ledger_clock() + :lease, claim_cpu = :cpu, attempt_cpu = 0, "
                    "attempt_kept = 0, epochs_done = CASE WHEN {0} > epochs_done THEN {0} ELSE "
                    "epochs_done END WHERE id = (SELECT id FROM jobs WHERE {1} ORDER BY id LIMIT "
                    "1{2}) AND state = 0 RETURNING {3}",
                    kKnownEpochs, kReady, connection_->dialect.pass_over_locked, columns),
        environment, worker, environment, process_mark(), connection_->lease_ms,
        process_cpu_seconds, connection_->dialect.spans_machines, machine_name(), finals_at_once);
  });
}

Glance SqlLedger::glance(int finals_at_once) {
  return connection_->guarded([&] {
    std::string state;
    int has_work = 0;
    soci::statement statement(connection_->sql);
    soci::indicator indicator = soci::i_null;
    long long pause = 0, now = 0;
    statement.exchange(soci::into(state, indicator)), statement.exchange(soci::into(has_work));
    statement.exchange(soci::into(pause)), statement.exchange(soci::into(now));
    const bool spans = connection_->dialect.spans_machines;
    bound::run(statement,
               fmt::format(
                   "SELECT (SELECT value FROM meta WHERE key = 'state'), CASE WHEN EXISTS(SELECT 1 "
                   "FROM jobs WHERE {}) THEN 1 ELSE 0 END, COALESCE((SELECT CAST(value AS BIGINT) "
                   "FROM meta WHERE key = 'paused_until' AND (0 = :spans2 OR EXISTS(SELECT 1 FROM "
                   "meta WHERE key = 'paused_host' AND value = :host2))), 0), ledger_clock()",
                   kReady),
               spans, machine_name(), finals_at_once, spans, machine_name());
    return Glance{state == word_of(CampaignState::Finished), has_work != 0,
                  pause_in_force(pause, now)};
  });
}

bool SqlLedger::renew(const Claim& claim, double attempt_cpu_seconds) {
  try {
    return connection_->once([&] {
      return change(connection_->sql,
                    fmt::format("UPDATE jobs SET lease_until = ledger_clock() + :lease, "
                                "attempt_cpu = :cpu WHERE {}",
                                kHeld),
                    connection_->lease_ms, attempt_cpu_seconds, claim.job.id, claim.attempt,
                    claim.worker) > 0;
    });
  } catch (const EnvironmentError&) {
    if (connection_->has_lost_leases()) return false;
    throw;
  }
}

bool SqlLedger::record_epochs(const Claim& claim, const std::vector<train::EpochRecord>& epochs) {
  return connection_->in_transaction(Kept::Claim, [&] {
    double spent = 0;
    for (const train::EpochRecord& record : epochs)
      if (record.epoch > claim.known_epochs) spent += record.cpu_seconds;
    if (change(connection_->sql,
               fmt::format("UPDATE jobs SET epochs_done = CASE WHEN epochs_done > {0} THEN "
                           "epochs_done ELSE {0} END, attempt_kept = :kept WHERE {1}",
                           epochs.size(), kHeld),
               spent, claim.job.id, claim.attempt, claim.worker) == 0)
      return false;
    Writes writes(*connection_);
    write_epochs(writes, claim.job, epochs, claim.known_epochs, claim.environment);
    writes.run();
    return true;
  });
}

bool SqlLedger::commit(const Claim& claim, const train::TrialResult& result) {
  const bool is_ours = connection_->in_transaction(Kept::Fact, [&] {
    soci::session& sql = connection_->sql;
    const Verdict verdict = verdict_of(result);
    // The row of the job first, whose lock is what tells this attempt from another.
    if (!finish(sql, verdict, result.epochs.size(), kHeld, claim.job.id, claim.attempt,
                claim.worker))
      return connection_->is_again() && is_done_by(sql, claim);
    Writes writes(*connection_);
    write_job_scores(writes, claim.job.id, verdict);
    write_epochs(writes, claim.job, result.epochs, 0, claim.environment);
    write_scores(writes, claim.job, result.scores, result.score_cpu_seconds);
    writes.run();
    return true;
  });
  if (claim.job.stage == Stage::Final) connection_->ring();  // another finalist may be claimed
  return is_ours;
}

std::vector<std::string> SqlLedger::checkpoints(const Claim& claim) {
  if (claim.known_epochs == 0) return {};
  return connection_->guarded([&] {
    return find_texts(connection_->sql,
                      "SELECT checkpoint FROM epochs WHERE hash = :hash AND phase = :phase AND "
                      "replica = :replica AND checkpoint <> '' AND environment IN (0, :own) "
                      "ORDER BY epoch DESC LIMIT 2",
                      claim.job.hash, claim.job.phase(), claim.job.replica, claim.environment);
  });
}

bool SqlLedger::give_back(const Claim& claim, double attempt_cpu_seconds) {
  const bool is_ours = connection_->guarded([&] {
    return change(connection_->sql,
                  fmt::format("UPDATE jobs SET state = 0, worker = '', lease_until = 0, "
                              "cpu_seconds = cpu_seconds + attempt_kept, wasted_cpu_seconds = "
                              "wasted_cpu_seconds + CASE WHEN attempt_kept < :cpu THEN "
                              "CAST(:spent AS DOUBLE PRECISION) - attempt_kept ELSE 0 END, "
                              "attempt_cpu = 0, attempt_kept = 0 WHERE {}",
                              kHeld),
                  attempt_cpu_seconds, attempt_cpu_seconds, claim.job.id, claim.attempt,
                  claim.worker) > 0;
  });
  connection_->ring();
  return is_ours;
}

}  // namespace atto::search
