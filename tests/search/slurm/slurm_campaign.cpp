#include "tests/search/slurm/slurm_campaign.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "search/ledger/open_ledger.hpp"

namespace atto::test {
namespace {

using nlohmann::json;

/// A spec whose window keeps 16 workers busy.
void write_spec(const Scratch& scratch) {
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = kSource + "/tests/search/data/tiny_prototype.json";
  spec["search"]["window"] = 16;
  spec["search"]["candidates"] = 32;
  write_text(scratch / "spec.json", spec.dump(1));
}

constexpr int kLongestWait = 900;
constexpr const char* kSearch = "search spec.json --evaluator fake --out ";

}  // namespace

SlurmCampaign::SlurmCampaign(std::string ledger, const std::string& controller)
    : cluster(2, 8, controller), ledger_(std::move(ledger)) {
  write_spec(scratch);
  const Ended ended = run_atto(scratch, std::string(kSearch) + "local --workers 1");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  expected = boards_of(scratch, scratch / "local");
}

SlurmCampaign::~SlurmCampaign() {
  if (process != 0) wait_for(process, 0);
}

void SlurmCampaign::start(json profile, const std::string& epoch_seconds) {
  profile["format"] = 1;
  if (!profile.contains("workers")) profile["workers"] = 16;
  write_text(scratch / "cluster.json", profile.dump());
  go(std::string(kSearch) + "run --slurm cluster.json" +
         (ledger_.empty() ? "" : " --ledger " + ledger_),
     epoch_seconds);
}

void SlurmCampaign::go(const std::string& arguments, const std::string& epoch_seconds) {
  process = start_atto(scratch, arguments,
                       cluster.environment() + "ATTO_FAKE_EPOCH_SECONDS=" + epoch_seconds);
}

std::int64_t SlurmCampaign::done() const {
  try {
    return search::open_ledger(scratch / "run")->totals().done;
  } catch (const std::exception&) {
    return -1;
  }
}

void SlurmCampaign::wait_until(std::int64_t count) const {
  for (int i = 0; i < 600 && done() < count; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  INFO(log());
  REQUIRE(done() >= count);
}

void SlurmCampaign::check_end(const std::string& said) {
  const int code = wait_for(process, kLongestWait);
  process = 0;
  INFO(log());
  REQUIRE(code == 0);
  CHECK(boards_of(scratch, scratch / "run") == expected);
  CHECK(log().find(said) != std::string::npos);
  CHECK(cluster.shell("squeue --noheader --states=PD,R").empty());
}

}  // namespace atto::test
