// What judges gave: a row a score, so that a ledger holds those of any task.
#include <unordered_map>

#include "search/ledger/sqlite/connection.hpp"

namespace atto::search {
namespace {

enum class Split : std::uint8_t { Validation, Test };

/// Adds the scores of every judged epoch of a curve to its records, which are in rising order.
void add_scores(soci::session& sql, const CurveKey& key, std::vector<train::EpochRecord>& epochs) {
  int epoch = 0;
  std::string score;
  double value = 0;
  soci::statement rows =
      (sql.prepare << fmt::format(
           "SELECT epoch, score, value FROM epoch_scores WHERE hash = :hash AND phase = {} AND "
           "replica = {} ORDER BY epoch",
           static_cast<int>(key.phase), key.replica),
       soci::use(key.hash), soci::into(epoch), soci::into(score), soci::into(value));
  rows.execute();
  auto record = epochs.begin();
  while (rows.fetch()) {
    while (record != epochs.end() && record->epoch < epoch) ++record;
    if (record != epochs.end() && record->epoch == epoch) record->validation[score] = value;
  }
}

}  // namespace

void write_epoch_scores(soci::session& sql, const Job& job, const train::EpochRecord& record) {
  execute(sql,
          "DELETE FROM epoch_scores WHERE hash = :hash AND phase = :phase AND replica = :replica "
          "AND epoch = :epoch",
          job.hash, job.phase(), job.replica, record.epoch);
  for (const auto& [score, value] : record.validation)
    if (!std::isnan(value))
      execute(sql,
              "INSERT INTO epoch_scores VALUES(:hash, :phase, :replica, :epoch, :score, :value)",
              job.hash, job.phase(), job.replica, record.epoch, score, value);
}

void write_job_scores(soci::session& sql, std::int64_t job, const Verdict& verdict) {
  for (const auto& [split, values] :
       {std::pair(Split::Validation, &verdict.validation), std::pair(Split::Test, &verdict.test)})
    for (const auto& [score, value] : *values)
      if (!std::isnan(value))
        execute(sql, "INSERT OR REPLACE INTO job_scores VALUES(:job, :split, :score, :value)", job,
                split, score, value);
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
  soci::statement found =
      (sql.prepare << fmt::format("SELECT job, split, score, value FROM job_scores WHERE job IN "
                                  "(SELECT id FROM jobs {})",
                                  clause),
       soci::into(job), soci::into(split), soci::into(score), soci::into(value));
  found.execute();
  while (found.fetch()) {
    const auto verdict = verdicts.find(job);
    if (verdict == verdicts.end()) continue;
    const bool is_test = static_cast<Split>(split) == Split::Test;
    (is_test ? verdict->second->test : verdict->second->validation)[score] = value;
  }
}

std::vector<train::EpochRecord> SqliteLedger::curve(const CurveKey& key) {
  return connection_->guarded([&] {
    std::vector<train::EpochRecord> epochs;
    int epoch = 0;
    MaybeNumber train_loss, rate, loss, cpu;
    soci::statement rows =
        (connection_->sql.prepare << fmt::format(
             "SELECT epoch, train_loss, learning_rate, validation_loss, cpu_seconds FROM epochs "
             "WHERE hash = :hash AND phase = {} AND replica = {} ORDER BY epoch",
             static_cast<int>(key.phase), key.replica),
         soci::use(key.hash), soci::into(epoch), soci::into(train_loss.value, train_loss.indicator),
         soci::into(rate.value, rate.indicator), soci::into(loss.value, loss.indicator),
         soci::into(cpu.value, cpu.indicator));
    rows.execute();
    while (rows.fetch()) {
      train::EpochRecord record;
      record.epoch = epoch;
      record.train_loss = train_loss.or_nan();
      record.learning_rate = rate.or_nan();
      record.validation_loss = loss.or_nan();
      record.cpu_seconds = cpu.get().value_or(0);
      epochs.push_back(std::move(record));
    }
    add_scores(connection_->sql, key, epochs);
    return epochs;
  });
}

std::vector<EpochValue> SqliteLedger::search_values(const std::vector<int>& epochs,
                                                    const std::string& score) {
  return connection_->guarded([&] {
    std::vector<EpochValue> values;
    EpochValue value;
    MaybeNumber judged;
    soci::statement rows =
        (connection_->sql.prepare << fmt::format(
             "SELECT hash, epoch, value FROM epochs LEFT JOIN "
             "(SELECT hash, phase, replica, epoch, value FROM epoch_scores WHERE score = :score) "
             "USING(hash, phase, replica, epoch) WHERE phase = 0 AND epoch IN ({}) "
             "ORDER BY hash, epoch",
             fmt::join(epochs, ",")),
         soci::use(score), soci::into(value.hash), soci::into(value.epoch),
         soci::into(judged.value, judged.indicator));
    rows.execute();
    while (rows.fetch()) {
      value.value = judged.or_nan();
      values.push_back(value);
    }
    return values;
  });
}

}  // namespace atto::search
