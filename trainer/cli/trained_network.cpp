#include "trainer/cli/trained_network.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "design_specs/errors.hpp"
#include "trainer/data/dataset_identity.hpp"
#include "trainer/data/instances/instance_set.hpp"
#include "trainer/training/classification.hpp"

namespace atto::cli {
namespace {

std::string shape_text(const net::Shape& shape) {
  return fmt::format("{}x{}x{}", shape.channels, shape.height, shape.width);
}

/// The data set that is asked for, or that of the training, at the network's size.
train::DatasetInfo find_data(const TrainedSource& source, const net::TrainedModel& model) {
  const spec::DatasetIdentity& recorded = model.metadata.data;
  if (source.data.empty() && recorded.name.empty())
    throw SpecError({{model.weights_file.string(), "", "names no data set; give --data", ""}});
  const train::DatasetInfo info = train::in_shape(
      source.data.empty() ? train::find_dataset(recorded) : train::describe_dataset(source.data),
      model.network.input);
  const std::string file = model.weights_file.string();
  if (info.input() != model.network.input)
    throw SpecError(
        {{file, "",
          "data set " + info.name + " must give images of " + shape_text(model.network.input),
          shape_text(info.input())}});
  if (source.needs_labels && info.classes != model.network.classes)
    throw SpecError({{file, "",
                      fmt::format("data set {} must have the network's {} classes", info.name,
                                  model.network.classes),
                      std::to_string(info.classes)}});
  return info;
}

void keep(const std::vector<float>& values, std::array<float, 4>& to) {
  std::copy(values.begin(), values.end(), to.begin());
}

}  // namespace

std::optional<net::TaskInput> unsaid_input(const TrainedSource& source) {
  if (source.data.empty() || !source.needs_labels || train::is_instance_set(source.data)) return {};
  const train::DatasetInfo info = train::describe_dataset(source.data);
  return net::TaskInput{info.input(), info.classes};
}

TrainedNetwork read_trained(const TrainedSource& source, train::Dataset& data) {
  return with_data(net::read_trained_model(source.path, source.design, unsaid_input(source)),
                   source, data);
}

TrainedNetwork with_data(const net::TrainedModel& model, const TrainedSource& source,
                         train::Dataset& data) {
  const train::DatasetInfo info = find_data(source, model);
  TrainedNetwork result;
  result.weights_file = model.weights_file;
  result.network = model.network;
  train::expect_logits(model.network);
  const train::ParameterLayout layout(model.network);
  result.trained.weights.resize(layout.trained);
  result.trained.statistics.resize(layout.statistics);
  train::from_tensors(layout, model.weights, result.trained.weights, result.trained.statistics);
  const spec::DatasetIdentity& recorded = model.metadata.data;
  if (!recorded.digest.empty() && recorded.digest != info.digest)
    result.note =
        fmt::format("data set {} is not that of the training, {}",
                    train::identity_text(train::identity_of(info)), train::identity_text(recorded));
  data = train::load_dataset(info);
  keep(model.metadata.mean, data.normalisation.mean);
  keep(model.metadata.stddev, data.normalisation.stddev);
  return result;
}

}  // namespace atto::cli
