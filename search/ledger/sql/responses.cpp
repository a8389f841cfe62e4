// The ledger's side of probes and zero-cost scores: a row a module.
#include "search/ledger/sql/ledger.hpp"
#include "search/ledger/sql/rows.hpp"

namespace atto::search {
namespace {

/// The columns of a row that is replaced.
template <class Names>
std::vector<std::string> replaced(const Names& names) {
  std::vector<std::string> columns(names.begin(), names.end());
  columns.emplace_back("cpu_seconds");
  return columns;
}

/// Reads rows of (module, values, cost).
template <std::size_t kCount, class Take>
void read_rows(soci::session& sql, const std::string& query, const std::string& hash,
               const Take& take) {
  std::string module;
  std::array<MaybeNumber, kCount> numbers;
  double cost = 0;
  soci::statement statement(sql);
  statement.exchange(soci::into(module));
  for (MaybeNumber& number : numbers)
    statement.exchange(soci::into(number.value, number.indicator));
  statement.exchange(soci::into(cost));
  const auto take_row = [&] {
    std::array<double, kCount> values;
    for (std::size_t i = 0; i < kCount; ++i) values[i] = numbers[i].or_nan();
    take(module, values, cost);
  };
  for_each_row(statement, query, take_row, hash);
}

}  // namespace

void write_responses(Writes& writes, const Job& job, const std::vector<train::EpochRecord>& epochs,
                     int after_epoch) {
  RowsToWrite& rows =
      writes.rows(fmt::format("responses(phase, replica, epoch, hash, module, cpu_seconds, {})",
                              fmt::join(net::kResponseNames, ", ")),
                  replacing("hash, phase, replica, epoch, module", replaced(net::kResponseNames)));
  for (const train::EpochRecord& record : epochs) {
    if (!is_written(record, after_epoch)) continue;
    for (const auto& [module, responses] : record.responses) {
      rows.add(job.phase(), job.replica, record.epoch, job.hash, module,
               module.empty() ? record.probe_cpu_seconds : 0.0);
      for (const double value : net::values_of(responses)) rows.add_to_last(value);
    }
  }
}

void write_scores(Writes& writes, const Job& job, const net::ScoresByModule& scores,
                  double cpu_seconds) {
  RowsToWrite& rows =
      writes.rows(fmt::format("scores(phase, replica, hash, module, cpu_seconds, {})",
                              fmt::join(net::kScoreNames, ", ")),
                  replacing("hash, phase, replica, module", replaced(net::kScoreNames)));
  for (const auto& [module, score] : scores) {
    rows.add(job.phase(), job.replica, job.hash, module, module.empty() ? cpu_seconds : 0.0);
    for (const double value : net::values_of(score)) rows.add_to_last(value);
  }
}

Responses SqlLedger::responses(const CurveKey& key, int epoch) {
  return connection_->guarded([&] {
    Responses found;
    read_rows<net::kResponseNames.size()>(
        connection_->sql,
        fmt::format("SELECT module, {}, cpu_seconds FROM responses WHERE hash = :hash AND "
                    "phase = {} AND replica = {} AND epoch = {}",
                    fmt::join(net::kResponseNames, ", "), static_cast<int>(key.phase), key.replica,
                    epoch),
        key.hash, [&](const std::string& module, const auto& values, double cost) {
          found.modules[module] = net::responses_from(values);
          found.cpu_seconds += cost;
        });
    return found;
  });
}

Scores SqlLedger::scores(const CurveKey& key) {
  return connection_->guarded([&] {
    Scores found;
    read_rows<net::kScoreNames.size()>(
        connection_->sql,
        fmt::format("SELECT module, {}, cpu_seconds FROM scores WHERE hash = :hash AND "
                    "phase = {} AND replica = {}",
                    fmt::join(net::kScoreNames, ", "), static_cast<int>(key.phase), key.replica),
        key.hash, [&](const std::string& module, const auto& values, double cost) {
          found.modules[module] = net::scores_from(values);
          found.cpu_seconds += cost;
        });
    return found;
  });
}

}  // namespace atto::search
