#include "search/tables/table_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "design_specs/json_text.hpp"
#include "prototypes/network/identity.hpp"
#include "prototypes/network/weights.hpp"
#include "search/campaign/judging.hpp"
#include "search/campaign/task_json.hpp"

namespace atto::search {
namespace {

constexpr const char* kFormat = "atto-table 1";
constexpr std::size_t kResponses = net::kResponseNames.size(), kScores = net::kScoreNames.size();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

template <class T>
net::Tensor tensor_of(net::Tensor::Type type, std::vector<std::int64_t> shape,
                      const std::vector<T>& values) {
  net::Tensor tensor{type, std::move(shape), {}};
  tensor.bytes.resize(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

net::Tensor floats(std::vector<std::int64_t> shape, const std::vector<float>& values) {
  return tensor_of(net::Tensor::Type::F32, std::move(shape), values);
}
net::Tensor integers(std::vector<std::int64_t> shape, const std::vector<std::int64_t>& values) {
  return tensor_of(net::Tensor::Type::I64, std::move(shape), values);
}

std::int64_t size_of(std::size_t count) {
  return static_cast<std::int64_t>(count);
}

/// All module paths of the table.
std::vector<std::string> module_names(const Table& table) {
  std::set<std::string> names;
  for (const TableDesign& design : table.designs) {
    for (const auto& [path, score] : design.scores) names.insert(path);
    for (const auto& run : design.runs)
      for (const TableResult& result : run)
        for (const auto& [path, response] : result.responses) names.insert(path);
  }
  return {names.begin(), names.end()};
}

/// The tensor of the score on images that no search sees.
std::string test_name(const spec::Score& score) {
  return "test_" + score.name;
}

bool has_test(const Table& table) {
  return std::any_of(table.designs.begin(), table.designs.end(), [](const TableDesign& design) {
    return std::any_of(design.runs.begin(), design.runs.end(),
                       [](const auto& run) { return run.back().test.has_value(); });
  });
}

/// Appends a row of `count` numbers a module; NaN where a module has none.
template <class Map>
void append_rows(std::vector<float>& to, const std::vector<std::string>& modules, const Map& map,
                 std::size_t count) {
  for (const std::string& module : modules) {
    const auto found = map.find(module);
    if (found == map.end()) {
      to.insert(to.end(), count, kNaN);
      continue;
    }
    for (double value : net::values_of(found->second)) to.push_back(static_cast<float>(value));
  }
}

/// The fields of a file, checked as they are read.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : path_(path.string()), file_(net::read_safetensors(path)) {
    if (text("format") != kFormat) refuse("is no table of results");
  }

  bool has_text(const char* key) const { return file_.metadata.count(key) > 0; }
  bool has_tensor(const std::string& name) const { return file_.tensors.count(name) > 0; }
  std::string text(const char* key) const {
    const auto found = file_.metadata.find(key);
    if (found == file_.metadata.end()) refuse(fmt::format("lacks \"{}\"", key));
    return found->second;
  }
  /// `before`: of tables that do not say.
  spec::Score score(const spec::Score& before) const {
    if (!has_text("score")) return before;
    try {
      return read_score(nlohmann::json::parse(text("score")));
    } catch (const nlohmann::json::exception&) {
      refuse("\"score\" cannot be read");
    }
  }
  std::vector<float> floats(const char* name, std::size_t count) const {
    return values<float>(name, net::Tensor::Type::F32, count);
  }
  std::vector<std::int64_t> integers(const char* name, std::size_t count) const {
    return values<std::int64_t>(name, net::Tensor::Type::I64, count);
  }
  std::size_t length(const char* name) const {
    const net::Tensor& found = tensor(name);
    return found.shape.empty() ? 0 : static_cast<std::size_t>(found.shape[0]);
  }
  [[noreturn]] void refuse(const std::string& rule) const {
    throw SpecError({{path_, "", rule, ""}});
  }

 private:
  const net::Tensor& tensor(const char* name) const {
    const auto found = file_.tensors.find(name);
    if (found == file_.tensors.end()) refuse(fmt::format("lacks the tensor {}", name));
    return found->second;
  }
  template <class T>
  std::vector<T> values(const char* name, net::Tensor::Type type, std::size_t count) const {
    const net::Tensor& from = tensor(name);
    if (from.type != type || from.bytes.size() != count * sizeof(T))
      refuse(fmt::format("tensor {}: has another type or size than the table's", name));
    std::vector<T> read(count);
    if (count > 0) std::memcpy(read.data(), from.bytes.data(), from.bytes.size());
    return read;
  }

  std::string path_;
  net::TensorFile file_;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// Reads one module's row; false where it holds none.
template <std::size_t kCount>
bool read_row(const float* from, std::array<double, kCount>& to) {
  if (std::isnan(from[0])) return false;
  for (std::size_t i = 0; i < kCount; ++i) to[i] = from[i];
  return true;
}

TableDesign design_of(const DesignRow& row, Ledger& ledger) {
  TableDesign design;
  design.hash = read_hash(row.hash);
  design.assignment = read_assignment(row.assignment);
  design.costs = row.costs;
  Scores scores = ledger.scores({row.hash, train::Phase::Search, 0});
  design.scores = std::move(scores.modules);
  design.score_cpu_seconds = scores.cpu_seconds;
  return design;
}

/// One run's results at the rungs; what a diverged one did not reach is diverged.
std::vector<TableResult> results_of(Ledger& ledger, const JobRow& row,
                                    const std::vector<int>& rungs, const std::string& score,
                                    std::vector<double>& losses) {
  const CurveKey key{row.job.hash, row.job.phase(), row.job.replica};
  std::vector<TableResult> results;
  double spent = 0;
  std::size_t rung = 0;
  for (const train::EpochRecord& record : ledger.curve(key)) {
    losses.push_back(record.train_loss);
    const bool is_rung = rung < rungs.size() && record.epoch == rungs[rung];
    Responses responses;
    if (is_rung) responses = ledger.responses(key, record.epoch);
    spent += record.cpu_seconds - responses.cpu_seconds;
    if (!is_rung) continue;
    ++rung;
    const std::optional<double> value = spec::find_value(record.validation, score);
    results.push_back(
        {value.value_or(0), !value, spent, std::move(responses.modules), responses.cpu_seconds});
  }
  while (results.size() < rungs.size())
    results.push_back({0, true, row.verdict.cpu_seconds, {}, 0});
  return results;
}

}  // namespace

StoredTable gather_table(Ledger& ledger, const Campaign& campaign, int seeds) {
  StoredTable stored;
  stored.spec_text = campaign.spec_text;
  stored.prototype_text = campaign.prototype_text;
  stored.input = campaign.input;
  stored.data = campaign.data;
  stored.environment = fmt::format("{}", fmt::join(ledger.environments(), "\n"));
  stored.table.score = campaign.spec.maximise.score;
  stored.table.rungs = campaign.spec.search.rungs;
  std::map<std::string, std::map<int, JobRow>> done;
  for (const JobRow& row : ledger.jobs(0, Stage::Search))
    if (row.state == State::Done && row.verdict.outcome != train::Outcome::Failed)
      done[row.job.hash][row.job.replica] = row;
  for (const DesignRow& row : ledger.designs(0)) {
    const auto& runs = done[row.hash];
    TableDesign design = design_of(row, ledger);
    for (int seed = 0; runs.count(seed) > 0; ++seed) {
      std::vector<double> losses;
      design.runs.push_back(
          results_of(ledger, runs.at(seed), stored.table.rungs, stored.table.score.name, losses));
      stored.losses.push_back(std::move(losses));
    }
    if (static_cast<int>(design.runs.size()) < seeds) {
      stored.losses.resize(stored.losses.size() - design.runs.size());
      continue;
    }
    stored.table.add(std::move(design));
  }
  return stored;
}

void write_table(const std::filesystem::path& file, const StoredTable& stored) {
  const Table& table = stored.table;
  const std::vector<std::string> modules = module_names(table);
  const std::size_t rungs = table.rungs.size();
  std::vector<std::int64_t> hashes, assignments, costs, run_design;
  std::vector<float> values, test, seconds, probe_seconds, responses, scores, score_seconds, losses;
  const std::size_t decisions = table.designs.empty() ? 0 : table.designs[0].assignment.size();
  for (std::size_t d = 0; d < table.designs.size(); ++d) {
    const TableDesign& design = table.designs[d];
    hashes.push_back(static_cast<std::int64_t>(design.hash));
    assignments.insert(assignments.end(), design.assignment.begin(), design.assignment.end());
    for (std::int64_t cost : {design.costs.params, design.costs.macs,
                              design.costs.peak_activation_bytes, design.costs.model_bytes})
      costs.push_back(cost);
    append_rows(scores, modules, design.scores, kScores);
    score_seconds.push_back(static_cast<float>(design.score_cpu_seconds));
    for (const auto& run : design.runs) {
      run_design.push_back(size_of(d));
      for (const TableResult& result : run) {
        values.push_back(result.diverged ? kNaN : static_cast<float>(result.value));
        test.push_back(result.test ? static_cast<float>(*result.test) : kNaN);
        seconds.push_back(static_cast<float>(result.cpu_seconds));
        probe_seconds.push_back(static_cast<float>(result.probe_cpu_seconds));
        append_rows(responses, modules, result.responses, kResponses);
      }
    }
  }
  const auto epochs = static_cast<std::size_t>(table.rungs.empty() ? 0 : table.rungs.back());
  for (const std::vector<double>& run : stored.losses)
    for (std::size_t epoch = 0; epoch < epochs; ++epoch)
      losses.push_back(epoch < run.size() ? static_cast<float>(run[epoch]) : kNaN);
  const std::int64_t designs = size_of(table.designs.size()), runs = size_of(run_design.size());
  const std::int64_t rows = size_of(modules.size()), levels = size_of(rungs);
  net::TensorFile out;
  out.tensors["hashes"] = integers({designs}, hashes);
  out.tensors["assignments"] = integers({designs, size_of(decisions)}, assignments);
  out.tensors["costs"] = integers({designs, 4}, costs);
  out.tensors["scores"] = floats({designs, rows, size_of(kScores)}, scores);
  out.tensors["score_seconds"] = floats({designs}, score_seconds);
  out.tensors["run_design"] = integers({runs}, run_design);
  out.tensors[table.score.name] = floats({runs, levels}, values);
  if (has_test(table)) out.tensors[test_name(table.score)] = floats({runs, levels}, test);
  out.tensors["cpu_seconds"] = floats({runs, levels}, seconds);
  out.tensors["probe_seconds"] = floats({runs, levels}, probe_seconds);
  out.tensors["responses"] = floats({runs, levels, rows, size_of(kResponses)}, responses);
  if (!losses.empty()) out.tensors["train_loss"] = floats({runs, size_of(epochs)}, losses);
  out.tensors["rungs"] =
      integers({levels}, std::vector<std::int64_t>(table.rungs.begin(), table.rungs.end()));
  out.tensors["input"] = integers({4}, {stored.input.input.channels, stored.input.input.height,
                                        stored.input.input.width, stored.input.classes});
  out.metadata = {{"format", kFormat},
                  {"spec", stored.spec_text},
                  {"prototype", stored.prototype_text},
                  {"score", spec::json_text(score_json(table.score))},
                  {"data", stored.data},
                  {"environment", stored.environment}};
  if (!modules.empty()) out.metadata["modules"] = fmt::format("{}", fmt::join(modules, "\n"));
  net::write_safetensors(file, out);
}

StoredTable read_table(const std::filesystem::path& file) {
  const Reader reader(file);
  StoredTable stored;
  stored.spec_text = reader.text("spec");
  stored.prototype_text = reader.text("prototype");
  stored.table.score = reader.score(stored.table.score);
  stored.data = reader.text("data");
  stored.environment = reader.text("environment");
  std::vector<std::string> modules;
  if (reader.has_text("modules")) modules = lines_of(reader.text("modules"));
  const std::vector<std::int64_t> input = reader.integers("input", 4);
  stored.input = {
      {static_cast<int>(input[0]), static_cast<int>(input[1]), static_cast<int>(input[2])},
      static_cast<int>(input[3])};
  const std::size_t rungs = reader.length("rungs"), designs = reader.length("hashes");
  const std::size_t runs = reader.length("run_design");
  for (std::int64_t rung : reader.integers("rungs", rungs))
    stored.table.rungs.push_back(static_cast<int>(rung));
  if (rungs == 0 || stored.table.rungs.back() < 1 || stored.table.rungs.back() > 100000)
    reader.refuse("has no rungs");
  const auto epochs = static_cast<std::size_t>(stored.table.rungs.back());
  const auto hashes = reader.integers("hashes", designs);
  const net::Prototype prototype(spec::parse_json(stored.prototype_text, file.string()));
  const std::size_t decisions = prototype.decisions().size();
  const auto assignments = reader.integers("assignments", designs * decisions);
  const auto costs = reader.integers("costs", designs * 4);
  const auto scores = reader.floats("scores", designs * modules.size() * kScores);
  const auto score_seconds = reader.floats("score_seconds", designs);
  const auto run_design = reader.integers("run_design", runs);
  const auto values = reader.floats(stored.table.score.name.c_str(), runs * rungs);
  std::vector<float> test(runs * rungs, kNaN);
  if (const std::string name = test_name(stored.table.score); reader.has_tensor(name))
    test = reader.floats(name.c_str(), runs * rungs);
  const auto seconds = reader.floats("cpu_seconds", runs * rungs);
  const auto probe_seconds = reader.floats("probe_seconds", runs * rungs);
  const auto responses = reader.floats("responses", runs * rungs * modules.size() * kResponses);
  std::vector<float> losses;
  if (reader.has_tensor("train_loss")) losses = reader.floats("train_loss", runs * epochs);
  for (std::size_t r = 0; r < runs; ++r)
    if (run_design[r] < (r == 0 ? 0 : run_design[r - 1]) || run_design[r] >= size_of(designs))
      reader.refuse("tensor run_design: must rise and stay below the number of designs");
  std::size_t run = 0;
  for (std::size_t d = 0; d < designs; ++d) {
    TableDesign design;
    design.hash = static_cast<std::uint64_t>(hashes[d]);
    for (std::size_t i = 0; i < decisions; ++i)
      design.assignment.push_back(static_cast<std::int32_t>(assignments[d * decisions + i]));
    design.costs = {costs[d * 4], costs[d * 4 + 1], costs[d * 4 + 2], costs[d * 4 + 3]};
    design.score_cpu_seconds = score_seconds[d];
    std::array<double, kScores> score{};
    for (std::size_t m = 0; m < modules.size(); ++m)
      if (read_row(scores.data() + (d * modules.size() + m) * kScores, score))
        design.scores[modules[m]] = net::scores_from(score);
    for (; run < runs && run_design[run] == size_of(d); ++run) {
      std::vector<TableResult> results;
      for (std::size_t level = 0; level < rungs; ++level) {
        const std::size_t at = run * rungs + level;
        TableResult result;
        result.diverged = std::isnan(values[at]);
        result.value = result.diverged ? 0 : values[at];
        if (!std::isnan(test[at])) result.test = test[at];
        result.cpu_seconds = seconds[at];
        result.probe_cpu_seconds = probe_seconds[at];
        std::array<double, kResponses> response{};
        for (std::size_t m = 0; m < modules.size(); ++m)
          if (read_row(responses.data() + (at * modules.size() + m) * kResponses, response))
            result.responses[modules[m]] = net::responses_from(response);
        results.push_back(std::move(result));
      }
      design.runs.push_back(std::move(results));
      if (losses.empty()) continue;
      stored.losses.emplace_back(losses.begin() + static_cast<std::ptrdiff_t>(run * epochs),
                                 losses.begin() + static_cast<std::ptrdiff_t>((run + 1) * epochs));
    }
    stored.table.add(std::move(design));
  }
  return stored;
}

void cut_table(StoredTable& stored, std::size_t count) {
  Table cut;
  cut.score = stored.table.score;
  cut.rungs = stored.table.rungs;
  std::size_t runs = 0;
  for (std::size_t d = 0; d < std::min(count, stored.table.designs.size()); ++d) {
    runs += stored.table.designs[d].runs.size();
    cut.add(std::move(stored.table.designs[d]));
  }
  stored.table = std::move(cut);
  stored.losses.resize(std::min(stored.losses.size(), runs));
}

}  // namespace atto::search
