#pragma once
// The border between judging latencies and measuring them: what is asked and what comes back. No
// engine here, so that tests put a meter of their own in its place.

#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "design_specs/requirements/design_spec.hpp"
#include "prototypes/language/prototype.hpp"

namespace atto::search {

/// Numbers that say how large a block is, as logarithms.
inline constexpr std::size_t kBlockFeatures = 4;

/// Steps that the engine runs as one. Blocks of one key do the same work on the same shapes.
struct Block {
  std::string key;
  std::string family;  ///< what runs it: blocks of one family differ in size alone
  /// What takes time, by name, each in a unit that takes about as long as the others'.
  std::map<std::string, double> amounts;
  std::array<double, kBlockFeatures> features{};
  /// How often it runs for an image, one run after the other. All else is of one run.
  double runs = 1;
};

struct TimedBlock {
  Block block;
  double us = 0;  ///< of one run
};

/// What one image takes; of a detector, as many proposals and masks as its settings allow, whatever
/// is in the image. The middle half of the rounds lies between low and high.
struct Latency {
  double median_ms = 0, low_ms = 0, high_ms = 0;
  int runs = 0;
  std::vector<TimedBlock> blocks;  ///< each timed by itself
};

struct LatencyRequest {
  const net::Realised& design;  ///< a network or a detector, at the trained resolution
  std::string hash;             ///< of the design: seeds what is random
  spec::LatencySetting setting;
  /// Holds weights.safetensors of the design; empty: random weights.
  std::filesystem::path trained;
  /// Called now and then where there is one; what it throws ends the measurement.
  std::function<void()> between = {};
};

class LatencyMeter {
 public:
  virtual ~LatencyMeter() = default;
  /// Throws SpecError for a design that cannot run in the setting, EnvironmentError.
  virtual Latency measure(const LatencyRequest& request) = 0;
  /// Returns what the design is made of there, not measured.
  virtual std::vector<Block> blocks(const LatencyRequest& request) = 0;
  /// What a figure holds for: the machine, and what ran on it.
  virtual std::string host() const = 0;
  virtual std::string runtime() const = 0;
};

}  // namespace atto::search
