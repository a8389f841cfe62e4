#include "search/cli/board_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "prototypes/language/artefact_names.hpp"
#include "prototypes/network/identity.hpp"
#include "search/campaign/run_folder.hpp"
#include "search/cli/quantity_text.hpp"
#include "search/cli/terminal.hpp"
#include "search/running/latency_gate.hpp"

namespace atto::cli {
namespace {

using SortedJson = nlohmann::json;

std::string value_text(const spec::Score& score, const std::optional<double>& value) {
  return value && !std::isnan(*value) ? spec::shown(score, *value) : "-";
}

std::string spread_text(const spec::Score& score, const std::optional<search::Spread>& spread) {
  if (!spread) return "-";
  if (spread->count < 2) return spec::shown(score, spread->mean);
  return fmt::format("{} +- {}", spec::shown(score, spread->mean),
                     spec::shown(score, spread->deviation));
}

std::string remarks(const search::Entry& entry) {
  std::string text = entry.is_on_front ? "*" : "";
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : "  ") + more; };
  if (!entry.trouble.empty()) add(entry.trouble);
  if (!entry.is_refused)
    for (const std::string& miss : entry.misses) add(miss);
  if (entry.is_reused) add("reused");
  return text;
}

/// A row's columns, least important ones of the highest rank.
struct Columns {
  std::string rank, design, by, params, macs, peak, ms, flash, ram, validation, test, remarks;
  std::vector<std::string> rungs;
};

std::vector<LinePart> parts_of(const search::Leaderboard& board, const Columns& c) {
  std::vector<LinePart> parts = {
      {0, fmt::format("{:>4}", c.rank)}, {0, fmt::format("{:<16}", c.design)},
      {4, fmt::format("{:<7}", c.by)},   {2, fmt::format("{:>7}", c.params)},
      {1, fmt::format("{:>7}", c.macs)}, {3, fmt::format("{:>8}", c.peak)}};
  if (board.shows_latency) parts.push_back({1, fmt::format("{:>9}", c.ms)});
  if (board.shows_footprint) {
    parts.push_back({1, fmt::format("{:>9}", c.flash)});
    parts.push_back({1, fmt::format("{:>7}", c.ram)});
  }
  // The lowest rung goes first: the highest says most.
  const int rungs = static_cast<int>(c.rungs.size());
  for (int i = 0; i < rungs; ++i)
    parts.push_back({rungs - i + 1, fmt::format("{:>6}", c.rungs[static_cast<std::size_t>(i)])});
  parts.push_back({0, fmt::format("{:>13}", c.validation)});
  parts.push_back({1, fmt::format("{:>13}", c.test)});
  parts.push_back({0, c.remarks});
  return parts;
}

std::vector<LinePart> header(const search::Leaderboard& board, const search::Campaign& campaign) {
  const std::string_view unit = spec::unit_text(board.score);
  Columns names{"rank",
                "design",
                "by",
                "params",
                "MACs",
                "peak KiB",
                "random ms",
                "flash KiB",
                "RAM KiB",
                fmt::format("final val{}", unit),
                fmt::format("test{}", unit),
                "",
                {}};
  for (int epochs : campaign.spec.search.rungs) names.rungs.push_back(fmt::format("e{}", epochs));
  return parts_of(board, names);
}

std::string figure_text(const char* format, const std::optional<double>& figure) {
  return figure ? fmt::format(fmt::runtime(format), *figure) : "-";
}

std::vector<LinePart> row(const search::Leaderboard& board, const search::Entry& entry) {
  const spec::Costs& costs = entry.design.costs;
  Columns values{std::to_string(entry.rank),
                 entry.design.hash,
                 search::word_of(entry.design.origin),
                 short_count(double(costs.params)),
                 short_count(double(costs.macs)),
                 fmt::format("{:.0f}", double(costs.peak_activation_bytes) / 1024),
                 figure_text("{:.4g}", entry.figures.latency_ms),
                 figure_text("{:.1f}", entry.figures.flash_kib),
                 figure_text("{:.1f}", entry.figures.ram_kib),
                 spread_text(board.score, entry.validation),
                 spread_text(board.score, entry.test),
                 remarks(entry),
                 {}};
  for (const std::optional<double>& value : entry.rungs)
    values.rungs.push_back(value_text(board.score, value));
  return parts_of(board, values);
}

std::string refusals_line(const search::Leaderboard& board) {
  std::size_t count = 0;
  std::optional<double> fastest;
  for (const search::Entry& entry : board.entries) {
    count += entry.is_refused;
    if (const auto& ms = entry.figures.latency_ms; entry.is_refused && ms)
      fastest = std::min(*ms, fastest.value_or(*ms));
  }
  if (count == 0) return "";
  const std::string tail =
      fastest ? ", the fastest of them takes " + search::latency_text(*fastest) : "";
  return fmt::format("{} design{} refused before training{}\n", count,
                     count == 1 ? " was" : "s were", tail);
}

std::string no_winner_line(const search::Leaderboard& board, const std::string& tier) {
  if (board.entries.empty()) return fmt::format("no winner{}: no design was evaluated\n", tier);
  const search::Entry& best = board.entries.front();
  if (best.is_refused) return fmt::format("no winner{}: no design was trained\n", tier);
  if (best.misses.empty())
    return fmt::format("no winner{} yet: {} leads and was not trained in full\n", tier,
                       best.design.hash);
  return fmt::format("no winner{}: the best design, {}, misses a requirement: {}\n", tier,
                     best.design.hash, best.misses.front());
}

std::string winner_line(const search::Leaderboard& board, const std::filesystem::path& folder) {
  const std::string tier = board.tier_name.empty() ? "" : " of tier " + board.tier_name;
  const search::Entry* winner = board.winner();
  const std::filesystem::path place = search::RunFolder{folder}.winner(board.tier_name);
  if (!winner) {
    const char* kept = std::filesystem::exists(place) ? " keeps the winner of before\n" : "";
    return no_winner_line(board, tier) + (*kept ? place.string() + kept : "");
  }
  const std::string latency =
      winner->confirmed_ms
          ? fmt::format("  {} with trained weights", search::latency_text(*winner->confirmed_ms))
          : "";
  const spec::Figures& figures = winner->figures;
  const std::string footprint = figures.flash_kib
                                    ? fmt::format("  flash {:.1f} KiB  RAM {:.1f} KiB",
                                                  *figures.flash_kib, figures.ram_kib.value_or(0))
                                    : "";
  return fmt::format("{}: {}  {} params  {} MACs{}{}  validation {}{}  test {}{}\n  {}\n",
                     painted(Style::Good, "winner" + tier, stdout), winner->design.hash,
                     short_count(double(winner->design.costs.params)),
                     short_count(double(winner->design.costs.macs)), latency, footprint,
                     spread_text(board.score, winner->validation), spec::unit_text(board.score),
                     spread_text(board.score, winner->test), spec::unit_text(board.score),
                     (place / net::kDesignName).string());
}

SortedJson number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? SortedJson(*value) : SortedJson(nullptr);
}

SortedJson spread_json(const std::optional<search::Spread>& spread) {
  if (!spread) return nullptr;
  return {{"mean", spread->mean}, {"deviation", spread->deviation}, {"count", spread->count}};
}

SortedJson entry_json(const search::Leaderboard& board, const search::Entry& entry,
                      const std::filesystem::path& folder) {
  const std::string& score = board.score.name;
  SortedJson rungs = SortedJson::array(), finals = SortedJson::array();
  for (const std::optional<double>& value : entry.rungs) rungs.push_back(number(value));
  for (const search::FinalRun& run : entry.finals)
    finals.push_back({{"seed", run.seed},
                      {score, number(spec::find_value(run.validation, score))},
                      {"test_" + score, number(spec::find_value(run.test, score))}});
  return {{"rank", entry.rank},
          {"hash", entry.design.hash},
          {"origin", search::word_of(entry.design.origin)},
          {"how", entry.design.how},
          {"file", search::RunFolder{folder}.design(entry.design.hash).string()},
          {"params", entry.design.costs.params},
          {"macs", entry.design.costs.macs},
          {"peak_activation_bytes", entry.design.costs.peak_activation_bytes},
          {"model_bytes", entry.design.costs.model_bytes},
          {"latency_ms", number(entry.figures.latency_ms)},
          {"flash_kib", number(entry.figures.flash_kib)},
          {"ram_kib", number(entry.figures.ram_kib)},
          {"confirmed_latency_ms", number(entry.confirmed_ms)},
          {"refused", entry.is_refused},
          {"rung_" + score, rungs},
          {"finals", finals},
          {"validation_" + score, spread_json(entry.validation)},
          {"test_" + score, spread_json(entry.test)},
          {"value", number(entry.value)},
          {"misses", entry.misses},
          {"trouble", entry.trouble},
          {"pareto", entry.is_on_front},
          {"reused", entry.is_reused},
          {"cpu_seconds", entry.cpu_seconds},
          {"wasted_cpu_seconds", entry.wasted_cpu_seconds}};
}

}  // namespace

std::string board_text(const search::Leaderboard& board, const search::Campaign& campaign,
                       const std::filesystem::path& folder, std::size_t rows) {
  std::string text = board.tier_name.empty() ? "" : fmt::format("tier {}\n", board.tier_name);
  const int columns = is_terminal(stdout) ? terminal_columns(stdout) : kUnbounded;
  const std::vector<LinePart> names = header(board, campaign);
  constexpr int kRemark = 3;  // "  *"
  const int rank = fitting_rank(names, columns - kRemark);
  text += painted(Style::Heading, joined(names, rank), stdout) + "\n";
  const std::size_t shown = rows == 0 ? board.entries.size() : std::min(rows, board.entries.size());
  for (std::size_t i = 0; i < shown; ++i) text += joined(row(board, board.entries[i]), rank) + "\n";
  if (shown < board.entries.size())
    text += fmt::format("      and {} more (atto report {})\n", board.entries.size() - shown,
                        folder.string());
  text += fmt::format(
      "eN: validation {}{} after N epochs of the search; {}* on the Pareto front of "
      "{}, params and MACs; digest {}\n",
      board.score.label, board.score.unit == spec::Unit::Number ? "" : " in %",
      board.shows_latency ? "random ms: latency with random weights, before training; " : "",
      board.score.quantity, net::hash_text(board.digest()));
  return text + refusals_line(board) + winner_line(board, folder);
}

SortedJson board_json(const search::Leaderboard& board, const search::Campaign& campaign,
                      const std::filesystem::path& folder) {
  SortedJson entries = SortedJson::array();
  for (const search::Entry& entry : board.entries)
    entries.push_back(entry_json(board, entry, folder));
  const search::Entry* winner = board.winner();
  return {{"tier", board.tier_name},
          {"rungs", campaign.spec.search.rungs},
          {"digest", net::hash_text(board.digest())},
          {"winner", winner ? SortedJson(winner->design.hash) : SortedJson(nullptr)},
          {"leaderboard", entries}};
}

}  // namespace atto::cli
