// The ledger's side of latencies: what was measured, and the pause of workers meanwhile.
#include <nlohmann/json.hpp>
#include <string>

#include "design_specs/json_text.hpp"
#include "search/ledger/bell.hpp"
#include "search/ledger/process_mark.hpp"
#include "search/ledger/sqlite/connection.hpp"

namespace atto::search {
namespace {

using Json = nlohmann::json;

constexpr const char* kPause = "paused_until";  // on the machine's clock

/// The key under which a worker says that it keeps a pause.
std::string keeping_key(const std::string& worker) {
  return "pause kept by " + worker;
}

std::int64_t read_time(const std::optional<std::string>& text) {
  return text ? std::strtoll(text->c_str(), nullptr, 10) : 0;
}

std::optional<std::string> meta_of(soci::session& sql, const std::string& key) {
  return find_value<std::string>(sql, "SELECT value FROM meta WHERE key = :key", key);
}

void set_meta_of(soci::session& sql, const std::string& key, std::int64_t value) {
  execute(sql, "INSERT OR REPLACE INTO meta(key, value) VALUES(:key, :value)", key,
          std::to_string(value));
}

/// [[key, family, {amounts}, [features], us], ...]
std::string blocks_text(const std::vector<TimedBlock>& blocks) {
  Json json = Json::array();
  for (const auto& [block, us] : blocks)
    json.push_back({block.key, block.family, block.amounts, block.features, us});
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
                       entry.at(3).get<std::array<double, kBlockFeatures>>()},
                      entry.at(4).get<double>()});
  return blocks;
} catch (const Json::exception& error) {
  throw EnvironmentError(
      fmt::format("the ledger is damaged: the blocks of a latency: {}", error.what()));
}

}  // namespace

void Ledger::add_latency(const LatencyRow& row) {
  connection_->guarded([&] {
    execute(connection_->sql,
            "INSERT OR REPLACE INTO latencies VALUES(:hash, :host, :runtime, :threads, :precision, "
            ":trained, :median, :low, :high, :runs, :blocks, :predicted, "
            // What is learnt of them is learnt in their order, whatever the time of day does.
            "MAX(:at, COALESCE((SELECT MAX(at) + 1 FROM latencies), 0)))",
            row.hash, row.host, row.runtime, row.setting.threads,
            std::string(spec::precision_name(row.setting.precision)), row.is_trained ? 1 : 0,
            row.latency.median_ms, row.latency.low_ms, row.latency.high_ms, row.latency.runs,
            blocks_text(row.latency.blocks), row.predicted_ms, row.at);
  });
}

std::vector<LatencyRow> Ledger::latencies(bool is_trained) {
  return connection_->guarded([&] {
    std::vector<LatencyRow> rows;
    LatencyRow row;
    row.is_trained = is_trained;
    long long at = 0;
    std::string blocks, precision;
    MaybeNumber predicted;
    soci::statement statement =
        (connection_->sql.prepare << fmt::format(
             "SELECT hash, host, runtime, threads, precision, median_ms, low_ms, high_ms, runs, "
             "blocks, predicted_ms, at "
             "FROM latencies WHERE is_trained = {} ORDER BY at, hash",
             is_trained ? 1 : 0),
         soci::into(row.hash), soci::into(row.host), soci::into(row.runtime),
         soci::into(row.setting.threads), soci::into(precision), soci::into(row.latency.median_ms),
         soci::into(row.latency.low_ms), soci::into(row.latency.high_ms),
         soci::into(row.latency.runs), soci::into(blocks),
         soci::into(predicted.value, predicted.indicator), soci::into(at));
    statement.execute();
    while (statement.fetch()) {
      row.at = at;
      row.setting.precision = read_precision(precision);
      row.predicted_ms = predicted.get();
      row.latency.blocks = read_blocks(blocks);
      rows.push_back(row);
    }
    return rows;
  });
}

std::optional<Latency> Ledger::find_latency(const LatencyRow& like) {
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

std::int64_t pause_in_force(std::int64_t stored) {
  const std::int64_t now = machine_clock_ms();
  // One beyond the longest was written before the machine was started again.
  return stored > now && stored <= now + kLongestPauseMs ? stored : 0;
}

std::int64_t Ledger::pause_workers(const std::function<void()>& holding_lock) {
  const std::int64_t pause = connection_->in_transaction([&] {
    const std::int64_t until = machine_clock_ms() + kLongestPauseMs;
    set_meta_of(connection_->sql, kPause, until);
    if (holding_lock) holding_lock();
    return until;
  });
  ring_bell(file_);
  return pause;
}

void Ledger::end_pause() {
  connection_->guarded([&] { set_meta_of(connection_->sql, kPause, 0); });
}

std::int64_t Ledger::pause() {
  return connection_->guarded(
      [&] { return pause_in_force(read_time(meta_of(connection_->sql, kPause))); });
}

void Ledger::keep_pause(const std::string& worker, std::int64_t pause) {
  connection_->guarded([&] { set_meta_of(connection_->sql, keeping_key(worker), pause); });
}

std::vector<std::string> Ledger::unpaused(std::int64_t pause, const std::string& spared_prefix) {
  std::vector<std::string> found;
  for (std::string& worker : holders()) {
    if (worker.starts_with(spared_prefix)) continue;
    if (read_time(meta(keeping_key(worker), "0")) != pause) found.push_back(std::move(worker));
  }
  return found;
}

}  // namespace atto::search
