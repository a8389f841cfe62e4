// atto explain DIR: what generative synthesis prefers, how sure it is, and what it has seen.
#include <fmt/format.h>

#include <memory>

#include "design_specs/files.hpp"
#include "search/campaign/run_folder.hpp"
#include "search/campaign/steering.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/failure.hpp"
#include "search/cli/path_kind.hpp"
#include "search/ledger/open_ledger.hpp"
#include "search/report/explanation.hpp"
#include "search/report/networks.hpp"

namespace atto::cli {
namespace {

struct ExplainOptions {
  std::string folder, svg, network, path, tier;
  std::int64_t cycle = 0;
  std::size_t most = 12;
  bool is_json = false;
};

/// The tier that was named, or the newest that has learnt something.
int tier_of(search::Ledger& ledger, const search::Campaign& campaign, const std::string& name) {
  if (name.empty()) {
    int tier = search::current_tier(ledger, campaign);
    while (tier > 0 && ledger.cycle_count(tier) == 0) --tier;
    return tier;
  }
  for (int tier = 0; tier < campaign.tiers(); ++tier)
    if (campaign.tier_name(tier) == name) return tier;
  throw SpecError({{"--tier", "", "the campaign has no such tier", name}});
}

void write_network(search::Ledger& ledger, const search::Campaign& campaign, int tier,
                   const search::Explanation& explanation, const std::string& file) {
  spec::write_file_atomically(
      file, search::learnt_network_svg(search::make_leaderboard(ledger, campaign, tier), campaign,
                                       explanation));
}

int explain_command(const ExplainOptions& options) {
  expect_kind(options.folder, "atto explain", {PathKind::Campaign});
  const std::unique_ptr<search::Ledger> ledger =
      search::open_ledger(options.folder, search::Ledger::Access::Snapshot);
  const search::Campaign campaign = search::load_campaign(*ledger);
  const int tier = tier_of(*ledger, campaign, options.tier);
  std::optional<search::Explanation> explanation =
      search::explain(*ledger, campaign, tier, options.cycle);
  if (!explanation)
    return tell(
        missed(fmt::format(
            "nothing to explain: {} has recorded no cycle of learning{}; what its results show "
            "of decisions is in `atto report {}`",
            campaign.spec.search.strategy,
            campaign.spec.search.strategy == "generative_synthesis" ? " yet" : "", options.folder)),
        options.is_json);
  if (!options.network.empty())
    write_network(*ledger, campaign, tier, *explanation, options.network);
  if (!options.path.empty()) search::keep_path(*explanation, options.path);
  if (!options.svg.empty())
    spec::write_file_atomically(options.svg, search::explanation_svg(*explanation));
  fmt::print("{}", options.is_json ? search::explanation_json(*explanation)
                                   : search::explanation_text(*explanation, options.most));
  return 0;
}

}  // namespace

void add_explain(CLI::App& app, Action& action) {
  auto options = std::make_shared<ExplainOptions>();
  Command command(app, "explain",
                  "Show what generative synthesis prefers, how sure it is, and why");
  command.option("folder", options->folder, "Run folder").required();
  command.option("--path", options->path, "Only the decisions at this path; [*] is any index");
  command.option("--cycle", options->cycle, "Cycle of learning; default: the last").positive();
  command.option("--tier", options->tier, "Of a family; default: the newest");
  command.option("--top", options->most, "Decisions shown (12; 0 = all)");
  command.option("--svg", options->svg, "Write a picture of what is preferred");
  command.option("--network", options->network,
                 "Write a picture of the best design so far, and how sure its decisions are");
  command.flag("--json", options->is_json, "Everything as JSON");
  command.footer(
      "Example:\n"
      "  atto explain runs/quickstart-s1 --path 'stages[1].modules[*].chain' \\\n"
      "    --svg why.svg\n"
      "  atto explain runs/quickstart-s1 --network best.svg");
  command.runs(action, [options] { return explain_command(*options); });
}

}  // namespace atto::cli
