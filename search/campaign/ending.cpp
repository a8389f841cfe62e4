#include "search/campaign/ending.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace atto::search {
namespace {

std::string key_of(int tier) {
  return fmt::format("closed_{}", tier);
}

std::string mark_of(const std::vector<Extension>& extensions, int tier, std::int64_t proposals) {
  const auto raises = std::count_if(extensions.begin(), extensions.end(),
                                    [&](const Extension& e) { return e.tier == tier; });
  return fmt::format("{} after {} extensions", proposals, raises);
}

}  // namespace

void close_search(Ledger& ledger, const std::vector<Extension>& extensions, int tier,
                  std::int64_t proposals) {
  if (!is_search_over(ledger, extensions, tier, proposals))
    ledger.set_meta(key_of(tier), mark_of(extensions, tier, proposals));
}

bool is_search_over(Ledger& ledger, const std::vector<Extension>& extensions, int tier,
                    std::int64_t proposals) {
  return ledger.meta(key_of(tier)) == mark_of(extensions, tier, proposals);
}

std::vector<SteerRow> waiting_requests(Ledger& ledger) {
  std::vector<SteerRow> rows = ledger.steering();
  std::erase_if(rows, [](const SteerRow& row) { return row.is_in_effect(); });
  return rows;
}

bool is_search_over(Ledger& ledger, const Campaign& campaign) {
  const std::vector<Extension> extensions = read_extensions(ledger);
  for (int tier = 0; tier < campaign.tiers(); ++tier)
    if (!is_search_over(ledger, extensions, tier,
                        static_cast<std::int64_t>(ledger.jobs(tier, Stage::Search).size())))
      return false;
  return true;
}

void open_search(Ledger& ledger, const Campaign& campaign) {
  for (int tier = 0; tier < campaign.tiers(); ++tier) ledger.set_meta(key_of(tier), "");
}

bool is_settled(Ledger& ledger, const Campaign& campaign) {
  return state_of(ledger) == CampaignState::Finished && waiting_requests(ledger).empty() &&
         is_search_over(ledger, campaign);
}

}  // namespace atto::search
