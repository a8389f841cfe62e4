// `atto check`: whether files are valid, how large a design space is, and whether a spec can be
// met.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "design_specs/errors.hpp"
#include "design_specs/json_text.hpp"
#include "design_specs/reading/text_checks.hpp"
#include "generator/space/enumeration.hpp"
#include "generator/space/feasibility.hpp"
#include "prototypes/language/doubts.hpp"
#include "prototypes/network/costs.hpp"
#include "prototypes/network/identity.hpp"
#include "search/campaign/footprint.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/export_run.hpp"
#include "search/cli/failure.hpp"
#include "search/cli/path_kind.hpp"
#include "search/cli/task_input.hpp"
#include "search/strategies/strategy.hpp"
#include "trainer/data/instances/anchor_reach.hpp"
#include "trainer/data/instances/instance_set.hpp"

namespace atto::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Ways to take all decisions that are tried one by one to say how many designs there are.
constexpr std::size_t kCounted = 20'000;

/// Returns "1,234,567".
std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3;) digits.insert(i -= 3, ",");
  return digits;
}

/// A JSON Schema for editors lies beside the files that it describes: `check *.json` meets it.
bool is_schema(const spec::Value& root) {
  const spec::Value* const schema = root.find("$schema");
  return schema && schema->string.find("//json-schema.org/") != std::string::npos;
}

Json costs_json(const spec::Costs& costs) {
  return {{"params", costs.params},
          {"macs", costs.macs},
          {"peak_activation_bytes", costs.peak_activation_bytes},
          {"model_bytes", costs.model_bytes}};
}

std::string costs_text(const spec::Costs& costs) {
  return fmt::format("{} params, {} MACs, peak {:.0f} KiB", grouped(costs.params),
                     grouped(costs.macs), static_cast<double>(costs.peak_activation_bytes) / 1024);
}

Json reach_json(const gen::Reach& reach) {
  return {{"smallest", reach.smallest},
          {"smallest_is_proved", reach.smallest_proved},
          {"largest", reach.largest},
          {"largest_is_proved", reach.largest_proved}};
}

std::string reach_text(const gen::Reach& reach) {
  return fmt::format("{} to {}{}", grouped(reach.smallest), grouped(reach.largest),
                     reach.smallest_proved && reach.largest_proved ? ""
                     : reach.smallest_proved                       ? " (largest found)"
                     : reach.largest_proved                        ? " (smallest found)"
                                                                   : " (found)");
}

/// What is reported of one file, in both forms.
struct Report {
  std::string text;
  Json json;
  std::vector<Problem> warnings;  ///< of what is valid

  void line(std::string_view name, const std::string& value) {
    text += fmt::format("  {:<14} {}\n", name, value);
  }
};

void describe(const net::Prototype& prototype, const net::TaskInput& input, Report& report) {
  report.warnings = net::doubtful_ties(prototype);
  for (Problem& doubt : net::doubtful_widths(prototype, input))
    report.warnings.push_back(std::move(doubt));
  report.line("counted at", fmt::format("{}x{}x{}, {} classes", input.input.channels,
                                        input.input.height, input.input.width, input.classes));
  report.json["input"] = {input.input.channels, input.input.height, input.input.width};
  report.json["classes"] = input.classes;
  if (prototype.is_detector()) {
    const spec::DetectorSettings settings = prototype.detector_settings(input);
    report.line("detector",
                fmt::format("{} proposals, {} detections, {} anchors a cell", settings.proposals,
                            settings.detections, settings.anchors.shapes_a_cell()));
    report.json["proposals"] = settings.proposals;
    report.json["detections"] = settings.detections;
  }
  if (prototype.is_design()) {
    const net::Realised design = net::realise(prototype, {}, input);
    if (!design.broken.empty()) throw SpecError({{prototype.file(), "", design.broken, ""}});
    const spec::Costs costs = design.costs();
    const std::string hash = net::hash_text(design.hash());
    report.line("design", hash + ": " + costs_text(costs));
    report.json["hash"] = hash;
    report.json.update(costs_json(costs));
    report.json["decisions"] = 0;
    return;
  }
  const gen::SpaceReport space = gen::describe_space(prototype, input);
  report.line("free decisions", std::to_string(space.decisions));
  report.line("design space", fmt::format("10^{:.1f} assignments", space.log10_size));
  report.json["decisions"] = space.decisions;
  report.json["log10_size"] = space.log10_size;
  if (!space.found_any) return;
  report.line("params", reach_text(space.params));
  report.line("MACs", reach_text(space.macs));
  report.line("peak bytes", reach_text(space.peak_activation_bytes));
  report.json["params"] = reach_json(space.params);
  report.json["macs"] = reach_json(space.macs);
  report.json["peak_activation_bytes"] = reach_json(space.peak_activation_bytes);
}

/// Returns where in the spec the requirement that a reason names was written.
Problem located(const spec::DesignSpec& spec, const spec::Requirements& require,
                const std::string& reason) {
  struct Key {
    const char* path;
    const spec::Location* location;
  };
  const Key keys[] = {
      {"/require/params/max", &require.params.max_location},
      {"/require/params/min", &require.params.min_location},
      {"/require/macs/max", &require.macs.max_location},
      {"/require/macs/min", &require.macs.min_location},
      {"/require/peak_activation_kib/max", &require.peak_activation_kib.max_location},
      {"/require/peak_activation_kib/min", &require.peak_activation_kib.min_location},
      {"/require/model_kib/max", &require.model_kib.max_location},
      {"/require/model_kib/min", &require.model_kib.min_location},
      {"/require/flash_kib/max", &require.flash_kib.max_location},
      {"/require/ram_kib/max", &require.ram_kib.max_location},
  };
  for (const Key& key : keys)
    if (reason.find(key.path) != std::string::npos && key.location->offset > 0)
      return {spec::place_text(spec.file.string(), *key.location), key.path, reason, ""};
  return {spec.file.string(), "/require", reason, ""};
}

/// Says how many designs there are, where trying all takes a second at most, and where a search
/// cannot try as many as it is to.
void count_designs(const gen::FeasibleSpace& space, int candidates, Report& report, Json& json) {
  std::optional<std::size_t> designs;
  if (const auto all = gen::enumerate_feasible(space, kCounted))
    designs = all->feasible.size();
  else
    designs = gen::fewer_designs_than(space, static_cast<std::size_t>(candidates));
  if (!designs) return;
  json["designs"] = *designs;
  const bool is_few = *designs < static_cast<std::size_t>(candidates);
  report.line(
      "designs",
      fmt::format("{}{} distinct feasible design{}{}", is_few ? "only " : "",
                  grouped(static_cast<std::int64_t>(*designs)), *designs == 1 ? "" : "s",
                  is_few ? fmt::format("; search.candidates asks for {}", candidates) : ""));
}

/// Says what the band in force asks of every design, or why it asks nothing.
void describe_band(const gen::FeasibleSpace& space, const spec::Band& asked, Report& report,
                   Json& json) {
  const spec::Band& band = space.band();
  std::vector<std::string> shares;
  const auto add = [&](double share, std::string_view of) {
    if (share > 0) shares.push_back(fmt::format("{:.6g} % of {}", 100 * share, of));
  };
  add(band.any, "some ceiling");
  add(band.params, "the params");
  add(band.macs, "the MACs");
  add(band.peak_activation_kib, "the peak");
  add(band.model_kib, "the model's size");
  const std::string idle = gen::idle_band(space, asked);
  if (!shares.empty()) report.line("band", fmt::format("at least {}", fmt::join(shares, ", ")));
  if (!idle.empty()) report.line("band", idle);
  json["band"] = {{"is_in_force", !shares.empty()}, {"reason", idle}};
}

/// Returns ", flash 81.2 KiB, RAM 40.1 KiB" of a design whose requirements ask for that.
std::string footprint_text(const gen::FeasibleSpace& space, const spec::Requirements& require,
                           const gen::Candidate& design, Json& json) {
  if (!require.asks_footprint()) return "";
  const search::Footprint footprint = search::footprint_of(
      net::realise(space.prototype(), design.assignment, space.input()).network.value(),
      require.core);
  json["flash_kib"] = footprint.flash_kib;
  json["ram_kib"] = footprint.ram_kib;
  return fmt::format(", flash {:.1f} KiB, RAM {:.1f} KiB", footprint.flash_kib, footprint.ram_kib);
}

/// Says how well the anchors of a detector reach the training objects, where those are here.
void describe_anchors(const gen::FeasibleSpace& space, const gen::Candidate& design,
                      const spec::DesignSpec& spec, Report& report, Json& json) {
  const net::Realised realised = net::realise(space.prototype(), design.assignment, space.input());
  if (!realised.detector || !report.json.value("data_is_here", false)) return;
  const spec::Task& task = spec.task;
  const train::AnchorReach reach =
      train::reach_of(*realised.detector, *train::open_instance_set(task.dataset, task.base));
  const std::string text = train::reach_text(reach);
  report.line("anchors", text);
  json["anchors_cover"] = reach.covered;
  if (reach.covered < train::kEnoughCovered)
    report.warnings.push_back({spec.file.string(), "/task/anchors", text, ""});
}

void describe_device(const spec::Requirements& require, Report& report, Json& json) {
  if (!require.asks_footprint()) return;
  std::string text;
  if (require.flash_kib.max) {
    text = fmt::format("at most {:.6g} KiB of flash on {}", *require.flash_kib.max, require.core);
    json["flash_kib"] = {{"max", *require.flash_kib.max}, {"core", require.core}};
  }
  if (require.ram_kib.max) {
    text +=
        fmt::format("{}at most {:.6g} KiB of RAM", text.empty() ? "" : ", ", *require.ram_kib.max);
    json["ram_kib"] = {{"max", *require.ram_kib.max}};
  }
  report.line("device", text + ", judged by the int8 C export, before training");
}

/// Answers for one set of requirements; an infeasible one joins `problems`.
void answer(const spec::DesignSpec& spec, const spec::Requirements& require,
            const std::string& tier, const net::Prototype& prototype, const net::TaskInput& input,
            Report& report, std::vector<Problem>& problems) {
  net::expect_levels_at(prototype, input, require);
  const gen::FeasibleSpace space(prototype, input, require, spec.search.band);
  gen::Feasibility found = gen::check_feasibility(space);
  if (found.witness && require.asks_footprint()) {
    found.witness = search::find_fitting(space, require, spec.search.seed, found.reason);
    if (!found.witness) found.answer = gen::Feasibility::Answer::Undecided;
  }
  const std::string name = tier.empty() ? "requirements" : "tier " + tier;
  Json json = {{"tier", tier}};
  switch (found.answer) {
    case gen::Feasibility::Answer::Feasible:
      json["answer"] = "feasible";
      json["witness"] = costs_json(found.witness->costs);
      json["witness"]["hash"] = net::hash_text(found.witness->hash);
      report.line(name,
                  fmt::format("feasible, for example {}: {}{}", net::hash_text(found.witness->hash),
                              costs_text(found.witness->costs),
                              footprint_text(space, require, *found.witness, json["witness"])));
      describe_band(space, spec.search.band, report, json);
      describe_anchors(space, *found.witness, spec, report, json);
      if (!require.asks_footprint()) count_designs(space, spec.search.candidates, report, json);
      break;
    case gen::Feasibility::Answer::Infeasible:
      json["answer"] = "infeasible";
      json["reason"] = found.reason;
      report.line(name, "infeasible");
      problems.push_back(located(spec, require, found.reason));
      break;
    case gen::Feasibility::Answer::Undecided:
      json["answer"] = "undecided";
      json["reason"] = found.reason;
      report.line(name, "undecided: " + found.reason);
      break;
  }
  describe_device(require, report, json);
  if (require.latency_ms.max) {
    const int threads = require.latency.threads;
    const std::string precision(spec::precision_name(require.latency.precision));
    const std::string judged = "by measuring on the campaign's host, before training";
    report.line("latency", fmt::format("at most {:.6g} ms on {} thread{} in {}, judged {}",
                                       *require.latency_ms.max, threads, threads == 1 ? "" : "s",
                                       precision, judged));
    json["latency_ms"] = {{"max", *require.latency_ms.max},
                          {"threads", threads},
                          {"precision", precision},
                          {"judged", judged}};
  }
  report.json["requirements"].push_back(std::move(json));
}

void check_spec(const spec::Document& document, const std::string& file, Report& report,
                std::vector<Problem>& problems) {
  const spec::DesignSpec spec = spec::read_design_spec(document, file, search::strategy_names());
  if (!std::filesystem::is_regular_file(spec.prototype))
    throw SpecError(
        {{spec::place_text(file, spec.prototype_location), "/prototype",
          "must be the path of a prototype, relative to this file", spec.prototype.string()}});
  const net::Prototype prototype = net::read_prototype(spec.prototype);
  const FoundInput task = find_task_input(spec, prototype);
  expect_writable(spec);
  net::expect_output(prototype, task.input, net::FirstOutput::Logits);
  report.text = fmt::format("{}: design spec {}, valid\n", file, spec.name);
  report.json = {{"file", file}, {"kind", "spec"}, {"name", spec.name}};
  report.line("prototype", spec.prototype.string());
  report.json["prototype"] = spec.prototype.string();
  report.json["data_is_here"] = task.is_from_data;
  if (!task.is_from_data) report.line("data set", spec.task.dataset + " is not here");
  for (const std::string& note : task.notes) report.line("data set", note);
  report.json["notes"] = task.notes;
  describe(prototype, task.input, report);
  report.json["requirements"] = Json::array();
  if (spec.tiers.empty()) answer(spec, spec.require, "", prototype, task.input, report, problems);
  for (const spec::Tier& tier : spec.tiers)
    answer(spec, tier.require, tier.name, prototype, task.input, report, problems);
}

void check_prototype(spec::Document document, const std::string& file, Report& report) {
  const net::Prototype prototype(std::move(document));
  net::expect_output(prototype, prototype.written_input(), net::FirstOutput::Logits);
  const char* kind = prototype.is_design() ? "design" : "prototype";
  report.text = fmt::format("{}: {} {}, valid\n", file, kind, prototype.name());
  report.json = {{"file", file}, {"kind", kind}, {"name", prototype.name()}};
  describe(prototype, prototype.written_input(), report);
  if (prototype.is_design()) return;
  const gen::FeasibleSpace space(prototype, prototype.written_input(), {}, {});
  if (const auto all = gen::enumerate_feasible(space, kCounted); all && !all->feasible.empty()) {
    report.line("designs", fmt::format("{} distinct networks, of {} ways to take the decisions",
                                       grouped(static_cast<std::int64_t>(all->feasible.size())),
                                       grouped(static_cast<std::int64_t>(all->well_formed))));
    report.json["designs"] = all->feasible.size();
    report.json["ways"] = all->well_formed;
  }
  if (report.json.contains("params")) return;
  const gen::Feasibility found = gen::check_feasibility(space);
  if (found.answer == gen::Feasibility::Answer::Infeasible)
    throw SpecError({{file, "", found.reason, ""}});
  if (!found.witness) report.line("undecided", found.reason);
}

int check_file(const std::string& file, bool is_json, Json& reports) {
  Json entry = {{"file", file}};
  const std::optional<Failure> failure = failure_of([&] {
    spec::Document document =
        read_expected(file, "atto check", {PathKind::Spec, PathKind::Network}).document;
    Report report;
    std::vector<Problem> problems;
    if (is_schema(document.root)) {
      report.text = fmt::format("{}: a JSON Schema, passed over\n", file);
      report.json = {{"file", file}, {"kind", "schema"}};
    } else if (is_spec(document.root)) {
      check_spec(document, file, report, problems);
    } else {
      check_prototype(std::move(document), file, report);
    }
    if (!is_json) fmt::print("{}", report.text);
    entry = std::move(report.json);
    entry["warnings"] = Json::array();
    for (const Problem& warning : report.warnings) {
      fmt::print(stderr, "warning: {}\n", warning.text());
      entry["warnings"].push_back(Json::parse(problem_json(warning)));
    }
    if (!problems.empty()) throw SpecError(std::move(problems));
  });
  if (failure) entry["error"] = Json::parse(failure_json(*failure));
  reports.push_back(std::move(entry));
  return failure ? tell(*failure, false) : 0;
}

int check(const std::vector<std::string>& files, bool is_json) {
  int worst = 0;
  Json reports = Json::array();
  for (const std::string& file : files) worst = std::max(worst, check_file(file, is_json, reports));
  if (is_json) fmt::print("{}\n", spec::json_text(reports, 2));
  return worst;
}

}  // namespace

void add_check(CLI::App& app, Action& action) {
  struct Options {
    std::vector<std::string> files;
    bool is_json = false;
  };
  auto options = std::make_shared<Options>();
  Command command(app, "check",
                  "Validate specs, prototypes and designs, and say what a spec can reach");
  command.option("files", options->files, "JSON files").required().take_all();
  command.flag("--json", options->is_json, "print a JSON array, one object a file");
  command.footer(
      "Example:  atto check design_specs/attonet_b.json prototypes/attonet.json\n"
      "Exit code 2: a file is invalid, or a spec cannot be met by any design.");
  command.runs(action, [options] { return check(options->files, options->is_json); });
}

}  // namespace atto::cli
