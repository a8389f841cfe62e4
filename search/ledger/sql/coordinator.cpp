// The ledger's side of the coordinator: jobs go in, results come out, dead workers' claims are
// released.
#include <algorithm>

#include "search/ledger/process_mark.hpp"
#include "search/ledger/sql/ledger.hpp"
#include "search/ledger/sql/rows.hpp"

namespace atto::search {
namespace {

void insert_design(soci::session& sql, const DesignRow& design) {
  execute(sql,
          "INSERT INTO designs VALUES(:hash, :origin, :how, :assignment, :text, :misses, :params, "
          ":macs, :peak, :model, :pinned) ON CONFLICT DO NOTHING",
          design.hash, word_of(design.origin), design.how, design.assignment, design.text,
          design.misses, design.costs.params, design.costs.macs, design.costs.peak_activation_bytes,
          design.costs.model_bytes, design.pinned);
}

std::int64_t insert_job(soci::session& sql, const Job& job) {
  return find_value<long long>(
             sql,
             "INSERT INTO jobs(tier, stage, position, seen, hash, rung, replica, to_epoch, "
             "horizon, seed, latency_ms, flash_kib, ram_kib) VALUES(:tier, :stage, :position, "
             ":seen, :hash, :rung, :replica, :to, :horizon, :seed, :latency, :flash, :ram) "
             "RETURNING id",
             job.tier, job.stage, job.position, job.seen, job.hash, job.rung, job.replica,
             job.to_epoch, job.horizon, job.seed, job.figures.latency_ms, job.figures.flash_kib,
             job.figures.ram_kib)
      .value();
}

std::optional<std::int64_t> find_job(soci::session& sql, const Job& job) {
  return find_value<long long>(
      sql,
      "SELECT id FROM jobs WHERE tier = :tier AND stage = :stage AND position = :position AND "
      "hash = :hash",
      job.tier, job.stage, job.position, job.hash);
}

/// The part of a claimed job that a release decides on.
struct Held {
  long long id = 0;
  int epochs_done = 0, deaths = 0, death_epoch = -1;
  double claim_cpu = 0, attempt_cpu = 0, attempt_kept = 0;
  std::string worker, process;
  long long lease_until = 0, attempt = 0;
};

/// All claimed jobs, or those of a worker.
std::vector<Held> held_jobs(Connection& connection, const std::string* worker = nullptr) {
  Held held;
  soci::statement statement(connection.sql);
  statement.exchange(soci::into(held.id)), statement.exchange(soci::into(held.epochs_done));
  statement.exchange(soci::into(held.deaths)), statement.exchange(soci::into(held.death_epoch));
  statement.exchange(soci::into(held.claim_cpu)), statement.exchange(soci::into(held.attempt_cpu)),
      statement.exchange(soci::into(held.attempt_kept));
  statement.exchange(soci::into(held.worker)), statement.exchange(soci::into(held.process)),
      statement.exchange(soci::into(held.lease_until)),
      statement.exchange(soci::into(held.attempt));
  std::vector<Held> rows;
  const auto take = [&] { rows.push_back(held); };
  const std::string query = fmt::format(
      "SELECT id, epochs_done, deaths, death_epoch, claim_cpu, attempt_cpu, "
      "attempt_kept, worker, process, lease_until, attempt FROM jobs WHERE state = 1{} "
      "ORDER BY id{}",
      worker ? " AND worker = :worker" : "", connection.dialect.lock_rows);
  worker ? for_each_row(statement, query, take, *worker) : for_each_row(statement, query, take);
  return rows;
}

void release(soci::session& sql, Held held, const std::string& reason, bool counts) {
  if (counts) {
    held.deaths = held.epochs_done == held.death_epoch ? held.deaths + 1 : 1;
    held.death_epoch = held.epochs_done;
  }
  const bool fails = held.deaths >= kDeathsAllowed;
  const double wasted = std::max(0.0, held.attempt_cpu - held.attempt_kept);
  const std::string why = fails ? fmt::format("its worker died {} times in epoch {}: {}",
                                              held.deaths, held.epochs_done + 1, reason)
                                : "";
  execute(sql,
          fmt::format("UPDATE jobs SET state = {}, outcome = {}, reason = :why, worker = '', "
                      "lease_until = 0, deaths = {}, death_epoch = {}, "
                      "cpu_seconds = cpu_seconds + attempt_kept, "
                      "wasted_cpu_seconds = wasted_cpu_seconds + :wasted, attempt_cpu = 0, "
                      "attempt_kept = 0, finish_order = 0, finished = :now WHERE id = :id",
                      fails ? 2 : 0, fails ? static_cast<int>(train::Outcome::Failed) : 0,
                      held.deaths, held.death_epoch),
          storable(why), wasted, fails ? now_ms() : 0, held.id);
}

}  // namespace

std::int64_t SqlLedger::add_job(const Job& job, const DesignRow& design, const Verdict* verdict,
                                const std::vector<train::EpochRecord>& epochs,
                                const net::ScoresByModule& scores) {
  const std::int64_t added = connection_->in_transaction(Kept::Claim, [&] {
    if (connection_->is_again())
      if (const auto known = find_job(connection_->sql, job)) return *known;
    insert_design(connection_->sql, design);
    const std::int64_t id = insert_job(connection_->sql, job);
    if (verdict) {
      Writes writes(*connection_);
      write_epochs(writes, job, epochs, 0);
      write_scores(writes, job, scores, 0);
      write_job_scores(writes, id, *verdict);
      writes.run();
      finish(connection_->sql, *verdict, epochs.size(), "id = :id", id);
    }
    return id;
  });
  connection_->ring();
  return added;
}

void SqlLedger::add_design(const DesignRow& design) {
  connection_->in_transaction(Kept::Claim, [&] {
    insert_design(connection_->sql, design);
    return 0;
  });
}

int SqlLedger::release_worker(const std::string& worker, const std::string& reason,
                              bool is_its_fault, std::optional<double> process_cpu_seconds) {
  const int count = connection_->in_transaction(Kept::Claim, [&] {
    std::vector<Held> held = held_jobs(*connection_, &worker);
    for (Held& job : held) {
      if (process_cpu_seconds)
        job.attempt_cpu = std::max(job.attempt_cpu, *process_cpu_seconds - job.claim_cpu);
      release(connection_->sql, job, reason, is_its_fault);
    }
    return static_cast<int>(held.size());
  });
  if (count > 0) connection_->ring();
  return count;
}

LostClaims SqlLedger::release_lost(const std::vector<std::string>& spared) {
  LostClaims lost;
  connection_->in_transaction(Kept::Claim, [&] {
    lost = {};
    if (connection_->was_away()) return 0;  // all leases look old: new signs of life are on the way
    const std::int64_t now = clock_of(connection_->sql);
    for (const Held& job : held_jobs(*connection_)) {
      // A lease beyond the longest was written before the machine was started again.
      const auto is_late_by = [&](std::int64_t ms) {
        return job.lease_until + ms < now || job.lease_until > now + connection_->lease_ms;
      };
      const bool is_late = is_late_by(0);
      Life life = life_of(job.process);
      // Of another machine, which nobody started again.
      if (life == Life::Restarted && connection_->dialect.spans_machines) life = Life::Unknown;
      // Whoever looks after a worker may hear late that its machine is lost, and never of an end
      // where another of its name took its place: a lease more is given for that.
      const bool is_spared = std::find(spared.begin(), spared.end(), job.worker) != spared.end();
      const bool may_be_told = life == Life::Runs || !is_late_by(connection_->lease_ms);
      if (is_spared && life != Life::Unknown && may_be_told) continue;
      if (life == Life::Runs && is_late)
        lost.silent.push_back(fmt::format(
            "worker {} gives no sign of life, but its process {} still runs and holds its job",
            job.worker, process_of(job.process)));
      if (life == Life::Runs || (life == Life::Unknown && !is_late)) continue;
      const char* why = life == Life::Ended       ? "its process has ended"
                        : life == Life::Restarted ? "its machine was started again"
                                                  : "its lease ran out";
      release(connection_->sql, job, fmt::format("{}: {}", job.worker, why),
              (life == Life::Ended && !is_spared) || job.attempt > kFreeAttempts);
      lost.released.push_back(fmt::format("worker {}: {}", job.worker, why));
    }
    return 0;
  });
  if (!lost.released.empty()) connection_->ring();
  return lost;
}

void SqlLedger::add_steering(const std::vector<SteerRow>& rows,
                             const std::vector<DesignRow>& designs) {
  connection_->in_transaction(Kept::Fact, [&] {
    soci::session& sql = connection_->sql;
    // Those of one command have a time of their own.
    if (connection_->is_again() && !rows.empty() &&
        find_value<int>(sql, "SELECT 1 FROM steering WHERE at = :at LIMIT 1", rows.front().at))
      return 0;
    for (const DesignRow& design : designs) insert_design(sql, design);
    Writes writes(*connection_);
    RowsToWrite& requests = writes.rows("steering(at, kind, text, hash, only_tier)");
    for (const SteerRow& row : rows)
      requests.add(row.at, word_of(row.kind), row.text, row.hash, row.only_tier);
    writes.run();
    return 0;
  });
}

std::vector<std::string> SqlLedger::holders() {
  return connection_->guarded([&] {
    return find_texts(connection_->sql,
                      "SELECT DISTINCT worker FROM jobs WHERE state = 1 ORDER BY worker");
  });
}

}  // namespace atto::search
