#include "generator/space/structure_enumeration.hpp"

namespace atto::gen {
namespace {

struct Enumeration {
  const DecisionForest& forest;
  std::span<const net::DecisionId> members;
  std::size_t left;
  const std::function<bool(net::Assignment&)>& visit;

  bool from(std::size_t position, net::Assignment& assignment) {
    if (position == members.size()) {
      if (left == 0) return false;
      --left;
      net::Assignment settled = assignment;
      settle(settled);
      return visit(settled);
    }
    const net::DecisionId id = members[position];
    std::int32_t& choice = assignment[static_cast<std::size_t>(id)];
    const std::int32_t kept = choice;
    bool complete = true;
    if (!forest.exists(assignment, id)) {
      choice = net::kInactive;
      complete = from(position + 1, assignment);
    } else if (forest.is_width(id)) {
      if (choice == net::kInactive) choice = forest.allowed(id).front();
      complete = from(position + 1, assignment);
    } else {
      for (const std::int32_t alternative : forest.allowed(id)) {
        choice = alternative;
        if (!(complete = from(position + 1, assignment))) break;
      }
    }
    assignment[static_cast<std::size_t>(id)] = kept;
    return complete;
  }
  /// Decisions elsewhere may exist only under choices made here.
  void settle(net::Assignment& assignment) const {
    for (std::size_t d = 0; d < forest.size(); ++d) {
      const auto id = static_cast<net::DecisionId>(d);
      if (!forest.exists(assignment, id))
        assignment[d] = net::kInactive;
      else if (assignment[d] == net::kInactive)
        assignment[d] = forest.allowed(id).front();
    }
  }
};

}  // namespace

bool enumerate_structures(const DecisionForest& forest, std::span<const net::DecisionId> members,
                          net::Assignment assignment, std::size_t limit,
                          const std::function<bool(net::Assignment&)>& visit) {
  return Enumeration{forest, members, limit, visit}.from(0, assignment);
}

}  // namespace atto::gen
