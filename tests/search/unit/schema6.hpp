#pragma once
// What makes a ledger one of schema 6 again, whose scores were columns.

namespace atto::test {

inline constexpr const char* kToSchema6[] = {
    "ALTER TABLE epochs DROP COLUMN checkpoint",
    "ALTER TABLE epochs DROP COLUMN environment",
    "DROP TABLE workers",
    "DROP INDEX jobs_ready",
    "DROP INDEX jobs_claimed",
    "DROP INDEX jobs_unnumbered",
    "CREATE INDEX jobs_by_state ON jobs(state, id)",
    "DROP VIEW v_designs",
    "DROP VIEW v_trials",
    "DROP VIEW v_epochs",
    "ALTER TABLE jobs DROP COLUMN flash_kib",
    "ALTER TABLE jobs DROP COLUMN ram_kib",
    "ALTER TABLE epochs ADD COLUMN validation_top1 REAL",
    "ALTER TABLE epochs ADD COLUMN validation_top5 REAL",
    "ALTER TABLE jobs ADD COLUMN top1 REAL",
    "ALTER TABLE jobs ADD COLUMN top5 REAL",
    "ALTER TABLE jobs ADD COLUMN test_top1 REAL",
    "ALTER TABLE jobs ADD COLUMN test_top5 REAL",
    "UPDATE epochs SET (validation_top1, validation_top5) = (SELECT "
    "MAX(CASE score WHEN 'top1' THEN value END), MAX(CASE score WHEN 'top5' THEN value END) "
    "FROM epoch_scores AS s WHERE (s.hash, s.phase, s.replica, s.epoch) = "
    "(epochs.hash, epochs.phase, epochs.replica, epochs.epoch))",
    "UPDATE jobs SET (top1, top5, test_top1, test_top5) = (SELECT "
    "MAX(CASE WHEN split = 0 AND score = 'top1' THEN value END), "
    "MAX(CASE WHEN split = 0 AND score = 'top5' THEN value END), "
    "MAX(CASE WHEN split = 1 AND score = 'top1' THEN value END), "
    "MAX(CASE WHEN split = 1 AND score = 'top5' THEN value END) FROM job_scores WHERE job = id)",
    "DROP TABLE epoch_scores",
    "DROP TABLE job_scores"};

}  // namespace atto::test
