#pragma once
// Tasks of one plain network: what is left to say is how good its outputs are.

#include "trainer/training/task.hpp"

namespace atto::train {

/// Images of one pass.
struct Samples {
  std::span<const std::int32_t> images;
  int epoch = 0;  ///< whose augmentation they went through (batches.hpp); 0 = none
};

class NetworkTask : public Task {
 public:
  /// Trains these of the network's outputs.
  explicit NetworkTask(const TaskSetting& setting, std::vector<int> outputs = {0});
  const ParameterLayout& layout() const override { return layout_; }
  std::vector<float> initial_weights() const override;
  double step(const std::vector<float>& weights, std::span<const std::int32_t> images, int epoch,
              std::vector<float>& gradients) override;
  std::vector<float> statistics(const std::vector<float>& weights,
                                std::span<const std::int32_t> images) override;
  net::ResponsesByModule probe(const std::vector<float>& weights,
                               std::span<const std::int32_t> images) override;
  net::ScoresByModule score(const std::vector<float>& weights,
                            std::span<const std::int32_t> images) override;

 protected:
  /// Returns the summed loss of outputs. Where `slopes` is given, writes those of the *mean* loss
  /// by each output; it may be the outputs themselves.
  virtual double loss(const Maps& outputs, const Samples& samples, Maps* slopes) const = 0;
  /// Returns the class of each image; nothing where images have none, and modules are not probed
  /// for telling classes apart.
  virtual std::vector<std::int32_t> classes_of(std::span<const std::int32_t> images) const;

  const TrialRequest& request_;
  const Dataset& data_;
  const int batch_;
  const std::vector<int> outputs_;
  const ParameterLayout layout_;
  const std::unique_ptr<Backend> backend_;

 private:
  /// Returns the images' pixels, which stay until the next call.
  Batch load(const Samples& samples);

  std::vector<float> pixels_;
};

}  // namespace atto::train
