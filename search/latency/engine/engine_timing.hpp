#pragma once
// How long a model takes for one image: what `atto bench`, a campaign's end and the judging of
// designs before training measure by.

#include <cstddef>
#include <functional>
#include <vector>

#include "export/format/program.hpp"

namespace atto::search {

struct Timing {
  int runs = 0;                                   ///< of all rounds
  double median_ms = 0, low_ms = 0, high_ms = 0;  ///< the middle half lies between low and high
};

/// Returns what the times of some rounds, in ms, one at least and in any order, say.
Timing timing_of(std::vector<double> ms, int runs);

/// Runs a model once on an image.
using Run = std::function<void()>;

/// Warms up, then times `rounds` rounds of about 20 ms, which alternate between copies of one
/// model, one at least: each has its own memory, whose place would else be part of the result.
/// `before` is called before each round with its number.
Timing time_runs(const std::vector<Run>& copies, int rounds,
                 const std::function<void(int round)>& before = {});

/// Batches of rounds, of which the quickest count: what else runs on a host slows a model down for
/// a second or so at a time, and never speeds it up.
class QuickestBatches {
 public:
  static constexpr std::size_t kCounting = 3;
  static constexpr double kAgreement = 0.01;

  /// Takes the times of a batch's rounds in ms, one at least.
  void add(std::vector<double> ms);
  /// Returns whether the medians of the quickest kCounting batches lie within kAgreement.
  bool agree() const;
  /// Returns the rounds of these batches, or of all where there are fewer, sorted.
  std::vector<double> rounds() const;

 private:
  std::vector<std::vector<double>> batches_;  ///< each sorted, by their medians
};

/// Warms up, then times batches of rounds, which alternate between copies of one model as above,
/// until the quickest agree or for about 2 s. `between` is called before each round.
Timing time_quickest(const std::vector<Run>& copies, const std::function<void()>& between = {});

/// Pixels for timing a program, [channels, height, width]: noise in -1 to 1.
std::vector<float> noise_image(const format::Program& program);

}  // namespace atto::search
