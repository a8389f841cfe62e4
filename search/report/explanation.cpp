#include "search/report/explanation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>

#include "design_specs/reading/problems.hpp"
#include "generator/learning/generator.hpp"
#include "search/campaign/cycles.hpp"
#include "search/campaign/judging.hpp"

namespace atto::search {
namespace {

constexpr int kDrawsOfChoice = 400;
constexpr std::uint64_t kDrawSeed = 0xe4b1a1;
constexpr std::size_t kWidthBins = 8, kBestDesigns = 3, kResponsesShown = 2;
/// Responses that tell options apart by less are noise.
constexpr double kTellingShift = 0.3;
constexpr int kFewestObserved = 2;
/// Designs drawn with an option, and without, to compare their sizes.
constexpr int kFewestDrawn = 10;

/// A design with a result, as the strategy knew it at the cycle.
struct Known {
  std::string hash;
  net::Assignment assignment;
  int rung = -1;
  double value = 0;
  net::ResponsesByModule responses;
};

/// The alternatives of a decision in groups: each by itself, widths in bins of neighbours.
std::vector<std::pair<std::int32_t, std::int32_t>> groups_of(const net::Decision& decision) {
  const auto count = static_cast<std::size_t>(decision.alternatives);
  const bool is_binned = decision.role == net::Decision::Role::Width && count > kWidthBins;
  const std::size_t groups = is_binned ? kWidthBins : count;
  std::vector<std::pair<std::int32_t, std::int32_t>> found;
  for (std::size_t g = 0; g < groups; ++g)
    found.emplace_back(static_cast<std::int32_t>(g * count / groups),
                       static_cast<std::int32_t>((g + 1) * count / groups - 1));
  return found;
}

std::vector<gen::Candidate> draw(const gen::Generator& generator) {
  gen::Workspace workspace;
  std::vector<gen::Candidate> drawn;
  for (int i = 0; i < kDrawsOfChoice; ++i)
    if (auto one = generator.sample(spec::derive_seed({kDrawSeed, std::uint64_t(i)}), workspace))
      drawn.push_back(std::move(*one));
  return drawn;
}

/// The designs whose results the strategy had seen, each at its highest rung.
std::vector<Known> known_at(Ledger& ledger, const Campaign& campaign, const CycleRow& cycle) {
  std::vector<JobRow> rows = ledger.jobs(cycle.tier, Stage::Search);
  std::erase_if(rows, [](const JobRow& row) { return row.state != State::Done; });
  if (campaign.is_async) std::sort(rows.begin(), rows.end(), finished_before);
  if (rows.size() > static_cast<std::size_t>(cycle.seen))
    rows.resize(static_cast<std::size_t>(cycle.seen));
  const std::string& score = campaign.spec.maximise.score.name;
  std::map<std::string, const JobRow*> highest;
  for (const JobRow& row : rows)
    if (row.verdict.outcome == train::Outcome::Finished &&
        spec::find_value(row.verdict.validation, score)) {
      const JobRow*& best = highest[row.job.hash];
      if (!best || best->job.rung < row.job.rung) best = &row;
    }
  std::vector<Known> known;
  for (const auto& [hash, row] : highest) {
    const std::optional<DesignRow> design = ledger.design(hash);
    if (!design || design->assignment.empty()) continue;
    known.push_back({hash, read_assignment(design->assignment), row->job.rung,
                     spec::find_value(row->verdict.validation, score).value(),
                     ledger.responses({hash, train::Phase::Search, 0}, row->job.to_epoch).modules});
  }
  return known;
}

/// Means and deviations of a module's responses over the designs at one rung.
class ResponseScale {
 public:
  explicit ResponseScale(const std::vector<Known>& known) {
    for (const Known& design : known)
      for (const auto& [module, responses] : design.responses) {
        Sums& sums = sums_[{module, design.rung}];
        const auto values = net::values_of(responses);
        ++sums.count;
        for (std::size_t i = 0; i < values.size(); ++i) {
          sums.sum[i] += values[i];
          sums.squares[i] += values[i] * values[i];
        }
      }
  }
  /// Returns how far a response lies from its like, in standard deviations.
  double distance(const std::string& module, int rung, std::size_t which, double value) const {
    const Sums& sums = sums_.at({module, rung});
    const double mean = sums.sum[which] / sums.count;
    const double variance = sums.squares[which] / sums.count - mean * mean;
    return variance > 1e-18 ? (value - mean) / std::sqrt(variance) : 0;
  }

 private:
  struct Sums {
    int count = 0;
    std::array<double, net::kResponseNames.size()> sum{}, squares{};
  };
  std::map<std::pair<std::string, int>, Sums> sums_;
};

class Explainer {
 public:
  Explainer(Ledger& ledger, const Campaign& campaign, const CycleRow& cycle)
      : campaign_(campaign),
        insight_(read_insight(cycle.text)),
        terms_(campaign, cycle.tier),
        known_(known_at(ledger, campaign, cycle)),
        scale_(known_) {
    for (const SteerRow& row : ledger.steering())
      if (row.is_in_effect() &&
          (row.tier < cycle.tier || (row.tier == cycle.tier && row.position <= cycle.position)))
        terms_.apply(row);
    const auto space = terms_.make_space();
    gen::Generator generator(*space, campaign.spec.search.synthesis.context);
    first_ = draw(generator);
    generator.set_theta(insight_.theta);
    drawn_ = draw(generator);
    for (const gen::Weight& weight : insight_.weights)
      weights_.push_back({generator.traits().name(weight.feature), weight.mean, weight.deviation});
    for (const gen::Credit& credit : insight_.credits)
      credits_[{credit.decision, credit.alternative}] = &credit;
  }

  Explanation explain(const CycleRow& cycle, std::int64_t cycles) {
    Explanation made;
    made.campaign = campaign_.spec.name;
    made.tier = campaign_.tier_name(cycle.tier);
    made.cycle = cycle.cycle, made.cycles = cycles;
    made.position = cycle.position, made.results = cycle.seen;
    made.designs = static_cast<int>(known_.size());
    const spec::Objective& maximise = campaign_.spec.maximise;
    made.score = maximise.score;
    made.value = maximise.is_netscore ? "NetScore" : made.score.label;
    made.scale = maximise.is_netscore ? 1 : spec::scale_of(made.score);
    made.has_learnt = !insight_.credits.empty();
    made.weights = std::move(weights_);
    made.sources = insight_.sources;
    for (std::size_t r = 0; r < insight_.rung_correlations.size(); ++r)
      made.rungs.emplace_back(campaign_.spec.search.rungs.at(r), insight_.rung_correlations[r]);
    for (std::size_t d = 0; d < campaign_.prototype->decisions().size(); ++d)
      if (campaign_.prototype->decisions()[d].alternatives > 1)
        made.decisions.push_back(decision(static_cast<net::DecisionId>(d)));
    std::stable_sort(made.decisions.begin(), made.decisions.end(),
                     [](const ExplainedDecision& a, const ExplainedDecision& b) {
                       return a.importance > b.importance;
                     });
    return made;
  }

 private:
  ExplainedDecision decision(net::DecisionId id) const {
    const net::Decision& of = campaign_.prototype->decisions()[static_cast<std::size_t>(id)];
    ExplainedDecision made;
    made.path = of.path;
    made.is_width = of.role == net::Decision::Role::Width;
    made.is_steered = terms_.held().count(id) > 0;
    for (const auto& [first, last] : groups_of(of)) made.options.push_back(option(id, first, last));
    double exists = 0;
    for (const gen::Candidate& design : drawn_)
      exists += design.assignment[static_cast<std::size_t>(id)] != net::kInactive;
    made.presence = drawn_.empty() ? 0 : exists / double(drawn_.size());
    for (std::size_t i = 1; i < made.options.size(); ++i)
      if (made.options[i].probability > made.options[made.preferred].probability)
        made.preferred = i;
    made.is_width ? judge_width(id, of.alternatives - 1, made) : judge_options(made);
    made.is_range = of.values.size() > 2;
    return made;
  }

  void judge_width(net::DecisionId id, std::int32_t widest, ExplainedDecision& made) const {
    const auto credit = credits_.find({id, widest});
    if (credit == credits_.end()) return;
    made.width_effect = credit->second->effect;
    made.width_deviation = credit->second->deviation;
    made.confidence = std::max(credit->second->confidence, 1 - credit->second->confidence);
    made.importance = made.presence * std::abs(credit->second->effect);
  }

  static void judge_options(ExplainedDecision& made) {
    double low = 0, high = 0;
    int tried = 0;
    for (const ExplainedOption& option : made.options) {
      tried += option.effect.has_value();
      low = std::min(low, option.effect.value_or(0));
      high = std::max(high, option.effect.value_or(0));
    }
    made.importance = made.presence * (high - low);
    if (tried < 2)  // the best of one is no finding
      for (ExplainedOption& option : made.options) option.confidence = 0;
    made.confidence = made.options[made.preferred].confidence;
  }

  ExplainedOption option(net::DecisionId id, std::int32_t first, std::int32_t last) const {
    const auto d = static_cast<std::size_t>(id);
    const net::Decision& of = campaign_.prototype->decisions()[d];
    ExplainedOption made;
    made.label = of.labels[static_cast<std::size_t>(first)];
    if (last > first) made.label += "-" + of.labels[static_cast<std::size_t>(last)];
    const auto is_taken = [&](const net::Assignment& design) {
      return design[d] >= first && design[d] <= last;
    };
    made.probability = share(drawn_, d, is_taken);
    made.at_first = share(first_, d, is_taken);
    add_sizes(d, is_taken, made);
    const auto held = terms_.held().find(id);
    if (held != terms_.held().end()) {
      made.is_allowed = false;
      for (std::int32_t i = first; i <= last; ++i) made.is_allowed |= held->second.allows(i);
    }
    std::vector<const Known*> takers;
    for (const Known& design : known_)
      if (is_taken(design.assignment)) takers.push_back(&design);
    made.designs = static_cast<int>(takers.size());
    for (const Known* design : takers) made.at_top += design->rung == campaign_.top_rung();
    add_best(takers, made);
    const auto credit = credits_.find({id, first});
    if (of.role == net::Decision::Role::Structure && credit != credits_.end()) {
      made.effect = credit->second->effect;
      made.deviation = credit->second->deviation;
      made.confidence = credit->second->confidence;
    }
    if (of.role == net::Decision::Role::Structure)
      add_responses(std::string(gen::module_of(of.path)), d, first, made);
    return made;
  }

  template <class Takes>
  static double share(const std::vector<gen::Candidate>& designs, std::size_t d, Takes&& takes) {
    double exists = 0, taken = 0;
    for (const gen::Candidate& design : designs) {
      exists += design.assignment[d] != net::kInactive;
      taken += takes(design.assignment);
    }
    return exists > 0 ? taken / exists : 0;
  }

  template <class Takes>
  void add_sizes(std::size_t d, Takes&& takes, ExplainedOption& made) const {
    std::array<int, 2> count{};  // without, with
    std::array<double, 2> params{}, macs{};
    for (const gen::Candidate& design : first_) {
      if (design.assignment[d] == net::kInactive) continue;
      const std::size_t side = takes(design.assignment) ? 1 : 0;
      ++count[side];
      params[side] += std::log(double(std::max<std::int64_t>(1, design.costs.params)));
      macs[side] += std::log(double(std::max<std::int64_t>(1, design.costs.macs)));
    }
    if (count[0] < kFewestDrawn || count[1] < kFewestDrawn) return;
    made.params_ratio = std::exp(params[1] / count[1] - params[0] / count[0]);
    made.macs_ratio = std::exp(macs[1] / count[1] - macs[0] / count[0]);
  }

  void add_best(std::vector<const Known*>& takers, ExplainedOption& made) const {
    const auto rank = [&](const Known* one) {
      return std::tuple(-one->rung, -spec::gain_of(campaign_.spec.maximise.score, one->value),
                        std::string_view(one->hash));
    };
    std::sort(takers.begin(), takers.end(),
              [&](const Known* a, const Known* b) { return rank(a) < rank(b); });
    for (std::size_t i = 0; i < std::min(kBestDesigns, takers.size()); ++i)
      made.best.emplace_back(takers[i]->hash, takers[i]->value);
  }

  /// The responses of the module (of the whole network outside modules) that tell designs with this
  /// option from those with another one.
  void add_responses(const std::string& module, std::size_t d, std::int32_t alternative,
                     ExplainedOption& made) const {
    for (std::size_t which = 0; which < net::kResponseNames.size(); ++which) {
      ExplainedResponse response{std::string(net::kResponseNames[which])};
      int with = 0, without = 0;
      for (const Known& design : known_) {
        const auto found = design.responses.find(module);
        if (design.assignment[d] == net::kInactive || found == design.responses.end()) continue;
        const double value = net::values_of(found->second)[which];
        if (design.assignment[d] != alternative) {
          response.without += value;
          ++without;
          continue;
        }
        response.with += value;
        response.shift += scale_.distance(module, design.rung, which, value);
        ++with;
      }
      if (with < kFewestObserved || without < kFewestObserved) continue;
      response.with /= with, response.shift /= with, response.without /= without;
      if (std::abs(response.shift) >= kTellingShift) made.responses.push_back(response);
    }
    std::stable_sort(made.responses.begin(), made.responses.end(),
                     [](const ExplainedResponse& a, const ExplainedResponse& b) {
                       return std::abs(a.shift) > std::abs(b.shift);
                     });
    if (made.responses.size() > kResponsesShown) made.responses.resize(kResponsesShown);
  }

  const Campaign& campaign_;
  Insight insight_;
  Terms terms_;
  std::vector<Known> known_;
  ResponseScale scale_;
  std::vector<gen::Candidate> first_, drawn_;
  std::vector<ExplainedWeight> weights_;
  std::map<std::pair<net::DecisionId, std::int32_t>, const gen::Credit*> credits_;
};

}  // namespace

std::optional<Explanation> explain(Ledger& ledger, const Campaign& campaign, int tier,
                                   std::int64_t cycle) {
  const std::vector<CycleRow> cycles = ledger.cycles(tier);
  if (cycles.empty()) return {};
  const auto last = static_cast<std::int64_t>(cycles.size());
  if (cycle < 0 || cycle > last)
    throw SpecError({{"--cycle", "", fmt::format("must be 1 to {}", last), std::to_string(cycle)}});
  const CycleRow& row = cycles[static_cast<std::size_t>(cycle == 0 ? last - 1 : cycle - 1)];
  return Explainer(ledger, campaign, row).explain(row, last);
}

void keep_path(Explanation& explanation, const std::string& path) {
  const auto addresses = [&](const std::string& of) {
    if (net::path_matches(path, of)) return true;
    for (std::size_t i = 1; i < of.size(); ++i)
      if ((of[i] == '.' || of[i] == '[' || of[i] == '#') &&
          net::path_matches(path, of.substr(0, i)))
        return true;
    return false;
  };
  std::vector<std::string_view> paths;
  for (const ExplainedDecision& decision : explanation.decisions) paths.push_back(decision.path);
  const std::string near(spec::nearest_name(path, paths));
  std::erase_if(explanation.decisions,
                [&](const ExplainedDecision& decision) { return !addresses(decision.path); });
  if (explanation.decisions.empty())
    throw SpecError({{"--path", "",
                      "no decision has this path" +
                          (near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)),
                      path}});
}

}  // namespace atto::search
