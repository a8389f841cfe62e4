#include "trainer/training/detector.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "design_specs/errors.hpp"
#include "design_specs/seeds/random.hpp"
#include "prototypes/detection/roi_align.hpp"
#include "prototypes/detection/rules.hpp"
#include "prototypes/network/shapes.hpp"
#include "trainer/backend/cpu/in_parallel.hpp"

namespace atto::train {
namespace {

int output_named(const net::Network& network, std::string_view name) {
  for (std::size_t i = 0; i < network.outputs.size(); ++i)
    if (network.outputs[i].name == name) return static_cast<int>(i);
  throw InternalError(network.name + ": must have an output named " + std::string(name));
}

std::vector<int> outputs_named(const net::Network& network,
                               std::initializer_list<std::string_view> names) {
  std::vector<int> outputs;
  for (const std::string_view name : names) outputs.push_back(output_named(network, name));
  return outputs;
}

std::vector<net::Shape> output_shapes(const net::Network& network) {
  const std::vector<net::Shape> shapes = net::infer_shapes(network);
  std::vector<net::Shape> of_outputs;
  for (const net::Output& output : network.outputs)
    of_outputs.push_back(shapes[static_cast<std::size_t>(output.layer)]);
  return of_outputs;
}

std::vector<int> all_outputs(const net::Network& network) {
  std::vector<int> outputs(network.outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i] = static_cast<int>(i);
  return outputs;
}

det::MapShape map_shape(const net::Shape& shape) {
  return {shape.height, shape.width, shape.channels};
}

/// A convolution or dense layer that gives an output is drawn with the deviation of torchvision's
/// last layers: nothing is said of anything at first.
void calm_outputs(const DetectorPart& part, std::uint64_t seed, std::vector<float>& weights) {
  constexpr float kDeviation = 0.01F;
  for (const int output : part.outputs) {
    const int layer = part.network.outputs[static_cast<std::size_t>(output)].layer;
    if (!has_kernel(part.network.layers[static_cast<std::size_t>(layer)].op)) continue;
    const auto at = static_cast<std::size_t>(part.layout.first_slot[std::size_t(layer)]);
    const Slot& slot = part.layout.slots[at];
    spec::Random random(spec::derive_seed({seed, 0xCA1, at}));
    for (std::size_t i = 0; i < slot.elements; ++i)
      weights[slot.offset + i] = kDeviation * static_cast<float>(random.normal());
  }
}

std::optional<DetectorPart> mask_part(const net::DetectorParts& parts,
                                      const DetectorSetting& setting) {
  if (!parts.mask) return {};
  return std::optional<DetectorPart>(
      std::in_place, *parts.mask, std::vector<net::Shape>{parts.mask->input},
      outputs_named(*parts.mask, {net::kMasksOutput}), setting.images * kMostMasks, true, setting);
}

}  // namespace

int crop_side(const net::Network& network) {
  if (network.input.height != network.input.width)
    throw InternalError(network.name + ": crops are square");
  return network.input.height;
}

DetectorPart::DetectorPart(const net::Network& from, const std::vector<net::Shape>& inputs,
                           std::vector<int> of_outputs, int most, bool gives_slopes,
                           const DetectorSetting& setting)
    : network(from),
      layout(network),
      outputs(std::move(of_outputs)),
      batch(most),
      shapes(inputs),
      gradients(layout.trained) {
  for (const net::Shape& shape : shapes) {
    net::Network sized = network;
    sized.input = shape;
    backends.push_back(setting.make(
        sized, layout, {setting.device, setting.threads, batch, outputs, gives_slopes}));
  }
}

Maps DetectorPart::run(std::size_t input, std::span<const float> maps, std::uint64_t seed) {
  const auto floats = static_cast<std::size_t>(shapes[input].elements());
  const int count = static_cast<int>(maps.size() / floats);
  Backend& backend = *backends[input];
  if (!infers) return backend.forward(weights.data(), {maps.data(), count, seed});
  Maps all(outputs.size());
  for (int first = 0; first < count; first += batch) {
    const Batch piece{maps.data() + static_cast<std::size_t>(first) * floats,
                      std::min(batch, count - first), 0};
    const Maps said = backend.infer(weights.data(), statistics.data(), piece);
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i].insert(all[i].end(), said[i].begin(), said[i].end());
  }
  return all;
}

std::vector<float> DetectorPart::back(std::size_t input, const Maps& slopes,
                                      std::size_t map_floats) {
  std::vector<float> map_slopes(map_floats);
  backends[input]->backward(slopes, gradients.data(), map_floats > 0 ? map_slopes.data() : nullptr);
  return map_slopes;
}

Detector::Detector(const net::DetectorParts& parts, const DetectorSetting& setting)
    : input_(parts.trunk.input),
      classes_(parts.trunk.classes),
      threads_(setting.threads),
      settings_(parts.settings),
      mask_follows_box_(parts.mask_follows_box),
      trunk_(parts.trunk, {input_}, all_outputs(parts.trunk), setting.images, false, setting),
      proposal_(parts.proposal, output_shapes(parts.trunk),
                outputs_named(parts.proposal, {net::kObjectnessOutput, net::kDeltasOutput}),
                setting.images, true, setting),
      box_(parts.box, {parts.box.input},
           mask_follows_box_ ? outputs_named(parts.box, {net::kScoresOutput, net::kDeltasOutput,
                                                         net::kFeaturesOutput})
                             : outputs_named(parts.box, {net::kScoresOutput, net::kDeltasOutput}),
           setting.images * kSampledRegions, true, setting),
      mask_(mask_part(parts, setting)),
      joint_(layouts()) {
  for (std::size_t i = 0; i < proposal_.shapes.size(); ++i)
    anchors_.push_back(
        det::anchors(det::anchor_level(settings_.anchors, i, picture_size(),
                                       proposal_.shapes[i].height, proposal_.shapes[i].width)));
  level_rule_ =
      det::level_rule(picture_size(), proposal_.shapes.front().height, parts.cropped_levels);
  if (mask_) mask_side_ = output_shapes(mask_->network)[std::size_t(mask_->outputs.front())].height;
  if (output_shapes(box_.network)[std::size_t(box_.outputs.front())].channels != classes_ + 1)
    throw InternalError(box_.network.name + ": must score every class and the background");
}

std::vector<const ParameterLayout*> Detector::layouts() const {
  std::vector<const ParameterLayout*> all = {&trunk_.layout, &proposal_.layout, &box_.layout};
  if (mask_) all.push_back(&mask_->layout);
  return all;
}

std::vector<DetectorPart*> Detector::parts() {
  std::vector<DetectorPart*> all = {&trunk_, &proposal_, &box_};
  if (mask_) all.push_back(&*mask_);
  return all;
}

std::vector<float> Detector::initial_weights(std::uint64_t seed) const {
  std::vector<float> whole(layout().trained);
  const DetectorPart* const all[] = {&trunk_, &proposal_, &box_, mask_ ? &*mask_ : nullptr};
  for (std::size_t i = 0; i < std::size(all) && all[i]; ++i) {
    // The trunk's are those of a classifier of this seed.
    const std::uint64_t own = i == kTrunk ? seed : spec::derive_seed({seed, 0xDE7, i});
    std::vector<float> weights = train::initial_weights(all[i]->network, all[i]->layout, own);
    if (i != kTrunk) calm_outputs(*all[i], own, weights);
    joint_.put(i, weights, whole);
  }
  return whole;
}

void Detector::load(std::span<const float> weights) {
  std::size_t i = 0;
  for (DetectorPart* part : parts()) {
    joint_.take(i++, weights, part->weights);
    part->infers = false;
  }
}

void Detector::load(const TrainedWeights& trained) {
  std::size_t i = 0;
  for (DetectorPart* part : parts()) {
    joint_.take(i, trained.weights, part->weights);
    joint_.take_statistics(i++, trained.statistics, part->statistics);
    part->infers = true;
  }
}

std::span<const float> Detector::pixels_of(const Batch& batch) const {
  return {batch.images, static_cast<std::size_t>(input_.elements() * batch.count)};
}

Maps Detector::levels(const Batch& batch) {
  return trunk_.run(0, pixels_of(batch), batch.seed);
}

std::vector<Maps> Detector::answers(const Maps& levels) {
  std::vector<Maps> all;
  for (std::size_t i = 0; i < levels.size(); ++i) all.push_back(proposal_.run(i, levels[i]));
  return all;
}

std::vector<std::vector<det::Box>> Detector::proposals(const std::vector<Maps>& answers,
                                                       int count) const {
  std::vector<std::vector<det::Box>> all(static_cast<std::size_t>(count));
  const det::ProposalRule rule = det::proposal_rule(settings_);
  cpu::in_parallel(threads_, count, [&](int, std::ptrdiff_t first, std::ptrdiff_t last) {
    for (auto image = static_cast<std::size_t>(first); image < static_cast<std::size_t>(last);
         ++image) {
      std::vector<det::LevelAnswer> levels;
      for (std::size_t l = 0; l < answers.size(); ++l)
        levels.push_back({anchors_[l], answers[l][0].data() + image * anchors_[l].size(),
                          answers[l][1].data() + image * anchors_[l].size() * 4});
      all[image] = det::proposals(levels, picture_size(), rule);
    }
  });
  return all;
}

std::size_t Detector::level_of(const det::Box& box) const {
  return static_cast<std::size_t>(det::level_of(box, level_rule_) - level_rule_.lowest);
}

std::vector<float> Detector::crops(const Maps& levels, std::span<const Region> regions,
                                   int side) const {
  const int channels = proposal_.shapes.front().channels;
  const auto floats = static_cast<std::size_t>(side * side * channels);
  std::vector<float> all(regions.size() * floats);
  cpu::in_parallel(
      threads_, static_cast<std::ptrdiff_t>(regions.size()),
      [&](int, std::ptrdiff_t first, std::ptrdiff_t last) {
        for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
          const std::size_t level = level_of(regions[i].box);
          const net::Shape& shape = proposal_.shapes[level];
          const float scale = static_cast<float>(shape.height) / static_cast<float>(input_.height);
          det::roi_align(levels[level].data() + regions[i].image * shape.elements(),
                         map_shape(shape), regions[i].box, {side, scale}, all.data() + i * floats);
        }
      });
  return all;
}

void Detector::crops_back(const std::vector<float>& slopes, std::span<const Region> regions,
                          int side, Maps& level_slopes) const {
  const auto floats = static_cast<std::size_t>(side * side * proposal_.shapes.front().channels);
  const int images = regions.empty() ? 0 : regions.back().image + 1;
  // Regions of an image add up in their order, whatever the threads.
  cpu::in_parallel(threads_, images, [&](int, std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::size_t i = 0; i < regions.size(); ++i) {
      if (regions[i].image < first || regions[i].image >= last) continue;
      const std::size_t level = level_of(regions[i].box);
      const net::Shape& shape = proposal_.shapes[level];
      const float scale = static_cast<float>(shape.height) / static_cast<float>(input_.height);
      det::roi_align_backward(slopes.data() + i * floats, map_shape(shape), regions[i].box,
                              {side, scale},
                              level_slopes[level].data() + regions[i].image * shape.elements());
    }
  });
}

std::vector<float> Detector::mask_inputs(const Maps& levels, std::span<const Region> regions) {
  if (!mask_follows_box_) return crops(levels, regions, crop_side(mask_->network));
  return box_.run(0, crops(levels, regions, crop_side(box_.network))).at(2);
}

std::vector<Found> Detector::find(const Batch& batch) {
  const Maps maps = levels(batch);
  std::vector<Found> all = objects(maps, batch.count);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (mask_ && !all[i].objects.empty()) add_masks(maps, static_cast<int>(i), all[i]);
  return all;
}

std::vector<Found> Detector::objects(const Maps& levels, int count) {
  const std::vector<std::vector<det::Box>> proposed = proposals(answers(levels), count);
  const det::FindingRule rule = det::finding_rule(settings_);
  std::vector<Found> all(proposed.size());
  for (std::size_t i = 0; i < proposed.size(); ++i) {
    if (proposed[i].empty()) continue;
    std::vector<Region> regions;
    for (const det::Box& box : proposed[i]) regions.push_back({static_cast<int>(i), box});
    const Maps said = box_.run(0, crops(levels, regions, crop_side(box_.network)));
    all[i].objects = det::found_objects(proposed[i], said[0].data(), said[1].data(), classes_,
                                        picture_size(), rule);
  }
  return all;
}

void Detector::add_masks(const Maps& levels, int image, Found& found) {
  std::vector<Region> regions;
  for (const det::FoundObject& object : found.objects) regions.push_back({image, object.box});
  const std::vector<float> logits = mask_->run(0, mask_inputs(levels, regions)).at(0);
  const auto pixels = static_cast<std::size_t>(mask_side_ * mask_side_);
  const auto labels = static_cast<std::size_t>(classes_) + 1;
  for (std::size_t i = 0; i < regions.size(); ++i)
    for (std::size_t p = 0; p < pixels; ++p) {
      const auto label = static_cast<std::size_t>(found.objects[i].category) + 1;
      found.masks.push_back(1 / (1 + std::exp(-logits[(i * pixels + p) * labels + label])));
    }
}

void Detector::measure(DetectorPart& part, std::size_t input, std::span<const float> maps,
                       int& round) {
  const auto floats = static_cast<std::size_t>(part.shapes[input].elements());
  const auto count = static_cast<int>(maps.size() / floats);
  if (count == 0 || part.layout.statistics == 0) return;
  part.backends[input]->measure_statistics(part.weights.data(),
                                           {maps.data(), std::min(count, part.batch), 0},
                                           1.0 / ++round, part.statistics.data());
}

std::vector<Region> Detector::best_proposals(const Maps& levels, int count, int most) {
  std::vector<Region> regions;
  const auto proposed = proposals(answers(levels), count);
  for (std::size_t i = 0; i < proposed.size(); ++i)
    for (std::size_t k = 0; k < proposed[i].size() && k < static_cast<std::size_t>(most); ++k)
      regions.push_back({static_cast<int>(i), proposed[i][k]});
  return regions;
}

std::vector<float> Detector::measured(std::span<const float> weights, const Batches& batches) {
  load(TrainedWeights{{weights.begin(), weights.end()}, neutral_statistics(layout())});
  std::vector<int> rounds(4);
  batches([&](const Batch& batch) { measure(trunk_, 0, pixels_of(batch), rounds[kTrunk]); });
  batches([&](const Batch& batch) {
    const Maps maps = levels(batch);
    for (std::size_t i = 0; i < maps.size(); ++i) measure(proposal_, i, maps[i], rounds[kProposal]);
  });
  batches([&](const Batch& batch) {
    const Maps maps = levels(batch);
    const std::vector<Region> regions = best_proposals(maps, batch.count, kSampledRegions);
    measure(box_, 0, crops(maps, regions, crop_side(box_.network)), rounds[kBox]);
  });
  if (mask_)
    batches([&](const Batch& batch) {
      const Maps maps = levels(batch);
      std::vector<Region> regions;
      const std::vector<Found> all = objects(maps, batch.count);
      for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t k = 0; k < all[i].objects.size() && k < kMostMasks; ++k)
          regions.push_back({static_cast<int>(i), all[i].objects[k].box});
      if (regions.empty()) regions = best_proposals(maps, batch.count, kMostMasks);
      measure(*mask_, 0, mask_inputs(maps, regions), rounds[kMask]);
    });
  std::vector<float> statistics(layout().statistics);
  std::size_t i = 0;
  for (const DetectorPart* part : parts()) joint_.put_statistics(i++, part->statistics, statistics);
  return statistics;
}

}  // namespace atto::train
