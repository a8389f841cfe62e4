#pragma once
// A ledger in a database that speaks SQL: one text of each statement for all of them. What a
// database does in its own way is in its Connection and in what it overrides.

#include <memory>
#include <string>
#include <vector>

#include "search/ledger/ledger.hpp"
#include "search/ledger/sql/connection.hpp"

namespace atto::search {

class SqlLedger : public Ledger {
 public:
  Connection& connection() { return *connection_; }
  std::string name() const override { return connection_->name(); }
  std::string damage_text(const std::string& what) const override {
    return connection_->damage_text(what);
  }
  std::int64_t lease_ms() const override { return connection_->lease_ms; }
  bool spans_machines() const override { return connection_->dialect.spans_machines; }
  std::string meta(const std::string& key, const std::string& otherwise) override;
  void set_meta(const std::string& key, const std::string& value) override;
  std::int64_t add_job(const Job& job, const DesignRow& design, const Verdict* verdict,
                       const std::vector<train::EpochRecord>& epochs,
                       const net::ScoresByModule& scores) override;
  void add_design(const DesignRow& design) override;
  std::vector<DesignRow> human_designs() override;
  std::int64_t last_finish_order() override;
  std::vector<JobRow> finished_since(std::int64_t finish_order) override;
  int release_worker(const std::string& worker, const std::string& reason, bool is_its_fault,
                     std::optional<double> process_cpu_seconds) override;
  LostClaims release_lost(const std::vector<std::string>& spared) override;
  std::vector<std::string> holders() override;
  void add_cycle(const CycleRow& cycle) override;
  void begin_steering(const std::vector<std::int64_t>& ids, int tier, std::int64_t position,
                      std::int64_t seen) override;
  void add_latency(const LatencyRow& row) override;
  std::int64_t pause_workers(const std::function<void()>& holding_lock) override;
  void end_pause() override;
  void add_steering(const std::vector<SteerRow>& rows,
                    const std::vector<DesignRow>& designs) override;
  std::int64_t environment_id(const std::string& text) override;
  std::string register_worker(const std::string& name, const std::string& host,
                              std::int64_t environment) override;
  std::optional<Claim> claim(const std::string& worker, std::int64_t environment,
                             double process_cpu_seconds, int finals_at_once) override;
  Glance glance(int finals_at_once) override;
  bool renew(const Claim& claim, double attempt_cpu_seconds) override;
  bool record_epochs(const Claim& claim, const std::vector<train::EpochRecord>& epochs) override;
  bool commit(const Claim& claim, const train::TrialResult& result) override;
  std::vector<std::string> checkpoints(const Claim& claim) override;
  bool give_back(const Claim& claim, double attempt_cpu_seconds) override;
  std::int64_t pause() override;
  void keep_pause(const std::string& worker, std::int64_t pause) override;
  std::vector<JobRow> jobs(int tier, Stage stage) override;
  std::vector<JobRow> jobs_in_state(State state) override;
  std::optional<DesignRow> design(const std::string& hash) override;
  std::vector<DesignRow> designs(int tier) override;
  std::vector<train::EpochRecord> curve(const CurveKey& key) override;
  Responses responses(const CurveKey& key, int epoch) override;
  Scores scores(const CurveKey& key) override;
  std::vector<CycleRow> cycles(int tier) override;
  std::int64_t cycle_count(int tier) override;
  std::vector<SteerRow> steering(int tier) override;
  std::vector<LatencyRow> latencies(bool is_trained) override;
  std::optional<Latency> find_latency(const LatencyRow& like) override;
  std::vector<std::string> unpaused(std::int64_t pause, const std::string& spared_prefix) override;
  std::optional<JobRow> find_done(const Job& like) override;
  Totals totals() override;
  std::vector<std::string> environments() override;
  std::vector<HostRow> hosts() override;
  void add_event(const std::string& kind, const std::string& text) override;
  std::vector<Event> events(int newest) override;
  std::vector<EpochValue> search_values(const std::vector<int>& epochs,
                                        const std::string& score) override;

 protected:
  std::shared_ptr<Connection> connection_;

 protected:
  /// Brings the tables to this version's, with statements in the database's own words. Throws
  /// EnvironmentError where they are of another version, also where nothing may be changed.
  void bring_up_to_date(std::string (*in_own_words)(std::string), bool may_change = true);

 private:
  void number_finished();
};

}  // namespace atto::search
