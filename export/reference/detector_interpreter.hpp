#pragma once
// A detector, run as its parts and prototypes/detection say. Slow and obvious: what the engine and
// exported files are held against.

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "prototypes/detection/found_objects.hpp"
#include "prototypes/network/detector.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::deploy {

class DetectorInterpreter {
 public:
  /// Runs a network ("trunk", "proposals[1]", "box" or "mask") on an input [channels, height,
  /// width]; returns its outputs, in order, alike.
  using RunPart = std::function<std::vector<std::vector<float>>(const std::string& part,
                                                                std::span<const float> input)>;

  /// The networks are run by `run`, which may watch what they are given. Refers to the detector.
  DetectorInterpreter(const net::DetectorParts& detector, RunPart run);
  /// By interpreted().
  DetectorInterpreter(const net::DetectorParts& detector, const net::TensorFile& weights);

  /// `picture` [channels, height, width], normalised.
  det::Found run(std::span<const float> picture) const;

 private:
  using Outputs = std::map<std::string, std::vector<float>>;
  Outputs said(const net::Network& network, const std::string& part,
               std::span<const float> input) const;
  std::vector<det::Box> proposals(const std::vector<std::vector<float>>& levels) const;
  std::vector<float> cropped(const std::vector<std::vector<float>>& levels, const det::Box& box,
                             int side) const;
  void add_mask(const std::vector<std::vector<float>>& levels, const det::FoundObject& object,
                std::vector<float>& masks) const;

  const net::DetectorParts& detector_;
  const std::vector<net::Shape> shapes_;  ///< of the levels
  const RunPart run_;
};

/// Runs every part by the plain interpreter. `weights`: of all parts.
DetectorInterpreter::RunPart interpreted(const net::DetectorParts& detector,
                                         const net::TensorFile& weights);

}  // namespace atto::deploy
