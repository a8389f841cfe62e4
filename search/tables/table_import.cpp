#include "search/tables/table_import.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "design_specs/json_text.hpp"
#include "design_specs/reading/problems.hpp"
#include "generator/space/feasible_space.hpp"
#include "search/tables/row_file.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);
constexpr int kLongestTraining = 100000;
constexpr std::string_view kTest = "test_";

struct RowColumns {
  std::vector<std::size_t> decisions;
  std::size_t epochs = kAbsent, seed = kAbsent, value = kAbsent, test = kAbsent,
              cpu_seconds = kAbsent, params = kAbsent, macs = kAbsent;
  spec::Score score;
};

const spec::Score* find_score(std::string_view name) {
  for (const spec::TaskKind& kind : spec::task_kinds())
    for (const spec::Score& score : kind.scores)
      if (score.name == name) return &score;
  return nullptr;
}

class Importer {
 public:
  Importer(RowFile rows, const net::Prototype& prototype)
      : rows_(std::move(rows)),
        prototype_(prototype),
        space_(prototype, prototype.written_input(), {}, 0) {}

  ImportedTable run() {
    read_names();
    stop_at_problems();
    for (const RowFile::Row& row : rows_.rows) {
      add(row);
      if (problems_.size() > SpecError::kMaxShown) break;
    }
    stop_at_problems();
    gather();
    stop_at_problems();
    imported_.has_seconds = columns_.cpu_seconds != kAbsent;
    imported_.rows = rows_.rows.size();
    return std::move(imported_);
  }

 private:
  /// What one training gave at one fidelity.
  using Run = std::map<int, TableResult>;
  struct Design {
    net::Assignment assignment;
    spec::Costs costs;
    std::map<std::int64_t, Run> runs;  ///< by seed
    std::map<std::int64_t, const RowFile::Row*> first_rows;
    std::map<std::int64_t, net::Assignment> owners;  ///< of two names for one network the first
    std::map<std::pair<net::Assignment, int>, std::int64_t> counted;  ///< rows without a seed
  };

  void refuse(const RowFile::Row& row, std::size_t field, std::string rule) {
    problems_.push_back({rows_.place(row, field), rows_.names[field], std::move(rule),
                         row.fields[field].empty() ? "nothing" : row.fields[field]});
  }
  void stop_at_problems() {
    if (!problems_.empty()) throw SpecError(std::move(problems_));
  }

  void read_names() {
    const std::pair<std::string_view, std::size_t*> known[] = {
        {"epochs", &columns_.epochs},
        {"seed", &columns_.seed},
        {"cpu_seconds", &columns_.cpu_seconds},
        {"params", &columns_.params},
        {"macs", &columns_.macs}};
    std::set<std::string> seen;
    for (std::size_t i = 0; i < rows_.names.size(); ++i) {
      const std::string& name = rows_.names[i];
      const auto wrong = [&](const std::string& rule) {
        problems_.push_back({fmt::format("{}:1:{}", rows_.file, i + 1), "", rule, name});
      };
      if (!seen.insert(name).second) wrong("a name stands once");
      const auto found = std::find_if(std::begin(known), std::end(known),
                                      [&](const auto& one) { return one.first == name; });
      if (found != std::end(known)) {
        *found->second = i;
      } else if (const spec::Score* score = find_score(name)) {
        if (columns_.value != kAbsent) wrong("there is one score, and \"test_\" with its name");
        columns_.value = i, columns_.score = *score;
      } else if (name.starts_with(kTest) && find_score(name.substr(kTest.size()))) {
        columns_.test = i;
      } else if (is_decision(name)) {
        columns_.decisions.push_back(i);
      } else {
        wrong(
            "must be a decision's path, epochs, seed, a score, \"test_\" and a score, "
            "cpu_seconds, params or macs" +
            hint(name));
      }
    }
    const auto need = [&](std::size_t column, const char* rule) {
      if (column == kAbsent) problems_.push_back({rows_.file + ":1", "", rule, ""});
    };
    need(columns_.epochs, "lacks the column epochs");
    need(columns_.value, "lacks a column with a score, such as top1");
    if (columns_.test != kAbsent && columns_.value != kAbsent &&
        rows_.names[columns_.test].substr(kTest.size()) != columns_.score.name)
      problems_.push_back({fmt::format("{}:1:{}", rows_.file, columns_.test + 1), "",
                           "must be test_" + columns_.score.name, rows_.names[columns_.test]});
  }

  bool is_decision(const std::string& pattern) const {
    const auto& all = prototype_.decisions();
    return std::any_of(all.begin(), all.end(), [&](const net::Decision& decision) {
      return net::path_matches(pattern, decision.path);
    });
  }

  std::string hint(const std::string& name) const {
    std::vector<std::string_view> paths;
    for (const net::Decision& decision : prototype_.decisions()) paths.push_back(decision.path);
    const std::string_view near = spec::nearest_name(name, paths);
    return near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near);
  }

  void add(const RowFile::Row& row) {
    const std::size_t before = problems_.size();
    const auto assignment = assignment_of(row);
    const std::optional<double> epochs = number(row, columns_.epochs, 1, kLongestTraining, true);
    const TableResult result = result_of(row);
    if (problems_.size() > before || !assignment || !epochs) return;
    const gen::Candidate* candidate = candidate_of(*assignment, row);
    if (!candidate || !counts_agree(*candidate, row)) return;
    Design& design = designs_[candidate->hash];
    if (design.assignment.empty())
      design.assignment = candidate->assignment, design.costs = candidate->costs;
    const int to_epoch = static_cast<int>(*epochs);
    std::int64_t seed = 0;
    if (columns_.seed == kAbsent)
      seed = design.counted[{*assignment, to_epoch}]++;
    else if (const auto given = number(row, columns_.seed, -9e15, 9e15, true))
      seed = static_cast<std::int64_t>(*given);
    else
      return;
    const auto [owner, is_new] = design.owners.try_emplace(seed, *assignment);
    if (!is_new && owner->second != *assignment) return void(++imported_.repeated);
    design.first_rows.try_emplace(seed, &row);
    if (!design.runs[seed].try_emplace(to_epoch, result).second)
      refuse(row, columns_.epochs, "a design has one row for a seed and a number of epochs");
    epochs_.insert(to_epoch);
  }

  std::optional<net::Assignment> assignment_of(const RowFile::Row& row) {
    const auto& decisions = prototype_.decisions();
    net::Assignment assignment(decisions.size(), net::kInactive);
    std::vector<std::size_t> given(decisions.size(), kAbsent);
    for (const std::size_t column : columns_.decisions) {
      if (row.fields[column].empty()) continue;
      for (const auto& [decision, index] : values_of(row, column)) {
        assignment[static_cast<std::size_t>(decision)] = index;
        given[static_cast<std::size_t>(decision)] = column;
      }
    }
    for (std::size_t d = 0; d < decisions.size(); ++d) {
      const bool exists = is_active(decisions, assignment, static_cast<net::DecisionId>(d));
      if (exists && assignment[d] == net::kInactive && decisions[d].alternatives == 1)
        assignment[d] = 0;
      if (exists == (assignment[d] != net::kInactive)) continue;
      if (!exists) {
        // A pattern may also name decisions that this design does not have.
        if (rows_.names[given[d]].find("[*]") == std::string::npos)
          refuse(row, given[d], "must be empty: the other choices leave no such decision");
        assignment[d] = net::kInactive;
      } else {
        problems_.push_back({fmt::format("{}:{}", rows_.file, row.line), decisions[d].path,
                             "a design takes every decision that it has", "nothing"});
        return {};
      }
    }
    return assignment;
  }

  const std::vector<std::pair<net::DecisionId, std::int32_t>>& values_of(const RowFile::Row& row,
                                                                         std::size_t column) {
    const auto [known, is_new] = pins_.try_emplace({column, row.fields[column]});
    if (is_new) try {
        known->second = net::read_pin(prototype_, rows_.names[column] + "=" + row.fields[column]);
      } catch (const SpecError& error) {
        refuse(row, column, error.problems().front().rule);
      }
    return known->second;
  }

  std::optional<double> number(const RowFile::Row& row, std::size_t column, double low, double high,
                               bool is_whole = false) {
    const std::string& text = row.fields[column];
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value >= low && value <= high &&
        (!is_whole || value == std::floor(value)))
      return value;
    refuse(row, column,
           fmt::format("must be a {} from {:g} to {:g}", is_whole ? "whole number" : "number", low,
                       high));
    return {};
  }

  TableResult result_of(const RowFile::Row& row) {
    const spec::Score& score = columns_.score;
    TableResult result;
    const std::string& value = row.fields[columns_.value];
    result.diverged = value.empty() || value == "nan" || value == "NaN";
    if (!result.diverged)
      result.value = number(row, columns_.value, score.low, score.high).value_or(0);
    if (columns_.test != kAbsent && !result.diverged)
      result.test = number(row, columns_.test, score.low, score.high).value_or(0);
    if (columns_.cpu_seconds != kAbsent)
      result.cpu_seconds = number(row, columns_.cpu_seconds, 0, 1e12).value_or(0);
    return result;
  }

  const gen::Candidate* candidate_of(const net::Assignment& assignment, const RowFile::Row& row) {
    const auto [known, is_new] = candidates_.try_emplace(assignment);
    if (is_new) known->second = space_.evaluate(assignment);
    if (known->second) return &*known->second;
    problems_.push_back(
        {fmt::format("{}:{}", rows_.file, row.line), "",
         "these choices give no network: " + net::realise(prototype_, assignment).broken, ""});
    return nullptr;
  }

  bool counts_agree(const gen::Candidate& candidate, const RowFile::Row& row) {
    const std::size_t before = problems_.size();
    const auto check = [&](std::size_t column, std::int64_t counted) {
      if (column == kAbsent) return;
      const std::optional<double> said = number(row, column, 0, 1e18, true);
      if (said && static_cast<std::int64_t>(*said) != counted)
        refuse(row, column, fmt::format("must be {}, as this design has", counted));
    };
    check(columns_.params, candidate.costs.params);
    check(columns_.macs, candidate.costs.macs);
    return problems_.size() == before;
  }

  void gather() {
    Table& table = imported_.stored.table;
    table.score = columns_.score;
    table.rungs.assign(epochs_.begin(), epochs_.end());
    for (auto& [hash, design] : designs_) {
      TableDesign made{hash, design.assignment, design.costs, {}, {}, 0};
      for (auto& [seed, run] : design.runs) {
        std::vector<TableResult>& results = made.runs.emplace_back();
        double before = 0;
        for (const int epochs : table.rungs) {
          const auto found = run.find(epochs);
          if (found == run.end()) {
            refuse(*design.first_rows.at(seed), columns_.epochs,
                   fmt::format("this design and seed lack a row of {} epochs", epochs));
            break;
          }
          TableResult& result = found->second;
          if (columns_.cpu_seconds == kAbsent)
            result.cpu_seconds = double(epochs) / double(table.rungs.back());
          if (result.cpu_seconds < before)
            refuse(*design.first_rows.at(seed), columns_.cpu_seconds,
                   "must rise with the epochs of a training");
          before = result.cpu_seconds;
          results.push_back(std::move(result));
        }
      }
      table.add(std::move(made));
    }
  }

  RowFile rows_;
  const net::Prototype& prototype_;
  gen::FeasibleSpace space_;
  RowColumns columns_;
  std::map<std::pair<std::size_t, std::string>,
           std::vector<std::pair<net::DecisionId, std::int32_t>>>
      pins_;
  std::map<net::Assignment, std::optional<gen::Candidate>> candidates_;
  std::map<std::uint64_t, Design> designs_;
  std::set<int> epochs_;
  std::vector<Problem> problems_;
  ImportedTable imported_;
};

/// A spec without limits, as a table keeps one.
std::string spec_text_of(const Table& table, const net::Prototype& prototype,
                         const std::string& file) {
  const net::TaskInput input = prototype.written_input();
  const nlohmann::json json = {
      {"format", 1},
      {"name", prototype.name()},
      {"prototype", file},
      {"task",
       {{"dataset", fmt::format("synthetic:classes={},size={},channels={}", input.classes,
                                input.input.height, input.input.channels)}}},
      {"require", nlohmann::json::object()},
      {"maximise", table.score.name},
      {"search", {{"strategy", "random"}, {"candidates", 1}, {"rungs", table.rungs}, {"band", 0}}}};
  return spec::json_text(json, 2);
}

}  // namespace

ImportedTable import_table(const fs::path& rows, spec::JsonFile written, const std::string& data) {
  const net::Prototype prototype(std::move(written.document));
  net::expect_one_network(prototype, "a table");
  ImportedTable imported = Importer(read_rows(rows), prototype).run();
  StoredTable& stored = imported.stored;
  stored.prototype_text = std::move(written.text);
  stored.input = prototype.written_input();
  stored.data = data;
  stored.spec_text =
      spec_text_of(stored.table, prototype, fs::path(prototype.file()).filename().string());
  return imported;
}

}  // namespace atto::search
