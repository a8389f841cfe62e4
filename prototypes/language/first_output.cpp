// What a prototype's first output is, whatever is chosen.
#include <fmt/format.h>

#include <string>

#include "design_specs/reading/text_checks.hpp"
#include "prototypes/language/ast.hpp"
#include "prototypes/language/attempt.hpp"
#include "prototypes/language/prototype.hpp"

namespace atto::net {
namespace {

// Ways to complete a choice of the head, and of nothing.
constexpr int kWithChoice = 8, kWithout = 64;

std::string shape_text(const Shape& shape) {
  return fmt::format("{} x {} x {}", shape.channels, shape.height, shape.width);
}

/// Whether a softmax's shares remain shares of that kind: thinned out, averaged or clamped, with
/// nothing learnt from them.
bool hands_on(const Node& node) {
  if (node.kind == Node::Kind::Activate) return true;
  return std::holds_alternative<Dropout>(node.op) || std::holds_alternative<Pool>(node.op) ||
         std::holds_alternative<GlobalAveragePool>(node.op) ||
         std::holds_alternative<Shuffle>(node.op) || std::holds_alternative<Upsample>(node.op);
}

/// The node behind those that only hand on.
const Node& where_made(const Structure& structure, std::int32_t node) {
  const Node* made = &structure.nodes[static_cast<std::size_t>(node)];
  while (hands_on(*made)) {
    const auto input = structure.inputs[static_cast<std::size_t>(made->first_input)];
    made = &structure.nodes[static_cast<std::size_t>(input)];
  }
  return *made;
}

class OutputCheck {
 public:
  OutputCheck(const Prototype& prototype, const TaskInput& input, FirstOutput expected)
      : prototype_(prototype),
        decisions_(prototype.decisions()),
        input_(input),
        expected_(expected) {}

  void run() {
    for (int i = 0; i < (decisions_.empty() ? 1 : kWithout); ++i) try_one(free());
    for (std::size_t d = 0; d < decisions_.size(); ++d) {
      const Decision& decision = decisions_[d];
      if (!decision.path.starts_with("head") && !decision.path.starts_with("let")) continue;
      for (std::int32_t a = 0; a < decision.alternatives; ++a)
        for (int i = 0; i < kWithChoice; ++i) {
          Assignment chosen = free();
          choose(static_cast<DecisionId>(d), a, chosen);
          try_one(std::move(chosen));
        }
    }
  }

 private:
  Assignment free() const { return Assignment(decisions_.size(), kInactive); }

  /// Takes an alternative, and what makes the decision exist.
  void choose(DecisionId id, std::int32_t alternative, Assignment& assignment) const {
    assignment[static_cast<std::size_t>(id)] = alternative;
    const Decision& decision = decisions_[static_cast<std::size_t>(id)];
    if (decision.parent != kNoDecision) choose(decision.parent, decision.parent_first, assignment);
  }

  /// Draws what is not taken and looks at the network, where its choices fit together.
  void try_one(Assignment assignment) {
    draw(decisions_, assignment, random_);
    prototype_.instantiate(assignment, input_, structure_);
    if (!resolve(structure_, decisions_, assignment, shapes_).empty()) return;
    const auto output = static_cast<std::size_t>(structure_.output_nodes.front());
    const Shape wanted{input_.classes, 1, 1};
    if (!(shapes_[output] == wanted))
      refuse("must give " + shape_text(wanted), shape_text(shapes_[output]));
    if (expected_ != FirstOutput::Logits) return;
    const Node& origin = where_made(structure_, structure_.output_nodes.front());
    if (std::holds_alternative<Softmax>(origin.op)) {
      const Place& place = prototype_.model().places[static_cast<std::size_t>(origin.place)];
      throw SpecError(
          {{spec::place_text(prototype_.file(), place.location), place.pointer,
            "must not be the end of what is trained: the trainer adds the softmax", place.shown}});
    }
  }

  [[noreturn]] void refuse(const std::string& rule, const std::string& got) const {
    const spec::Value& root = prototype_.document().root;
    const spec::Value* const outputs = root.find("outputs");
    const bool is_head = prototype_.model().outputs.front() == kPrevious;
    const spec::Value* const head = root.find("head");
    if (!is_head)
      throw SpecError({{spec::place_text(prototype_.file(), outputs->items.front().location),
                        "/outputs/0", rule, got}});
    throw SpecError({{spec::place_text(prototype_.file(), (head ? *head : root).location), "/head",
                      head ? rule : "is missing; it " + rule, got}});
  }

  const Prototype& prototype_;
  const std::vector<Decision>& decisions_;
  TaskInput input_;
  FirstOutput expected_;
  spec::Random random_{1};
  Structure structure_;
  std::vector<Shape> shapes_;
};

/// Throws what breaks the pyramid where no choice makes its levels halve at this input.
void expect_detector(const Prototype& prototype, const TaskInput& input) {
  spec::Random random(1);
  std::optional<Attempt> first;
  for (int i = 0; i < (prototype.is_design() ? 1 : kWithout); ++i) {
    Assignment assignment(prototype.decisions().size(), kInactive);
    draw(prototype.decisions(), assignment, random);
    Attempt tried = attempt(prototype, assignment, input);
    if (!tried.rule.starts_with(kHalving)) return;
    if (!first) first = std::move(tried);
  }
  throw broken_rule(prototype, *first);
}

}  // namespace

void expect_levels_at(const Prototype& prototype, const TaskInput& input,
                      const spec::Requirements& require) {
  if (!prototype.is_detector()) return;
  for (const spec::Bound* bound :
       {&require.params, &require.macs, &require.peak_activation_kib, &require.model_kib}) {
    TaskInput there = input;
    if (bound->at) there.input.height = there.input.width = *bound->at;
    expect_detector(prototype, there);
  }
}

std::string other_subject(const Prototype& prototype, const spec::TaskKind& kind) {
  const auto& detector = prototype.model().detector;
  std::string fault;
  if (!kind.finds_objects() && detector)
    fault = R"(has a "detector" in place of a head)";
  else if (kind.finds_objects() && !detector)
    fault = R"(has no "detector")";
  else if (kind.subject == spec::Subject::Masks && !detector->mask)
    fault = R"(has no "mask" in its detector)";
  else if (kind.subject == spec::Subject::Boxes && detector->mask)
    fault = R"(has a "mask" in its detector, which this kind has no use for)";
  return fault.empty()
             ? ""
             : fmt::format("is of another kind than the task, {}: it {}", kind.name, fault);
}

void expect_subject(const Prototype& prototype, const spec::DesignSpec& spec) {
  const std::string fault = other_subject(prototype, spec.task.kind);
  if (!fault.empty())
    throw SpecError({{spec::place_text(spec.file.string(), spec.prototype_location), "/prototype",
                      fault, spec.prototype.string()}});
  const auto& anchors = spec.task.detector.anchors;
  if (!anchors || anchors->are_fitted()) return;
  const std::size_t levels = prototype.model().detector.value().levels();
  if (anchors->sizes.size() != levels)
    throw SpecError({{spec.file.string(), "/task/anchors/sizes",
                      fmt::format("must be one entry a level, of which there are {}", levels),
                      std::to_string(anchors->sizes.size())}});
}

void expect_output(const Prototype& prototype, const TaskInput& input, FirstOutput expected) {
  if (prototype.is_detector())
    expect_detector(prototype, input);
  else
    OutputCheck(prototype, input, expected).run();
}

}  // namespace atto::net
