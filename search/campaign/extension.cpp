#include "search/campaign/extension.hpp"

#include <fmt/format.h>

#include "design_specs/requirements/readers.hpp"
#include "search/ledger/open_ledger.hpp"

namespace atto::search {

void extend_campaign(const RunFolder& folder, int candidates) {
  if (candidates > spec::kMaxCandidates)
    throw SpecError({{"--candidates", "", fmt::format("must be <= {}", spec::kMaxCandidates),
                      std::to_string(candidates)}});
  const auto ledger = open_ledger(folder.path);
  const auto role = ledger->take(Role::Coordinate);
  if (!role) throw EnvironmentError("another process runs this campaign: " + folder.path.string());
  const Campaign campaign = load_campaign(*ledger);
  std::vector<Extension> extensions = read_extensions(*ledger);
  for (int tier = 0; tier < campaign.tiers(); ++tier) {
    const int before = candidates_of(campaign, extensions, tier);
    if (candidates < before)
      throw SpecError(
          {{"--candidates", "", fmt::format("must be >= {}, what the campaign has", before),
            std::to_string(candidates)}});
    if (candidates == before) continue;
    const auto position = static_cast<std::int64_t>(ledger->jobs(tier, Stage::Search).size());
    extensions.push_back({tier, position, candidates});
  }
  write_extensions(*ledger, extensions);
}

}  // namespace atto::search
