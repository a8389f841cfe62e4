// A task that no spec of ours has, from its spec to its table: an error to be made small and a hit
// rate. The ledger tells the programs what its scores are.
#include <catch2/catch.hpp>

#include "search/campaign/campaign.hpp"
#include "search/campaign/run_folder.hpp"
#include "search/ledger/open_ledger.hpp"
#include "search/tables/calibration.hpp"
#include "tests/search/process/process.hpp"

using namespace atto;
using namespace atto::test;
using nlohmann::json;

namespace {

/// Values are 1 + 4 x (1 - quality): from 5, as bad as can be, down to 1.
const spec::TaskKind kCounting = {
    "counting",
    {{"error", "count error", "mean count error", spec::Unit::Number, spec::Better::Less, 1, 5,
      true},
     {"hits", "hit rate", "hit rate", spec::Unit::Share, spec::Better::More, 0, 1, true}}};

/// Makes the run folder of a campaign of the task, as `atto search` does of a task that is shipped.
void start(const Scratch& scratch, const std::string& folder, const json& changes) {
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = kSource + "/tests/search/data/tiny_prototype.json";
  spec["task"]["kind"] = "counting";
  spec["maximise"] = "error";
  spec["search"]["candidates"] = 12;
  spec.erase("export");
  spec.merge_patch(changes);
  write_text(scratch / "spec.json", spec.dump());
  search::make_run_folder(
      {scratch / folder},
      search::read_campaign(spec::read_json_file(scratch / "spec.json"), {},
                            search::EvaluatorKind::Fake, {spec::task_kinds()[0], kCounting}));
}

json finished(const Scratch& scratch, const std::string& folder, const std::string& more = "") {
  const Ended ended = run_atto(scratch, "resume " + folder + " --workers 2 " + more);
  INFO(ended.err);
  REQUIRE((ended.code == 0 || ended.code == 1));
  return boards_of(scratch, scratch / folder).at(0);
}

}  // namespace

TEST_CASE("A campaign of another task ranks by its error, the least first") {
  const Scratch scratch;
  start(scratch, "run", json::object());
  const json board = finished(scratch, "run");
  REQUIRE(board.at("leaderboard").size() == 12);
  CHECK_FALSE(board.at("winner").is_null());
  double before = 0;
  for (const json& entry : board.at("leaderboard")) {
    CHECK_FALSE(entry.contains("rung_top1"));
    if (entry.at("rung_error").at(2).is_null()) break;
    if (entry.at("finals").empty()) {
      CHECK(entry.at("rung_error").at(2) >= before);
      before = entry.at("rung_error").at(2);
      continue;
    }
    const double mean = entry.at("validation_error").at("mean");
    CHECK(mean >= 1);
    CHECK(mean < entry.at("rung_error").at(0));  // training made it smaller
    CHECK(entry.at("value") == 5 - mean);
    CHECK(entry.at("test_error").at("mean") > mean);
    CHECK(entry.at("finals").at(0).contains("test_error"));
  }
  SECTION("whoever runs it gets the same") {
    start(scratch, "again", json::object());
    CHECK(finished(scratch, "again").at("digest") == board.at("digest"));
  }
  SECTION("people read it in its own words") {
    const std::string text = run_atto(scratch, "status run").out;
    CHECK_THAT(text, Catch::Contains("eN: validation count error after N epochs"));
    CHECK_THAT(text, Catch::Contains("Pareto front of mean count error, params and MACs"));
    CHECK_THAT(text, !Catch::Contains("%") && !Catch::Contains("top-1"));
    REQUIRE(run_atto(scratch, "report run").code == 0);
    const std::string csv = read_text(scratch / "run/report.csv");
    CHECK_THAT(csv, Catch::Contains(",rung_error,validation_error,"));
    const std::string html = read_text(scratch / "run/report.html");
    CHECK_THAT(html, Catch::Contains("Mean count error and parameters"));
    CHECK_THAT(html, !Catch::Contains("ccuracy") && !Catch::Contains("tie with the best"));
  }
  SECTION("its table holds it") {
    const auto ledger = search::open_ledger(scratch / "run", search::Ledger::Access::Read);
    const search::StoredTable table =
        search::gather_table(*ledger, search::load_campaign(*ledger), 1);
    search::write_table(scratch / "t.safetensors", table);
    const search::StoredTable read = search::read_table(scratch / "t.safetensors");
    CHECK(read.table.score == kCounting.main_score());
    CHECK(read.table.designs.size() == 12);
    for (const search::TableDesign& design : read.table.designs)
      CHECK(read.table.gain(design.runs.at(0).at(0)) ==
            Approx(5 - design.runs.at(0).at(0).value).margin(1e-6));
    CHECK(search::calibrate(read).predictors.at(1).tau > 0);  // more MACs, less error
  }
}

TEST_CASE("A campaign of another task requires what its task scores, from the spec and by people") {
  const Scratch scratch;
  start(scratch, "run", {{"require", {{"error", {{"max", 1.5}}}, {"hits", {{"min", 0.5}}}}}});
  const json strict = finished(scratch, "run");
  CHECK(strict.at("winner").is_null());
  for (const json& entry : strict.at("leaderboard"))
    if (!entry.at("rung_error").at(0).is_null())
      CHECK_THAT(entry.at("misses").dump(),
                 Catch::Contains("error: ") && Catch::Contains("> max 1.5"));
  const Ended wrong = run_atto(scratch, "steer run --require top1.min=0.5");
  CHECK(wrong.code == 2);
  CHECK_THAT(wrong.err, Catch::Contains("top1: unknown key"));
  REQUIRE(run_atto(scratch, "steer run --require error.max=4.5").code == 0);
  CHECK_FALSE(finished(scratch, "run").at("winner").is_null());
  REQUIRE(run_atto(scratch, "steer run --require hits.min=0.999").code == 0);
  const json unhit = finished(scratch, "run");
  CHECK(unhit.at("winner").is_null());
  CHECK_THAT(unhit.at("leaderboard").at(0).at("misses").dump(), Catch::Contains("< min 0.999"));
}

TEST_CASE("A campaign may rank by another score than its task's first") {
  const Scratch scratch;
  start(scratch, "run", {{"maximise", "hits"}});
  const json board = finished(scratch, "run");
  CHECK(board.at("leaderboard").at(0).at("validation_hits").at("mean") > 0.5);
  CHECK_THAT(run_atto(scratch, "status run").out,
             Catch::Contains("eN: validation hit rate in % after N epochs"));
}

TEST_CASE("Tasks that are not shipped stay out of people's specs") {
  const Scratch scratch;
  start(scratch, "run", json::object());
  const Ended ended = run_atto(scratch, "check spec.json");
  CHECK(ended.code == 2);
  CHECK_THAT(ended.err, Catch::Contains("/task/kind: must be one of classification, detection, "
                                        "instance_segmentation; got \"counting\""));
}
