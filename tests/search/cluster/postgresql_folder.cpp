// Ledgers of the tests with a real server.
#include <fmt/format.h>

#include "search/ledger/postgresql/database.hpp"
#include "search/ledger/process_mark.hpp"
#include "tests/search/cluster/server.hpp"
#include "tests/search/unit/ledger_folder.hpp"

namespace atto::test {
namespace {

namespace fs = std::filesystem;

std::string url() {
  return server().url();
}

/// A time of the machine's clock on the server's.
std::string on_its_clock(std::int64_t time) {
  return fmt::format("ledger_clock() + {}", time - search::machine_clock_ms());
}

void set_claims(const fs::path& folder, const std::string& process, std::int64_t lease_until) {
  run_in_schema(folder, fmt::format("UPDATE jobs SET process = '{}', lease_until = {} WHERE "
                                    "state = 1",
                                    process, on_its_clock(lease_until)));
}

void set_pause(const fs::path& folder, std::int64_t until) {
  run_in_schema(folder, fmt::format("UPDATE meta SET value = CAST({} AS TEXT) WHERE key = "
                                    "'paused_until'",
                                    on_its_clock(until)));
}

}  // namespace

const TestedDatabase kTestedDatabase = {&search::kPostgresqlDatabase, url, true, set_claims,
                                        set_pause};

}  // namespace atto::test
