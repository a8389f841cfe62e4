#pragma once
// A network as people draw it: layers that belong together are one block, the blocks of a module
// lie in one card, equal modules in a row are one card with a count.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "prototypes/language/prototype.hpp"

namespace atto::net {

/// Who settled something: the prototype's text, the machine, a person after the machine or for it.
enum class SettledBy : std::uint8_t { Text, Machine, Person };

struct DrawnDecision : Provenance {
  /// That this value beats the others, of a search that has learnt it: 0 to 1.
  std::optional<double> confidence = {};
};
using DrawnDecisions = std::vector<DrawnDecision>;

/// A convolution with its norm and activation, a squeeze-excite, a join, a pool, ...
struct DrawnBlock {
  std::string place;   ///< in the design: "stages[0].modules[2].chain[1]"
  std::string title;   ///< "depthwise 3x3 /2"
  std::string detail;  ///< "96 channels, relu"
  Shape shape;         ///< of what it makes
  std::int64_t params = 0, macs = 0;
  int rank = 0, column = 0;            ///< where it lies in its card, from the top left
  std::vector<int> inputs;             ///< blocks of its card
  bool reads_card = false;             ///< it also reads what the card before made
  std::vector<std::string> from_afar;  ///< cards further up that it reads
  DrawnDecisions decisions;            ///< those that settled it, if any
  SettledBy by = SettledBy::Text;
};

/// A module, the stem or the head.
struct DrawnCard {
  std::string title;  ///< "stem", "modules[2]", "modules[2..5]"
  std::string stage;  ///< "stages[1]"; empty outside stages
  int count = 1;      ///< equal modules one after the other
  std::vector<DrawnBlock> blocks;
  std::int64_t params = 0, macs = 0;  ///< of all `count`
  DrawnDecisions decisions;           ///< of the module as a whole: its pattern, its shortcut
  SettledBy by = SettledBy::Text;
  std::vector<std::string> far_readers = {};  ///< cards further down that read what it makes
};

struct DrawnStage {
  std::string place;         ///< "stages[1]"
  DrawnDecisions decisions;  ///< how many modules, how wide
  SettledBy by = SettledBy::Text;
};

struct Diagram {
  std::string name;
  Shape input;
  int classes = 0;
  std::int64_t params = 0, macs = 0;
  std::vector<DrawnCard> cards;    ///< in the order of the network
  std::vector<DrawnStage> stages;  ///< those that have decisions of their own
};

/// What a design's file records (Prototype::provenance).
DrawnDecisions recorded(std::vector<Provenance> decisions);

Diagram diagram_of(const Network& network, const DrawnDecisions& decisions);

}  // namespace atto::net
