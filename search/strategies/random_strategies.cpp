// The strategies that sample designs at random: straight to the top rung, under asynchronous
// successive halving (Li et al., ASHA, arXiv 1810.05934), and first rung for all, then the top K.
#include <algorithm>
#include <limits>
#include <utility>

#include "search/strategies/rungs.hpp"
#include "search/strategies/to_the_top.hpp"

namespace atto::search {
namespace {

/// A barred design counts, but never ranks.
Standing standing_of(const Observation& seen) {
  const double none = -std::numeric_limits<double>::infinity();
  return {seen.meets, seen.is_barred ? none : seen.value, seen.hash};
}

Proposal fresh_proposal(gen::Candidate candidate, int rung) {
  const std::uint64_t hash = candidate.hash;
  return {std::move(candidate), hash, rung, "sampled"};
}

/// How many results of a rung keep their checkpoints, where so many of it will be promoted. The
/// second half is for a later raise of `candidates`, which promotes some that stood just below.
std::size_t checkpoints_kept(std::size_t promoted) {
  return 2 * promoted;
}

class RandomSearch : public ToTheTop {
 public:
  using ToTheTop::ToTheTop;

  std::optional<Proposal> propose(std::int64_t position) override {
    if (has_proposed_all()) return {};
    return propose_fresh(fresh_.sample(position), "sampled");
  }
  void observe(const Observation& seen) override { arrive(seen.hash); }
};

/// Promotes whenever some design stands within the best share of its rung; else starts a new one.
/// When no new one is left, the quota is rounded up, so that at least `finalists` designs reach the
/// top.
class Asha : public Strategy {
 public:
  explicit Asha(const StrategySetting& setting)
      : fresh_(setting), search_(setting.search), rungs_(search_.rungs.size()) {
    for (std::size_t i = 0; i + 1 < rungs_.size(); ++i) kept_.emplace_back(0);
    set_candidates(search_.candidates);
  }

  std::optional<Proposal> propose(std::int64_t position) override {
    if (auto proposal = promotion(false)) return proposal;
    if (issued_ < search_.candidates)
      if (std::optional<gen::Candidate> candidate = fresh_.sample(position)) {
        fresh_.accept(*candidate);
        ++issued_;
        return fresh_proposal(std::move(*candidate), 0);
      }
    // Rounding up is for the end only: earlier it would promote the first design of every rung.
    if (outstanding() > 0) return {};
    return promotion(true);
  }

  void refuse(std::uint64_t) override { --issued_; }
  void observe(const Observation& seen) override {
    const auto rung = static_cast<std::size_t>(seen.rung);
    ++observed_;
    rungs_[rung].add(standing_of(seen));
    if (rung + 1 == rungs_.size()) {
      released_.push_back(seen.hash);
      return;
    }
    const auto leaves = kept_[rung].add(standing_of(seen));
    if (leaves && !rungs_[rung].was_promoted(*leaves)) released_.push_back(*leaves);
  }

  void steer(const Steering& steering) override {
    fresh_.steer(steering);
    for (Rung& rung : rungs_)
      for (std::uint64_t hash : steering.barred) rung.bar(hash);
  }

  void set_candidates(int candidates) override {
    search_.candidates = candidates;
    std::size_t count = static_cast<std::size_t>(candidates);
    for (KeptBest& kept : kept_) {
      count = promotions(search_, count);
      kept.set_capacity(checkpoints_kept(count));
    }
  }
  std::vector<std::uint64_t> take_released() override { return std::exchange(released_, {}); }

 private:
  std::int64_t outstanding() const { return issued_ + promoted_ - observed_; }

  std::optional<Proposal> promotion(bool is_end) {
    for (std::size_t i = rungs_.size() - 1; i-- > 0;) {
      const std::size_t count = rungs_[i].count();
      const std::size_t quota =
          is_end ? promotions(search_, count)
                 : static_cast<std::size_t>(search_.promote * double(count) + 1e-9);
      const std::optional<std::uint64_t> hash = rungs_[i].promotable(quota);
      if (!hash) continue;
      rungs_[i].mark_promoted(*hash);
      ++promoted_;
      return Proposal{std::nullopt, *hash, static_cast<int>(i) + 1, "promoted"};
    }
    return {};
  }

  FreshDesigns fresh_;
  spec::SearchSettings search_;
  std::vector<Rung> rungs_;
  std::vector<KeptBest> kept_;
  std::int64_t issued_ = 0, promoted_ = 0, observed_ = 0;
  std::vector<std::uint64_t> released_;
};

class FirstThenTop : public Strategy {
 public:
  explicit FirstThenTop(const StrategySetting& setting)
      : fresh_(setting),
        search_(setting.search),
        top_(static_cast<int>(search_.rungs.size()) - 1),
        kept_(0) {
    set_candidates(search_.candidates);
  }

  std::optional<Proposal> propose(std::int64_t position) override {
    if (issued_ < search_.candidates)
      if (std::optional<gen::Candidate> candidate = fresh_.sample(position)) {
        fresh_.accept(*candidate);
        ++issued_;
        return fresh_proposal(std::move(*candidate), 0);
      }
    const bool knows_all = static_cast<std::int64_t>(first_.count()) == issued_;
    if (!knows_all || top_ == 0) return {};
    const std::optional<std::uint64_t> hash =
        first_.promotable(promotions(search_, first_.count()));
    if (!hash) return {};
    first_.mark_promoted(*hash);
    return Proposal{std::nullopt, *hash, top_, "promoted"};
  }

  void refuse(std::uint64_t) override { --issued_; }
  void observe(const Observation& seen) override {
    if (seen.rung == top_) released_.push_back(seen.hash);
    if (seen.rung != 0) return;
    first_.add(standing_of(seen));
    if (top_ == 0) return;
    const auto leaves = kept_.add(standing_of(seen));
    if (leaves && !first_.was_promoted(*leaves)) released_.push_back(*leaves);
  }
  void steer(const Steering& steering) override {
    fresh_.steer(steering);
    for (std::uint64_t hash : steering.barred) first_.bar(hash);
  }
  void set_candidates(int candidates) override {
    search_.candidates = candidates;
    kept_.set_capacity(checkpoints_kept(promotions(search_, static_cast<std::size_t>(candidates))));
  }
  std::vector<std::uint64_t> take_released() override { return std::exchange(released_, {}); }

 private:
  FreshDesigns fresh_;
  spec::SearchSettings search_;
  int top_;
  Rung first_;
  KeptBest kept_;
  std::int64_t issued_ = 0;
  std::vector<std::uint64_t> released_;
};

Workload first_then_top(const spec::SearchSettings& search) {
  const int top = static_cast<int>(search.rungs.size()) - 1;
  Workload work{{{double(search.candidates), -1, 0}}};
  if (top > 0)
    work.climbs.push_back(
        {double(promotions(search, static_cast<std::size_t>(search.candidates))), 0, top});
  return work;
}

}  // namespace

extern const StrategyEntry kRandom, kRandomAsha, kOneEpochTopK;
const StrategyEntry kRandom = {.name = "random",
                               .summary = "every design to the top rung",
                               .make = make_strategy<RandomSearch>,
                               .workload = all_to_the_top};
const StrategyEntry kRandomAsha = {
    .name = "random_asha",
    .summary = "random designs under asynchronous successive halving",
    .make = make_strategy<Asha>,
    .workload = halving};
const StrategyEntry kOneEpochTopK = {
    .name = "one_epoch_top_k",
    .summary = "all designs to the first rung, the best of them to the top",
    .make = make_strategy<FirstThenTop>,
    .workload = first_then_top};

}  // namespace atto::search
