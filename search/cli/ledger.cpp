// atto ledger copy DIR --to PLACE: moves a campaign's ledger to another database.
#include <fmt/format.h>

#include <memory>

#include "search/campaign/leaderboard.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/path_kind.hpp"
#include "search/cli/terminal.hpp"
#include "search/ledger/open_ledger.hpp"

namespace atto::cli {
namespace {

struct LedgerOptions {
  std::string work, folder, to;
};

std::vector<std::uint64_t> digests_of(search::Ledger& ledger) {
  const search::Campaign campaign = search::load_campaign(ledger);
  std::vector<std::uint64_t> digests;
  for (int tier = 0; tier < campaign.tiers(); ++tier)
    digests.push_back(search::make_leaderboard(ledger, campaign, tier).digest());
  return digests;
}

int ledger_command(const LedgerOptions& options) {
  expect_kind(options.folder, "atto ledger", {PathKind::Campaign});
  const std::string url = options.to == "file" ? "" : options.to;
  search::expect_ledger_url(url);
  const auto ledger = search::open_ledger(options.folder);
  const auto role = ledger->take(search::Role::Coordinate);
  if (!role) throw EnvironmentError("another process runs this campaign: " + options.folder);
  ledger->release_lost({});
  if (const auto holders = ledger->holders(); !holders.empty())
    throw EnvironmentError(fmt::format(
        "workers still hold jobs of this campaign: {}; end them first", fmt::join(holders, ", ")));
  const std::vector<std::uint64_t> digests = digests_of(*ledger);
  const std::string before = search::copy_ledger(*ledger, options.folder, url, [&](auto& copy) {
    if (digests_of(copy) != digests)
      throw EnvironmentError("the copy ranks designs otherwise: " + copy.name());
  });
  fmt::print("the ledger of {} is in {} now; the one before: {}\n", options.folder,
             search::open_ledger(options.folder, search::Ledger::Access::Read)->name(), before);
  return 0;
}

}  // namespace

void add_ledger(CLI::App& app, Action& action) {
  auto options = std::make_shared<LedgerOptions>();
  Command command(app, "ledger", "Move a campaign's ledger to another database");
  command.option("work", options->work, "copy: the ledger that was stays, under another name")
      .required()
      .one_of({"copy"});
  command.option("folder", options->folder, "Run folder").required();
  command.option("--to", options->to, "postgresql://HOST/DATABASE, or file: into the run folder")
      .required();
  command.footer("Example:  atto ledger copy runs/quickstart-s1 --to postgresql://db.site/nas");
  command.runs(action, [options] { return ledger_command(*options); });
}

}  // namespace atto::cli
