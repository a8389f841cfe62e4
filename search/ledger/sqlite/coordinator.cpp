// The ledger's side of the coordinator: jobs go in, results come out, dead workers' claims are
// released.
#include <algorithm>

#include "search/ledger/process_mark.hpp"
#include "search/ledger/sqlite/bell.hpp"
#include "search/ledger/sqlite/connection.hpp"

namespace atto::search {
namespace {

void insert_design(soci::session& sql, const DesignRow& design) {
  execute(sql,
          "INSERT OR IGNORE INTO designs VALUES(:hash, :origin, :how, :assignment, :text, :misses, "
          ":params, :macs, :peak, :model, :pinned)",
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

/// The part of a claimed job that a release decides on.
struct Held {
  long long id = 0;
  int epochs_done = 0, deaths = 0, death_epoch = -1;
  double claim_cpu = 0, attempt_cpu = 0, attempt_kept = 0;
  std::string worker, process;
  long long lease_until = 0;
};

/// All claimed jobs, or those of a worker.
std::vector<Held> held_jobs(soci::session& sql, const std::string* worker = nullptr) {
  Held held;
  soci::statement statement(sql);
  statement.exchange(soci::into(held.id)), statement.exchange(soci::into(held.epochs_done));
  statement.exchange(soci::into(held.deaths)), statement.exchange(soci::into(held.death_epoch));
  statement.exchange(soci::into(held.claim_cpu)), statement.exchange(soci::into(held.attempt_cpu)),
      statement.exchange(soci::into(held.attempt_kept));
  statement.exchange(soci::into(held.worker)), statement.exchange(soci::into(held.process)),
      statement.exchange(soci::into(held.lease_until));
  if (worker) statement.exchange(soci::use(*worker));
  statement.alloc();
  statement.prepare(
      std::string("SELECT id, epochs_done, deaths, death_epoch, claim_cpu, attempt_cpu, "
                  "attempt_kept, worker, process, lease_until FROM jobs WHERE state = 1") +
      (worker ? " AND worker = :worker" : ""));
  statement.define_and_bind();
  statement.execute();
  std::vector<Held> rows;
  while (statement.fetch()) rows.push_back(held);
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
  execute(
      sql,
      fmt::format("UPDATE jobs SET state = {}, outcome = {}, reason = :why, worker = '', "
                  "lease_until = 0, deaths = {}, death_epoch = {}, "
                  "cpu_seconds = cpu_seconds + attempt_kept, "
                  "wasted_cpu_seconds = wasted_cpu_seconds + :wasted, attempt_cpu = 0, "
                  "attempt_kept = 0, finish_order = {}, finished = :now WHERE id = :id",
                  fails ? 2 : 0, fails ? static_cast<int>(train::Outcome::Failed) : 0, held.deaths,
                  held.death_epoch, fails ? "(SELECT MAX(finish_order) + 1 FROM jobs)" : "0"),
      why, wasted, fails ? now_ms() : 0, held.id);
}

}  // namespace

std::int64_t SqliteLedger::add_job(const Job& job, const DesignRow& design, const Verdict* verdict,
                                   const std::vector<train::EpochRecord>& epochs,
                                   const net::ScoresByModule& scores) {
  const std::int64_t added = connection_->in_transaction([&] {
    insert_design(connection_->sql, design);
    const std::int64_t id = insert_job(connection_->sql, job);
    if (verdict) {
      write_epochs(connection_->sql, job, epochs, 0);
      write_scores(connection_->sql, job, scores, 0);
      finish(connection_->sql, id, *verdict, epochs.size());
    }
    return id;
  });
  ring_bell(file_);
  return added;
}

void SqliteLedger::add_design(const DesignRow& design) {
  connection_->in_transaction([&] {
    insert_design(connection_->sql, design);
    return 0;
  });
}

int SqliteLedger::release_worker(const std::string& worker, const std::string& reason,
                                 bool is_its_fault, std::optional<double> process_cpu_seconds) {
  const int count = connection_->in_transaction([&] {
    std::vector<Held> held = held_jobs(connection_->sql, &worker);
    for (Held& job : held) {
      if (process_cpu_seconds)
        job.attempt_cpu = std::max(job.attempt_cpu, *process_cpu_seconds - job.claim_cpu);
      release(connection_->sql, job, reason, is_its_fault);
    }
    return static_cast<int>(held.size());
  });
  if (count > 0) ring_bell(file_);
  return count;
}

LostClaims SqliteLedger::release_lost(const std::vector<std::string>& spared) {
  LostClaims lost;
  connection_->in_transaction([&] {
    const std::int64_t now = machine_clock_ms();
    for (const Held& job : held_jobs(connection_->sql)) {
      if (std::find(spared.begin(), spared.end(), job.worker) != spared.end()) continue;
      // A lease beyond the longest was written before the machine was started again.
      const bool is_late = job.lease_until < now || job.lease_until > now + kLeaseMs;
      const Life life = life_of(job.process);
      if (life == Life::Runs && is_late)
        lost.silent.push_back(fmt::format(
            "worker {} gives no sign of life, but its process {} still runs and holds its job",
            job.worker, process_of(job.process)));
      if (life == Life::Runs || (life == Life::Unknown && !is_late)) continue;
      const char* why = life == Life::Ended       ? "its process has ended"
                        : life == Life::Restarted ? "its machine was started again"
                                                  : "its lease ran out";
      release(connection_->sql, job, fmt::format("{}: {}", job.worker, why), life == Life::Ended);
      lost.released.push_back(fmt::format("worker {}: {}", job.worker, why));
    }
    return 0;
  });
  if (!lost.released.empty()) ring_bell(file_);
  return lost;
}

void SqliteLedger::add_steering(const std::vector<SteerRow>& rows,
                                const std::vector<DesignRow>& designs) {
  connection_->in_synced_transaction([&] {
    for (const DesignRow& design : designs) insert_design(connection_->sql, design);
    for (const SteerRow& row : rows)
      execute(connection_->sql,
              "INSERT INTO steering(at, kind, text, hash, only_tier) VALUES(:at, :kind, :text, "
              ":hash, :tier)",
              row.at, word_of(row.kind), row.text, row.hash, row.only_tier);
    return 0;
  });
}

std::vector<std::string> SqliteLedger::holders() {
  return connection_->guarded(
      [&] {
        soci::rowset<std::string> rows =
            (connection_->sql.prepare
             << "SELECT DISTINCT worker FROM jobs WHERE state = 1 ORDER BY worker");
        return std::vector<std::string>(rows.begin(), rows.end());
      });
}

}  // namespace atto::search
