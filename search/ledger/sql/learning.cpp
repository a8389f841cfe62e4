// The ledger's side of learning and steering: a record a cycle, and what people asked for.
#include "search/ledger/sql/ledger.hpp"
#include "search/ledger/sql/rows.hpp"

namespace atto::search {

void SqlLedger::add_cycle(const CycleRow& cycle) {
  connection_->guarded([&] {
    execute(connection_->sql,
            "INSERT INTO cycles VALUES(:tier, :cycle, :position, :seen, :text) " +
                replacing("tier, cycle", {"position", "seen", "text"}),
            cycle.tier, cycle.cycle, cycle.position, cycle.seen, cycle.text);
  });
}

std::vector<CycleRow> SqlLedger::cycles(int tier) {
  return connection_->guarded([&] {
    std::vector<CycleRow> rows;
    CycleRow row;
    row.tier = tier;
    long long cycle = 0, position = 0, seen = 0;
    soci::statement statement(connection_->sql);
    statement.exchange(soci::into(cycle)), statement.exchange(soci::into(position));
    statement.exchange(soci::into(seen)), statement.exchange(soci::into(row.text));
    const auto take = [&] {
      row.cycle = cycle, row.position = position, row.seen = seen;
      rows.push_back(row);
    };
    for_each_row(statement,
                 "SELECT cycle, position, seen, text FROM cycles WHERE tier = :tier ORDER BY cycle",
                 take, tier);
    return rows;
  });
}

std::int64_t SqlLedger::cycle_count(int tier) {
  return connection_->guarded([&] {
    return static_cast<std::int64_t>(
        find_value<long long>(connection_->sql,
                              "SELECT COALESCE(MAX(cycle), 0) FROM cycles WHERE tier = :tier", tier)
            .value_or(0));
  });
}

void SqlLedger::begin_steering(const std::vector<std::int64_t>& ids, int tier,
                               std::int64_t position, std::int64_t seen) {
  connection_->in_transaction(Kept::Claim, [&] {
    for (std::int64_t id : ids)
      execute(connection_->sql,
              "UPDATE steering SET tier = :tier, position = :position, seen = :seen WHERE id = :id",
              tier, position, seen, id);
    for (std::int64_t id : ids)
      execute(connection_->sql,
              "INSERT INTO steering_places SELECT CAST(:id AS BIGINT), tier, MAX(position) + 1, "
              "MAX(seen) FROM jobs WHERE stage = 1 AND tier > :tier GROUP BY tier "
              "ON CONFLICT DO NOTHING",
              id, tier);
    return 0;
  });
}

std::vector<SteerRow> SqlLedger::steering(int tier) {
  return connection_->guarded([&] {
    std::vector<SteerRow> rows;
    SteerRow row;
    std::string kind;
    long long id = 0, at = 0, position = 0, seen = 0;
    soci::statement statement(connection_->sql);
    statement.exchange(soci::into(id)), statement.exchange(soci::into(at));
    for (std::string* text : {&kind, &row.text, &row.hash}) statement.exchange(soci::into(*text));
    statement.exchange(soci::into(row.only_tier)), statement.exchange(soci::into(row.tier));
    statement.exchange(soci::into(position)), statement.exchange(soci::into(seen));
    const auto take = [&] {
      row.kind = read_word<SteerKind>(kind);
      row.id = id, row.at = at, row.position = position, row.seen = seen;
      rows.push_back(row);
    };
    for_each_row(statement,
                 "SELECT id, at, kind, text, hash, only_tier, COALESCE(p.tier, s.tier), "
                 "COALESCE(p.position, s.position), COALESCE(p.seen, s.seen) FROM steering s LEFT "
                 "JOIN steering_places p ON p.request = id AND p.tier = :tier ORDER BY id",
                 take, tier);
    return rows;
  });
}

}  // namespace atto::search
