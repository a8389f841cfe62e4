#include "search/campaign/steering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>
#include <utility>

#include "generator/space/feasibility.hpp"
#include "search/campaign/ending.hpp"
#include "search/ledger/open_ledger.hpp"

namespace atto::search {
namespace {

int tier_of(const Campaign& campaign, const std::string& name) {
  if (name.empty()) return -1;
  std::string names;
  for (int tier = 0; tier < campaign.tiers(); ++tier) {
    if (campaign.tier_name(tier) == name) return tier;
    names += (tier > 0 ? ", " : "") + campaign.tier_name(tier);
  }
  throw SpecError(
      {{"--tier", "",
        campaign.spec.tiers.empty() ? "the campaign has no tiers" : "must be one of " + names,
        name}});
}

/// The designs of files that the campaign does not know yet.
struct Tried {
  std::vector<DesignRow> designs;
  std::vector<std::string> messages;
};

Tried read_designs(Ledger& ledger, const Campaign& campaign,
                   const std::vector<spec::JsonFile>& files) {
  Tried tried;
  for (const spec::JsonFile& file : files) {
    DesignRow design = human_design(campaign, file);
    if (const std::optional<DesignRow> known = ledger.design(design.hash)) {
      tried.messages.push_back(fmt::format("{} is known already: {}, by the {} ({})", design.how,
                                           known->hash, word_of(known->origin), known->how));
      continue;
    }
    tried.messages.push_back(fmt::format("{} is design {}", design.how, design.hash));
    for (const std::string& miss : cost_misses_of(design, current_tier(ledger, campaign)))
      tried.messages.push_back(
          fmt::format("{} misses a requirement and cannot win: {}", design.hash, miss));
    tried.designs.push_back(std::move(design));
  }
  return tried;
}

/// `at`: as SteerRow's.
std::vector<SteerRow> rows_of(const SteerRequest& request, const std::vector<DesignRow>& designs,
                              int tier, std::int64_t at) {
  std::vector<SteerRow> rows;
  const auto add = [&](SteerKind kind, const std::string& text, const std::string& hash) {
    rows.push_back({0, at, kind, text, hash, tier});
  };
  for (const std::string& path : request.frees) add(SteerKind::Free, path, "");
  for (const std::string& pin : request.pins) add(SteerKind::Pin, pin, "");
  for (const std::string& ban : request.forbids) add(SteerKind::Forbid, ban, "");
  for (const std::string& requirement : request.requirements)
    add(SteerKind::Require, requirement, "");
  for (const std::string& note : request.notes) add(SteerKind::Note, note, "");
  for (const DesignRow& design : designs) add(SteerKind::Try, design.how, design.hash);
  return rows;
}

/// Applies requests that are in effect in a tier, or wait.
Terms terms_with(const Campaign& campaign, int tier, const std::vector<SteerRow>& rows) {
  Terms terms(campaign, tier);
  for (const SteerRow& row : rows)
    if (!row.is_in_effect() || row.tier <= tier) terms.apply(row);
  return terms;
}

/// Throws when some tier that is not over could have no design; returns warnings.
std::vector<std::string> check_tiers(const Campaign& campaign, int from_tier,
                                     const std::vector<SteerRow>& rows, std::size_t new_rows) {
  std::vector<std::string> warnings;
  std::vector<Problem> problems;
  std::string asked;
  for (std::size_t i = rows.size() - new_rows; i < rows.size(); ++i)
    if (rows[i].kind != SteerKind::Note && rows[i].kind != SteerKind::Try)
      asked += (asked.empty() ? "" : " ") + option_text(rows[i]);
  for (int tier = from_tier; tier < campaign.tiers(); ++tier) {
    const Terms terms = terms_with(campaign, tier, rows);
    if (asked.empty() || !terms.is_steered()) continue;
    const auto space = terms.make_space();
    const gen::Feasibility found = gen::check_feasibility(*space, campaign.spec.search.seed);
    const std::string name = campaign.tiers() > 1 ? "tier " + campaign.tier_name(tier) + ": " : "";
    if (found.answer == gen::Feasibility::Answer::Infeasible)
      problems.push_back({asked, "", name + "leaves no design: " + found.reason, ""});
    if (found.answer == gen::Feasibility::Answer::Undecided)
      warnings.push_back(name +
                         "no design was found within what is asked for yet; the search ends "
                         "early if there is none");
  }
  if (!problems.empty()) throw SpecError(std::move(problems));
  return warnings;
}

std::string when_text(const RunFolder& folder, bool is_over, bool is_running) {
  if (is_running && !is_over) return "takes effect at the next proposal";
  return fmt::format("{}takes effect with `atto resume {}`{}",
                     is_over ? "the search is over: " : "", folder.path.string(),
                     is_running ? ", once this run has ended" : "");
}

/// Waits for others who steer: theirs is soon written, and this request is checked against it.
std::unique_ptr<HeldRole> wait_to_steer(Ledger& ledger) {
  constexpr std::chrono::seconds kPatience{5};
  constexpr std::chrono::milliseconds kPause{50};
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    std::unique_ptr<HeldRole> role = ledger.take(Role::Steer);
    if (role || std::chrono::steady_clock::now() > end) return role;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

int current_tier(Ledger& ledger, const Campaign& campaign) {
  int tier = campaign.tiers() - 1;
  while (tier > 0 && ledger.jobs(tier, Stage::Search).empty()) --tier;
  return tier;
}

std::vector<std::string> steer_campaign(const RunFolder& folder, const SteerRequest& request) {
  const std::unique_ptr<Ledger> ledger = open_ledger(folder.path);
  const std::unique_ptr<HeldRole> role = wait_to_steer(*ledger);
  if (!role)
    throw EnvironmentError("another command steers this campaign: " + folder.path.string());
  const Campaign campaign = load_campaign(*ledger);
  Tried tried = read_designs(*ledger, campaign, request.designs);
  std::vector<SteerRow> all = ledger->steering();
  // Pins of one command add up, so that no two may have one time, whatever the time of day does.
  const std::int64_t at = all.empty() ? now_ms() : std::max(now_ms(), all.back().at + 1);
  const std::vector<SteerRow> added =
      rows_of(request, tried.designs, tier_of(campaign, request.tier), at);
  all.insert(all.end(), added.begin(), added.end());
  // A search that is over in every tier is opened in every tier.
  const bool is_over = is_search_over(*ledger, campaign);
  const int tier = is_over ? 0 : current_tier(*ledger, campaign);
  if (!added.empty() && added.front().only_tier >= 0 && added.front().only_tier < tier)
    throw SpecError(
        {{"--tier", "", "the search of this tier is over; ask again when the campaign has ended",
          request.tier}});
  std::vector<std::string> messages = std::move(tried.messages);
  for (std::string& warning : check_tiers(campaign, tier, all, added.size()))
    messages.push_back(std::move(warning));
  if (added.empty()) return messages;
  ledger->add_steering(added, tried.designs);
  messages.push_back(when_text(folder, is_over, ledger->is_taken(Role::Coordinate)));
  return messages;
}

SteeringView view_steering(Ledger& ledger, const Campaign& campaign) {
  SteeringView view;
  view.requests = ledger.steering();
  const Terms terms = terms_with(campaign, current_tier(ledger, campaign), view.requests);
  const std::vector<net::Decision>& decisions = campaign.prototype->decisions();
  for (const gen::Restriction& restriction : terms.restrictions()) {
    const net::Decision& decision = decisions[static_cast<std::size_t>(restriction.decision)];
    SteeringView::InForce& held = view.held.emplace_back();
    held.path = decision.path;
    for (std::int32_t i : restriction.allowed)
      held.allowed.push_back(decision.labels[static_cast<std::size_t>(i)]);
  }
  return view;
}

std::string time_text(std::int64_t milliseconds) {
  const auto seconds = static_cast<std::time_t>(milliseconds / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return std::string(text, size);
}

}  // namespace atto::search
