#include "trainer/training/classification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "design_specs/errors.hpp"
#include "prototypes/network/shapes.hpp"
#include "trainer/backend/loss.hpp"
#include "trainer/training/network_task.hpp"
#include "trainer/training/trained_files.hpp"

namespace atto::train {
namespace {

std::vector<std::int32_t> labels_of(const Dataset& data, std::span<const std::int32_t> images) {
  std::vector<std::int32_t> labels;
  for (std::int32_t image : images)
    labels.push_back(data.images.labels[static_cast<std::size_t>(image)]);
  return labels;
}

/// Returns how many classes stand before the label.
int rank_of(const float* logits, int classes, int label) {
  int rank = 0;
  for (int c = 0; c < classes; ++c)
    rank += logits[c] > logits[label] || (logits[c] == logits[label] && c < label);
  return rank;
}

class Classification : public NetworkTask {
 public:
  using NetworkTask::NetworkTask;

  Judgement judge(const TrainedWeights& trained, std::span<const std::int32_t> images) override {
    const Quality quality =
        train::judge(*backend_, trained, data_, images, batch_, request_.recipe.threads);
    return {quality.loss, quality.scores(), quality.is_finite ? "" : "logits are not finite",
            right_of(data_, images, quality)};
  }

  /// Blind guessing has a loss of ln(classes); thrice that over a whole epoch does not come back.
  double hopeless_loss() const override { return 3 * std::log(std::max(2, data_.info.classes)); }

  net::TensorFile reference(const TrainedWeights& trained,
                            std::span<const std::int32_t> images) override {
    return classification_reference(request_.network, data_, images, layout_, trained);
  }

 protected:
  /// Labels are smoothed where something is to be learnt of them.
  double loss(const Maps& outputs, const Samples& samples, Maps* slopes) const override {
    return cross_entropy(outputs.at(0).data(), classes_of(samples.images).data(),
                         static_cast<int>(samples.images.size()), data_.info.classes,
                         samples.epoch > 0 ? request_.recipe.label_smoothing : 0,
                         slopes ? slopes->at(0).data() : nullptr);
  }

  std::vector<std::int32_t> classes_of(std::span<const std::int32_t> images) const override {
    return labels_of(data_, images);
  }
};

}  // namespace

std::unique_ptr<Task> make_classification(const TaskSetting& setting) {
  return std::make_unique<Classification>(setting);
}

void expect_logits(const net::Network& network) {
  const net::Shape shape =
      net::infer_shapes(network)[static_cast<std::size_t>(network.outputs.at(0).layer)];
  if (shape == net::Shape{network.classes, 1, 1}) return;
  throw SpecError({{network.name, "/head", fmt::format("must give {} x 1 x 1", network.classes),
                    fmt::format("{} x {} x {}", shape.channels, shape.height, shape.width)}});
}

void expect_classifier(const net::Network& network, const Dataset& data) {
  if (network.input != data.info.input() || network.classes != data.info.classes)
    throw EnvironmentError(fmt::format(
        "the network is for {}x{}x{} and {} classes; data set {} has {}x{}x{} and {}",
        network.input.channels, network.input.height, network.input.width, network.classes,
        data.info.name, data.info.channels, data.info.height, data.info.width, data.info.classes));
  const net::Layer& last = network.layers[static_cast<std::size_t>(network.outputs.at(0).layer)];
  if (std::holds_alternative<net::Softmax>(last.op))
    throw SpecError({{network.name, "/head",
                      "must not end in a softmax: it is trained on its logits, and the softmax is "
                      "part of the loss",
                      last.name}});
  expect_logits(network);
}

std::vector<std::uint8_t> right_of(const Dataset& data, std::span<const std::int32_t> images,
                                   const Quality& quality) {
  std::vector<std::uint8_t> right;
  right.reserve(images.size());
  for (std::size_t i = 0; i < images.size(); ++i)
    right.push_back(data.images.labels[static_cast<std::size_t>(images[i])] ==
                    quality.predicted[i]);
  return right;
}

Quality judge(Backend& backend, const TrainedWeights& trained, const Dataset& data,
              std::span<const std::int32_t> images, int batch, int threads) {
  const int classes = data.info.classes;
  Quality quality;
  quality.predicted.reserve(images.size());
  infer_images(backend, trained, data, images, batch, threads,
               [&](const Maps& maps, std::span<const std::int32_t> part) {
                 const float* row = maps.at(0).data();
                 const std::vector<std::int32_t> labels = labels_of(data, part);
                 quality.loss += cross_entropy(row, labels.data(), static_cast<int>(part.size()),
                                               classes, 0, nullptr);
                 for (const std::int32_t label : labels) {
                   const int rank = rank_of(row, classes, label);
                   quality.is_finite &=
                       std::all_of(row, row + classes, [](float v) { return std::isfinite(v); });
                   quality.top1 += rank == 0;
                   quality.top5 += rank < 5;
                   quality.predicted.push_back(
                       static_cast<std::int32_t>(std::max_element(row, row + classes) - row));
                   row += classes;
                 }
               });
  const double count = std::max<double>(1, static_cast<double>(images.size()));
  quality.loss /= count;
  quality.top1 /= count;
  quality.top5 /= count;
  return quality;
}

net::TensorFile classification_reference(const net::Network& network, const Dataset& data,
                                         std::span<const std::int32_t> images,
                                         const ParameterLayout& layout,
                                         const TrainedWeights& trained) {
  const auto count = static_cast<std::int64_t>(images.size());
  net::TensorFile contents;
  const Maps maps = run_by_torch(network, data, images, layout, trained, {0}, contents);
  contents.tensors["logits"] = float_tensor(maps.at(0), {count, network.classes});
  if (data.info.classes != network.classes) return contents;
  net::Tensor labels{net::Tensor::Type::I64, {count}, {}};
  for (const std::int64_t label : labels_of(data, images)) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&label);
    labels.bytes.insert(labels.bytes.end(), bytes, bytes + sizeof(label));
  }
  contents.tensors["labels"] = std::move(labels);
  return contents;
}

}  // namespace atto::train
