#pragma once
// Operators, widths and chains as the reader makes them. Internal to the language.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "prototypes/language/decisions.hpp"
#include "prototypes/language/keys.hpp"
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

/// The numbers of a window: two of their own, or one that a decision takes for both or in pairs.
struct Pair {
  Number height, width;
  Choice<Sides> chosen;  ///< no options: the numbers
  Pair() = default;
  Pair(Number both) : height(both), width(both) {}  // NOLINT(google-explicit-constructor)
};

/// A width as written.
struct Width {
  enum class Kind : std::uint8_t { Number, Input, Here, Module, Times, Choice } kind = Kind::Number;
  Number number;
  Choice<double> times;               ///< Times
  std::int32_t round = 0;             ///< Times
  std::vector<Width> of;              ///< Times: the one base; Choice: the alternatives
  DecisionId decision = kNoDecision;  ///< Choice
};

/// Where an operator's stride comes from: written, or the module's if it is this operator's turn,
/// or the module's for sure ("stride": "module").
enum class StrideRule : std::uint8_t { Written, Placed, Module };

struct Operator {
  OperatorKind kind = OperatorKind::Conv;
  StrideRule stride_rule = StrideRule::Written;
  std::int32_t place = 0;
  Pair kernel, stride;
  Number groups, dilation;
  Number reduction{4}, factor{2};
  Number squeezed{0};  ///< SqueezeExcite: channels inside; 0 = by the reduction
  Choice<Activation> activation, gate;
  Choice<std::size_t> mode;   ///< Upsample: index into kUpsampleModeNames
  Choice<double> init, rate;  ///< LayerScale, Dropout
  Choice<Padding> padding;
  Choice<std::uint8_t> norm, bias;  ///< bias: no options = where there is no norm
  Width width;
};

/// A part of a chain: an operator, a body inside of it, a list of parts (with a decided length in a
/// free-form chain), or a choice of parts.
struct Item {
  enum class Kind : std::uint8_t { Operator, Body, Sequence, Choice } kind = Kind::Sequence;
  std::int32_t op = -1;  ///< index into Model::operators, or Model::bodies
  DecisionId decision = kNoDecision;
  bool has_length = false;
  Number length;
  std::vector<Item> items;
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
  Sides value(const Pair& pair) const {
    return pair.chosen.options.empty() ? Sides(value(pair.height), value(pair.width))
                                       : option(pair.chosen);
  }
};

}  // namespace atto::net
