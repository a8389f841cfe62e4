// The ledger's side of latencies: what was measured.
#include <nlohmann/json.hpp>
#include <string>

#include "design_specs/json_text.hpp"
#include "search/ledger/sql/ledger.hpp"
#include "search/ledger/sql/rows.hpp"

namespace atto::search {
namespace {

using Json = nlohmann::json;

/// [[key, family, {amounts}, [features], us, runs], ...]; earlier versions wrote no runs.
std::string blocks_text(const std::vector<TimedBlock>& blocks) {
  Json json = Json::array();
  for (const auto& [block, us] : blocks)
    json.push_back({block.key, block.family, block.amounts, block.features, us, block.runs});
  return spec::json_text(json);
}

spec::LatencyPrecision read_precision(const std::string& text) {
  for (const auto precision :
       {spec::LatencyPrecision::Fp32, spec::LatencyPrecision::Bf16, spec::LatencyPrecision::Int8})
    if (text == spec::precision_name(precision)) return precision;
  throw EnvironmentError("the ledger is damaged: a latency of an unknown precision: " + text);
}

std::vector<TimedBlock> read_blocks(const std::string& text) try {
  std::vector<TimedBlock> blocks;
  for (const Json& entry : Json::parse(text))
    blocks.push_back({{entry.at(0).get<std::string>(), entry.at(1).get<std::string>(),
                       entry.at(2).get<std::map<std::string, double>>(),
                       entry.at(3).get<std::array<double, kBlockFeatures>>(),
                       entry.size() > 5 ? entry.at(5).get<double>() : 1},
                      entry.at(4).get<double>()});
  return blocks;
} catch (const Json::exception& error) {
  throw EnvironmentError(
      fmt::format("the ledger is damaged: the blocks of a latency: {}", error.what()));
}

}  // namespace

void SqlLedger::add_latency(const LatencyRow& row) {
  connection_->guarded([&] {
    execute(
        connection_->sql,
        "INSERT INTO latencies VALUES(:hash, :host, :runtime, :threads, :precision, "
        ":trained, :median, :low, :high, :runs, :blocks, :predicted, "
        // What is learnt of them is learnt in their order, whatever the time of day does.
        "(SELECT CASE WHEN now > next THEN now ELSE next END FROM (SELECT CAST(:at AS BIGINT) "
        "AS now, COALESCE((SELECT MAX(at) + 1 FROM latencies), 0) AS next) AS times)) " +
            replacing("hash, host, runtime, threads, precision, is_trained",
                      {"median_ms", "low_ms", "high_ms", "runs", "blocks", "predicted_ms", "at"}),
        row.hash, row.host, row.runtime, row.setting.threads,
        std::string(spec::precision_name(row.setting.precision)), row.is_trained ? 1 : 0,
        row.latency.median_ms, row.latency.low_ms, row.latency.high_ms, row.latency.runs,
        blocks_text(row.latency.blocks), row.predicted_ms, row.at);
  });
}

std::vector<LatencyRow> SqlLedger::latencies(bool is_trained) {
  return connection_->guarded([&] {
    std::vector<LatencyRow> rows;
    LatencyRow row;
    row.is_trained = is_trained;
    long long at = 0;
    std::string blocks, precision;
    MaybeNumber predicted;
    soci::statement statement(connection_->sql);
    for (std::string* text : {&row.hash, &row.host, &row.runtime, &precision, &blocks})
      statement.exchange(soci::into(*text));
    statement.exchange(soci::into(row.setting.threads));
    for (double* ms : {&row.latency.median_ms, &row.latency.low_ms, &row.latency.high_ms})
      statement.exchange(soci::into(*ms));
    statement.exchange(soci::into(row.latency.runs)), statement.exchange(soci::into(at));
    statement.exchange(soci::into(predicted.value, predicted.indicator));
    const auto take = [&] {
      row.at = at;
      row.setting.precision = read_precision(precision);
      row.predicted_ms = predicted.get();
      row.latency.blocks = read_blocks(blocks);
      rows.push_back(row);
    };
    for_each_row(statement,
                 "SELECT hash, host, runtime, precision, blocks, threads, median_ms, low_ms, "
                 "high_ms, runs, at, predicted_ms FROM latencies WHERE is_trained = :trained "
                 "ORDER BY at, hash",
                 take, is_trained ? 1 : 0);
    return rows;
  });
}

std::optional<Latency> SqlLedger::find_latency(const LatencyRow& like) {
  return connection_->guarded([&]() -> std::optional<Latency> {
    Latency found;
    soci::statement statement(connection_->sql);
    statement.exchange(soci::into(found.median_ms)), statement.exchange(soci::into(found.low_ms));
    statement.exchange(soci::into(found.high_ms)), statement.exchange(soci::into(found.runs));
    if (!bound::run(statement,
                    "SELECT median_ms, low_ms, high_ms, runs FROM latencies WHERE hash = :hash AND "
                    "host = :host AND runtime = :runtime AND threads = :threads AND precision = "
                    ":precision AND is_trained = :trained",
                    like.hash, like.host, like.runtime, like.setting.threads,
                    std::string(spec::precision_name(like.setting.precision)),
                    like.is_trained ? 1 : 0))
      return {};
    return found;
  });
}

}  // namespace atto::search
