#include "prototypes/language/decisions.hpp"

namespace atto::net {
namespace {

/// Returns whether the parent's choice lets the decision exist; the parent itself must exist.
bool is_let_in(const Decision& decision, const Assignment& assignment) {
  const std::int32_t choice = assignment[static_cast<std::size_t>(decision.parent)];
  return choice >= decision.parent_first && choice <= decision.parent_last;
}

}  // namespace

bool is_active(const std::vector<Decision>& decisions, const Assignment& assignment,
               DecisionId id) {
  while (true) {
    const Decision& decision = decisions[static_cast<std::size_t>(id)];
    if (decision.parent == kNoDecision) return true;
    if (!is_let_in(decision, assignment)) return false;
    id = decision.parent;
  }
}

void complete(const std::vector<Decision>& decisions, Assignment& assignment) {
  assignment.resize(decisions.size(), kInactive);
  // Parents stand before their children and are kInactive when they do not exist, which is outside
  // every child's range.
  for (std::size_t id = 0; id < decisions.size(); ++id) {
    const Decision& decision = decisions[id];
    const bool exists = decision.parent == kNoDecision || is_let_in(decision, assignment);
    if (!exists)
      assignment[id] = kInactive;
    else if (assignment[id] == kInactive)
      assignment[id] = 0;
  }
}

void draw(const std::vector<Decision>& decisions, Assignment& assignment, spec::Random& random) {
  for (std::size_t id = 0; id < decisions.size(); ++id) {
    const Decision& decision = decisions[id];
    if (decision.parent != kNoDecision && !is_let_in(decision, assignment))
      assignment[id] = kInactive;
    else if (assignment[id] == kInactive)
      assignment[id] = static_cast<std::int32_t>(
          random.below(static_cast<std::uint64_t>(decision.alternatives)));
  }
}

bool path_matches(std::string_view pattern, std::string_view path) {
  constexpr std::string_view kAny = "[*]";
  while (true) {
    const std::size_t star = pattern.find(kAny);
    if (star == std::string_view::npos) return pattern == path;
    if (pattern.substr(0, star) != path.substr(0, star)) return false;
    path.remove_prefix(star);
    if (!path.starts_with('[')) return false;
    const std::size_t close = path.find(']');
    if (close == std::string_view::npos) return false;
    path.remove_prefix(close + 1);
    pattern.remove_prefix(star + kAny.size());
  }
}

}  // namespace atto::net
