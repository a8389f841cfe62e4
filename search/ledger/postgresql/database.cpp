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

std::string read_url(const fs::path& file) {
  std::string url = spec::read_file(file);
  while (!url.empty() && (url.back() == '\n' || url.back() == ' ')) url.pop_back();
  return url;
}

void create(const fs::path& folder, const std::string& url,
            const std::function<void(Ledger&)>& fill) {
  const fs::path file = folder / kFile;
  if (fs::exists(file)) throw EnvironmentError("ledger: exists already: " + file.string());
  // Names what is being made: what a killed process left is found again.
  const fs::path making = file.string() + ".new";
  if (fs::exists(making)) PostgresqlLedger::remove(read_url(making));
  const std::string own_url = PostgresqlLedger::new_url(url);
  spec::write_file_atomically(making, own_url + "\n");
  fs::permissions(making, fs::perms::owner_read | fs::perms::owner_write);
  try {
    PostgresqlLedger::create(own_url, fill);
  } catch (...) {
    std::error_code ignored;
    fs::remove(making, ignored);
    throw;
  }
  fs::rename(making, file);
}

std::unique_ptr<Ledger> open(const fs::path& folder, Ledger::Access access) {
  return std::make_unique<PostgresqlLedger>(read_url(folder / kFile), access);
}

}  // namespace

const LedgerDatabase kPostgresqlDatabase = {kFile,       "postgresql://", "postgres",
                                            expect_room, create,          open};

}  // namespace atto::search
