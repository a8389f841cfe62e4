#include "generator/enumeration.hpp"

#include <algorithm>

namespace atto::gen {
namespace {

class Enumerator {
 public:
  Enumerator(const FeasibleSpace& space, std::size_t limit)
      : space_(space),
        decisions_(space.prototype().decisions()),
        assignment_(decisions_.size(), net::kInactive),
        left_(limit) {}

  std::optional<Enumeration> run() {
    if (!take(0)) return {};
    auto& found = result_.feasible;
    std::sort(found.begin(), found.end(),
              [](const Candidate& a, const Candidate& b) { return a.hash < b.hash; });
    found.erase(
        std::unique(found.begin(), found.end(),
                    [](const Candidate& a, const Candidate& b) { return a.hash == b.hash; }),
        found.end());
    return std::move(result_);
  }

 private:
  /// Takes decision `at` and all after it in every way; parents stand before their children.
  bool take(std::size_t at) {
    if (at == decisions_.size()) return visit();
    const auto id = static_cast<net::DecisionId>(at);
    if (!net::is_active(decisions_, assignment_, id)) return take(at + 1);
    for (std::int32_t alternative : space_.allowed(id)) {
      assignment_[at] = alternative;
      if (!take(at + 1)) return false;
    }
    assignment_[at] = net::kInactive;
    return true;
  }

  bool visit() {
    if (left_-- == 0) return false;
    std::optional<Candidate> candidate = space_.evaluate(assignment_);
    if (!candidate) return true;
    ++result_.well_formed;
    if (space_.misses(assignment_).empty()) result_.feasible.push_back(std::move(*candidate));
    return true;
  }

  const FeasibleSpace& space_;
  const std::vector<net::Decision>& decisions_;
  net::Assignment assignment_;
  std::size_t left_;
  Enumeration result_;
};

}  // namespace

std::optional<Enumeration> enumerate_feasible(const FeasibleSpace& space, std::size_t limit) {
  return Enumerator(space, limit).run();
}

}  // namespace atto::gen
