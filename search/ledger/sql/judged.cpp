// What judges gave: a row a score, so that a ledger holds those of any task.
#include <unordered_map>

#include "search/ledger/sql/ledger.hpp"
#include "search/ledger/sql/rows.hpp"

namespace atto::search {
namespace {

enum class Split : std::uint8_t { Validation, Test };

/// Adds the scores of every judged epoch of a curve to its records, which are in rising order.
void add_scores(soci::session& sql, const CurveKey& key, std::vector<train::EpochRecord>& epochs) {
  int epoch = 0;
  std::string score;
  double value = 0;
  soci::statement statement(sql);
  statement.exchange(soci::into(epoch)), statement.exchange(soci::into(score));
  statement.exchange(soci::into(value));
  auto record = epochs.begin();
  const auto take = [&] {
    while (record != epochs.end() && record->epoch < epoch) ++record;
    if (record != epochs.end() && record->epoch == epoch) record->validation[score] = value;
  };
  for_each_row(statement,
               "SELECT epoch, score, value FROM epoch_scores WHERE hash = :hash AND phase = :phase "
               "AND replica = :replica ORDER BY epoch",
               take, key.hash, key.phase, key.replica);
}

}  // namespace

void write_epoch_scores(Writes& writes, const Job& job,
                        const std::vector<train::EpochRecord>& epochs, int after_epoch) {
  RowsToWrite& scores =
      writes.rows("epoch_scores", replacing("hash, phase, replica, epoch, score", {"value"}));
  std::vector<int> written;
  for (const train::EpochRecord& record : epochs) {
    if (!is_written(record, after_epoch)) continue;
    written.push_back(record.epoch);
    for (const auto& [score, value] : record.validation)
      if (!std::isnan(value))
        scores.add(job.hash, job.phase(), job.replica, record.epoch, score, value);
  }
  if (written.empty()) return;
  execute(writes.sql(),
          fmt::format("DELETE FROM epoch_scores WHERE hash = :hash AND phase = :phase AND "
                      "replica = :replica AND epoch IN ({})",
                      fmt::join(written, ", ")),
          job.hash, job.phase(), job.replica);
}

void write_job_scores(Writes& writes, std::int64_t job, const Verdict& verdict) {
  RowsToWrite& scores = writes.rows("job_scores", replacing("job, split, score", {"value"}));
  for (const auto& [split, values] :
       {std::pair(Split::Validation, &verdict.validation), std::pair(Split::Test, &verdict.test)})
    for (const auto& [score, value] : *values)
      if (!std::isnan(value)) scores.add(job, split, score, value);
}

void read_job_scores(soci::session& sql, const std::string& clause, std::vector<JobRow>& rows) {
  std::unordered_map<std::int64_t, Verdict*> verdicts;
  for (JobRow& row : rows)
    if (row.state == State::Done) verdicts[row.job.id] = &row.verdict;
  if (verdicts.empty()) return;
  long long job = 0;
  int split = 0;
  std::string score;
  double value = 0;
  soci::statement statement(sql);
  statement.exchange(soci::into(job)), statement.exchange(soci::into(split));
  statement.exchange(soci::into(score)), statement.exchange(soci::into(value));
  const auto take = [&] {
    const auto verdict = verdicts.find(job);
    if (verdict == verdicts.end()) return;
    const bool is_test = static_cast<Split>(split) == Split::Test;
    (is_test ? verdict->second->test : verdict->second->validation)[score] = value;
  };
  for_each_row(statement,
               fmt::format("SELECT job, split, score, value FROM job_scores WHERE job IN "
                           "(SELECT id FROM jobs {})",
                           clause),
               take);
}

std::vector<train::EpochRecord> SqlLedger::curve(const CurveKey& key) {
  return connection_->guarded([&] {
    std::vector<train::EpochRecord> epochs;
    int epoch = 0;
    MaybeNumber train_loss, rate, loss, cpu;
    soci::statement statement(connection_->sql);
    statement.exchange(soci::into(epoch));
    for (MaybeNumber* number : {&train_loss, &rate, &loss, &cpu})
      statement.exchange(soci::into(number->value, number->indicator));
    const auto take = [&] {
      train::EpochRecord record;
      record.epoch = epoch;
      record.train_loss = train_loss.or_nan();
      record.learning_rate = rate.or_nan();
      record.validation_loss = loss.or_nan();
      record.cpu_seconds = cpu.get().value_or(0);
      epochs.push_back(std::move(record));
    };
    for_each_row(statement,
                 "SELECT epoch, train_loss, learning_rate, validation_loss, cpu_seconds FROM "
                 "epochs WHERE hash = :hash AND phase = :phase AND replica = :replica ORDER BY "
                 "epoch",
                 take, key.hash, key.phase, key.replica);
    add_scores(connection_->sql, key, epochs);
    return epochs;
  });
}

std::vector<EpochValue> SqlLedger::search_values(const std::vector<int>& epochs,
                                                 const std::string& score) {
  return connection_->guarded([&] {
    std::vector<EpochValue> values;
    if (epochs.empty()) return values;
    EpochValue value;
    MaybeNumber judged;
    soci::statement statement(connection_->sql);
    statement.exchange(soci::into(value.hash)), statement.exchange(soci::into(value.epoch));
    statement.exchange(soci::into(judged.value, judged.indicator));
    const auto take = [&] {
      value.value = judged.or_nan();
      values.push_back(value);
    };
    for_each_row(statement,
                 fmt::format("SELECT hash, epoch, value FROM epochs LEFT JOIN "
                             "(SELECT hash, phase, replica, epoch, value FROM epoch_scores WHERE "
                             "score = :score) AS judged "
                             "USING(hash, phase, replica, epoch) WHERE phase = 0 AND epoch IN ({}) "
                             "ORDER BY hash, epoch",
                             fmt::join(epochs, ",")),
                 take, score);
    return values;
  });
}

}  // namespace atto::search
