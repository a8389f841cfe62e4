#include "trainer/training/detection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "design_specs/errors.hpp"
#include "prototypes/detection/metrics/files.hpp"
#include "prototypes/detection/metrics/match_record.hpp"
#include "prototypes/detection/metrics/placed.hpp"
#include "prototypes/language/trained_model.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/backend/torch/zero_cost.hpp"
#include "trainer/comparison/resampling.hpp"
#include "trainer/data/instances/anchor_reach.hpp"
#include "trainer/data/instances/instance_dataset.hpp"
#include "trainer/training/probed_regions.hpp"
#include "trainer/training/scenes.hpp"
#include "trainer/training/trained_files.hpp"

namespace atto::train {
namespace {

/// Whether the objects of the first training picture that has some have masks.
bool has_masks(const InstanceSet& set) {
  for (std::size_t i = 0; i < set.pictures(Split::Train); ++i) {
    const InstancePicture picture = set.picture(Split::Train, i);
    if (!picture.objects.empty()) return picture.objects.front().mask.has_value();
  }
  return false;
}

net::DetectorParts with_anchors(net::DetectorParts parts, const InstanceSet& set) {
  spec::AnchorSettings& anchors = parts.settings.anchors;
  if (anchors.are_fitted()) anchors = fitted_anchors(parts, set);
  return parts;
}

class Detection : public Task {
 public:
  explicit Detection(const TaskSetting& setting)
      : request_(setting.request),
        data_(setting.data),
        batch_(setting.batch),
        parts_(with_anchors(*request_.detector, *data_.instances)),
        detector_(parts_, {setting.device, request_.recipe.threads, batch_, make_backend}) {}

  const ParameterLayout& layout() const override { return detector_.layout(); }
  std::vector<float> initial_weights() const override {
    return detector_.initial_weights(request_.seed);
  }

  double step(const std::vector<float>& weights, std::span<const std::int32_t> images, int epoch,
              std::vector<float>& gradients) override {
    const Scenes scenes = read(images, epoch);
    for (const Scene& scene : scenes.scenes) degenerate_ += scene.degenerate;
    detector_.load(weights);
    return detector_.step(scenes.step(), nullptr, gradients);
  }

  std::vector<float> statistics(const std::vector<float>& weights,
                                std::span<const std::int32_t> images) override;
  Judgement judge(const TrainedWeights& trained, std::span<const std::int32_t> images) override;

  /// At first it is 2 ln 2 + ln(classes + 1), and that of some boxes.
  double hopeless_loss() const override {
    return 3 * (2 * std::log(2) + std::log(data_.info.classes + 1) + 1);
  }

  net::ResponsesByModule probe(const std::vector<float>& weights,
                               std::span<const std::int32_t> images) override {
    const Scenes scenes = read(images, 0);
    const StepImages step = scenes.step();
    const std::vector<LabelledRegion> regions =
        probed_regions(scenes.scenes, data_.info.input(), data_.info.classes);
    detector_.load(weights);
    std::vector<float> gradients(layout().trained);
    const auto into_slopes = [&](Maps& levels) {
      Maps slopes;
      detector_.loss(levels, step, nullptr, &slopes, gradients);
      levels = std::move(slopes);
    };
    DetectorPart& trunk = detector_.trunk();
    return train::probe(*trunk.backends.front(), trunk.network, trunk.layout, trunk.weights,
                        {step.batch, regions, trunk.outputs, into_slopes});
  }

  net::ScoresByModule score(const std::vector<float>& weights,
                            std::span<const std::int32_t> images) override {
    detector_.load(weights);
    const DetectorPart& trunk = detector_.trunk();
    return zero_cost_scores(trunk.network, trunk.layout, trunk.weights, read(images, 0).pixels,
                            trunk.outputs);
  }

  net::TensorFile reference(const TrainedWeights& trained,
                            std::span<const std::int32_t> images) override {
    return detection_reference(parts_, data_, images, trained);
  }

  std::map<std::string, std::string> metadata() const override {
    return {{net::kDetectorKey, spec::settings_text(parts_.settings)}};
  }

  std::vector<std::string> notes() const override {
    if (degenerate_ == 0) return {};
    return {fmt::format("{} objects of augmented pictures were under a pixel and not learnt of",
                        degenerate_)};
  }

 private:
  Scenes read(std::span<const std::int32_t> images, int epoch) const {
    return read_scenes(data_, images, request_.recipe, request_.seed, epoch,
                       request_.recipe.threads);
  }
  /// Calls body with pieces of at most a batch.
  template <class Body>
  void in_batches(std::span<const std::int32_t> images, const Body& body) const {
    const auto size = static_cast<std::size_t>(batch_);
    for (std::size_t at = 0; at < images.size(); at += size)
      body(images.subspan(at, std::min(size, images.size() - at)));
  }

  const TrialRequest& request_;
  const Dataset& data_;
  const int batch_;
  const net::DetectorParts parts_;
  Detector detector_;
  std::size_t degenerate_ = 0;
};

std::vector<float> Detection::statistics(const std::vector<float>& weights,
                                         std::span<const std::int32_t> images) {
  constexpr std::size_t kPictures = 512;
  if (layout().statistics == 0) return {};
  const auto size = static_cast<std::size_t>(batch_);
  const std::size_t rounds =
      std::max<std::size_t>(1, std::min(kPictures, images.size() / 4) / size);
  const std::vector<std::int32_t> chosen = spread_images(images, rounds * size);
  return detector_.measured(weights, [&](const std::function<void(const Batch&)>& show) {
    in_batches(chosen, [&](std::span<const std::int32_t> part) {
      const Scenes scenes = read(part, 0);
      show(scenes.step().batch);
    });
  });
}

Judgement Detection::judge(const TrainedWeights& trained, std::span<const std::int32_t> images) {
  detector_.load(trained);
  Judgement judgement;
  in_batches(images, [&](std::span<const std::int32_t> part) {
    const Scenes scenes = read(part, 0);
    const StepImages step = scenes.step();
    judgement.loss += detector_.loss(detector_.levels(step.batch), step, nullptr, nullptr, {}) *
                      static_cast<double>(part.size()) / static_cast<double>(images.size());
  });
  if (!std::isfinite(judgement.loss)) judgement.fault = "the loss is not finite";
  const det::Annotations truth = annotations_of(data_, images);
  const std::vector<det::Detection> found =
      detections_of(detector_, data_, images, batch_, request_.recipe.threads);
  judgement.matches = std::make_shared<const det::MatchRecord>(
      det::match_record(truth, found, detector_.mask_side() > 0 && truth.has_masks()));
  judgement.scores = scores_of(*judgement.matches);
  return judgement;
}

/// How many pictures a detector is run on by LibTorch, for which a large one takes long.
std::size_t reference_pictures(const net::DetectorParts& parts, std::size_t most) {
  constexpr std::int64_t kMacs = 100'000'000'000, kLeast = 16;
  const auto count = std::max(kLeast, kMacs / (net::count_costs(parts).macs + 1));
  return std::min(static_cast<std::size_t>(count), most);
}

/// Pictures as networks see them, [channels, height, width] each.
std::vector<float> planes_of(const Scenes& scenes, const net::Shape& input) {
  std::vector<float> planes;
  const auto channels = static_cast<std::size_t>(input.channels);
  const auto floats = static_cast<std::size_t>(input.elements());
  for (std::size_t image = 0; image < scenes.scenes.size(); ++image)
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t p = c; p < floats; p += channels)
        planes.push_back(scenes.pixels[image * floats + p]);
  return planes;
}

}  // namespace

std::unique_ptr<Task> make_detection(const TaskSetting& setting) {
  return std::make_unique<Detection>(setting);
}

void expect_detector(const net::DetectorParts& parts, const Dataset& data) {
  const net::Shape& input = parts.trunk.input;
  if (!data.instances)
    throw EnvironmentError("data set " + data.info.name + ": has no objects in its images");
  if (input != data.info.input() || parts.trunk.classes != data.info.classes)
    throw EnvironmentError(
        fmt::format("the detector is for {}x{}x{} and {} classes; data set {} has {}x{}x{} and {}",
                    input.channels, input.height, input.width, parts.trunk.classes, data.info.name,
                    data.info.channels, data.info.height, data.info.width, data.info.classes));
  if (parts.mask && !has_masks(*data.instances))
    throw EnvironmentError("data set " + data.info.name +
                           ": has no masks, which the detector is to learn");
}

net::TensorFile detection_pictures(const Dataset& data, std::span<const std::int32_t> images,
                                   int threads) {
  const Scenes scenes = read_scenes(data, images, {}, 0, 0, threads);
  const net::Shape input = data.info.input();
  std::vector<float> seen;
  for (const Scene& scene : scenes.scenes)
    for (const int side : {scene.view.height, scene.view.width})
      seen.push_back(static_cast<float>(side));
  const auto count = static_cast<std::int64_t>(images.size());
  net::TensorFile file;
  file.tensors["inputs"] =
      float_tensor(planes_of(scenes, input), {count, input.channels, input.height, input.width});
  file.tensors["seen"] = float_tensor(seen, {count, 2});
  file.metadata[net::kTruthKey] = det::annotations_text(annotations_of(data, images));
  return file;
}

net::TensorFile detection_reference(const net::DetectorParts& parts, const Dataset& data,
                                    std::span<const std::int32_t> images,
                                    const TrainedWeights& trained) {
  images = images.first(reference_pictures(parts, images.size()));
  net::TensorFile file = detection_pictures(data, images, 1);
  Detector oracle(parts, {Device::Cpu, 1, 1, make_torch_backend});
  oracle.load(trained);
  const auto most = static_cast<std::size_t>(parts.settings.detections);
  const auto mask_floats = static_cast<std::size_t>(oracle.mask_side() * oracle.mask_side());
  std::vector<float> boxes, scores, classes, masks;
  for (const std::int32_t image : images) {
    const Scenes scenes = read_scenes(data, {&image, 1}, {}, 0, 0, 1);
    Found found = oracle.find(scenes.step().batch).front();
    found.objects.resize(most);
    found.masks.resize(most * mask_floats);
    for (const det::FoundObject& object : found.objects) {
      boxes.insert(boxes.end(), {object.box.x1, object.box.y1, object.box.x2, object.box.y2});
      scores.push_back(object.score);
      classes.push_back(static_cast<float>(object.category));
    }
    masks.insert(masks.end(), found.masks.begin(), found.masks.end());
  }
  const auto count = static_cast<std::int64_t>(images.size()), rows = std::int64_t(most),
             side = std::int64_t{oracle.mask_side()};
  file.tensors["boxes"] = float_tensor(boxes, {count, rows, 4});
  file.tensors["scores"] = float_tensor(scores, {count, rows});
  file.tensors["classes"] = float_tensor(classes, {count, rows});
  if (side > 0) file.tensors["masks"] = float_tensor(masks, {count, rows, side, side});
  return file;
}

std::vector<det::Detection> detections_of(Detector& detector, const Dataset& data,
                                          std::span<const std::int32_t> images, int batch,
                                          int threads) {
  std::vector<det::Detection> all;
  for (std::size_t at = 0; at < images.size(); at += static_cast<std::size_t>(batch)) {
    const auto part =
        images.subspan(at, std::min<std::size_t>(std::size_t(batch), images.size() - at));
    const Scenes scenes = read_scenes(data, part, {}, 0, 0, threads);
    const std::vector<Found> found = detector.find(scenes.step().batch);
    for (std::size_t i = 0; i < found.size(); ++i) {
      const Scene& scene = scenes.scenes[i];
      const std::vector<det::Detection> said =
          det::placed(found[i], {static_cast<int>(at + i), scene.height, scene.width,
                                 [&](const det::Box& box) { return scene.in_picture(box); }});
      all.insert(all.end(), said.begin(), said.end());
    }
  }
  return all;
}

}  // namespace atto::train
