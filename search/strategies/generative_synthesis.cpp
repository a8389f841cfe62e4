// Generative synthesis: cycles of generate, train on rungs, probe, update I, update G. The
// generator draws a pool, the inquisitor's draws pick what is trained, halving promotes by what it
// makes of results, and theta moves towards what it credits. A share goes to the front of value and
// MACs.
#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

#include "generator/learning/generator.hpp"
#include "generator/learning/inquisitor.hpp"
#include "prototypes/network/identity.hpp"
#include "search/strategies/fresh_designs.hpp"
#include "search/strategies/front.hpp"
#include "search/strategies/strategy.hpp"

namespace atto::search {
namespace {

// Designs a cycle draws from G, and mutates from the best known.
constexpr int kPool = 400, kMutants = 300;
constexpr std::size_t kElites = 8;  ///< beside those on the front
// The first designs are random, like every strategy's: this share of the candidates, within bounds.
constexpr int kStartShare = 10, kFewestStart = 2, kMostStart = 16;
// A plan of so few designs ends before results could teach it anything: they are drawn at random,
// trained to the top rung, and nothing is measured beside.
constexpr int kTooFewToLearn = 7;
// A cycle trains this share of what is known already, within bounds: cycles get longer.
constexpr int kCycleShare = 6, kShortestCycle = 3, kLongestCycle = 24;
// Scores are all but functions of the decisions: those of the first designs tell what others have.
constexpr std::int64_t kScoredJobs = 40;
constexpr double kBoldness = 0.2;
constexpr int kIterations = 2;  ///< of the inquisitor's variances, a cycle
// Beliefs change, and with them who stands among the best: so many times the quota may be promoted.
constexpr double kPromotedMost = 1.5;
// Results are learnt one by one at first, later in groups of this share of the designs known.
constexpr std::size_t kLearnShare = 16;
constexpr std::size_t kStoredWeights = 64;  ///< in each cycle's record

bool is_mere_sample(const spec::SearchSettings& search) {
  return search.candidates <= kTooFewToLearn;
}

struct Member {
  gen::Candidate candidate;
  int rung = -1;               ///< the highest one observed
  std::vector<double> values;  ///< by rung
  double belief = -std::numeric_limits<double>::infinity();
  bool is_promoted = false;  ///< beyond `rung`
  bool is_lost = false;
  bool is_barred = false;  ///< people steer away from it
};

class GenerativeSynthesis : public Strategy {
 public:
  explicit GenerativeSynthesis(const StrategySetting& setting)
      : fresh_(setting),
        search_(setting.search),
        poll_(setting.poll),
        seed_(setting.seed),
        generator_(*setting.space, setting.search.synthesis.context),
        inquisitor_(generator_.traits(),
                    {setting.search.rungs.size(), setting.search.synthesis.probes,
                     setting.search.synthesis.zero_cost, setting.poll}),
        top_(static_cast<int>(search_.rungs.size()) - 1),
        for_front_(search_.rungs.size()),
        is_informed_(!setting.theta.empty()) {
    generator_.set_theta(setting.theta);
  }

  std::optional<Proposal> propose(std::int64_t position) override {
    if (auto proposal = promotion(false)) return proposal;
    if (issued_ < search_.candidates)
      if (auto proposal = fresh_design(position)) return proposal;
    if (outstanding_ > 0) return {};
    return promotion(true);
  }

  /// Its cycle goes on with the next design of the plan.
  void refuse(std::uint64_t hash) override {
    --issued_;
    --outstanding_;
    numbers_.erase(hash);
    members_.pop_back();
  }

  void observe(const Observation& seen) override {
    --outstanding_;
    Member& member = members_[numbers_.at(seen.hash)];
    member.rung = seen.rung;
    member.is_promoted = false;
    member.is_lost = !std::isfinite(seen.value);
    member.is_barred |= seen.is_barred;
    member.values[static_cast<std::size_t>(seen.rung)] = seen.value;
    if (seen.rung == top_ || member.is_lost || seen.is_barred) released_.push_back(seen.hash);
    if (!search_.synthesis.inquisitor) return;
    inquisitor_.add({member.candidate, static_cast<std::size_t>(seen.rung), seen.value,
                     seen.responses, seen.scores});
    if (++unlearned_ * kLearnShare >= inquisitor_.designs())
      learn(0);
    else
      member.belief = inquisitor_.beliefs({&member.candidate})[0];
  }

  void steer(const Steering& steering) override {
    fresh_.steer(steering);
    generator_.set_space(*steering.space);
    std::erase_if(plan_, [&](const auto& planned) {
      return !fresh_.is_new(planned.first) || !generator_.space().allows(planned.first.assignment);
    });
    for (std::uint64_t hash : steering.barred) members_[numbers_.at(hash)].is_barred = true;
  }
  void set_candidates(int candidates) override { search_.candidates = candidates; }
  std::vector<std::uint64_t> take_released() override { return std::exchange(released_, {}); }
  std::optional<double> belief(std::uint64_t hash) const override {
    const auto found = is_learnt_ ? numbers_.find(hash) : numbers_.end();
    if (found == numbers_.end()) return {};
    const Member& member = members_[found->second];
    if (member.rung < 0 || member.is_lost) return {};
    return inquisitor_.worth(member.candidate);
  }
  gen::Theta theta() const override { return generator_.theta(); }
  std::int64_t cycles() const override { return cycles_; }
  Insight insight() const override {
    Insight insight{generator_.theta(), {}, {}, {}, {}};
    if (!inquisitor_.has_learnt()) return insight;
    insight.credits = inquisitor_.credits();
    insight.weights = inquisitor_.weights(kStoredWeights);
    insight.sources = inquisitor_.sources();
    insight.rung_correlations = inquisitor_.rung_correlations();
    return insight;
  }

 private:
  int start_count() const {
    if (is_mere_sample(search_)) return search_.candidates;
    return std::clamp(search_.candidates / kStartShare, kFewestStart, kMostStart);
  }

  std::optional<Proposal> fresh_design(std::int64_t position) {
    std::string how = "sampled";
    std::optional<gen::Candidate> candidate;
    if (plan_.empty()) {
      candidate = fresh_.sample(position);
      if (!candidate) return {};
      const bool is_start = issued_ < start_count() && !is_informed_;
      if (!is_start) plan(position);
    }
    if (!plan_.empty()) {
      candidate = std::move(plan_.front().first);
      how = std::move(plan_.front().second);
      plan_.pop_front();
    }
    fresh_.accept(*candidate);
    ++issued_;
    ++outstanding_;
    numbers_[candidate->hash] = members_.size();
    members_.push_back({*candidate, -1, std::vector<double>(search_.rungs.size())});
    const std::uint64_t hash = candidate->hash;
    const bool is_halved = search_.synthesis.rungs && !is_mere_sample(search_);
    return Proposal{std::move(candidate), hash, is_halved ? 0 : top_, std::move(how)};
  }

  /// What a design is worth among those that were seen at a rung.
  double standing(const Member& member, int rung) const {
    return is_learnt_ ? member.belief : member.values[static_cast<std::size_t>(rung)];
  }

  std::optional<Proposal> promotion(bool is_end) {
    if (!search_.synthesis.rungs) return {};
    for (int rung = top_; rung-- > 0;) {
      Member* next = promoted_from(rung, is_end);
      if (!next) continue;
      next->is_promoted = true;
      ++outstanding_;
      return Proposal{std::nullopt, next->candidate.hash, rung + 1, "promoted"};
    }
    return {};
  }

  static bool is_beyond(const Member& member, int rung) {
    return member.rung > rung || (member.rung == rung && member.is_promoted);
  }

  /// Returns the design that is due to leave a rung, as things are believed now: for the front,
  /// the one that widens it most; else the best of those among the best of the rung.
  Member* promoted_from(int rung, bool is_end) {
    std::vector<Member*> seen;
    std::size_t count = 0, promoted = 0;
    for (Member& member : members_) {
      count += member.rung >= rung;
      if (member.rung < rung || member.is_barred) continue;
      seen.push_back(&member);
      promoted += is_beyond(member, rung);
    }
    const std::size_t quota = std::min(
        seen.size(), is_end ? promotions(search_, count)
                            : static_cast<std::size_t>(search_.promote * double(count) + 1e-9));
    const auto front_quota =
        static_cast<std::size_t>(std::lround(search_.synthesis.front * double(quota)));
    std::size_t& for_front = for_front_[static_cast<std::size_t>(rung)];
    if (for_front < front_quota)
      if (Member* next = widest(seen, rung)) {
        ++for_front;
        return next;
      }
    const std::size_t best = quota - front_quota;
    if (double(promoted - std::min(for_front, promoted)) >= kPromotedMost * double(best))
      return nullptr;
    std::partial_sort(seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>(best), seen.end(),
                      [&](const Member* a, const Member* b) {
                        return std::pair(-standing(*a, rung), a->candidate.hash) <
                               std::pair(-standing(*b, rung), b->candidate.hash);
                      });
    for (std::size_t i = 0; i < best; ++i)
      if (!is_beyond(*seen[i], rung) && !seen[i]->is_lost) return seen[i];
    return nullptr;
  }

  /// An empty front that begins at the worst of some designs: lowest standing, most MACs.
  Front front_over(const std::vector<Member*>& designs, int rung) const {
    double least = std::numeric_limits<double>::infinity(), most = 0;
    for (const Member* member : designs) {
      if (!member->is_lost) least = std::min(least, standing(*member, rung));
      most = std::max(most, macs_of(member->candidate));
    }
    return {least, most};
  }
  static double macs_of(const gen::Candidate& candidate) { return double(candidate.costs.macs); }

  /// Returns the design that adds most to the front of those beyond the rung.
  Member* widest(const std::vector<Member*>& seen, int rung) const {
    Front front = front_over(seen, rung);
    for (const Member* member : seen)
      if (is_beyond(*member, rung)) front.add(standing(*member, rung), macs_of(member->candidate));
    Member* next = nullptr;
    double most = 0;
    for (Member* member : seen) {
      if (is_beyond(*member, rung) || member->is_lost) continue;
      const double gain = front.gain(standing(*member, rung), macs_of(member->candidate));
      if (gain <= most) continue;
      most = gain;
      next = member;
    }
    return next;
  }

  void learn(int iterations) {
    if (inquisitor_.designs() < 3) return;
    inquisitor_.learn(iterations);
    is_learnt_ = true;
    unlearned_ = 0;
    std::vector<const gen::Candidate*> candidates;
    for (const Member& member : members_)
      if (member.rung >= 0) candidates.push_back(&member.candidate);
    const std::vector<double> beliefs = inquisitor_.beliefs(candidates);
    auto belief = beliefs.begin();
    for (Member& member : members_)
      if (member.rung >= 0) member.belief = *belief++;
  }

  /// One cycle: fills the plan with the next designs to train. It stays empty where the pool holds
  /// nothing new.
  void plan(std::int64_t position) {
    const auto seed_of = [&](std::uint64_t part) {
      return spec::derive_seed({seed_, 0x67656eULL, static_cast<std::uint64_t>(position), part});
    };
    const std::size_t count = static_cast<std::size_t>(
        std::clamp(static_cast<int>(members_.size()) / kCycleShare, kShortestCycle, kLongestCycle));
    gen::Workspace workspace;
    std::vector<gen::Candidate> drawn, pool;
    for (int i = 0; i < kPool; ++i) {
      poll_();
      if (auto one = generator_.sample(seed_of(static_cast<std::uint64_t>(i)), workspace))
        drawn.push_back(std::move(*one));
    }
    std::vector<std::string> origins;
    const auto offer = [&](const gen::Candidate& candidate, const std::string& how) {
      if (!fresh_.is_new(candidate)) return;
      for (const gen::Candidate& other : pool)
        if (other.hash == candidate.hash) return;
      pool.push_back(candidate);
      origins.push_back(how);
    };
    for (const gen::Candidate& candidate : drawn) offer(candidate, "generated");
    const bool is_learning = search_.synthesis.inquisitor && inquisitor_.designs() >= 3;
    if (is_learning) {
      learn(kIterations);
      add_mutants(seed_of(1u << 20), offer);
    }
    choose(pool, origins, count, seed_of((1u << 20) + 1), is_learning);
    if (is_learning) advance(drawn);
    ++cycles_;
  }

  /// The designs believed to be the best, and those that no better one undercuts in MACs.
  std::vector<const Member*> elites() const {
    std::vector<const Member*> ranked, elites;
    for (const Member& member : members_)
      if (member.rung >= 0 && !member.is_lost) ranked.push_back(&member);
    std::sort(ranked.begin(), ranked.end(), [](const Member* a, const Member* b) {
      return std::pair(-a->belief, a->candidate.hash) < std::pair(-b->belief, b->candidate.hash);
    });
    double least = std::numeric_limits<double>::infinity();
    for (const Member* member : ranked) {
      const double macs = macs_of(member->candidate);
      if (elites.size() < kElites || macs < least) elites.push_back(member);
      least = std::min(least, macs);
    }
    return elites;
  }

  template <class Offer>
  void add_mutants(std::uint64_t seed, Offer&& offer) {
    const std::vector<const Member*> elites = this->elites();
    for (int i = 0; i < kMutants && !elites.empty(); ++i) {
      poll_();
      spec::Random random(spec::derive_seed({seed, static_cast<std::uint64_t>(i)}));
      const Member& parent = *elites[static_cast<std::size_t>(i) % elites.size()];
      const auto child = generator_.space().mutate(
          parent.candidate.assignment, 1 + static_cast<int>(random.below(2)), random, &generator_);
      if (child) offer(*child, "generated from " + net::hash_text(parent.candidate.hash));
    }
  }

  void choose(std::vector<gen::Candidate>& pool, const std::vector<std::string>& origins,
              std::size_t count, std::uint64_t seed, bool is_learning) {
    std::vector<const gen::Candidate*> candidates;
    for (const gen::Candidate& candidate : pool) candidates.push_back(&candidate);
    std::vector<std::vector<double>> draws;
    if (is_learning)
      draws = inquisitor_.draws(candidates, static_cast<int>(count), kBoldness, seed);
    const Front front = known_front();
    std::vector<bool> is_taken(pool.size());
    for (std::size_t k = 0; k < std::min(count, pool.size()); ++k) {
      front_due_ += search_.synthesis.front;
      const bool is_for_front = front_due_ >= 1;
      if (is_for_front) front_due_ -= 1;
      const auto worth = [&](std::size_t i) {
        if (is_learning)
          return is_for_front ? front.gain(draws[k][i], macs_of(pool[i])) : draws[k][i];
        // Before results, the largest are picked; what will widen the front nobody knows.
        const bool is_guess = search_.synthesis.inquisitor && !is_for_front;
        return is_guess ? gen::worth_of_size(pool[i].costs) : 0.0;
      };
      std::size_t best = pool.size();
      for (std::size_t i = 0; i < pool.size(); ++i)
        if (!is_taken[i] && (best == pool.size() || worth(i) > worth(best))) best = i;
      is_taken[best] = true;
      plan_.emplace_back(pool[best], origins[best]);
    }
  }

  /// The front of all designs that some result is known of.
  Front known_front() {
    std::vector<Member*> seen;
    for (Member& member : members_)
      if (member.rung >= 0) seen.push_back(&member);
    Front front = front_over(seen, 0);
    for (const Member* member : seen)
      if (!member->is_lost) front.add(standing(*member, 0), macs_of(member->candidate));
    return front;
  }

  void advance(const std::vector<gen::Candidate>& drawn) {
    if (drawn.empty()) return;
    std::vector<const gen::Candidate*> candidates;
    for (const gen::Candidate& candidate : drawn) candidates.push_back(&candidate);
    const std::vector<double> beliefs = inquisitor_.beliefs(candidates);
    double mean = 0;
    for (const double belief : beliefs) mean += belief / double(beliefs.size());
    std::vector<gen::Weighed> weighed;
    for (std::size_t i = 0; i < drawn.size(); ++i)
      weighed.push_back({&drawn[i].assignment, beliefs[i] - mean});
    generator_.advance(weighed, {});
  }

  FreshDesigns fresh_;
  spec::SearchSettings search_;
  std::function<void()> poll_;
  std::uint64_t seed_;
  gen::Generator generator_;
  gen::Inquisitor inquisitor_;
  int top_;
  std::vector<Member> members_;
  std::unordered_map<std::uint64_t, std::size_t> numbers_;
  std::deque<std::pair<gen::Candidate, std::string>> plan_;
  std::vector<std::uint64_t> released_;
  std::int64_t issued_ = 0, outstanding_ = 0, cycles_ = 0;
  std::size_t unlearned_ = 0;
  std::vector<std::size_t> for_front_;  ///< by rung: designs that left it for the front
  double front_due_ = 0;                ///< picks for the front that are due
  bool is_informed_, is_learnt_ = false;
};

Measurements wants_of(const spec::SearchSettings& search) {
  const spec::SynthesisSettings& parts = search.synthesis;
  if (!parts.inquisitor || is_mere_sample(search)) return {};
  return {parts.probes, parts.zero_cost ? kScoredJobs : 0};
}

Workload work_of(const spec::SearchSettings& search) {
  if (!search.synthesis.rungs || is_mere_sample(search)) return all_to_the_top(search);
  spec::SearchSettings most = search;
  const double alone = 1 - search.synthesis.front;
  most.promote *= search.synthesis.front + kPromotedMost * alone;
  most.promote = std::min(1.0, most.promote);
  return halving(most);
}

}  // namespace

extern const StrategyEntry kGenerativeSynthesis;
const StrategyEntry kGenerativeSynthesis = {
    .name = "generative_synthesis",
    .summary = "a generator that learns from an inquisitor what each module should be",
    .make = make_strategy<GenerativeSynthesis>,
    .workload = work_of,
    .wants = wants_of};

}  // namespace atto::search
