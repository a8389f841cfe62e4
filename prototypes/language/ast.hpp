#pragma once
// What the reader makes of a document: modules expanded one by one, every hole a decision of its
// own, every operator at its place. Internal to the language; walked by instantiate().

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "prototypes/language/decisions.hpp"
#include "prototypes/language/structure.hpp"

namespace atto::net {

/// A whole number: written, or the value of a decision.
struct Number {
  std::int32_t literal = 1;
  DecisionId decision = kNoDecision;
};

/// One of several options: the only one, or the one that a decision chooses.
template <class T>
struct Choice {
  std::vector<T> options;
  DecisionId decision = kNoDecision;
};

/// A width as written.
struct Width {
  enum class Kind : std::uint8_t { Number, Input, Module, Times, Choice } kind = Kind::Number;
  Number number;
  Choice<double> times;               ///< Times
  std::int32_t round = 0;             ///< Times
  std::vector<Width> of;              ///< Times: the one base; Choice: the alternatives
  DecisionId decision = kNoDecision;  ///< Choice
};

enum class OperatorKind : std::uint8_t {
  Conv,
  Pointwise,
  Depthwise,
  Grouped,
  MaxPool,
  AveragePool,
  SqueezeExcite,
  GlobalAveragePool,
  Dense,
  ChannelShuffle,
  Upsample,
  Activation,
  Softmax
};

/// Where an operator's stride comes from: written, or the module's if it is this operator's turn,
/// or the module's for sure ("stride": "module").
enum class StrideRule : std::uint8_t { Written, Placed, Module };

struct Operator {
  OperatorKind kind = OperatorKind::Conv;
  StrideRule stride_rule = StrideRule::Written;
  std::int32_t place = 0;
  Number kernel, stride, groups, dilation;
  Number reduction{4}, factor{2};
  Choice<Activation> activation;
  Choice<std::uint8_t> norm;
  Width width;
};

/// A part of a chain: an operator, a list of parts (with a decided length in a free-form chain), or
/// a choice of parts.
struct Item {
  enum class Kind : std::uint8_t { Operator, Sequence, Choice } kind = Kind::Sequence;
  std::int32_t op = -1;  ///< index into Model::operators
  DecisionId decision = kNoDecision;
  bool has_length = false;
  Number length;
  std::vector<Item> items;
};

/// Where a module reads: an earlier module (its slot), or one of these, or kStageBase - stage.
using Source = std::int32_t;
inline constexpr Source kPrevious = -1, kStem = -2, kStageBase = -16;

struct Body {
  bool is_branched = false;
  std::vector<Item> branches;  ///< the chain, or the branches
  std::vector<std::int32_t> branch_places;
  Choice<Node::ShortcutMode> shortcut;
  Choice<std::vector<double>> split;  ///< no options = every branch sees the whole input
  Choice<std::uint8_t> concat;        ///< join: 1 = concat, 0 = add
  Item then;
  Choice<Activation> activation;
  Choice<std::vector<Source>> from;
  std::optional<Width> channels;
  std::int32_t place = 0;
};

/// A body, or a choice of modules (a choice of templates).
struct Module {
  DecisionId decision = kNoDecision;
  std::vector<Module> alternatives;
  Body body;
};

struct Slot {
  Module module;
  Number stride;
};

struct Stage {
  std::string name;
  Number count;  ///< of modules that exist
  Width channels;
  std::int32_t first_slot = 0, slot_count = 0;
};

/// A name that layers carry, and where in the file it was written.
struct Place {
  std::string name;
  spec::Location location;
  std::string pointer;
  std::string shown;  ///< the value there, cut, for messages
};

/// A hole that a `with` of its module filled.
struct Pinned {
  std::int32_t index = 0;
};

struct Model {
  std::string name, description;
  Shape input;
  int classes = 0;
  std::vector<Decision> decisions;
  std::map<std::string, DecisionId, std::less<>> by_path;
  std::map<std::string, Pinned, std::less<>> pinned;
  std::vector<Place> places;
  std::vector<Operator> operators;
  Item stem, head;
  std::int32_t stem_place = 0, head_place = 0;
  std::vector<Stage> stages;
  std::vector<Slot> slots;
  std::vector<std::string> output_names;
  std::vector<Source> outputs;  ///< kPrevious = the head's end
};

/// The decided values of a model; every index that is read must be taken.
struct Decided {
  const std::vector<Decision>& decisions;
  const Assignment& assignment;

  std::int32_t index(DecisionId id) const { return assignment[static_cast<std::size_t>(id)]; }
  std::int32_t value(const Number& number) const {
    if (number.decision == kNoDecision) return number.literal;
    const auto& values = decisions[static_cast<std::size_t>(number.decision)].values;
    return values[static_cast<std::size_t>(index(number.decision))];
  }
  template <class T>
  const T& option(const Choice<T>& choice) const {
    return choice
        .options[choice.decision == kNoDecision ? 0
                                                : static_cast<std::size_t>(index(choice.decision))];
  }
};

}  // namespace atto::net
