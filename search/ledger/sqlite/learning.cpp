// The ledger's side of learning and steering: a record a cycle, and what people asked for.
#include "search/ledger/sqlite/connection.hpp"

namespace atto::search {

void SqliteLedger::add_cycle(const CycleRow& cycle) {
  connection_->guarded([&] {
    execute(connection_->sql,
            "INSERT OR REPLACE INTO cycles VALUES(:tier, :cycle, :position, :seen, :text)",
            cycle.tier, cycle.cycle, cycle.position, cycle.seen, cycle.text);
  });
}

std::vector<CycleRow> SqliteLedger::cycles(int tier) {
  return connection_->guarded([&] {
    std::vector<CycleRow> rows;
    CycleRow row;
    row.tier = tier;
    long long cycle = 0, position = 0, seen = 0;
    soci::statement statement =
        (connection_->sql.prepare << fmt::format(
             "SELECT cycle, position, seen, text FROM cycles WHERE tier = {} ORDER BY cycle", tier),
         soci::into(cycle), soci::into(position), soci::into(seen), soci::into(row.text));
    statement.execute();
    while (statement.fetch()) {
      row.cycle = cycle, row.position = position, row.seen = seen;
      rows.push_back(row);
    }
    return rows;
  });
}

std::int64_t SqliteLedger::cycle_count(int tier) {
  return connection_->guarded([&] {
    return static_cast<std::int64_t>(
        find_value<long long>(connection_->sql,
                              "SELECT COALESCE(MAX(cycle), 0) FROM cycles WHERE tier = :tier", tier)
            .value_or(0));
  });
}

void SqliteLedger::begin_steering(const std::vector<std::int64_t>& ids, int tier,
                                  std::int64_t position, std::int64_t seen) {
  connection_->in_transaction([&] {
    for (std::int64_t id : ids)
      execute(connection_->sql,
              "UPDATE steering SET tier = :tier, position = :position, seen = :seen WHERE id = :id",
              tier, position, seen, id);
    for (std::int64_t id : ids)
      execute(connection_->sql,
              "INSERT INTO steering_places SELECT :id, tier, MAX(position) + 1, MAX(seen) FROM "
              "jobs WHERE stage = 1 AND tier > :tier GROUP BY tier",
              id, tier);
    return 0;
  });
}

std::vector<SteerRow> SqliteLedger::steering(int tier) {
  return connection_->guarded([&] {
    std::vector<SteerRow> rows;
    SteerRow row;
    std::string kind;
    long long id = 0, at = 0, position = 0, seen = 0;
    soci::statement statement =
        (connection_->sql.prepare
             << "SELECT id, at, kind, text, hash, only_tier, COALESCE(p.tier, s.tier), "
                "COALESCE(p.position, s.position), COALESCE(p.seen, s.seen) FROM steering s LEFT "
                "JOIN steering_places p ON p.request = id AND p.tier = :tier ORDER BY id",
         soci::use(tier), soci::into(id), soci::into(at), soci::into(kind), soci::into(row.text),
         soci::into(row.hash), soci::into(row.only_tier), soci::into(row.tier),
         soci::into(position), soci::into(seen));
    statement.execute();
    while (statement.fetch()) {
      row.kind = read_word<SteerKind>(kind);
      row.id = id, row.at = at, row.position = position, row.seen = seen;
      rows.push_back(row);
    }
    return rows;
  });
}

}  // namespace atto::search
