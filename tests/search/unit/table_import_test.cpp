// Tables of rows that others made.
#include "search/tables/table_import.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "generator/space/feasible_space.hpp"

using namespace atto;
using namespace atto::search;
using Catch::Contains;

namespace {

namespace fs = std::filesystem;

constexpr const char* kCells = R"({
  "name": "cells", "input": { "channels": 1, "height": 8, "width": 8 }, "classes": 3,
  "stages": [ { "modules": 1, "channels": 4, "module": { "chain": { "choose": [
    [ { "op": "conv", "kernel": { "choose": [3, 5] }, "channels": "module" } ],
    [ { "op": "pointwise", "channels": "module" } ] ] } } } ],
  "head": [ { "op": "global_average_pool" }, { "op": "dense" } ] })";
constexpr const char* kChain = "stages[0].modules[0].chain";
constexpr const char* kKernel = "stages[0].modules[0].chain#0[0].kernel";

class RowFolder {
 public:
  RowFolder() : path_(fs::temp_directory_path() / ("atto-import-" + std::to_string(::getpid()))) {
    fs::create_directories(path_);
    spec::write_file_atomically(path_ / "cells.json", kCells);
  }
  ~RowFolder() { fs::remove_all(path_); }
  ImportedTable import(const std::string& rows) const {
    spec::write_file_atomically(path_ / "rows.csv", rows);
    return import_table(path_ / "rows.csv", spec::read_json_file(path_ / "cells.json"), "by hand");
  }
  /// Rows under the names of both decisions and "seed,epochs,top1".
  ImportedTable plain(const std::string& rows) const {
    return import(names("seed,epochs,top1") + rows);
  }
  static std::string names(const std::string& others) {
    return std::string(kChain) + "," + kKernel + "," + others + "\n";
  }
  fs::path file(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

/// What is wrong with an import, without the folder.
std::string refusal(const std::function<void()>& import) {
  try {
    import();
  } catch (const SpecError& error) {
    std::string text = error.what();
    return text.substr(text.find("rows.csv"));
  }
  return "";
}

}  // namespace

TEST_CASE("Rows become a table of designs, seeds and rungs, and a file keeps all of it") {
  const RowFolder folder;
  const std::string rows = folder.names("cpu_seconds,seed,epochs,top1,test_top1") +
                           "#0,3,4,1,1,0.5,0.45\r\n#0,3,13,1,3,0.6,0.55\r\n"
                           "#0,5,5,1,1,0.4,0.35\n#0,5,15,1,3,,\n\n"
                           "#1,,1,1,1,0.1,0.2\n\"#1\",,3,1,3,0.2,0.3\n";
  const ImportedTable imported = folder.import(rows);
  CHECK(imported.has_seconds);
  CHECK(imported.rows == 6);
  CHECK(imported.repeated == 0);
  write_table(folder.file("table.safetensors"), imported.stored);
  const StoredTable read = read_table(folder.file("table.safetensors"));
  CHECK(read.data == "by hand");
  CHECK(read.losses.empty());
  for (const Table* table : {&imported.stored.table, &read.table}) {
    CHECK(table->score.name == "top1");
    CHECK(table->rungs == std::vector<int>{1, 3});
    REQUIRE(table->designs.size() == 3);
    int found = 0;
    for (const TableDesign& design : table->designs) {
      REQUIRE(design.runs.size() == 1);
      const std::vector<TableResult>& run = design.runs[0];
      if (design.assignment == net::Assignment{0, 0}) {
        CHECK(run[1].value == Catch::Detail::Approx(0.6));
        CHECK(run[1].test == Catch::Detail::Approx(0.55));
        CHECK(run[1].cpu_seconds == 13);
        CHECK(design.costs.params == 4 * 9 + 2 * 4 + 3 * 4 + 3);
        ++found;
      } else if (design.assignment == net::Assignment{0, 1}) {
        CHECK(run[1].diverged);
        CHECK_FALSE(run[1].test);
        ++found;
      } else if (design.assignment == net::Assignment{1, net::kInactive}) {
        CHECK(run[0].value == Catch::Detail::Approx(0.1));
        // With one run alone, what it has on test images is what counts.
        CHECK(table->held_out_gain(table->index.at(design.hash), 0) == Catch::Detail::Approx(0.3));
        ++found;
      }
    }
    CHECK(found == 3);
  }
}

TEST_CASE("Without seconds a training costs one, and rows without seeds count up") {
  const RowFolder folder;
  const Table table =
      folder
          .import(RowFolder::names("epochs,top1") + "#1,,2,0.1\n#1,,8,0.2\n#1,,2,0.3\n#1,,8,0.4\n")
          .stored.table;
  REQUIRE(table.designs.size() == 1);
  REQUIRE(table.designs[0].runs.size() == 2);
  CHECK(table.designs[0].runs[0][0].cpu_seconds == 0.25);
  CHECK(table.designs[0].runs[1][1].cpu_seconds == 1);
  CHECK(table.designs[0].runs[1][0].value == 0.3);
  CHECK(table.total_cpu_seconds() == 1);
}

TEST_CASE("Narrower limits leave a part of a table") {
  const RowFolder folder;
  const Table table = folder.plain("#0,3,1,1,0.5\n#0,5,1,1,0.4\n#1,,1,1,0.1\n").stored.table;
  const net::Prototype prototype(spec::parse_json(kCells, "cells.json"));
  spec::Requirements require;
  require.params.max = 60;
  const gen::FeasibleSpace space(prototype, prototype.written_input(), require, 0);
  const Table part = allowed_part(table, space);
  CHECK(part.designs.size() == 2);
  CHECK(part.rungs == table.rungs);
}

TEST_CASE("Every row that says too little or too much is refused at its place") {
  const RowFolder folder;
  const std::pair<const char*, const char*> rows[] = {
      {"#2,,1,1,0.5\n",
       "rows.csv:2:1: stages[0].modules[0].chain: stages[0].modules[0].chain "
       "must be one of "},
      {"#0,4,1,1,0.5\n", "rows.csv:2:2: stages[0].modules[0].chain#0[0].kernel: "},
      {"#0,,1,1,0.5\n",
       "rows.csv:2: stages[0].modules[0].chain#0[0].kernel: a design takes every decision that it "
       "has; got nothing"},
      {"#1,3,1,1,0.5\n", "must be empty: the other choices leave no such decision; got 3"},
      {"#1,,one,1,0.5\n", "rows.csv:2:3: seed: must be a whole number from"},
      {"#1,,1,0,0.5\n", "rows.csv:2:4: epochs: must be a whole number from 1 to 100000; got 0"},
      {"#1,,1,1.5,0.5\n", "epochs: must be a whole number from 1 to 100000; got 1.5"},
      {"#1,,1,1e30,0.5\n", "epochs: must be a whole number"},
      {"#1,,1,1,50\n", "rows.csv:2:5: top1: must be a number from 0 to 1; got 50"},
      {"#1,,1,1,0.5x\n", "top1: must be a number from 0 to 1; got 0.5x"},
      {"#1,,1,1\n", "rows.csv:2: must have 5 fields, as the first line; got 4"},
      {"#1,,1,1,0.5\n#1,,1,1,0.6\n",
       "rows.csv:3:4: epochs: a design has one row for a seed and a number of epochs; got 1"},
      {"#1,,1,1,0.5\n#1,,2,3,0.6\n", "this design and seed lack a row of 3 epochs"},
      {"\"#1,,1,1,0.5\n", "rows.csv:2: a quotation mark must be closed"},
      {"\"#1\"x,,1,1,0.5\n", "rows.csv:2: after a quoted field comes a comma"},
      {"", "rows.csv: must have a line of names, and rows after it"},
  };
  for (const auto& [text, wanted] : rows) {
    INFO(text);
    CHECK_THAT(refusal([&] { folder.plain(text); }), Contains(wanted));
  }
}

TEST_CASE("Names of columns that say nothing, and counts that are not ours, are refused") {
  const RowFolder folder;
  const std::string decisions = std::string(kChain) + ",";
  const std::pair<std::string, const char*> files[] = {
      {decisions + "stages[0].modules[0].chain#0[0].kernle,epochs,top1\n#1,,1,0.5\n",
       "rows.csv:1:2: must be a decision's path, epochs, seed, a score, \"test_\" and a score, "
       "cpu_seconds, params or macs; did you mean"},
      {decisions + "epochs\n#1,1\n", "rows.csv:1: lacks a column with a score, such as top1"},
      {decisions + "top1\n#1,0.5\n", "rows.csv:1: lacks the column epochs"},
      {decisions + "epochs,epochs,top1\n#1,1,1,0.5\n", "rows.csv:1:3: a name stands once"},
      {decisions + "epochs,top1,top5\n#1,1,0.5,0.9\n", "rows.csv:1:4: there is one score"},
      {decisions + "epochs,top1,test_top5\n#1,1,0.5,0.9\n", "rows.csv:1:4: must be test_top1"},
      {decisions + "epochs,top1,params\n#1,1,0.5,28\n",
       "rows.csv:2:4: params: must be 27, as this design has; got 28"},
      {decisions + "epochs,top1,cpu_seconds\n#1,1,0.5,8\n#1,2,0.5,7\n",
       "must rise with the epochs of a training"},
      {"", "rows.csv: must have a line of names, and rows after it"},
  };
  for (const auto& [text, wanted] : files) {
    INFO(text);
    CHECK_THAT(refusal([&] { folder.import(text); }), Contains(wanted));
  }
}
