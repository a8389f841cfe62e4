// atto steer DIR: people change what a campaign looks for, while it runs or between its runs.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "design_specs/json_text.hpp"
#include "search/campaign/steering.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/path_kind.hpp"
#include "search/ledger/open_ledger.hpp"

namespace atto::cli {
namespace {

struct SteerOptions {
  std::string folder;
  search::SteerRequest request;
  std::vector<std::string> designs;
  bool is_json = false;
};

std::string place_text(const search::Campaign& campaign, const search::SteerRow& row) {
  if (!row.is_in_effect()) return "waits";
  const std::string tier =
      campaign.tiers() > 1 ? "tier " + campaign.tier_name(row.tier) + ", " : "";
  return fmt::format("{}from proposal {} on", tier, row.position);
}

void list_text(const search::Campaign& campaign, const search::SteeringView& view) {
  if (view.requests.empty()) fmt::print("nobody has steered this campaign yet\n");
  for (const search::SteerRow& row : view.requests) {
    const std::string tier =
        row.only_tier >= 0 ? " --tier " + campaign.tier_name(row.only_tier) : "";
    fmt::print("{}  {:<26}  {}{}{}\n", search::time_text(row.at), place_text(campaign, row),
               search::option_text(row), tier, row.hash.empty() ? "" : "  " + row.hash);
  }
  if (view.held.empty()) return;
  fmt::print("in force:\n");
  for (const search::SteeringView::InForce& held : view.held)
    fmt::print("  {} = {}\n", held.path, fmt::join(held.allowed, ", "));
}

void list_json(const search::SteeringView& view) {
  nlohmann::json requests = nlohmann::json::array(), in_force = nlohmann::json::array();
  for (const search::SteerRow& row : view.requests)
    requests.push_back(
        {{"at_ms", row.at},
         {"kind", search::word_of(row.kind)},
         {"text", row.text},
         {"design", row.hash.empty() ? nlohmann::json(nullptr) : nlohmann::json(row.hash)},
         {"in_effect", row.is_in_effect()},
         {"tier", row.tier},
         {"proposal", row.position},
         {"results_seen", row.seen}});
  for (const search::SteeringView::InForce& held : view.held)
    in_force.push_back({{"path", held.path}, {"allowed", held.allowed}});
  fmt::print("{}\n",
             spec::json_text(nlohmann::json({{"requests", requests}, {"in_force", in_force}}), 2));
}

int steer_command(SteerOptions& options) {
  expect_kind(options.folder, "atto steer", {PathKind::Campaign});
  const search::RunFolder folder{options.folder};
  for (const std::string& file : options.designs)
    options.request.designs.push_back(read_expected(file, "atto steer --try", {PathKind::Network}));
  if (!options.request.is_empty())
    for (const std::string& message : search::steer_campaign(folder, options.request))
      fmt::print(stderr, "{}\n", message);
  const std::unique_ptr<search::Ledger> ledger =
      search::open_ledger(folder.path, search::Ledger::Access::Snapshot);
  const search::Campaign campaign = search::load_campaign(*ledger);
  if (options.request.is_empty() && !options.request.tier.empty())
    throw SpecError(
        {{"--tier", "",
          campaign.tiers() > 1 ? "goes with a request, such as --pin" : "the campaign has no tiers",
          options.request.tier}});
  const search::SteeringView view = search::view_steering(*ledger, campaign);
  if (options.is_json)
    list_json(view);
  else
    list_text(campaign, view);
  return 0;
}

}  // namespace

void add_steer(CLI::App& app, Action& action) {
  auto options = std::make_shared<SteerOptions>();
  search::SteerRequest& request = options->request;
  Command command(app, "steer", "Change what a campaign looks for, or list what people asked for");
  command.option("folder", options->folder, "Run folder").required();
  const auto add = [&](const char* name, std::vector<std::string>& into, const char* text) {
    command.option(name, into, text).take_all().one_value_each();
  };
  add("--pin", request.pins, "PATH=VALUE: this decision takes this value; several add up");
  add("--forbid", request.forbids, "PATH=VALUE: never this value");
  add("--free", request.frees, "PATH: lift pins and bans");
  add("--require", request.requirements, "KEY=VALUE, such as params.max=1.5M or top1.min=0.6");
  add("--note", request.notes, "A remark for the report");
  add("--try", options->designs, "A person's design, evaluated under the same rungs");
  command.option("--tier", request.tier, "Of a family: this tier only");
  command.flag("--json", options->is_json, "The listing as JSON");
  command.footer(
      "Example:\n"
      "  atto steer runs/quickstart-s1 --pin 'stages[0].modules[*].chain=#1' \\\n"
      "    --forbid 'stages[1].modules[*].shortcut=none'\n"
      "PATH is a decision as logs and reports name it; [*] stands for any index.\n"
      "Exit code 2: no design could satisfy it, with the proof; nothing is recorded.");
  command.runs(action, [options] { return steer_command(*options); });
}

}  // namespace atto::cli
