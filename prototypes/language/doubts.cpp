#include "prototypes/language/doubts.hpp"

#include <fmt/format.h>

#include <map>

#include "design_specs/reading/text_checks.hpp"
#include "design_specs/seeds/random.hpp"
#include "prototypes/language/ast.hpp"

namespace atto::net {
namespace {

constexpr int kChoices = 64;

class WidthDoubts {
 public:
  WidthDoubts(const Prototype& prototype, const TaskInput& input)
      : prototype_(prototype),
        input_(input),
        decided_{prototype.decisions(), assignment_},
        operators_(prototype.model().places.size()) {
    for (const Operator& op : prototype.model().operators)
      operators_[static_cast<std::size_t>(op.place)] = &op;
  }

  std::vector<Problem> find() {
    for (int i = 0; i < (prototype_.is_design() ? 1 : kChoices); ++i) {
      assignment_.assign(prototype_.decisions().size(), kInactive);
      draw(prototype_.decisions(), assignment_, random_);
      prototype_.instantiate(assignment_, input_, structure_);
      if (!resolve(structure_, prototype_.decisions(), assignment_, shapes_).empty()) continue;
      for (std::size_t n = 0; n < structure_.nodes.size(); ++n) look_at(n);
    }
    std::vector<Problem> problems;
    for (auto& [offset, problem] : found_) problems.push_back(std::move(problem));
    return problems;
  }

 private:
  bool is_input(const Width& width) const {
    if (width.kind == Width::Kind::Choice)
      return is_input(width.of[static_cast<std::size_t>(decided_.index(width.decision))]);
    return width.kind == Width::Kind::Input ||
           (width.kind == Width::Kind::Times && is_input(width.of.front()));
  }
  std::int32_t source(const Node& node) const {
    return structure_.inputs[static_cast<std::size_t>(node.first_input)];
  }
  int channels(std::size_t node) const { return shapes_[node].channels; }

  /// Returns the channels of the next operator of the chain that has a width of its own, or 0.
  int next_width(std::size_t n) const {
    auto carrier = static_cast<std::int32_t>(n);
    for (std::size_t m = n + 1; m < structure_.nodes.size(); ++m) {
      const Node& node = structure_.nodes[m];
      if (node.input_count != 1 || source(node) != carrier) continue;
      if (node.module != structure_.nodes[n].module) return 0;
      if (node.kind == Node::Kind::Unit && !node.one_group_per_channel) return channels(m);
      carrier = static_cast<std::int32_t>(m);
    }
    return 0;
  }

  void look_at(std::size_t n) {
    const Node& node = structure_.nodes[n];
    const Operator* const op = operators_[static_cast<std::size_t>(node.place)];
    if (op == nullptr || node.kind != Node::Kind::Unit || node.one_group_per_channel) return;
    const auto enters = static_cast<std::size_t>(source(node));
    if ((node.kernel == 1 && node.groups == 1) || !is_input(op->width)) return;
    const int input = channels(static_cast<std::size_t>(node.width.index));
    const bool is_widest =
        input > channels(enters) && channels(n) > channels(enters) && next_width(n) >= channels(n);
    if (!is_widest) return;
    const Place& place = prototype_.model().places[static_cast<std::size_t>(node.place)];
    found_.try_emplace(
        place.location.offset,
        Problem{spec::place_text(prototype_.file(), place.location), place.pointer,
                fmt::format(R"(the chain's "input" makes this {} wide, but {} channels enter it; )"
                            R"(did you mean "here"?)",
                            channels(n), channels(enters)),
                ""});
  }

  const Prototype& prototype_;
  TaskInput input_;
  Assignment assignment_;
  Decided decided_;
  std::vector<const Operator*> operators_;  ///< by place
  spec::Random random_{1};
  Structure structure_;
  std::vector<Shape> shapes_;
  std::map<std::size_t, Problem> found_;  ///< by where in the file
};

}  // namespace

std::vector<Problem> doubtful_ties(const Prototype& prototype) {
  std::vector<Problem> problems;
  for (const DecisionId id : prototype.model().idle_ties) {
    const Decision& decision = prototype.decisions()[static_cast<std::size_t>(id)];
    problems.push_back({spec::place_text(prototype.file(), decision.location), decision.pointer,
                        "no key takes this tie: what is decided here changes nothing", ""});
  }
  return problems;
}

std::vector<Problem> doubtful_widths(const Prototype& prototype, const TaskInput& input) {
  return WidthDoubts(prototype, input).find();
}

}  // namespace atto::net
