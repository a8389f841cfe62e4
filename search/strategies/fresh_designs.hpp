#pragma once
// A supply of designs that were never proposed before.

#include <functional>
#include <optional>
#include <unordered_set>

#include "generator/space/feasible_space.hpp"
#include "search/strategies/strategy.hpp"

namespace atto::search {

class FreshDesigns {
 public:
  explicit FreshDesigns(const StrategySetting& setting)
      : space_(setting.space),
        stream_(setting.seed),
        taken_(setting.taken.begin(), setting.taken.end()),
        poll_(setting.poll) {}

  using Draw = std::function<std::optional<gen::Candidate>(spec::Random&)>;
  /// Draws until the design is new; nothing after kTries (the space is as good as used up). Depends
  /// on the seed, the position and what was accepted before.
  std::optional<gen::Candidate> draw(std::int64_t position, const Draw& draw) const;
  std::optional<gen::Candidate> sample(std::int64_t position) const;
  bool is_new(const gen::Candidate& candidate) const { return taken_.count(candidate.hash) == 0; }
  /// Records a design as proposed.
  void accept(const gen::Candidate& candidate) { taken_.insert(candidate.hash); }
  /// Draws from another space from now on, and from none of the designs that are taken now.
  void steer(const Steering& steering);

  const gen::FeasibleSpace& space() const { return *space_; }

 private:
  static constexpr int kTries = 200;
  const gen::FeasibleSpace* space_;
  spec::Random stream_;
  std::unordered_set<std::uint64_t> taken_;
  std::function<void()> poll_;
};

}  // namespace atto::search
