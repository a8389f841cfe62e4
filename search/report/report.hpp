#pragma once
// The report of one or more campaigns: one offline HTML file, and a CSV of the leaderboards.

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "search/campaign/leaderboard.hpp"
#include "search/campaign/run_folder.hpp"

namespace atto::search {

/// A share with its 95 % interval (Wilson's, for a proportion of `count` images).
struct Interval {
  double low = 0, high = 0;
};
Interval wilson_interval(double share, std::int64_t count);
/// The same of a score's value; absent where the score is no proportion of images.
std::optional<Interval> interval_of(const spec::Score& score, double value, std::int64_t images);

/// Whether two shares of `count` images each cannot be told apart at 95 % (two-proportion z test).
bool is_tie(double a, double b, std::int64_t count);

/// The mean result of the designs that took one alternative of a decision.
struct Alternative {
  std::string label;
  int designs = 0;
  double mean = 0;
};

/// One decision and what its alternatives did: `effect` is the share of the variance between
/// designs that the decision explains (eta squared).
struct Marginal {
  std::string path;
  double effect = 0;
  std::vector<Alternative> alternatives;
};

struct Curve {
  std::string label;
  std::vector<train::EpochRecord> epochs;
};

/// A point of the best-so-far line.
struct Progress {
  double cpu_seconds = 0, value = 0;
};

/// A picture with what the winner finds in it.
struct FoundPicture {
  std::string caption, png;  ///< png: the file's bytes
};

struct TierReport {
  Leaderboard board;
  spec::Requirements require;       ///< with what people steered
  std::vector<Marginal> marginals;  ///< strongest first
  std::vector<Curve> search_curves, final_curves;
  std::vector<Progress> best_so_far;  ///< validation at the top rung over search CPU-seconds
  std::map<std::string, std::string> commands;  ///< by hash: what trains this design again
  std::vector<FoundPicture> found;              ///< what the winner finds; a caller draws them
};

struct CampaignReport {
  std::filesystem::path folder;
  /// The designs' files, relative to where the page will lie; empty: the page has no links.
  std::filesystem::path designs_from_page;
  Campaign campaign;
  CampaignState state = CampaignState::New;
  std::string version, command;  ///< what runs the whole campaign again
  std::vector<std::string> environments;
  std::vector<HostRow> hosts;  ///< what ran where
  Totals totals;
  std::vector<Event> events;
  std::vector<SteerRow> steering;  ///< what people asked for
  std::vector<TierReport> tiers;

  const spec::Score& score() const { return campaign.spec.maximise.score; }
};

/// Reads a run folder.
CampaignReport gather_report(const std::filesystem::path& folder);

std::string report_html(const std::vector<CampaignReport>& reports);
std::string report_csv(const std::vector<CampaignReport>& reports);

}  // namespace atto::search
