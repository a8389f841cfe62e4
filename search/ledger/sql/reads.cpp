// The ledger's reading side.
#include "search/ledger/sql/ledger.hpp"
#include "search/ledger/sql/rows.hpp"

namespace atto::search {
namespace {

struct DesignBuffer {
  DesignRow row;
  std::string origin;
  long long params, macs, peak, model;

  void bind(soci::statement& statement) {
    for (std::string* field :
         {&row.hash, &origin, &row.how, &row.assignment, &row.text, &row.misses})
      statement.exchange(soci::into(*field));
    for (long long* field : {&params, &macs, &peak, &model}) statement.exchange(soci::into(*field));
    statement.exchange(soci::into(row.pinned));
  }
  DesignRow get() {
    row.origin = read_word<Origin>(origin);
    row.costs = {params, macs, peak, model};
    return row;
  }
};

constexpr const char* kDesignColumns =
    "hash, origin, how, assignment, text, misses, params, macs, peak_activation_bytes, "
    "model_bytes, "
    "pinned";

template <class... Values>
std::vector<DesignRow> read_designs(soci::session& sql, const std::string& clause,
                                    const Values&... values) {
  DesignBuffer buffer;
  soci::statement statement(sql);
  buffer.bind(statement);
  std::vector<DesignRow> rows;
  for_each_row(
      statement, fmt::format("SELECT {} FROM designs {}", kDesignColumns, clause),
      [&] { rows.push_back(buffer.get()); }, values...);
  return rows;
}

}  // namespace

const char* const JobBuffer::kColumns =
    "id, tier, stage, position, seen, hash, rung, replica, to_epoch, horizon, seed, state, "
    "attempt, worker, process, epochs_done, outcome, reason, validation_loss, cpu_seconds, "
    "wasted_cpu_seconds, images_per_second, reused_from, original_cpu_seconds, finish_order, "
    "latency_ms, flash_kib, ram_kib";

void JobBuffer::bind(soci::statement& statement) {
  const auto into = [&](auto& field) { statement.exchange(soci::into(field)); };
  const auto maybe = [&](MaybeNumber& field) {
    statement.exchange(soci::into(field.value, field.indicator));
  };
  into(id), into(tier), into(stage), into(position), into(seen), into(hash), into(rung);
  into(replica), into(to_epoch), into(horizon), into(seed), into(state), into(attempt);
  into(worker), into(process), into(epochs_done), into(outcome), into(reason);
  maybe(validation_loss);
  into(cpu), into(wasted), into(speed), into(reused_from), into(original_cpu), into(finish_order);
  maybe(latency), maybe(flash), maybe(ram);
}

JobRow JobBuffer::row() const {
  JobRow row;
  row.job = {id,
             tier,
             static_cast<Stage>(stage),
             position,
             seen,
             hash,
             rung,
             replica,
             to_epoch,
             horizon,
             static_cast<std::uint64_t>(seed),
             {latency.get(), flash.get(), ram.get()}};
  row.state = static_cast<State>(state);
  row.attempt = attempt;
  row.worker = worker;
  row.process = process;
  row.epochs_done = epochs_done;
  row.verdict = {static_cast<train::Outcome>(outcome),
                 reason,
                 {},
                 validation_loss.get(),
                 {},
                 cpu,
                 wasted,
                 speed,
                 reused_from,
                 original_cpu,
                 finish_order};
  return row;
}

std::vector<JobRow> read_jobs(soci::session& sql, const std::string& clause) {
  JobBuffer buffer;
  soci::statement statement(sql);
  buffer.bind(statement);
  std::vector<JobRow> rows;
  for_each_row(statement, fmt::format("SELECT {} FROM jobs {}", JobBuffer::kColumns, clause),
               [&] { rows.push_back(buffer.row()); });
  read_job_scores(sql, clause, rows);
  return rows;
}

std::vector<JobRow> SqlLedger::jobs(int tier, Stage stage) {
  return connection_->guarded([&] {
    return read_jobs(connection_->sql,
                     fmt::format("WHERE tier = {} AND stage = {} ORDER BY position", tier,
                                 static_cast<int>(stage)));
  });
}

std::vector<JobRow> SqlLedger::jobs_in_state(State state) {
  return connection_->guarded([&] {
    return read_jobs(connection_->sql,
                     fmt::format("WHERE state = {} ORDER BY id", static_cast<int>(state)));
  });
}

std::vector<JobRow> SqlLedger::finished_since(std::int64_t finish_order) {
  number_finished();
  return connection_->guarded([&] {
    return read_jobs(connection_->sql,
                     fmt::format("WHERE finish_order > {} ORDER BY finish_order", finish_order));
  });
}

std::optional<DesignRow> SqlLedger::design(const std::string& hash) {
  return connection_->guarded([&]() -> std::optional<DesignRow> {
    std::vector<DesignRow> rows = read_designs(connection_->sql, "WHERE hash = :hash", hash);
    if (rows.empty()) return {};
    return std::move(rows.front());
  });
}

std::vector<DesignRow> SqlLedger::designs(int tier) {
  return connection_->guarded([&] {
    return read_designs(
        connection_->sql,
        fmt::format("WHERE hash IN (SELECT hash FROM jobs WHERE tier = {}) ORDER BY hash", tier));
  });
}

std::vector<DesignRow> SqlLedger::human_designs() {
  return connection_->guarded(
      [&] { return read_designs(connection_->sql, "WHERE origin = 'human' ORDER BY hash"); });
}

std::int64_t SqlLedger::last_finish_order() {
  number_finished();
  return connection_->guarded([&] {
    return static_cast<std::int64_t>(
        find_value<long long>(connection_->sql, "SELECT MAX(finish_order) FROM jobs").value_or(0));
  });
}

std::optional<JobRow> SqlLedger::find_done(const Job& like) {
  return connection_->guarded([&]() -> std::optional<JobRow> {
    // A hash is 16 hex digits; anything else finds nothing.
    if (like.hash.find_first_not_of("0123456789abcdef") != std::string::npos) return {};
    std::vector<JobRow> rows = read_jobs(
        connection_->sql,
        fmt::format("WHERE hash = '{}' AND stage {} 2 AND replica = {} AND to_epoch = {} AND "
                    "horizon = {} AND seed = {} AND state = 2 AND outcome NOT IN (2, 4) ORDER BY "
                    "id LIMIT 1",
                    like.hash, like.stage == Stage::Final ? "=" : "<>", like.replica, like.to_epoch,
                    like.horizon, static_cast<std::int64_t>(like.seed)));
    if (rows.empty()) return {};
    return std::move(rows.front());
  });
}

Totals SqlLedger::totals() {
  return connection_->guarded([&] {
    Totals totals;
    long long jobs = 0, ready = 0, claimed = 0, done = 0, failed = 0, diverged = 0, reused = 0,
              refused = 0;
    soci::statement of_jobs(connection_->sql);
    for (long long* count : {&jobs, &ready, &claimed, &done, &failed, &diverged, &refused, &reused})
      of_jobs.exchange(soci::into(*count));
    for (double* sum : {&totals.cpu_seconds, &totals.wasted_cpu_seconds, &totals.saved_cpu_seconds})
      of_jobs.exchange(soci::into(*sum));
    bound::run(of_jobs,
               "SELECT COUNT(*), COUNT(*) FILTER (WHERE state = 0), COUNT(*) FILTER (WHERE state = "
               "1), COUNT(*) FILTER (WHERE state = 2), COUNT(*) FILTER (WHERE state = 2 AND "
               "outcome = 2), COUNT(*) FILTER (WHERE state = 2 AND outcome = 1), COUNT(*) FILTER "
               "(WHERE state = 2 AND outcome = 4), COUNT(*) FILTER (WHERE reused_from <> ''), "
               "COALESCE(SUM(cpu_seconds), 0.0), COALESCE(SUM(wasted_cpu_seconds), 0.0), "
               "COALESCE(SUM(original_cpu_seconds), 0.0) FROM jobs");
    soci::statement of_parts(connection_->sql);
    for (double* sum :
         {&totals.probe_cpu_seconds, &totals.score_cpu_seconds, &totals.coordinator_cpu_seconds})
      of_parts.exchange(soci::into(*sum));
    bound::run(of_parts,
               "SELECT COALESCE((SELECT SUM(cpu_seconds) FROM responses), 0.0), "
               "COALESCE((SELECT SUM(cpu_seconds) FROM scores), 0.0), "
               "COALESCE((SELECT CAST(value AS DOUBLE PRECISION) FROM meta "
               "WHERE key = 'coordinator_cpu_seconds'), 0.0)");
    totals.jobs = jobs, totals.ready = ready, totals.claimed = claimed, totals.done = done;
    totals.failed = failed, totals.diverged = diverged, totals.reused = reused;
    totals.refused = refused;
    return totals;
  });
}

}  // namespace atto::search
