// The ledger's side of a worker: claim, renew, record, commit. Each write names the attempt and
// does nothing when a newer one holds the job.
#include "search/ledger_connection.hpp"

namespace atto::search {
namespace {

bool holds(soci::session& sql, const Claim& claim) {
  int one = 0;
  sql << "SELECT 1 FROM jobs WHERE id = :id AND attempt = :attempt AND state = 1",
      soci::use(kept(static_cast<long long>(claim.job.id))),
      soci::use(kept(static_cast<long long>(claim.attempt))), soci::into(one);
  return sql.got_data();
}

int count_epochs(soci::session& sql, const Job& job) {
  int count = 0;
  sql << "SELECT COUNT(*) FROM epochs WHERE hash = :hash AND phase = :phase AND replica = :replica",
      soci::use(job.hash), soci::use(kept(static_cast<int>(job.phase()))), soci::use(job.replica),
      soci::into(count);
  return count;
}

/// Commits what a trial ended with; the costs of earlier attempts are there already.
void finish(soci::session& sql, const Claim& claim, const train::TrialResult& result) {
  MaybeNumber top1, top5, loss;
  if (!result.epochs.empty()) {
    const train::EpochRecord& last = result.epochs.back();
    top1 = MaybeNumber(last.validation_top1), top5 = MaybeNumber(last.validation_top5);
    loss = MaybeNumber(last.validation_loss);
  }
  MaybeNumber test1(result.test_top1), test5(result.test_top5);
  sql << "UPDATE jobs SET state = 2, lease_until = 0, outcome = :outcome, reason = :reason, top1 = "
         ":top1, "
         "top5 = :top5, validation_loss = :loss, test_top1 = :test1, test_top5 = :test5, "
         "cpu_seconds = cpu_seconds + :cpu, images_per_second = :speed, epochs_done = :epochs, "
         "attempt_cpu = 0, attempt_kept = 0, finished = :now, "
         "finish_order = (SELECT MAX(finish_order) + 1 FROM jobs) WHERE id = :id",
      soci::use(kept(static_cast<int>(result.outcome))), soci::use(result.reason),
      soci::use(top1.value, top1.indicator), soci::use(top5.value, top5.indicator),
      soci::use(loss.value, loss.indicator), soci::use(test1.value, test1.indicator),
      soci::use(test5.value, test5.indicator), soci::use(result.cpu_seconds),
      soci::use(result.images_per_second), soci::use(kept(static_cast<int>(result.epochs.size()))),
      soci::use(kept(static_cast<long long>(now_ms()))),
      soci::use(kept(static_cast<long long>(claim.job.id)));
}

}  // namespace

void write_epochs(soci::session& sql, const Job& job, const std::vector<train::EpochRecord>& epochs,
                  int after_epoch) {
  for (const train::EpochRecord& record : epochs) {
    if (record.epoch <= after_epoch) continue;
    MaybeNumber train_loss(record.train_loss), rate(record.learning_rate),
        loss(record.validation_loss), top1(record.validation_top1), top5(record.validation_top5);
    sql << "INSERT OR REPLACE INTO epochs VALUES(:hash, :phase, :replica, :epoch, :train_loss, "
           ":rate, :loss, "
           ":top1, :top5, :cpu)",
        soci::use(job.hash), soci::use(kept(static_cast<int>(job.phase()))), soci::use(job.replica),
        soci::use(record.epoch), soci::use(train_loss.value, train_loss.indicator),
        soci::use(rate.value, rate.indicator), soci::use(loss.value, loss.indicator),
        soci::use(top1.value, top1.indicator), soci::use(top5.value, top5.indicator),
        soci::use(record.cpu_seconds);
    write_responses(sql, job, record);
  }
}

std::optional<Claim> Ledger::claim(const std::string& worker, std::int64_t environment,
                                   std::int64_t lease_until_ms, double process_cpu_seconds) {
  return connection_->in_transaction([&]() -> std::optional<Claim> {
    soci::session& sql = connection_->sql;
    long long id = 0;
    {
      soci::statement update =
          (sql.prepare << "UPDATE jobs SET state = 1, attempt = attempt + 1, worker = :worker, "
                          "environment = :environment, lease_until = :until, claim_cpu = :cpu, "
                          "attempt_cpu = 0, attempt_kept = 0 WHERE id = (SELECT id FROM jobs WHERE "
                          "state = 0 ORDER BY id "
                          "LIMIT 1) RETURNING id",
           soci::use(worker), soci::use(kept(static_cast<long long>(environment))),
           soci::use(kept(static_cast<long long>(lease_until_ms))), soci::use(process_cpu_seconds),
           soci::into(id));
      if (!update.execute(true)) return {};
    }
    JobRow row = read_jobs(sql, fmt::format("WHERE id = {}", id)).at(0);
    const int known = count_epochs(sql, row.job);
    return Claim{std::move(row.job), row.attempt, known};
  });
}

bool Ledger::renew(const Claim& claim, std::int64_t lease_until_ms, double attempt_cpu_seconds) {
  return connection_->in_transaction([&] {
    if (!holds(connection_->sql, claim)) return false;
    connection_->sql << "UPDATE jobs SET lease_until = :until, attempt_cpu = :cpu WHERE id = :id",
        soci::use(kept(static_cast<long long>(lease_until_ms))), soci::use(attempt_cpu_seconds),
        soci::use(kept(static_cast<long long>(claim.job.id)));
    return true;
  });
}

bool Ledger::record_epochs(const Claim& claim, const std::vector<train::EpochRecord>& epochs) {
  return connection_->in_transaction([&] {
    if (!holds(connection_->sql, claim)) return false;
    write_epochs(connection_->sql, claim.job, epochs, claim.known_epochs);
    double spent = 0;
    for (const train::EpochRecord& record : epochs)
      if (record.epoch > claim.known_epochs) spent += record.cpu_seconds;
    connection_->sql
        << "UPDATE jobs SET epochs_done = MAX(epochs_done, :epochs), attempt_kept = :kept "
           "WHERE id = :id",
        soci::use(kept(static_cast<int>(epochs.size()))), soci::use(spent),
        soci::use(kept(static_cast<long long>(claim.job.id)));
    return true;
  });
}

bool Ledger::commit(const Claim& claim, const train::TrialResult& result) {
  return connection_->in_transaction([&] {
    if (!holds(connection_->sql, claim)) return false;
    write_epochs(connection_->sql, claim.job, result.epochs, 0);
    write_scores(connection_->sql, claim.job, result.scores, result.score_cpu_seconds);
    finish(connection_->sql, claim, result);
    return true;
  });
}

bool Ledger::give_back(const Claim& claim, double attempt_cpu_seconds) {
  return connection_->in_transaction([&] {
    if (!holds(connection_->sql, claim)) return false;
    connection_->sql << "UPDATE jobs SET state = 0, worker = '', lease_until = 0, "
                        "cpu_seconds = cpu_seconds + attempt_kept, "
                        "wasted_cpu_seconds = wasted_cpu_seconds + MAX(0.0, :cpu - attempt_kept), "
                        "attempt_cpu = 0, "
                        "attempt_kept = 0 WHERE id = :id",
        soci::use(attempt_cpu_seconds), soci::use(kept(static_cast<long long>(claim.job.id)));
    return true;
  });
}

}  // namespace atto::search
