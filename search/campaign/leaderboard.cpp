#include "search/campaign/leaderboard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "design_specs/errors.hpp"
#include "design_specs/seeds/random.hpp"
#include "search/campaign/judging.hpp"
#include "search/campaign/pareto.hpp"

namespace atto::search {
namespace {

constexpr double kNone = -std::numeric_limits<double>::infinity();

using Entries = std::map<std::string, Entry>;

Entries entries_of_designs(Ledger& ledger, const Campaign& campaign, int tier) {
  Entries entries;
  for (DesignRow& row : ledger.designs(tier)) {
    Entry& entry = entries[row.hash];
    entry.rungs.resize(campaign.spec.search.rungs.size());
    row.assignment.shrink_to_fit();
    entry.design = std::move(row);
  }
  return entries;
}

void add_costs(const JobRow& row, Entry& entry) {
  entry.cpu_seconds += row.verdict.cpu_seconds;
  entry.wasted_cpu_seconds += row.verdict.wasted_cpu_seconds;
  entry.saved_cpu_seconds += row.verdict.original_cpu_seconds;
  entry.is_reused |= !row.verdict.reused_from.empty();
}

/// Returns the entry of a job's design, which every job has.
Entry& entry_of(const JobRow& row, Ledger& ledger, Entries& entries) {
  const auto found = entries.find(row.job.hash);
  if (found == entries.end())
    throw EnvironmentError(ledger.damage_text("no design " + row.job.hash));
  if (static_cast<std::size_t>(row.job.rung) >= found->second.rungs.size())
    throw EnvironmentError(
        ledger.damage_text(fmt::format("a job of {} at rung {}", row.job.hash, row.job.rung)));
  return found->second;
}

void add_search_job(const JobRow& row, const spec::Score& score, Entry& entry) {
  add_costs(row, entry);
  entry.figures = row.job.figures;
  if (row.state != State::Done) return;
  if (row.verdict.outcome == train::Outcome::Refused) {
    entry.is_refused = true;
    entry.trouble = row.verdict.reason;
    return;
  }
  if (row.verdict.outcome != train::Outcome::Finished) {
    entry.is_lost = true;
    entry.trouble = row.verdict.reason;
    return;
  }
  if (row.job.rung >= entry.reached) entry.searched = row.verdict.validation;
  entry.reached = std::max(entry.reached, row.job.rung);
  entry.rungs[static_cast<std::size_t>(row.job.rung)] =
      spec::find_value(row.verdict.validation, score.name);
}

/// A job that goes straight to a high rung passes the lower ones: their values come from its curve.
void fill_lower_rungs(Ledger& ledger, const Campaign& campaign, Entries& entries) {
  const std::vector<int>& rungs = campaign.spec.search.rungs;
  for (const EpochValue& value : ledger.search_values(rungs, campaign.spec.maximise.score.name)) {
    const auto entry = entries.find(value.hash);
    if (entry == entries.end()) continue;
    const auto rung =
        static_cast<int>(std::find(rungs.begin(), rungs.end(), value.epoch) - rungs.begin());
    std::optional<double>& known = entry->second.rungs[static_cast<std::size_t>(rung)];
    if (rung < entry->second.reached && !known) known = value.value;
  }
}

void add_final_job(const JobRow& row, Entry& entry) {
  add_costs(row, entry);
  if (row.state != State::Done) return;
  entry.finals.push_back({row.job.replica, row.job.seed, row.verdict.outcome,
                          row.verdict.validation, row.verdict.test});
  if (row.verdict.outcome == train::Outcome::Finished) return;
  entry.is_lost = true;
  entry.trouble = row.verdict.reason;
}

/// The oldest figure stands: a winner is measured once.
void add_confirmed(Ledger& ledger, const spec::LatencySetting& setting, Entries& entries) {
  for (const LatencyRow& row : ledger.latencies(true)) {
    const auto entry = entries.find(row.hash);
    if (entry == entries.end() || row.setting != setting || entry->second.confirmed_ms) continue;
    entry->second.confirmed_ms = row.latency.median_ms;
  }
}

/// The spread of a score over the final runs that finished; absent where none has it.
std::optional<Spread> spread_over(const Entry& entry, spec::ScoreValues FinalRun::*split,
                                  const std::string& score) {
  std::vector<double> values;
  for (const FinalRun& run : entry.finals)
    if (run.outcome == train::Outcome::Finished)
      if (const auto value = spec::find_value(run.*split, score)) values.push_back(*value);
  return values.empty() ? std::nullopt : std::optional(spread_of(values));
}

/// Returns the mean of every score over the final runs.
spec::ScoreValues judge_finals(const Terms& terms, Entry& entry) {
  std::sort(entry.finals.begin(), entry.finals.end(),
            [](const FinalRun& a, const FinalRun& b) { return a.replica < b.replica; });
  const spec::DesignSpec& spec = terms.campaign().spec;
  entry.validation = spread_over(entry, &FinalRun::validation, spec.maximise.score.name);
  entry.test = spread_over(entry, &FinalRun::test, spec.maximise.score.name);
  spec::ScoreValues means;
  for (const spec::Score& score : spec.task.kind.scores)
    if (const auto spread = spread_over(entry, &FinalRun::validation, score.name))
      means[score.name] = spread->mean;
  return means;
}

void judge_entry(const Terms& terms, Entry& entry) {
  const spec::ScoreValues validation =
      entry.is_finalist() ? judge_finals(terms, entry) : entry.searched;
  Judgement judgement = judge(terms, entry.design, {entry.figures, validation, entry.is_lost});
  entry.value = judgement.value;
  entry.misses = std::move(judgement.misses);
}

bool ranks_before(const Entry& a, const Entry& b) {
  if (a.is_finalist() != b.is_finalist()) return a.is_finalist();
  if (a.is_refused != b.is_refused) return b.is_refused;
  if (!a.is_finalist() && a.is_lost != b.is_lost) return b.is_lost;
  if (!a.is_finalist() && a.reached != b.reached) return a.reached > b.reached;
  if (a.misses.empty() != b.misses.empty()) return a.misses.empty();
  if (a.value != b.value) return a.value > b.value;
  return a.design.hash < b.design.hash;
}

void mark_front(const Campaign& campaign, std::vector<Entry>& entries) {
  const auto top = static_cast<std::size_t>(campaign.top_rung());
  std::vector<std::size_t> compared;
  std::vector<Point> points;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::optional<double>& value = entries[i].rungs[top];
    if (!value || std::isnan(*value)) continue;
    compared.push_back(i);
    points.push_back({spec::gain_of(campaign.spec.maximise.score, *value),
                      entries[i].design.costs.params, entries[i].design.costs.macs});
  }
  const std::vector<bool> on_front = pareto_front(points);
  for (std::size_t i = 0; i < compared.size(); ++i) entries[compared[i]].is_on_front = on_front[i];
}

std::uint64_t bits_of(const std::optional<double>& number) {
  return number ? std::bit_cast<std::uint64_t>(*number) : 0x6e6f6e65ULL;
}

}  // namespace

Spread spread_of(const std::vector<double>& values) {
  Spread spread;
  spread.count = static_cast<int>(values.size());
  if (values.empty()) return spread;
  for (double value : values) spread.mean += value;
  spread.mean /= double(values.size());
  double squares = 0;
  for (double value : values) squares += (value - spread.mean) * (value - spread.mean);
  if (values.size() > 1) spread.deviation = std::sqrt(squares / double(values.size() - 1));
  return spread;
}

int Leaderboard::best_replica(const Entry& entry) const {
  int best = -1;
  double best_gain = kNone;
  for (const FinalRun& run : entry.finals) {
    const std::optional<double> value = spec::find_value(run.validation, score.name);
    if (run.outcome != train::Outcome::Finished || !value) continue;
    const double gain = spec::gain_of(score, *value);
    if (!(gain > best_gain)) continue;
    best = run.replica;
    best_gain = gain;
  }
  return best;
}

const Entry* Leaderboard::winner() const {
  if (entries.empty() || !entries.front().is_finalist()) return nullptr;
  const Entry& first = entries.front();
  return first.misses.empty() && std::isfinite(first.value) ? &first : nullptr;
}

std::uint64_t Leaderboard::digest() const {
  std::uint64_t digest = static_cast<std::uint64_t>(tier);
  for (const Entry& entry : entries) {
    digest = spec::derive_seed({digest, read_hash(entry.design.hash), std::uint64_t{entry.is_lost},
                                std::uint64_t{entry.is_on_front}, entry.misses.size()});
    for (const std::optional<double>& value : entry.rungs)
      digest = spec::derive_seed({digest, bits_of(value)});
    for (const FinalRun& run : entry.finals)
      digest = spec::derive_seed({digest, bits_of(spec::find_value(run.validation, score.name)),
                                  bits_of(spec::find_value(run.test, score.name))});
  }
  return digest;
}

Leaderboard make_leaderboard(Ledger& ledger, const Campaign& campaign, int tier) {
  Entries entries = entries_of_designs(ledger, campaign, tier);
  for (Stage stage : {Stage::Include, Stage::Search})
    for (const JobRow& row : ledger.jobs(tier, stage))
      add_search_job(row, campaign.spec.maximise.score, entry_of(row, ledger, entries));
  fill_lower_rungs(ledger, campaign, entries);
  for (const JobRow& row : ledger.jobs(tier, Stage::Final))
    add_final_job(row, entry_of(row, ledger, entries));

  Leaderboard board;
  board.tier = tier;
  board.tier_name = campaign.tier_name(tier);
  board.score = campaign.spec.maximise.score;
  const Terms terms = terms_of(ledger, campaign, tier);
  board.shows_latency = terms.require().latency_ms.max.has_value();
  board.shows_footprint = terms.require().asks_footprint();
  add_confirmed(ledger, terms.require().latency, entries);
  for (auto& [hash, entry] : entries) {
    judge_entry(terms, entry);
    board.entries.push_back(std::move(entry));
  }
  std::sort(board.entries.begin(), board.entries.end(), ranks_before);
  for (std::size_t i = 0; i < board.entries.size(); ++i)
    board.entries[i].rank = static_cast<int>(i) + 1;
  mark_front(campaign, board.entries);
  return board;
}

std::vector<std::string> choose_finalists(const Leaderboard& board, const Terms& terms, int count,
                                          const Beliefs& beliefs) {
  // Judged at the top rung alone, so that an earlier finalist competes with its search result.
  std::vector<Standing> standings;
  for (const Entry& entry : board.entries) {
    if (entry.reached != terms.campaign().top_rung()) continue;
    const bool is_lost = entry.is_lost && !entry.is_finalist();
    const Judgement judgement =
        judge(terms, entry.design, {entry.figures, entry.searched, is_lost});
    if (!std::isfinite(judgement.value)) continue;
    const std::uint64_t hash = read_hash(entry.design.hash);
    const auto found = beliefs.find(hash);
    const double worth = found == beliefs.end() ? judgement.value : found->second;
    standings.push_back({judgement.meets(), worth, hash});
  }
  std::sort(standings.begin(), standings.end());
  std::vector<std::string> hashes;
  for (const Standing& standing : standings) {
    if (static_cast<int>(hashes.size()) == count) break;
    for (const Entry& entry : board.entries)
      if (read_hash(entry.design.hash) == standing.hash) hashes.push_back(entry.design.hash);
  }
  return hashes;
}

}  // namespace atto::search
