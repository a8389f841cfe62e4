// What --ledger takes.
#include <catch2/catch.hpp>

#include "search/ledger/open_ledger.hpp"
#include "tests/search/cluster/server.hpp"
#include "tests/search/process/process.hpp"

using namespace atto::test;

namespace {

Ended search(const Scratch& scratch, const std::string& url, const std::string& environment = "") {
  return run_atto(
      scratch,
      "search " + tiny_spec() + " --evaluator fake --candidates 4 --out run --ledger '" + url + "'",
      environment);
}

}  // namespace

TEST_CASE(
    "A URL with a password, of another database or of nothing is refused, and nothing is made") {
  const Scratch scratch;
  const auto refused = [&](const std::string& url, const std::string& words) {
    const Ended ended = search(scratch, url);
    INFO(url << "\n" << ended.err);
    CHECK(ended.code == 2);
    CHECK(ended.err.find(words) != std::string::npos);
    CHECK(ended.err.find("secret") == std::string::npos);
    CHECK_FALSE(std::filesystem::exists(scratch / "run"));
  };
  refused("postgresql://me:secret@127.0.0.1/db", "must not hold a password");
  refused("postgresql://me@127.0.0.1/db?password=secret", "must not hold a password");
  refused("mysql://127.0.0.1/db", "must be postgresql://HOST/DATABASE");
  refused("ledger.db", "must be postgresql://HOST/DATABASE");
  refused("postgresql://127.0.0.1/db?colour=red", "no URL that libpq takes");
  refused("postgresql://127.0.0.1/db?options=-cfsync%3Doff", "must leave options to the ledger");
}

TEST_CASE("A server that is not there, or has no such database, is said with libpq's words") {
  const Scratch scratch;
  Ended ended = search(scratch, "postgresql://127.0.0.1:1/db");
  CHECK(ended.code == 4);
  CHECK(ended.err.find("Connection refused") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(scratch / "run/ledger.url"));
  std::string url = server().url();
  ended = search(scratch, url.substr(0, url.rfind('/')) + "/nothing");
  CHECK(ended.code == 4);
  CHECK(ended.err.find("database \"nothing\" does not exist") != std::string::npos);
}

TEST_CASE("The address in the run folder is its owner's alone, and holds no password") {
  const Scratch scratch;
  REQUIRE(search(scratch, server().url(), "PGPASSWORD=secret").code == 0);
  const auto file = scratch / "run/ledger.url";
  namespace fs = std::filesystem;
  CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(read_text(file).find("secret") == std::string::npos);
  CHECK_FALSE(fs::exists(scratch / "run/ledger.db"));
  write_text(file, "postgresql://127.0.0.1:x/db\n");
  CHECK(run_atto(scratch, "status run").code == 4);
  write_text(file, server().url() + "?options=-csearch_path%3Datto_gone\n");
  const Ended gone = run_atto(scratch, "status run");
  CHECK(gone.code == 4);
  CHECK(gone.err.find("the ledger is gone") != std::string::npos);
}
