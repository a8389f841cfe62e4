// The loss of a detector, and the way back through all of its parts.
#include <algorithm>

#include "design_specs/seeds/random.hpp"
#include "trainer/backend/loss.hpp"
#include "trainer/training/detector.hpp"

namespace atto::train {
namespace {

constexpr double kBeta = 1.0 / 9;  ///< of boxes' losses, as detectron2 and torchvision have it

Maps zeros_like(const Maps& maps) {
  Maps zeros;
  for (const auto& map : maps) zeros.emplace_back(map.size(), 0.0F);
  return zeros;
}

std::vector<Region> places_of(const DrawnSamples& samples) {
  std::vector<Region> regions;
  for (const RegionSample& sample : samples.regions) regions.push_back({sample.image, sample.box});
  return regions;
}

/// Adds the loss of four numbers that should be a delta, and writes their slopes.
double delta_loss(const float* said, const det::Delta& wanted, double weight, float* slopes) {
  const float numbers[] = {wanted.x, wanted.y, wanted.width, wanted.height};
  double loss = 0;
  for (int i = 0; i < 4; ++i) {
    const PointLoss one = smooth_l1(said[i], numbers[i], kBeta);
    loss += one.value * weight;
    slopes[i] = static_cast<float>(one.slope * weight);
  }
  return loss;
}

}  // namespace

double Detector::proposal_loss(const std::vector<Maps>& answers, const DrawnSamples& samples,
                               std::vector<Maps>& slopes) const {
  const double weight = 1 / std::max<double>(1, static_cast<double>(samples.anchors.size()));
  double loss = 0;
  for (const AnchorSample& sample : samples.anchors) {
    const auto level = static_cast<std::size_t>(sample.level);
    const std::size_t at = static_cast<std::size_t>(sample.image) * anchors_[level].size() +
                           static_cast<std::size_t>(sample.anchor);
    const PointLoss entropy =
        binary_cross_entropy(answers[level][0][at], sample.is_object ? 1.0F : 0.0F);
    loss += entropy.value * weight;
    slopes[level][0][at] = static_cast<float>(entropy.slope * weight);
    if (sample.is_object)
      loss +=
          delta_loss(&answers[level][1][4 * at], sample.delta, weight, &slopes[level][1][4 * at]);
  }
  return loss;
}

double Detector::box_loss(const Maps& said, const DrawnSamples& samples, Maps& slopes) const {
  const std::size_t count = samples.regions.size(), labels = static_cast<std::size_t>(classes_) + 1;
  std::vector<std::int32_t> wanted;
  for (const RegionSample& sample : samples.regions) wanted.push_back(sample.label);
  double loss = cross_entropy(said[0].data(), wanted.data(), static_cast<int>(count),
                              static_cast<int>(labels), 0, slopes[0].data()) /
                static_cast<double>(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (wanted[i] == 0) continue;
    const std::size_t at = (i * labels + static_cast<std::size_t>(wanted[i])) * 4;
    loss += delta_loss(&said[1][at], samples.regions[i].delta, 1 / static_cast<double>(count),
                       &slopes[1][at]);
  }
  return loss;
}

double Detector::mask_loss(const Maps& said, const DrawnSamples& samples,
                           std::span<const Scene> scenes, Maps& slopes) const {
  const auto pixels = static_cast<std::size_t>(mask_side_ * mask_side_);
  const auto labels = static_cast<std::size_t>(classes_) + 1;
  const double weight = 1 / static_cast<double>(samples.masked.size() * pixels);
  double loss = 0;
  for (std::size_t i = 0; i < samples.masked.size(); ++i) {
    const RegionSample& sample = samples.regions[static_cast<std::size_t>(samples.masked[i])];
    const Scene& scene = scenes[static_cast<std::size_t>(sample.image)];
    const std::vector<float> target = seen_mask(
        scene, scene.objects[static_cast<std::size_t>(sample.object)], sample.box, mask_side_);
    for (std::size_t p = 0; p < pixels; ++p) {
      const std::size_t at = (i * pixels + p) * labels + static_cast<std::size_t>(sample.label);
      const PointLoss entropy = binary_cross_entropy(said[0][at], target[p]);
      loss += entropy.value * weight;
      slopes[0][at] = static_cast<float>(entropy.slope * weight);
    }
  }
  return loss;
}

DrawnSamples Detector::drawn(const std::vector<Maps>& answers, const StepImages& images) const {
  const auto proposed = proposals(answers, images.batch.count);
  DrawnSamples samples;
  for (std::size_t i = 0; i < images.scenes.size(); ++i) {
    const auto image = static_cast<int>(i);
    draw_anchors(anchors_, images.scenes[i], image, spec::derive_seed({images.seeds[i], 0xA9C}),
                 samples.anchors);
    draw_regions(proposed[i], images.scenes[i], image, spec::derive_seed({images.seeds[i], 0x4E6}),
                 samples);
  }
  if (!mask_) samples.masked.clear();
  return samples;
}

DrawnSamples Detector::draw(const StepImages& images) {
  return drawn(answers(levels(images.batch)), images);
}

double Detector::loss(const Maps& levels, const StepImages& images, const DrawnSamples* fixed,
                      Maps* level_slopes, std::span<float> gradients) {
  const std::vector<Maps> said = answers(levels);
  const DrawnSamples samples = fixed ? *fixed : drawn(said, images);
  std::vector<Maps> said_slopes;
  for (const Maps& maps : said) said_slopes.push_back(zeros_like(maps));
  double loss = proposal_loss(said, samples, said_slopes);
  if (level_slopes) {
    *level_slopes = {};
    for (std::size_t i = 0; i < levels.size(); ++i) {
      level_slopes->push_back(proposal_.back(i, said_slopes[i], levels[i].size()));
      joint_.add(kProposal, proposal_.gradients, gradients);
    }
  }
  if (samples.regions.empty()) return loss;
  const std::vector<Region> regions = places_of(samples);
  const std::vector<float> box_crops = crops(levels, regions, crop_side(box_.network));
  const Maps boxes = box_.run(0, box_crops);
  Maps box_slopes = zeros_like(boxes);
  loss += box_loss(boxes, samples, box_slopes);
  if (mask_ && !samples.masked.empty())
    loss += mask_pass(levels, samples, regions, images.scenes, boxes, box_slopes, level_slopes,
                      gradients);
  if (!level_slopes) return loss;
  crops_back(box_.back(0, box_slopes, box_crops.size()), regions, crop_side(box_.network),
             *level_slopes);
  joint_.add(kBox, box_.gradients, gradients);
  return loss;
}

/// The mask network reads crops of its own, or features of the box network, to which slopes go
/// back.
double Detector::mask_pass(const Maps& levels, const DrawnSamples& samples,
                           std::span<const Region> regions, std::span<const Scene> scenes,
                           const Maps& boxes, Maps& box_slopes, Maps* level_slopes,
                           std::span<float> gradients) {
  const auto floats = static_cast<std::size_t>(mask_->shapes.front().elements());
  std::vector<Region> chosen;
  std::vector<float> inputs;
  for (const int i : samples.masked) {
    chosen.push_back(regions[static_cast<std::size_t>(i)]);
    if (!mask_follows_box_) continue;
    const auto from = boxes[2].begin() + static_cast<std::ptrdiff_t>(floats) * i;
    inputs.insert(inputs.end(), from, from + static_cast<std::ptrdiff_t>(floats));
  }
  const int side = crop_side(mask_->network);
  if (!mask_follows_box_) inputs = crops(levels, chosen, side);
  const Maps masks = mask_->run(0, inputs);
  Maps slopes = zeros_like(masks);
  const double loss = mask_loss(masks, samples, scenes, slopes);
  if (!level_slopes) return loss;
  const std::vector<float> input_slopes = mask_->back(0, slopes, inputs.size());
  joint_.add(kMask, mask_->gradients, gradients);
  if (!mask_follows_box_) {
    crops_back(input_slopes, chosen, side, *level_slopes);
    return loss;
  }
  for (std::size_t i = 0; i < samples.masked.size(); ++i)
    std::copy_n(input_slopes.data() + i * floats, floats,
                box_slopes[2].data() + static_cast<std::size_t>(samples.masked[i]) * floats);
  return loss;
}

double Detector::step(const StepImages& images, const DrawnSamples* fixed,
                      std::span<float> gradients) {
  std::fill(gradients.begin(), gradients.end(), 0.0F);
  Maps slopes;
  const double total = loss(levels(images.batch), images, fixed, &slopes, gradients);
  trunk_.back(0, slopes, 0);
  joint_.add(kTrunk, trunk_.gradients, gradients);
  return total;
}

}  // namespace atto::train
