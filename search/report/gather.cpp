// Collects a report's contents from a ledger.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "search/ledger/open_ledger.hpp"
#include "search/report/report.hpp"

namespace atto::search {
namespace {

constexpr std::size_t kCurves = 16;     ///< designs whose search curves are drawn
constexpr std::size_t kMarginals = 12;  ///< decisions shown
constexpr int kSmallestGroup = 2;       ///< an alternative needs so many designs to count

/// Sums over the designs that took an alternative.
struct Group {
  int count = 0;
  double sum = 0;
  double mean() const { return sum / count; }
};

/// Explained share of the variance, over groups of at least kSmallestGroup.
double explained_variance(const std::map<std::int32_t, Group>& groups,
                          const std::vector<std::pair<std::int32_t, double>>& values) {
  double sum = 0, count = 0;
  for (const auto& [index, value] : values)
    if (groups.at(index).count >= kSmallestGroup) sum += value, ++count;
  if (count == 0) return 0;
  const double mean = sum / count;
  double between = 0, total = 0;
  int used = 0;
  for (const auto& [index, group] : groups) {
    if (group.count < kSmallestGroup) continue;
    between += group.count * (group.mean() - mean) * (group.mean() - mean);
    ++used;
  }
  for (const auto& [index, value] : values)
    if (groups.at(index).count >= kSmallestGroup) total += (value - mean) * (value - mean);
  // Corrected for the number of groups (epsilon squared): many alternatives explain much by chance.
  if (used < 2 || total <= 0 || count <= used) return 0;
  const double within = (total - between) / (count - used);
  return std::max(0.0, (between - (used - 1) * within) / total);
}

std::vector<Marginal> marginals_of(const Campaign& campaign, const Leaderboard& board) {
  const std::vector<net::Decision>& decisions = campaign.prototype->decisions();
  std::vector<std::vector<std::pair<std::int32_t, double>>> values(decisions.size());
  for (const Entry& entry : board.entries) {
    const std::optional<double>& value = entry.rungs.front();
    if (entry.design.assignment.empty() || !value || std::isnan(*value)) continue;
    const net::Assignment assignment = read_assignment(entry.design.assignment);
    for (std::size_t i = 0; i < assignment.size() && i < decisions.size(); ++i)
      if (assignment[i] >= 0 && assignment[i] < static_cast<int>(decisions[i].labels.size()))
        values[i].emplace_back(assignment[i], *value);
  }
  std::vector<Marginal> marginals;
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    std::map<std::int32_t, Group> groups;
    for (const auto& [index, value] : values[i]) {
      ++groups[index].count;
      groups[index].sum += value;
    }
    Marginal marginal{decisions[i].path, explained_variance(groups, values[i]), {}};
    if (marginal.effect <= 0) continue;
    for (const auto& [index, group] : groups)
      marginal.alternatives.push_back(
          {decisions[i].labels[static_cast<std::size_t>(index)], group.count, group.mean()});
    marginals.push_back(std::move(marginal));
  }
  std::stable_sort(marginals.begin(), marginals.end(),
                   [](const Marginal& a, const Marginal& b) { return a.effect > b.effect; });
  if (marginals.size() > kMarginals) marginals.resize(kMarginals);
  return marginals;
}

std::vector<Progress> best_so_far(Ledger& ledger, const Campaign& campaign, int tier) {
  std::vector<JobRow> rows = ledger.jobs(tier, Stage::Search);
  std::sort(rows.begin(), rows.end(), finished_before);
  std::vector<Progress> line;
  double spent = 0, best = 0;
  for (const JobRow& row : rows) {
    if (row.state != State::Done) continue;
    // A reused result counts with what it cost where it was made, so that campaigns compare fairly.
    spent += row.verdict.cpu_seconds + row.verdict.original_cpu_seconds;
    const spec::Score& score = campaign.spec.maximise.score;
    const std::optional<double> value = spec::find_value(row.verdict.validation, score.name);
    const bool counts = row.job.rung == campaign.top_rung() && value &&
                        row.verdict.outcome == train::Outcome::Finished;
    if (!counts || spec::gain_of(score, *value) <= best) continue;
    best = spec::gain_of(score, *value);
    line.push_back({spent, *value});
  }
  if (!line.empty()) line.push_back({spent, line.back().value});
  return line;
}

std::string quoted(const std::string& text) {
  if (text.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,") ==
      std::string::npos)
    return text;
  std::string safe = "'";
  for (char c : text) safe += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return safe + "'";
}

/// The command that trains a design as its row was trained: the finalist's best seed, or the search
/// run.
std::string train_command(const CampaignReport& report, const Leaderboard& board,
                          const Entry& entry) {
  const Campaign& campaign = report.campaign;
  if (campaign.evaluator != EvaluatorKind::Torch) return report.command;
  const bool is_final = entry.is_finalist();
  const int replica = is_final ? std::max(0, board.best_replica(entry)) : 0;
  const train::Phase phase = is_final ? train::Phase::Final : train::Phase::Search;
  const std::string text =
      fmt::format("atto train {} --spec {}{} --seed {}{}",
                  quoted(RunFolder{report.folder}.design(entry.design.hash).string()),
                  quoted(RunFolder{report.folder}.spec().string()),
                  campaign.spec.task.dataset.find('/') == std::string::npos
                      ? ""
                      : " --data " + quoted(campaign.spec.task.dataset),
                  campaign.trial_seed(entry.design.hash, phase, replica),
                  campaign.device == "auto" ? "" : " --device " + campaign.device);
  return is_final ? text : text + fmt::format(" --rung {}", std::max(0, entry.reached) + 1);
}

std::string search_command(const CampaignReport& report, const std::vector<Extension>& extensions) {
  const Campaign& campaign = report.campaign;
  std::string text = fmt::format("atto search {} --seed {} --strategy {} --candidates {}",
                                 quoted(campaign.spec_name), campaign.spec.search.seed,
                                 campaign.spec.search.strategy, campaign.spec.search.candidates);
  if (campaign.evaluator != EvaluatorKind::Torch)
    text += " --evaluator " + word_of(campaign.evaluator);
  if (campaign.device != "auto") text += " --device " + campaign.device;
  if (campaign.is_async) text += " --async";
  if (!extensions.empty())
    text += fmt::format("; atto resume DIR --candidates {}", extensions.back().candidates);
  return text;
}

TierReport gather_tier(Ledger& ledger, const CampaignReport& report, int tier) {
  TierReport result;
  result.board = make_leaderboard(ledger, report.campaign, tier);
  result.require = terms_of(ledger, report.campaign, tier).require();
  result.marginals = marginals_of(report.campaign, result.board);
  result.best_so_far = best_so_far(ledger, report.campaign, tier);
  for (const Entry& entry : result.board.entries) {
    result.commands[entry.design.hash] = train_command(report, result.board, entry);
    if (result.search_curves.size() < kCurves)
      result.search_curves.push_back(
          {entry.design.hash, ledger.curve({entry.design.hash, train::Phase::Search, 0})});
    for (const FinalRun& run : entry.finals)
      result.final_curves.push_back(
          {fmt::format("{} seed {}", entry.design.hash.substr(0, 8), run.replica + 1),
           ledger.curve({entry.design.hash, train::Phase::Final, run.replica})});
  }
  return result;
}

}  // namespace

CampaignReport gather_report(const std::filesystem::path& folder) {
  constexpr int kEvents = 200;
  const std::unique_ptr<Ledger> ledger = open_ledger(folder, Ledger::Access::Snapshot);
  CampaignReport report;
  report.folder = folder;
  report.campaign = load_campaign(*ledger);
  report.state = state_of(*ledger);
  report.version = ledger->meta("version");
  report.command = search_command(report, read_extensions(*ledger));
  report.environments = ledger->environments();
  report.hosts = ledger->hosts();
  report.totals = ledger->totals();
  report.events = ledger->events(kEvents);
  report.steering = ledger->steering();
  for (int tier = 0; tier < report.campaign.tiers(); ++tier)
    report.tiers.push_back(gather_tier(*ledger, report, tier));
  return report;
}

}  // namespace atto::search
