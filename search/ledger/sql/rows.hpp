#pragma once
// What the parts of the ledger's statements share.

#include <string>
#include <vector>

#include "search/ledger/records.hpp"
#include "search/ledger/sql/connection.hpp"
#include "search/ledger/sql/rows_to_write.hpp"
#include "search/ledger/sql/statement.hpp"

namespace atto::search {

/// Receives one row of jobs; SOCI writes into the fields.
struct JobBuffer {
  static const char* const kColumns;
  long long id = 0, position = 0, seen = 0, seed = 0, attempt = 0, finish_order = 0;
  int tier = 0, stage = 0, rung = 0, replica = 0, to_epoch = 0, horizon = 0, state = 0,
      epochs_done = 0, outcome = 0;
  std::string hash, worker, process, reason, reused_from;
  MaybeNumber validation_loss, latency, flash, ram;
  double cpu = 0, wasted = 0, speed = 0, original_cpu = 0;

  void bind(soci::statement& statement);
  JobRow row() const;
};

/// The time on the ledger's clock.
std::int64_t clock_of(soci::session& sql);
/// Text as every database takes it: what is no UTF-8 becomes U+FFFD, a byte of zero a blank.
std::string storable(const std::string& text);

/// Returns the job rows of "SELECT <all columns> FROM jobs <clause>". The clause holds integers
/// only.
std::vector<JobRow> read_jobs(soci::session& sql, const std::string& clause);

/// Whether an epoch is beyond `after_epoch`, or one before it that was trained again.
inline bool is_written(const train::EpochRecord& record, int after_epoch) {
  return record.epoch > after_epoch || !record.checkpoint.empty();
}
/// Writes such epochs; they replace the earlier ones.
void write_epochs(Writes& writes, const Job& job, const std::vector<train::EpochRecord>& epochs,
                  int after_epoch, std::int64_t environment = 0);
/// What was judged of epochs, in place of what was before; of a job; and of the jobs that
/// read_jobs() found.
void write_epoch_scores(Writes& writes, const Job& job,
                        const std::vector<train::EpochRecord>& epochs, int after_epoch);
void write_job_scores(Writes& writes, std::int64_t job, const Verdict& verdict);
void read_job_scores(soci::session& sql, const std::string& clause, std::vector<JobRow>& rows);
void write_responses(Writes& writes, const Job& job, const std::vector<train::EpochRecord>& epochs,
                     int after_epoch);
void write_scores(Writes& writes, const Job& job, const net::ScoresByModule& scores,
                  double cpu_seconds);

/// Returns a stored pause where it holds at `now` of the ledger's clock, else 0.
std::int64_t pause_in_force(std::int64_t stored, std::int64_t now);

/// Marks a job done, where `where` names one with `values`; returns whether it did. What it cost is
/// added to the costs of its earlier attempts.
template <class... Values>
bool finish(soci::session& sql, const Verdict& verdict, std::size_t epochs,
            const std::string& where, const Values&... values) {
  return change(sql,
                "UPDATE jobs SET state = 2, lease_until = 0, outcome = :outcome, reason = :reason, "
                "validation_loss = :loss, cpu_seconds = cpu_seconds + :cpu, "
                "images_per_second = :speed, reused_from = :source, "
                "original_cpu_seconds = :original, epochs_done = :epochs, attempt_cpu = 0, "
                "attempt_kept = 0, finished = :now, finish_order = 0 WHERE " +
                    where,
                verdict.outcome, verdict.reason, verdict.validation_loss, verdict.cpu_seconds,
                verdict.images_per_second, verdict.reused_from, verdict.original_cpu_seconds,
                epochs, now_ms(), values...) > 0;
}

}  // namespace atto::search
