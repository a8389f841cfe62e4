// `atto generate`: distinct feasible designs of a spec, without training any.
#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "generator/space/feasibility.hpp"
#include "prototypes/network/identity.hpp"
#include "search/campaign/footprint.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/decision_spread.hpp"
#include "search/cli/failure.hpp"
#include "search/cli/path_kind.hpp"
#include "search/cli/task_input.hpp"
#include "search/strategies/strategy.hpp"

namespace atto::cli {
namespace {

struct GenerateOptions {
  std::string spec, tier, out, svg;
  std::size_t count = 10;
  std::uint64_t seed = 1;
  int threads = 0;
  std::vector<std::string> pins;
  bool json = false, histogram = false;
};

const spec::Requirements& tier_of(const spec::DesignSpec& spec, const std::string& name) {
  if (spec.tiers.empty() && name.empty()) return spec.require;
  std::string names;
  for (const spec::Tier& tier : spec.tiers) {
    if (tier.name == name || name.empty()) return tier.require;
    names += (names.empty() ? "" : ", ") + tier.name;
  }
  throw SpecError({{spec.file.string(), "--tier",
                    names.empty() ? "the spec has no tiers" : "must be one of " + names, name}});
}

/// Pins of one decision add up to the set of alternatives that it may take.
std::vector<gen::Restriction> restrictions_of(const net::Prototype& prototype,
                                              const std::vector<std::string>& pins) {
  std::map<net::DecisionId, std::vector<std::int32_t>> allowed;
  for (const std::string& pin : pins)
    for (const auto& [decision, index] : net::read_pin(prototype, pin))
      allowed[decision].push_back(index);
  std::vector<gen::Restriction> restrictions;
  for (auto& [decision, indices] : allowed) {
    std::sort(indices.begin(), indices.end());
    indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
    restrictions.push_back({decision, indices});
  }
  return restrictions;
}

void write_designs(const GenerateOptions& options, const gen::FeasibleSpace& space,
                   const std::vector<gen::Restriction>& restrictions,
                   const std::vector<gen::Candidate>& designs) {
  std::vector<net::By> by(space.prototype().decisions().size(), net::By::Machine);
  for (const gen::Restriction& restriction : restrictions)
    if (restriction.allowed.size() == 1)
      by[static_cast<std::size_t>(restriction.decision)] = net::By::Human;
  std::error_code failed;
  std::filesystem::create_directories(options.out, failed);
  if (failed) throw EnvironmentError("cannot make the folder", options.out, failed.value());
  for (const gen::Candidate& design : designs) {
    const std::string hash = net::hash_text(design.hash);
    spec::write_file_atomically(std::filesystem::path(options.out) / (hash + ".json"),
                                net::design_text(space.prototype(), design.assignment, by));
  }
}

/// What a spec asks of a device; nothing where it asks for nothing, or int8 C cannot express it.
std::optional<search::Footprint> footprint_of(const gen::FeasibleSpace& space,
                                              const spec::Requirements& require,
                                              const gen::Candidate& design) {
  if (!require.asks_footprint()) return {};
  return search::footprint_of(
      net::realise(space.prototype(), design.assignment, space.input()).network.value(),
      require.core);
}

std::string json_text(const gen::FeasibleSpace& space, const spec::Requirements& require,
                      const std::vector<gen::Candidate>& designs) {
  std::string text = "[";
  for (const gen::Candidate& design : designs) {
    const auto footprint = footprint_of(space, require, design);
    const std::string sizes = footprint
                                  ? fmt::format("\"flash_kib\": {:.3f}, \"ram_kib\": {:.3f}, ",
                                                footprint->flash_kib, footprint->ram_kib)
                                  : "";
    text += fmt::format(
        "{}\n  {{\"hash\": \"{}\", \"params\": {}, \"macs\": {}, \"peak_activation_bytes\": {}, "
        "\"model_bytes\": {}, {}\"use\": {:.4f}}}",
        text.size() > 1 ? "," : "", net::hash_text(design.hash), design.costs.params,
        design.costs.macs, design.costs.peak_activation_bytes, design.costs.model_bytes, sizes,
        space.tightest_use(design.assignment));
  }
  return text + "\n]\n";
}

std::string table_text(const gen::FeasibleSpace& space, const spec::Requirements& require,
                       const std::vector<gen::Candidate>& designs) {
  const bool has_sizes = require.asks_footprint();
  std::string text =
      fmt::format("{:<16}  {:>12}  {:>14}  {:>9}  {:>10}  {:>6}{}\n", "hash", "params", "macs",
                  "peak KiB", "model KiB", "use", has_sizes ? "  flash KiB    RAM KiB" : "");
  for (const gen::Candidate& design : designs) {
    const auto footprint = footprint_of(space, require, design);
    text += fmt::format(
        "{:<16}  {:>12}  {:>14}  {:>9.0f}  {:>10.0f}  {:>5.1f}%{}\n", net::hash_text(design.hash),
        design.costs.params, design.costs.macs,
        static_cast<double>(design.costs.peak_activation_bytes) / 1024,
        static_cast<double>(design.costs.model_bytes) / 1024,
        100 * space.tightest_use(design.assignment),
        footprint ? fmt::format("  {:>9.1f}  {:>9.1f}", footprint->flash_kib, footprint->ram_kib)
                  : "");
  }
  return text;
}

/// Says why there is none, neither found nor proved impossible; an impossible spec is the person's
/// to mend.
int explain_none(const spec::DesignSpec& spec, const gen::FeasibleSpace& space,
                 const spec::Requirements& require, bool is_json) {
  gen::Feasibility answer = gen::check_feasibility(space);
  if (answer.witness && require.asks_footprint())
    (void)search::find_fitting(space, require, 1, answer.reason);
  if (answer.answer == gen::Feasibility::Answer::Infeasible)
    throw SpecError({{spec.file.string(), "/require", answer.reason, ""}});
  return tell(missed(answer.reason), is_json);
}

int generate(const GenerateOptions& options) {
  const spec::DesignSpec spec = spec::read_design_spec(
      read_expected(options.spec, "atto generate", {PathKind::Spec}).document, options.spec,
      search::strategy_names());
  const net::Prototype prototype = net::read_prototype(spec.prototype);
  const FoundInput task = find_task_input(spec, prototype);
  net::expect_output(prototype, task.input, net::FirstOutput::Logits);
  const spec::Requirements& require = tier_of(spec, options.tier);
  net::expect_levels_at(prototype, task.input, require);
  const std::vector<gen::Restriction> restrictions = restrictions_of(prototype, options.pins);
  const gen::FeasibleSpace space(prototype, task.input, require, spec.search.band, restrictions);
  if (!task.is_from_data)
    fmt::print(stderr, "atto: data set {} is not here; counting at {}x{}x{}, {} classes\n",
               spec.task.dataset, task.input.input.channels, task.input.input.height,
               task.input.input.width, task.input.classes);
  for (const std::string& note : task.notes) fmt::print(stderr, "data: {}\n", note);
  if (const std::string idle = gen::idle_band(space, spec.search.band); !idle.empty())
    fmt::print(stderr, "atto: {}\n", idle);

  const auto start = std::chrono::steady_clock::now();
  const std::vector<gen::Candidate> designs =
      gen::generate(space, options.count, options.seed, options.threads,
                    search::fits_device(prototype, task.input, require));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (designs.empty() && options.count > 0) return explain_none(spec, space, require, options.json);
  fmt::print(stderr, "atto: {} distinct feasible designs in {:.3f} s ({:.0f}/s){}\n",
             designs.size(), took.count(), static_cast<double>(designs.size()) / took.count(),
             designs.size() < options.count ? "; no more were found" : "");
  if (!options.out.empty()) write_designs(options, space, restrictions, designs);
  std::string text = options.json        ? json_text(space, require, designs)
                     : options.histogram ? spread_text(spread_of(space, designs))
                                         : table_text(space, require, designs);
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!options.svg.empty())
    spec::write_file_atomically(
        options.svg,
        spread_svg(spread_of(space, designs), fmt::format("{}: {} designs, seed {}", spec.name,
                                                          designs.size(), options.seed)));
  return 0;
}

}  // namespace

void add_generate(CLI::App& app, Action& action) {
  auto options = std::make_shared<GenerateOptions>();
  Command command(app, "generate", "Draw distinct designs that meet every cost requirement");
  command.option("spec", options->spec, "design requirements (JSON)").required();
  command.option("-n,--count", options->count, "number of designs")
      .show_default()
      .range(std::size_t{1}, std::size_t{1'000'000});
  command.option("--seed", options->seed, "equal seeds, equal designs").show_default();
  command.option("--tier", options->tier, "tier of a family spec (default: its first)");
  command
      .option("--pin", options->pins,
              "PATH=VALUE: fix a decision; repeat it for one decision to allow several values")
      .take_all();
  command.option("--out", options->out, "folder for the designs, one HASH.json each");
  command.option("--svg", options->svg, "file for a picture of how the decisions spread");
  command.option("--threads", options->threads, "threads (0 = all); changes no result")
      .range(0, 1024);
  Option json = command.flag("--json", options->json, "print a JSON array");
  command.flag("--histogram", options->histogram, "print how the decisions spread").excludes(json);
  command.footer(
      "Examples:\n"
      "  atto generate design_specs/attonet_b.json -n 100 --seed 7 --out designs\n"
      "  atto generate design_specs/attonet_b.json \\\n"
      "    --pin 'stages[*].modules[*].shortcut=identity'");
  command.runs(action, [options] { return generate(*options); });
}

}  // namespace atto::cli
