#pragma once
// What strategies are tuned by. A setting's default, key and range stand once, in its struct.

#include <string_view>

#include "design_specs/reading/problems.hpp"

namespace atto::spec {

/// The parts of generative synthesis; each can be switched off, to see what it is worth.
struct SynthesisSettings {
  static constexpr std::string_view kKey = "synthesis";
  bool inquisitor = true;  ///< learn; else designs are drawn from the untouched generator
  bool probes = true;      ///< module responses of trained candidates
  bool zero_cost = true;   ///< scores without training
  bool rungs = true;       ///< successive halving; else every design goes to the top rung
  bool context = true;     ///< stage, position and earlier decisions of the module
  double front = 0.65;     ///< share of new and promoted designs that widen the front over MACs

  /// Shows every setting to what reads them, as Section does, or lists their keys.
  template <class Reader>
  void read(Reader& section) {
    section.boolean("inquisitor", inquisitor);
    section.boolean("probes", probes);
    section.boolean("zero_cost", zero_cost);
    section.boolean("rungs", rungs);
    section.boolean("context", context);
    section.number("front", front, 0, 1);
  }
};

/// What aging evolution is tuned by.
struct EvolutionSettings {
  static constexpr std::string_view kKey = "evolution";
  double population = 0.25;  ///< share of the candidates that live at a time (4 to 100 designs)
  double tournament =
      0.25;  ///< share of the population that each parent is the best of (2 at least)

  template <class Reader>
  void read(Reader& section) {
    section.number("population", population, kAboveZero, 1);
    section.number("tournament", tournament, kAboveZero, 1);
  }
};

/// What local search is tuned by.
struct LocalSearchSettings {
  static constexpr std::string_view kKey = "local_search";
  double starts = 0.1;  ///< share of the candidates drawn at random before the first climb

  template <class Reader>
  void read(Reader& section) {
    section.number("starts", starts, kAboveZero, 1);
  }
};

/// All of them, each under its key in /search.
struct StrategySettings {
  SynthesisSettings synthesis;
  EvolutionSettings evolution;
  LocalSearchSettings local_search;

  template <class Visitor>
  void visit(Visitor&& visitor) {
    visitor(synthesis);
    visitor(evolution);
    visitor(local_search);
  }
};

}  // namespace atto::spec
