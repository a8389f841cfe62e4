// Local search (White et al., "Local search is state of the art for NAS benchmarks", UAI 2021):
// some designs at random, then neighbours of the best, one change away, in random order. It moves
// to the first that is better; where none is left, it starts again at a random design.
#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "prototypes/network/identity.hpp"
#include "search/strategies/rungs.hpp"
#include "search/strategies/to_the_top.hpp"

namespace atto::search {
namespace {

struct Known {
  Standing standing;
  net::Assignment assignment;
};

class LocalSearch : public ToTheTop {
 public:
  explicit LocalSearch(const StrategySetting& setting)
      : ToTheTop(setting),
        starts_(std::max(
            1.0,
            std::floor(setting.search.local_search.starts * setting.search.candidates + 1e-9))) {}

  std::optional<Proposal> propose(std::int64_t position) override {
    if (has_proposed_all()) return {};
    const Known* centre = centre_;
    std::optional<gen::Candidate> next;
    std::string how = "sampled";
    if (centre && double(issued()) >= starts_) {
      next = neighbour(position, centre);
      if (next) how = "neighbour of " + net::hash_text(centre->standing.hash);
      // What is still being trained may be better than the centre.
      if (!next && is_waiting()) return {};
      if (!next) centre = nullptr;
    }
    if (!next) next = fresh_.sample(position);
    if (!next) return {};
    centre_ = centre;
    return propose_fresh(std::move(next), std::move(how));
  }

  void observe(const Observation& seen) override {
    std::optional<net::Assignment> assignment = arrive(seen.hash);
    if (!assignment) return;
    const Known made{{seen.meets && !seen.is_barred, seen.value, seen.hash},
                     std::move(*assignment)};
    const Known& known = known_.insert_or_assign(seen.hash, made).first->second;
    if (!centre_ || known.standing < centre_->standing) centre_ = &known;
  }
  /// A barred centre stays as the worst: its neighbours are repaired.
  void steer(const Steering& steering) override {
    ToTheTop::steer(steering);
    for (const std::uint64_t hash : steering.barred)
      if (const auto found = known_.find(hash); found != known_.end())
        found->second.standing.meets = false;
  }

 private:
  /// Returns a new neighbour of the centre; nothing where none is left. Better neighbours that are
  /// known from an earlier climb cost nothing: they become the centre on the way.
  std::optional<gen::Candidate> neighbour(std::int64_t position, const Known*& centre) const {
    for (bool has_moved = true; has_moved;) {
      has_moved = false;
      auto found = fresh_.draw(position, [&](spec::Random& random) {
        auto drawn = fresh_.space().mutate(centre->assignment, 1, random);
        const auto known = drawn ? known_.find(drawn->hash) : known_.end();
        if (known != known_.end() && known->second.standing < centre->standing) {
          centre = &known->second;
          has_moved = true;
        }
        return drawn;
      });
      if (found) return found;
    }
    return {};
  }

  double starts_;
  std::unordered_map<std::uint64_t, Known> known_;  ///< its nodes stay where they are
  const Known* centre_ = nullptr;                   ///< of this climb; none before its first result
};

}  // namespace

extern const StrategyEntry kLocalSearch;
const StrategyEntry kLocalSearch = {
    .name = "local_search",
    .summary = "neighbours of the best, from a new start where none is better (White et al. 2021)",
    .make = make_strategy<LocalSearch>,
    .workload = all_to_the_top};

}  // namespace atto::search
