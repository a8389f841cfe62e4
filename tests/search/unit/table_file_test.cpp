// Tables as files, their quality, and calibration on them.
#include "search/tables/table_file.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/seeds/random.hpp"
#include "search/campaign/useful_scores.hpp"
#include "search/tables/calibration.hpp"
#include "search/tables/table_quality.hpp"

using namespace atto;
using namespace atto::search;
using Catch::Detail::Approx;

namespace {

struct File {
  std::filesystem::path path = std::filesystem::temp_directory_path() /
                               ("atto-table-" + std::to_string(::getpid()) + ".safetensors");
  ~File() { std::filesystem::remove(path); }
};

constexpr const char* kPrototype = R"({
  "name": "p", "input": { "channels": 1, "height": 8, "width": 8 }, "classes": 4,
  "stages": [ { "modules": 1, "channels": { "range": [8, 4000], "step": 1 },
    "module": { "chain": [ { "op": "pointwise" } ] } } ],
  "head": [ { "op": "global_average_pool" }, { "op": "dense" } ] })";

/// Designs whose accuracy is `accuracy(i)` in every run, plus noise of a run's own.
StoredTable table_of(int designs, int runs, double noise, double (*accuracy)(int)) {
  StoredTable stored;
  stored.spec_text = "{}";
  stored.prototype_text = kPrototype;
  stored.input = {{1, 8, 8}, 4};
  stored.data = "none";
  stored.environment = "evaluator=test\n";
  stored.table.rungs = {1, 3};
  spec::Random random(5);
  for (int i = 0; i < designs; ++i) {
    TableDesign design;
    design.hash = 0xffffffff00000000ULL + static_cast<std::uint64_t>(i);
    design.assignment = {i};
    design.costs = {100 + i % 7, 200 + i % 5, 300, 400};
    for (int run = 0; run < runs; ++run) {
      std::vector<TableResult> results;
      for (int rung = 0; rung < 2; ++rung)
        results.push_back({static_cast<float>(accuracy(i) + noise * random.normal()),
                           false,
                           1.0 + 2 * rung,
                           {{"", {0.5, 0.25, 1, 2, 3, 4}}, {"stages[0].modules[0]", {}}},
                           0.125});
      design.runs.push_back(results);
      stored.losses.push_back({2, 1.5, 1});
    }
    // The first score orders as the accuracy does, the second is noise.
    design.scores[""] = {accuracy(i), random.normal(), 0.25, 0};
    design.score_cpu_seconds = 0.5;
    stored.table.add(std::move(design));
  }
  return stored;
}

double rising(int i) {
  return 0.5 + 0.3 * std::sin(i * 1.7);
}

}  // namespace

TEST_CASE("a table comes back from its file as it was written") {
  const File file;
  StoredTable stored = table_of(9, 3, 0.01, rising);
  stored.table.designs[4].runs[1][1].diverged = true;
  write_table(file.path, stored);
  const StoredTable read = read_table(file.path);
  CHECK(read.data == stored.data);
  CHECK(read.environment == stored.environment);
  CHECK(read.losses == stored.losses);
  REQUIRE(read.table.designs.size() == 9);
  CHECK(read.table.rungs == stored.table.rungs);
  for (std::size_t i = 0; i < 9; ++i) {
    const TableDesign &a = read.table.designs[i], &b = stored.table.designs[i];
    CHECK(a.hash == b.hash);
    CHECK(a.assignment == b.assignment);
    CHECK(a.costs == b.costs);
    CHECK(a.scores.at("").log_synflow == static_cast<float>(b.scores.at("").log_synflow));
    CHECK(a.score_cpu_seconds == 0.5);
    REQUIRE(a.runs.size() == 3);
    CHECK(a.runs[2][1].value == b.runs[2][1].value);
    CHECK(a.runs[2][1].cpu_seconds == 3);
    CHECK(a.runs[2][1].probe_cpu_seconds == 0.125);
    CHECK(a.runs[2][1].responses == b.runs[2][1].responses);
  }
  CHECK(read.table.designs[4].runs[1][1].diverged);
  CHECK_FALSE(read.table.designs[4].runs[1][0].diverged);
}

TEST_CASE("a table is of its campaign's score, and one that does not say is of the first task's") {
  const File file;
  StoredTable stored = table_of(9, 2, 0.01, rising);
  const spec::Score error{"error", "error", "mean error", spec::Unit::Number, spec::Better::Less,
                          0,       2,       true};
  stored.table.score = error;
  stored.table.designs[4].runs[1][1].diverged = true;
  write_table(file.path, stored);
  const Table read = read_table(file.path).table;
  CHECK(read.score == error);
  CHECK(read.gain(read.designs[4].runs[1][1]) == 0);
  CHECK(read.gain(read.designs[2].runs[0][1]) == 2 - stored.table.designs[2].runs[0][1].value);
  CHECK(read.held_out_gain(2, 0) == 2 - stored.table.designs[2].runs[1][1].value);
  stored.table.score = {};
  stored.table.score.name = "top1";
  write_table(file.path, stored);
  std::string bytes = spec::read_file(file.path);
  bytes.replace(bytes.find("\"score\""), 7, "\"scorn\"");
  spec::write_file_atomically(file.path, bytes);
  CHECK(read_table(file.path).table.score == spec::task_kinds().front().main_score());
}

TEST_CASE("a file that is no table is refused") {
  const File file;
  StoredTable stored = table_of(3, 1, 0, rising);
  write_table(file.path, stored);
  const std::string bytes = spec::read_file(file.path);
  SECTION("another format") {
    std::string other = bytes;
    other.replace(other.find("atto-table 1"), 12, "atto-table 9");
    spec::write_file_atomically(file.path, other);
    CHECK_THROWS_AS(read_table(file.path), SpecError);
  }
  SECTION("a tensor under another name") {
    std::string other = bytes;
    other.replace(other.find("\"top1\""), 6, "\"top2\"");
    spec::write_file_atomically(file.path, other);
    CHECK_THROWS_AS(read_table(file.path), SpecError);
  }
  SECTION("cut short") {
    spec::write_file_atomically(file.path, bytes.substr(0, bytes.size() - 5));
    CHECK_THROWS_AS(read_table(file.path), SpecError);
  }
}

TEST_CASE("a cut table keeps whole designs") {
  const File file;
  StoredTable stored = table_of(9, 2, 0.01, rising);
  cut_table(stored, 4);
  write_table(file.path, stored);
  const StoredTable read = read_table(file.path);
  CHECK(read.table.designs.size() == 4);
  CHECK(read.losses.size() == 8);
  CHECK(read.table.index.size() == 4);
}

TEST_CASE("quality tells seed noise from differences between designs") {
  const TableQuality clear = table_quality(table_of(200, 3, 0.01, rising).table);
  CHECK(clear.seed_deviation == Approx(0.01).epsilon(0.15));
  CHECK(clear.design_deviation == Approx(0.3 / std::sqrt(2.0)).epsilon(0.1));
  CHECK(clear.between_seeds > 0.95);
  CHECK(clear.to_top.at(0) > 0.95);
  CHECK(clear.to_top.at(1) == Approx(1));
  CHECK(clear.cpu_seconds == Approx(200 * (3 * (3 + 0.25) + 0.5)));
  const TableQuality noisy = table_quality(table_of(200, 3, 1.0, rising).table);
  CHECK(noisy.between_seeds < 0.3);
}

TEST_CASE("calibration switches off what says nothing beyond the sizes") {
  const Calibration calibration = calibrate(table_of(60, 1, 0.02, rising));
  REQUIRE(calibration.predictors.size() == 8);
  CHECK(calibration.designs == 60);
  const auto find = [&](const std::string& name) {
    for (const Calibrated& predictor : calibration.predictors)
      if (predictor.name == name) return predictor;
    return Calibrated{};
  };
  CHECK(find("log_synflow").tau > 0.8);
  CHECK(find("log_synflow").has_signal());
  CHECK(find("first_rung").has_signal());
  CHECK_FALSE(find("first_rung").is_score);
  // Constants order nothing; neither does noise with this seed.
  CHECK(calibration.switched_off() ==
        std::vector<std::string>{"naswot", "expressivity", "trainability"});
  SECTION("and the file says so") {
    const File file;
    spec::write_file_atomically(file.path, calibration_json(calibration));
    CHECK(read_switched_off(file.path) == calibration.switched_off());
    spec::write_file_atomically(file.path, R"({"switched_off": ["params"]})");
    CHECK_THROWS_AS(read_switched_off(file.path), SpecError);
  }
  SECTION("a score that is off is the same everywhere") {
    net::ScoresByModule scores = {{"", {1, 2, 3, 4}}, {"stages[0].modules[0]", {5, 6, 7, 8}}};
    switch_off(scores, {"naswot", "trainability"});
    CHECK(scores.at("") == net::ZeroCostScores{1, 0, 3, 0});
    CHECK(scores.at("stages[0].modules[0]") == net::ZeroCostScores{5, 0, 7, 0});
  }
}
