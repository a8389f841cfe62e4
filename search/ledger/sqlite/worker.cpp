// The ledger's side of a worker: claim, renew, record, commit. Each write names the attempt and
// does nothing when a newer one holds the job.
#include "search/ledger/process_mark.hpp"
#include "search/ledger/sqlite/bell.hpp"
#include "search/ledger/sqlite/connection.hpp"

namespace atto::search {
namespace {

bool holds(soci::session& sql, const Claim& claim) {
  return find_value<int>(sql,
                         "SELECT 1 FROM jobs WHERE id = :id AND attempt = :attempt AND state = 1",
                         claim.job.id, claim.attempt)
      .has_value();
}

int count_epochs(soci::session& sql, const Job& job) {
  return find_value<int>(sql,
                         "SELECT COUNT(*) FROM epochs WHERE hash = :hash AND phase = :phase AND "
                         "replica = :replica",
                         job.hash, job.phase(), job.replica)
      .value();
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

void finish(soci::session& sql, std::int64_t job, const Verdict& verdict, std::size_t epochs) {
  execute(sql,
          "UPDATE jobs SET state = 2, lease_until = 0, outcome = :outcome, reason = :reason, "
          "validation_loss = :loss, cpu_seconds = cpu_seconds + :cpu, images_per_second = :speed, "
          "reused_from = :source, original_cpu_seconds = :original, epochs_done = :epochs, "
          "attempt_cpu = 0, attempt_kept = 0, finished = :now, "
          "finish_order = (SELECT MAX(finish_order) + 1 FROM jobs) WHERE id = :id",
          verdict.outcome, verdict.reason, verdict.validation_loss, verdict.cpu_seconds,
          verdict.images_per_second, verdict.reused_from, verdict.original_cpu_seconds, epochs,
          now_ms(), job);
  write_job_scores(sql, job, verdict);
}

void write_epochs(soci::session& sql, const Job& job, const std::vector<train::EpochRecord>& epochs,
                  int after_epoch) {
  for (const train::EpochRecord& record : epochs) {
    if (record.epoch <= after_epoch) continue;
    execute(sql,
            "INSERT OR REPLACE INTO epochs VALUES(:hash, :phase, :replica, :epoch, :train_loss, "
            ":rate, :loss, :cpu)",
            job.hash, job.phase(), job.replica, record.epoch, record.train_loss,
            record.learning_rate, record.validation_loss, record.cpu_seconds);
    write_epoch_scores(sql, job, record);
    write_responses(sql, job, record);
  }
}

std::optional<Claim> SqliteLedger::claim(const std::string& worker, std::int64_t environment,
                                         double process_cpu_seconds, int finals_at_once) {
  return connection_->in_transaction([&]() -> std::optional<Claim> {
    soci::session& sql = connection_->sql;
    const std::optional<long long> id = find_value<long long>(
        sql,
        "UPDATE jobs SET state = 1, attempt = attempt + 1, worker = :worker, "
        "environment = :environment, process = :process, lease_until = :until, claim_cpu = :cpu, "
        "attempt_cpu = 0, attempt_kept = 0 WHERE id = (SELECT id FROM jobs WHERE state = 0 AND "
        "(stage <> 2 OR "
        "(SELECT COUNT(*) FROM jobs WHERE state = 1 AND stage = 2) < :finals) "
        "ORDER BY id LIMIT 1) RETURNING id",
        worker, environment, process_mark(), machine_clock_ms() + kLeaseMs, process_cpu_seconds,
        finals_at_once);
    if (!id) return {};
    JobRow row = read_jobs(sql, fmt::format("WHERE id = {}", *id)).at(0);
    const int known = count_epochs(sql, row.job);
    execute(sql, "UPDATE jobs SET epochs_done = MAX(epochs_done, :known) WHERE id = :id", known,
            *id);
    return Claim{std::move(row.job), row.attempt, known};
  });
}

Glance SqliteLedger::glance(int finals_at_once) {
  return connection_->guarded([&] {
    std::string state;
    int has_work = 0;
    soci::statement statement(connection_->sql);
    soci::indicator indicator = soci::i_null;
    long long pause = 0;
    statement.exchange(soci::into(state, indicator));
    statement.exchange(soci::into(has_work)), statement.exchange(soci::into(pause));
    bound::run(statement,
               "SELECT (SELECT value FROM meta WHERE key = 'state'), EXISTS(SELECT 1 FROM jobs "
               "WHERE state = 0 AND (stage <> 2 OR (SELECT COUNT(*) FROM jobs WHERE state = 1 AND "
               "stage = 2) < :finals)), COALESCE((SELECT CAST(value AS INTEGER) FROM meta WHERE "
               "key = 'paused_until'), 0)",
               finals_at_once);
    return Glance{state == word_of(CampaignState::Finished), has_work != 0, pause_in_force(pause)};
  });
}

bool SqliteLedger::renew(const Claim& claim, double attempt_cpu_seconds) {
  return connection_->in_transaction([&] {
    if (!holds(connection_->sql, claim)) return false;
    execute(connection_->sql,
            "UPDATE jobs SET lease_until = :until, attempt_cpu = :cpu WHERE id = :id",
            machine_clock_ms() + kLeaseMs, attempt_cpu_seconds, claim.job.id);
    return true;
  });
}

bool SqliteLedger::record_epochs(const Claim& claim,
                                 const std::vector<train::EpochRecord>& epochs) {
  return connection_->in_transaction([&] {
    if (!holds(connection_->sql, claim)) return false;
    write_epochs(connection_->sql, claim.job, epochs, claim.known_epochs);
    double spent = 0;
    for (const train::EpochRecord& record : epochs)
      if (record.epoch > claim.known_epochs) spent += record.cpu_seconds;
    execute(connection_->sql,
            "UPDATE jobs SET epochs_done = MAX(epochs_done, :epochs), attempt_kept = :kept "
            "WHERE id = :id",
            epochs.size(), spent, claim.job.id);
    return true;
  });
}

bool SqliteLedger::commit(const Claim& claim, const train::TrialResult& result) {
  const bool is_ours = connection_->in_synced_transaction([&] {
    if (!holds(connection_->sql, claim)) return false;
    write_epochs(connection_->sql, claim.job, result.epochs, 0);
    write_scores(connection_->sql, claim.job, result.scores, result.score_cpu_seconds);
    finish(connection_->sql, claim.job.id, verdict_of(result), result.epochs.size());
    return true;
  });
  ring_bell(file_);  // another finalist may be claimed
  return is_ours;
}

bool SqliteLedger::give_back(const Claim& claim, double attempt_cpu_seconds) {
  const bool is_ours = connection_->in_transaction([&] {
    if (!holds(connection_->sql, claim)) return false;
    execute(connection_->sql,
            "UPDATE jobs SET state = 0, worker = '', lease_until = 0, "
            "cpu_seconds = cpu_seconds + attempt_kept, "
            "wasted_cpu_seconds = wasted_cpu_seconds + MAX(0.0, :cpu - attempt_kept), "
            "attempt_cpu = 0, attempt_kept = 0 WHERE id = :id",
            attempt_cpu_seconds, claim.job.id);
    return true;
  });
  ring_bell(file_);
  return is_ours;
}

}  // namespace atto::search
