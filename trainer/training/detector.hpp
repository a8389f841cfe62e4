#pragma once
// A detector's networks as the trainer runs them, forward and backward, with what stands between
// them. Weights, gradients and statistics of all are one flat buffer each.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "prototypes/detection/found_objects.hpp"
#include "prototypes/network/detector.hpp"
#include "trainer/backend/backend.hpp"
#include "trainer/backend/joint_layout.hpp"
#include "trainer/training/detection_samples.hpp"
#include "trainer/training/evaluation.hpp"

namespace atto::train {

using BackendMaker = std::unique_ptr<Backend> (*)(const net::Network&, const ParameterLayout&,
                                                  const BackendSettings&);

struct DetectorSetting {
  Device device = Device::Cpu;
  int threads = 1;
  int images = 1;  ///< of a batch, at most
  BackendMaker make = nullptr;
};

/// One of a detector's networks.
struct DetectorPart {
  /// `inputs`: the shapes that it runs on.
  DetectorPart(const net::Network& from, const std::vector<net::Shape>& inputs,
               std::vector<int> of_outputs, int most, bool gives_slopes,
               const DetectorSetting& setting);
  /// Runs on maps [count, ...] of one of the shapes: forward, and they must stay until the way
  /// back; or by statistics, and then in pieces.
  Maps run(std::size_t input, std::span<const float> maps, std::uint64_t seed = 0);
  /// Goes back from the last run on that shape; writes `gradients`. Returns the slopes by the maps.
  std::vector<float> back(std::size_t input, const Maps& slopes, std::size_t map_floats);

  const net::Network network;
  const ParameterLayout layout;
  const std::vector<int> outputs;
  const int batch;
  std::vector<net::Shape> shapes;  ///< of the inputs
  std::vector<std::unique_ptr<Backend>> backends;
  std::vector<float> weights, statistics, gradients;
  bool infers = false;
};

/// A place in a picture of a batch.
struct Region {
  int image = 0;
  det::Box box;
};

using det::Found;

/// Images of a step, what is in them, and what the samples of each are drawn from.
struct StepImages {
  Batch batch;
  std::span<const Scene> scenes;
  std::span<const std::uint64_t> seeds;
};

class Detector {
 public:
  /// The settings' anchors are stated. Throws InternalError where the parts do not fit together.
  Detector(const net::DetectorParts& parts, const DetectorSetting& setting);
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;

  const ParameterLayout& layout() const { return joint_.whole(); }
  std::vector<float> initial_weights(std::uint64_t seed) const;
  int mask_side() const { return mask_side_; }
  DetectorPart& trunk() { return trunk_; }

  /// Takes up weights for what follows: to be trained, or with statistics to be used.
  void load(std::span<const float> weights);
  void load(const TrainedWeights& trained);

  /// Writes the gradients of the loss; returns it. With `fixed`, those samples are taken instead
  /// of drawn ones.
  double step(const StepImages& images, const DrawnSamples* fixed, std::span<float> gradients);
  /// Returns the loss of all that stands on the trunk; where they are given, writes the slopes by
  /// the trunk's levels and adds the gradients of the other parts.
  double loss(const Maps& levels, const StepImages& images, const DrawnSamples* fixed,
              Maps* level_slopes, std::span<float> gradients);
  /// Draws samples by what the loaded weights propose.
  DrawnSamples draw(const StepImages& images);

  /// Needs statistics.
  std::vector<Found> find(const Batch& batch);
  Maps levels(const Batch& batch);

  /// Shows batches, as often as it is called.
  using Batches = std::function<void(const std::function<void(const Batch&)>&)>;
  /// Returns statistics of the loaded weights over batches: of the trunk, then, on what the whole
  /// says in use, of one part after the other.
  std::vector<float> measured(std::span<const float> weights, const Batches& batches);

 private:
  enum PartIndex : std::size_t { kTrunk, kProposal, kBox, kMask };
  std::vector<const ParameterLayout*> layouts() const;
  std::vector<DetectorPart*> parts();
  std::vector<Maps> answers(const Maps& levels);
  std::vector<std::vector<det::Box>> proposals(const std::vector<Maps>& answers, int count) const;
  DrawnSamples drawn(const std::vector<Maps>& answers, const StepImages& images) const;
  std::size_t level_of(const det::Box& box) const;
  std::vector<float> crops(const Maps& levels, std::span<const Region> regions, int side) const;
  void crops_back(const std::vector<float>& slopes, std::span<const Region> regions, int side,
                  Maps& level_slopes) const;
  std::vector<float> mask_inputs(const Maps& levels, std::span<const Region> regions);
  std::vector<Found> objects(const Maps& levels, int count);
  void add_masks(const Maps& levels, int image, Found& found);
  double proposal_loss(const std::vector<Maps>& answers, const DrawnSamples& samples,
                       std::vector<Maps>& slopes) const;
  double box_loss(const Maps& said, const DrawnSamples& samples, Maps& slopes) const;
  double mask_loss(const Maps& said, const DrawnSamples& samples, std::span<const Scene> scenes,
                   Maps& slopes) const;
  double mask_pass(const Maps& levels, const DrawnSamples& samples, std::span<const Region> regions,
                   std::span<const Scene> scenes, const Maps& boxes, Maps& box_slopes,
                   Maps* level_slopes, std::span<float> gradients);
  /// As they are in use: not what was sampled to learn of.
  std::vector<Region> best_proposals(const Maps& levels, int count, int most);
  void measure(DetectorPart& part, std::size_t input, std::span<const float> maps, int& round);
  std::span<const float> pixels_of(const Batch& batch) const;
  det::PictureSize picture_size() const {
    return {static_cast<float>(input_.height), static_cast<float>(input_.width)};
  }

  const net::Shape input_;
  const int classes_, threads_;
  const net::DetectorSettings settings_;
  const bool mask_follows_box_;
  DetectorPart trunk_, proposal_, box_;
  std::optional<DetectorPart> mask_;
  const JointLayout joint_;
  std::vector<std::vector<det::Box>> anchors_;  ///< of each level
  det::LevelRule level_rule_;
  int mask_side_ = 0;
};

/// Returns the side of a network's input, which is square.
int crop_side(const net::Network& network);

}  // namespace atto::train
