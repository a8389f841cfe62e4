#include "search/ledger/postgresql/database.hpp"

#include "design_specs/files.hpp"
#include "search/ledger/postgresql/ledger.hpp"
#include "search/ledger/postgresql/url.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "ledger.url";

void expect_room(const fs::path&, const std::string& url) {
  expect_postgresql_url(url);
}

void create(const fs::path& folder, const std::string& url,
            const std::function<void(Ledger&)>& fill) {
  const fs::path file = folder / kFile;
  if (fs::exists(file)) throw EnvironmentError("ledger: exists already: " + file.string());
  const std::string own_url = PostgresqlLedger::create(url, fill);
  // Written last: what was made without it is nobody's.
  const fs::path making = file.string() + ".new";
  spec::write_file_atomically(making, own_url + "\n");
  fs::permissions(making, fs::perms::owner_read | fs::perms::owner_write);
  fs::rename(making, file);
}

std::unique_ptr<Ledger> open(const fs::path& folder, Ledger::Access access) {
  std::string url = spec::read_file(folder / kFile);
  while (!url.empty() && (url.back() == '\n' || url.back() == ' ')) url.pop_back();
  return std::make_unique<PostgresqlLedger>(url, access);
}

}  // namespace

const LedgerDatabase kPostgresqlDatabase = {kFile,       "postgresql://", "postgres",
                                            expect_room, create,          open};

}  // namespace atto::search
