// The leaderboards as one CSV (RFC 4180).
#include "search/report/csv.hpp"

#include <fmt/format.h>

#include "search/report/people.hpp"

namespace atto::search {
namespace {

std::string number(const std::optional<double>& value) {
  return value ? fmt::format("{:.6f}", *value) : "";
}

std::string joined(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string row(const CampaignReport& report, const TierReport& tier, const Entry& entry) {
  std::vector<std::string> rungs;
  for (const std::optional<double>& value : entry.rungs) rungs.push_back(number(value));
  const auto mean = [](const std::optional<Spread>& spread) {
    return spread ? std::optional(spread->mean) : std::nullopt;
  };
  const auto deviation = [](const std::optional<Spread>& spread) {
    return spread ? std::optional(spread->deviation) : std::nullopt;
  };
  const auto bounds = [&](const std::optional<double>& value, std::int64_t images) {
    const auto interval = value ? interval_of(report.score(), *value, images) : std::nullopt;
    return interval ? fmt::format("{:.6f},{:.6f}", interval->low, interval->high) : ",";
  };
  std::optional<double> validation = mean(entry.validation);
  if (!validation && entry.reached >= 0)
    validation = entry.rungs[static_cast<std::size_t>(entry.reached)];
  const spec::Costs& costs = entry.design.costs;
  const DecidedBy by = decided_by(report.campaign, entry.design);
  return fmt::format(
      "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{:.3f},{:.3f},{},{},{},{},{}"
      "\n",
      csv_field(report.folder.string()), csv_field(tier.board.tier_name), entry.rank,
      entry.design.hash, word_of(entry.design.origin), costs.params, costs.macs,
      costs.peak_activation_bytes, costs.model_bytes, number(entry.figures.latency_ms),
      number(entry.confirmed_ms), csv_field(fmt::format("{}", fmt::join(rungs, ";"))),
      number(validation), bounds(validation, report.campaign.validation_images),
      number(deviation(entry.validation)), number(mean(entry.test)),
      bounds(mean(entry.test), report.campaign.test_images), number(deviation(entry.test)),
      entry.is_on_front ? 1 : 0, csv_field(joined(entry.misses)), csv_field(entry.trouble),
      entry.cpu_seconds, entry.wasted_cpu_seconds, csv_field(tier.commands.at(entry.design.hash)),
      by.human, by.machine, number(entry.figures.flash_kib), number(entry.figures.ram_kib));
}

/// The name of the score that all reports show.
std::string score_column(const std::vector<CampaignReport>& reports) {
  for (const CampaignReport& report : reports)
    if (report.score().name != reports.front().score().name) return "score";
  return reports.empty() ? "score" : reports.front().score().name;
}

}  // namespace

std::string report_csv(const std::vector<CampaignReport>& reports) {
  std::string text = fmt::format(
      "run,tier,rank,hash,origin,params,macs,peak_activation_bytes,model_bytes,latency_ms,"
      "confirmed_latency_ms,rung_{0},validation_{0},"
      "validation_low95,validation_high95,validation_deviation,test_{0},test_low95,test_high95,"
      "test_deviation,pareto,misses,trouble,cpu_seconds,wasted_cpu_seconds,command,"
      "human_decisions,machine_decisions,flash_kib,ram_kib\n",
      score_column(reports));
  for (const CampaignReport& report : reports)
    for (const TierReport& tier : report.tiers)
      for (const Entry& entry : tier.board.entries) text += row(report, tier, entry);
  return text;
}

}  // namespace atto::search
