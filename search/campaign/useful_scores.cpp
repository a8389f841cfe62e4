#include "search/campaign/useful_scores.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "design_specs/files.hpp"
#include "search/campaign/run_folder.hpp"
#include "search/ledger/open_ledger.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

bool is_same_task(const Campaign& a, const Campaign& b) {
  return a.prototype_text == b.prototype_text && a.data == b.data && a.spec_text == b.spec_text &&
         a.evaluator == b.evaluator;
}

/// Returns the file to read, or "" where there is none.
fs::path find_calibration(const Campaign& campaign, const std::string& named,
                          std::vector<std::string>& messages) {
  if (named == "none") return {};
  if (!named.empty())
    return fs::is_directory(named) ? RunFolder{named}.calibration() : fs::path(named);
  const RunFolder folder{fs::path("runs") / ("calibration-" + campaign.spec.name)};
  if (!fs::exists(folder.calibration()) || ledger_in(folder.path).empty()) return {};
  const auto ledger = open_ledger(folder.path, Ledger::Access::Snapshot);
  if (is_same_task(campaign, load_campaign(*ledger))) return folder.calibration();
  messages.push_back(
      fmt::format("{} is not used: it was made for another version of the spec, prototype or data",
                  folder.path.string()));
  return {};
}

}  // namespace

std::vector<std::string> leave_out_scores(Campaign& campaign, const std::string& calibration) {
  std::vector<std::string> messages;
  if (campaign.scored_jobs == 0) return messages;
  const fs::path file = find_calibration(campaign, calibration, messages);
  if (file.empty()) return messages;
  campaign.switched_off = read_switched_off(file);
  for (const std::string& name : campaign.switched_off)
    messages.push_back(
        fmt::format("{} is switched off: it says nothing that params and MACs do not ({})", name,
                    file.string()));
  if (campaign.switched_off.size() == net::kScoreNames.size()) campaign.scored_jobs = 0;
  return messages;
}

void switch_off(net::ScoresByModule& scores, const std::vector<std::string>& names) {
  for (auto& [module, score] : scores) {
    auto values = net::values_of(score);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (std::find(names.begin(), names.end(), net::kScoreNames[i]) != names.end()) values[i] = 0;
    score = net::scores_from(values);
  }
}

std::vector<std::string> read_switched_off(const std::filesystem::path& file) {
  const auto json =
      nlohmann::json::parse(spec::read_file(file, spec::kMaxFileBytes), nullptr, false);
  std::vector<std::string> names;
  const bool is_list =
      json.is_object() && json.contains("switched_off") && json["switched_off"].is_array();
  if (is_list)
    for (const auto& name : json["switched_off"])
      if (name.is_string()) names.push_back(name.get<std::string>());
  const bool are_names = std::all_of(names.begin(), names.end(), [](const std::string& name) {
    return std::find(net::kScoreNames.begin(), net::kScoreNames.end(), name) !=
           net::kScoreNames.end();
  });
  if (!is_list || !are_names || names.size() != json["switched_off"].size())
    throw SpecError({{file.string(), "/switched_off", "must be a list of zero-cost scores", ""}});
  return names;
}

}  // namespace atto::search
