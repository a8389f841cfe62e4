// Run folders that this user may only read.
#include <unistd.h>

#include <catch2/catch.hpp>

#include "search/ledger/open_ledger.hpp"
#include "search/ledger/sqlite/soci.hpp"
#include "tests/search/process/process.hpp"
#include "tests/search/unit/schema6.hpp"

using namespace atto::test;
using namespace atto::search;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

/// A campaign that others may read; commands run as a user who may write to "mine" alone.
class Shared {
 public:
  Shared() {
    const std::string search = "search " + tiny_spec() +
                               " --evaluator fake --candidates 8 --strategy generative_synthesis "
                               "--out run";
    REQUIRE(run_atto(scratch, search).code == 0);
    fs::create_directory(scratch / "mine");
    fs::copy_file(ATTO_BIN_DIR "/atto", scratch / "atto");  // the build may lie in a private folder
  }
  Ended read(const std::string& arguments) const {
    std::string command =
        "chmod 755 . && chmod -R a-w,a+rX run && chmod 777 mine && rm -f out err; ";
    // Rights do not bind the superuser.
    const std::string user =
        ::geteuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups env TMPDIR=/tmp "
                         : "";
    command = "cd '" + (scratch / "").string() + "' && " + command + user + "./atto " + arguments +
              " >out 2>err";
    const int status = std::system(command.c_str());
    const Ended ended{WEXITSTATUS(status), read_text(scratch / "out"), read_text(scratch / "err")};
    std::system(("chmod -R u+w '" + (scratch / "run").string() + "'").c_str());
    return ended;
  }
  void alter(const std::string& statement) const {
    soci::session sql(soci::sqlite3, "dbname=\"" + (scratch / "run/ledger.db").string() + "\"");
    sql << statement;
  }
  int files() const {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(scratch / "run")) count += entry.exists();
    return count;
  }
  const Scratch scratch;
};

}  // namespace

TEST_CASE(
    "A run folder that one may only read is shown, explained and reported, and not written to") {
  const Shared shared;
  const json status = json::parse(run_atto(shared.scratch, "status run --json").out);
  const auto reads = [&] {
    const int files = shared.files();
    const Ended shown = shared.read("status run --json");
    INFO(shown.err);
    REQUIRE(shown.code == 0);
    CHECK(json::parse(shown.out).at("tiers") == status.at("tiers"));
    CHECK(json::parse(shown.out).at("state") == "finished");
    CHECK(shared.read("explain run").code == 0);
    CHECK(shared.read("steer run").out == "nobody has steered this campaign yet\n");
    CHECK(shared.read("report run --out mine/page.html").code == 0);
    CHECK(fs::exists(shared.scratch / "mine/page.csv"));
    CHECK(shared.files() == files);
  };
  SECTION("as its campaign left it") {
    reads();
    const Ended report = shared.read("report run");
    CHECK(report.code == 4);
    CHECK(report.err.find("the run folder is read-only for this user (--out FILE names another "
                          "place): Permission denied: run\n") != std::string::npos);
    for (const std::string command :
         {"steer run --note x", "resume run", "resume run --candidates 9", "worker run --fake"}) {
      const Ended refused = shared.read(command);
      INFO(command << ": " << refused.err);
      CHECK(refused.code == 4);
      CHECK(refused.err.find("the run folder is read-only for this user, and this has to write to "
                             "it: Permission denied: run\n") != std::string::npos);
    }
  }
  SECTION("while somebody writes to it") {
    const auto writer = open_ledger(shared.scratch / "run");
    writer->add_event("note", "a write that lies in the log");
    reads();
    CHECK(shared.read("status run").out.find("a write that lies in the log") != std::string::npos);
  }
  SECTION("with a log that nobody has brought into it, as a copy of a run that goes on has") {
    const auto run = shared.scratch / "run";
    {
      const auto writer = open_ledger(run);
      writer->add_event("note", "a write that lies in the log");
      for (const char* name : {"ledger.db", "ledger.db-wal"})
        fs::copy_file(run / name, shared.scratch / name);
    }
    for (const char* name : {"ledger.db", "ledger.db-wal"})
      fs::copy_file(shared.scratch / name, run / name, fs::copy_options::overwrite_existing);
    CHECK(shared.read("status run").out.find("a write that lies in the log") != std::string::npos);
    reads();
  }
  SECTION("of an earlier version") {
    for (const char* statement : kToSchema6) shared.alter(statement);
    shared.alter("DROP TABLE steering_places");
    shared.alter("ALTER TABLE jobs DROP COLUMN process");
    shared.alter("UPDATE meta SET value = '5' WHERE key = 'schema'");
    reads();
    CHECK(shared.files() >= 6);
  }
}
