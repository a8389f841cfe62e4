// The ledger's side of probes and zero-cost scores: a row a module.
#include "search/ledger/sqlite/connection.hpp"

namespace atto::search {
namespace {

/// Writes one row: `columns` are the values of a response or a score.
template <std::size_t kCount>
void write_row(soci::session& sql, const std::string& start, const std::string& hash,
               const std::string& module, const std::array<double, kCount>& values, double cost) {
  std::array<MaybeNumber, kCount> numbers;
  std::string places;
  for (std::size_t i = 0; i < kCount; ++i) {
    numbers[i] = MaybeNumber(values[i]);
    places += fmt::format(", :v{}", i);
  }
  soci::statement statement(sql);
  statement.exchange(soci::use(hash));
  statement.exchange(soci::use(module));
  for (MaybeNumber& number : numbers) statement.exchange(soci::use(number.value, number.indicator));
  statement.exchange(soci::use(cost));
  statement.alloc();
  statement.prepare(fmt::format("{}{}, :cost)", start, places));
  statement.define_and_bind();
  statement.execute(true);
}

/// Reads rows of (module, values, cost).
template <std::size_t kCount, class Take>
void read_rows(soci::session& sql, const std::string& query, const std::string& hash,
               const Take& take) {
  std::string module;
  std::array<MaybeNumber, kCount> numbers;
  double cost = 0;
  soci::statement statement(sql);
  statement.exchange(soci::use(hash));
  statement.exchange(soci::into(module));
  for (MaybeNumber& number : numbers)
    statement.exchange(soci::into(number.value, number.indicator));
  statement.exchange(soci::into(cost));
  statement.alloc();
  statement.prepare(query);
  statement.define_and_bind();
  statement.execute();
  while (statement.fetch()) {
    std::array<double, kCount> values;
    for (std::size_t i = 0; i < kCount; ++i) values[i] = numbers[i].or_nan();
    take(module, values, cost);
  }
}

}  // namespace

void write_responses(soci::session& sql, const Job& job, const train::EpochRecord& record) {
  for (const auto& [module, responses] : record.responses)
    write_row(sql,
              fmt::format("INSERT OR REPLACE INTO responses(phase, replica, epoch, hash, module, "
                          "{}, cpu_seconds) VALUES({}, {}, {}, :hash, :module",
                          fmt::join(net::kResponseNames, ", "), static_cast<int>(job.phase()),
                          job.replica, record.epoch),
              job.hash, module, net::values_of(responses),
              module.empty() ? record.probe_cpu_seconds : 0.0);
}

void write_scores(soci::session& sql, const Job& job, const net::ScoresByModule& scores,
                  double cpu_seconds) {
  for (const auto& [module, score] : scores)
    write_row(
        sql,
        fmt::format("INSERT OR REPLACE INTO scores(phase, replica, hash, module, {}, "
                    "cpu_seconds) VALUES({}, {}, :hash, :module",
                    fmt::join(net::kScoreNames, ", "), static_cast<int>(job.phase()), job.replica),
        job.hash, module, net::values_of(score), module.empty() ? cpu_seconds : 0.0);
}

Responses SqliteLedger::responses(const CurveKey& key, int epoch) {
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

Scores SqliteLedger::scores(const CurveKey& key) {
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
