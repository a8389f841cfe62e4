#include "export/quantisation/quantise_detector.hpp"

#include <algorithm>

#include "design_specs/errors.hpp"
#include "export/lowering/passes.hpp"
#include "export/quantisation/quantise.hpp"
#include "prototypes/network/costs.hpp"

namespace atto::deploy {
namespace {

/// Inputs at equal distances among all that there were.
class Samples {
 public:
  explicit Samples(std::size_t most) : most_(most) {}

  void add(std::span<const float> input) {
    if (given_ % distance_ == 0 && kept_.size() == most_) thin_out();
    if (given_++ % distance_ == 0) kept_.emplace_back(input.begin(), input.end());
  }

  bool is_empty() const { return kept_.empty(); }
  /// One behind the other.
  std::vector<float> all() const {
    std::vector<float> together;
    for (const std::vector<float>& one : kept_)
      together.insert(together.end(), one.begin(), one.end());
    return together;
  }

 private:
  void thin_out() {
    for (std::size_t i = 1; 2 * i < kept_.size(); ++i) kept_[i] = std::move(kept_[2 * i]);
    kept_.resize((kept_.size() + 1) / 2);
    distance_ *= 2;
  }

  std::size_t most_, given_ = 0, distance_ = 1;
  std::vector<std::vector<float>> kept_;
};

using SamplesByPart = std::map<std::string, Samples>;

/// Plain loops observe the inputs, for which a large network takes long.
std::size_t most_inputs(const net::Network& network) {
  constexpr std::int64_t kMacs = 20'000'000'000, kLeast = 16, kMost = 256;
  const std::int64_t macs = net::count_costs(network).macs;
  return static_cast<std::size_t>(std::clamp(kMacs / (macs + 1), kLeast, kMost));
}

SamplesByPart inputs_of(const net::DetectorParts& detector, std::span<const float> pictures,
                        const DetectorInterpreter::RunPart& run) {
  SamplesByPart inputs;
  format::changed(pieces_of(detector, false), [&](const Piece& piece, const std::string& name) {
    return inputs.emplace(name, most_inputs(piece.network)).second;
  });
  const DetectorInterpreter watched(detector,
                                    [&](const std::string& part, std::span<const float> input) {
                                      inputs.at(part).add(input);
                                      return run(part, input);
                                    });
  const auto floats = static_cast<std::size_t>(detector.trunk.input.elements());
  for (std::size_t at = 0; at + floats <= pictures.size(); at += floats)
    watched.run(pictures.subspan(at, floats));
  return inputs;
}

bool lacks_any(const SamplesByPart& inputs) {
  return std::any_of(inputs.begin(), inputs.end(),
                     [](const auto& part) { return part.second.is_empty(); });
}

QuantisedNetwork quantised(const net::Network& network, const net::TensorFile& weights,
                           const std::vector<float>& inputs) {
  QuantisedNetwork made{fuse(network, weights_of(network, weights), Attach::Clamps), {}};
  made.quantisation = quantise(made.network, inputs);
  return made;
}

}  // namespace

QuantisedPieces quantise(const net::DetectorParts& detector, const net::TensorFile& weights,
                         std::span<const float> pictures, const DetectorInterpreter::RunPart& run) {
  SamplesByPart inputs = inputs_of(detector, pictures, run);
  if (lacks_any(inputs)) {
    net::DetectorParts unsure = detector;
    unsure.settings.score = 0;
    inputs = inputs_of(unsure, pictures, run);
  }
  QuantisedPieces pieces;
  const auto add = [&](const Piece& piece, const std::string& name) {
    if (piece.keeps_floats) return false;
    const Samples& of = inputs.at(name);
    if (of.is_empty())
      throw SpecError(
          {{detector.trunk.name, name,
            "int8 needs calibration pictures in which the detector finds something", ""}});
    return pieces.emplace(name, quantised(piece.network, weights, of.all())).second;
  };
  format::changed(pieces_of(detector, true), add);
  return pieces;
}

}  // namespace atto::deploy
