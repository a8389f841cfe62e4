#include "trainer/cli/detector_eval.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "prototypes/detection/metrics/files.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/cli/judge.hpp"
#include "trainer/data/dataset_identity.hpp"
#include "trainer/data/instances/instance_dataset.hpp"
#include "trainer/training/detection.hpp"
#include "trainer/training/trained_files.hpp"

namespace atto::cli {
namespace {

constexpr int kBatch = 8;

/// The set that is asked for, or that of the training.
std::unique_ptr<train::InstanceSet> find_set(const std::string& data,
                                             const net::TrainedModel& model) {
  const spec::DatasetIdentity& recorded = model.metadata.data;
  const std::string file = model.weights_file.string();
  if (data.empty() && recorded.name.empty())
    throw SpecError({{file, "", "names no data set; give --data", ""}});
  std::unique_ptr<train::InstanceSet> set =
      data.empty() ? train::find_instance_set(recorded) : train::open_instance_set(data);
  const std::size_t classes = set->info().categories.size();
  if (classes != static_cast<std::size_t>(model.network.classes))
    throw SpecError({{file, "",
                      fmt::format("data set {} must have the network's {} classes",
                                  set->info().name, model.network.classes),
                      std::to_string(classes)}});
  return set;
}

void tell_other_set(const train::DatasetInfo& info, const spec::DatasetIdentity& recorded) {
  if (recorded.digest.empty() || recorded.digest == info.digest) return;
  fmt::print(stderr, "data set {} is not that of the training, {}\n",
             train::identity_text(train::identity_of(info)), train::identity_text(recorded));
}

void keep(const std::vector<float>& values, std::array<float, 4>& to) {
  std::copy(values.begin(), values.end(), to.begin());
}

train::TrainedWeights weights_of(const train::ParameterLayout& layout,
                                 const net::TrainedModel& model) {
  train::TrainedWeights trained{std::vector<float>(layout.trained),
                                std::vector<float>(layout.statistics)};
  train::from_tensors(layout, model.weights, trained.weights, trained.statistics);
  return trained;
}

/// Normalised as in the training.
train::Dataset data_of(const std::string& name, const net::TrainedModel& model) {
  train::Dataset data = train::instance_dataset(find_set(name, model), model.network.input);
  tell_other_set(data.info, model.metadata.data);
  keep(model.metadata.mean, data.normalisation.mean);
  keep(model.metadata.stddev, data.normalisation.stddev);
  return data;
}

}  // namespace

JudgedPictures judged_pictures(const net::TrainedModel& model, const DetectorJudging& how) {
  const train::Dataset data = data_of(how.data, model);
  train::Detector detector(*model.detector, {how.device, how.threads, kBatch, train::make_backend});
  detector.load(weights_of(detector.layout(), model));
  const bool is_test = how.split == "test";
  // Not annotations_of(): results name pictures as the data set does.
  return {data.info,
          data.instances->annotations(is_test ? train::Split::Test : train::Split::Validation),
          train::detections_of(detector, data, is_test ? data.test : data.validation, kBatch,
                               how.threads)};
}

int eval_detector(const DetectorEval& what) {
  const train::TrainingEvaluator process({what.device, what.threads});
  const net::TrainedModel model = net::read_trained_design(what.source.path, what.source.design);
  const auto [data, truth, found] =
      judged_pictures(model, {what.source.data, what.split, process.device(), what.threads});
  if (!what.results.empty())
    spec::write_file_atomically(what.results, det::results_text(found, truth));
  if (!what.truth.empty()) spec::write_file_atomically(what.truth, det::annotations_text(truth));
  return tell_judged(truth, found, what.is_json);
}

std::filesystem::path refer_detector(
    const DetectorReference& what,
    const std::function<std::vector<std::int32_t>(const train::Dataset&)>& images) {
  train::prepare_process(what.threads);
  const net::TrainedModel model = net::read_trained_design(what.source.path, what.source.design);
  const train::Dataset data = data_of(what.source.data, model);
  const train::Detector detector(*model.detector,
                                 {train::Device::Cpu, what.threads, 1, train::make_torch_backend});
  const train::TrainedWeights trained = weights_of(detector.layout(), model);
  const std::vector<std::int32_t> chosen = images(data);
  const auto file = what.out.empty() ? model.folder() / net::kReferenceName : what.out;
  train::write_reference(file, data, detector.layout(), trained,
                         what.split == "train"
                             ? train::detection_pictures(data, chosen, what.threads)
                             : train::detection_reference(*model.detector, data, chosen, trained));
  return file;
}

}  // namespace atto::cli
