#pragma once
// What the reader makes of a document: modules expanded one by one, every hole a decision of its
// own, every operator at its place. Internal to the language; walked by instantiate().

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "prototypes/language/chain_ast.hpp"
#include "prototypes/language/detector_ast.hpp"

namespace atto::net {

/// Where a module reads: an earlier module (its slot), or one of these, or kStageBase - stage.
using Source = std::int32_t;
inline constexpr Source kPrevious = -1, kStem = -2, kStageBase = -16;

/// Earlier maps, and how they join.
struct Sources {
  std::vector<Source> maps;
  Choice<std::uint8_t> concat;  ///< join: 1 = concat, 0 = add
};

struct Body {
  bool is_branched = false;
  std::vector<Item> branches;  ///< the chain, or the branches
  std::vector<std::int32_t> branch_places;
  Choice<Node::ShortcutMode> shortcut;
  Choice<std::vector<double>> split;  ///< no options = every branch sees the whole input
  Choice<std::uint8_t> concat;        ///< join: 1 = concat, 0 = add
  Item then;
  Choice<Activation> activation;
  Choice<Sources> from;
  std::optional<Width> channels;
  std::int32_t place = 0, from_place = 0;  ///< of one name; the second where `from` was written
};

/// A body, or a choice of modules (a choice of templates).
struct Module {
  DecisionId decision = kNoDecision;
  std::vector<Module> alternatives;
  Body body;
};

struct Slot {
  Module module;
  Pair stride;
};

struct Stage {
  std::string name;
  Number count;                   ///< of modules that exist
  std::optional<Width> channels;  ///< absent where no module asks for it
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
  std::vector<DecisionId> idle_ties;  ///< holes of "let" that no key takes, one a place in the file
  std::vector<Place> places;
  std::vector<Operator> operators;
  std::vector<Body> bodies;  ///< those that stand inside of chains
  Item stem, head;
  std::int32_t stem_place = 0, head_place = 0;
  std::vector<Stage> stages;
  std::vector<Slot> slots;
  std::vector<std::string> output_names;
  std::vector<Source> outputs;            ///< kPrevious = the head's end
  std::optional<DetectorModel> detector;  ///< in place of a head and outputs
};

}  // namespace atto::net
