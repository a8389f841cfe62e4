// What probes see of detectors: crops of objects.
#include <catch2/catch.hpp>

#include "design_specs/seeds/random.hpp"
#include "prototypes/network/costs.hpp"
#include "prototypes/network/module_spans.hpp"
#include "tests/trainer/detectors.hpp"
#include "tests/trainer/naive_separation.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/data/instances/instance_dataset.hpp"
#include "trainer/training/detection.hpp"
#include "trainer/training/probed_regions.hpp"
#include "trainer/training/scenes.hpp"

using namespace atto;
using namespace atto::train;
using test::tiny_detector;

namespace {

constexpr net::Shape kProbedInput = {3, 64, 64};
constexpr int kProbedClasses = 3;

}  // namespace

TEST_CASE("a detector's modules gain class separation over crops of its objects") {
  TrialRequest request;
  request.detector = std::make_shared<const net::DetectorParts>(tiny_detector(kProbedClasses));
  request.network = request.detector->trunk;
  const Dataset scenes_of_eight = instance_dataset(
      open_instance_set("synthetic_instances:size=64,train=8,validation=4,test=4"), kProbedInput);
  const auto task = make_detection({request, scenes_of_eight, Device::Cpu, 8});
  const std::vector<float> weights = task->initial_weights();
  const net::ModuleResponses responses =
      task->probe(weights, scenes_of_eight.train).at("stages[0].modules[0]");

  Detector detector(*request.detector, {Device::Cpu, 1, 8, make_torch_backend});
  detector.load(weights);
  DetectorPart& trunk = detector.trunk();
  const net::ModuleSpan module = net::module_spans(trunk.network).at(0);
  const Scenes scenes = read_scenes(scenes_of_eight, scenes_of_eight.train, {}, 0, 0, 1);
  std::vector<LabelledRegion> regions;
  for (std::size_t i = 0; i < scenes.scenes.size(); ++i)
    for (const SeenObject& object : scenes.scenes[i].objects)
      regions.push_back({int(i), object.category, object.box.x1 / 64, object.box.y1 / 64,
                         object.box.x2 / 64, object.box.y2 / 64});
  CHECK(regions.size() > 8);
  std::vector<int> layers = {module.input, module.output};
  Watch watch{layers, {}};
  trunk.backends.front()->forward(trunk.weights.data(), scenes.step().batch, &watch);
  double separation[2] = {};
  const auto costs = net::layer_costs(trunk.network);
  for (std::size_t i = 0; i < 2; ++i) {
    const net::Shape& shape = costs[std::size_t(layers[i])].shape;
    separation[i] = test::naive_separation(
        {watch.maps.at(i), 8, shape.height, shape.width, shape.channels}, regions);
  }
  CHECK(responses.class_separation_gained == Approx(separation[1] - separation[0]).epsilon(1e-3));
  CHECK(responses.class_separation_gained != 0);
}

TEST_CASE("the objects that probe a detector are bounded, and one class is told from background") {
  std::vector<Scene> scenes(3);
  spec::Random random(4);
  for (Scene& scene : scenes) {
    scene.view = {60, 50, 0, 0, false};  // the rest of the input is filled up
    for (int i = 0; i < 5; ++i) {
      const auto x = static_cast<float>(random.below(35)), y = static_cast<float>(random.below(45));
      scene.objects.push_back({{x, y, x + 6, y + 8}, 0, i == 0, {}});
    }
  }
  CHECK(probed_regions(scenes, kProbedInput, 3).size() == 12);  // crowds are left out
  const std::vector<LabelledRegion> regions = probed_regions(scenes, kProbedInput, 1);
  std::size_t backgrounds = 0;
  for (const LabelledRegion& region : regions) {
    CHECK((region.x2 - region.x1) * 64 == Approx(6).epsilon(1e-4));
    CHECK((region.y2 - region.y1) * 64 == Approx(8).epsilon(1e-4));
    CHECK(std::min(region.x1, region.y1) >= 0);
    CHECK(region.x2 * 64 < 50.001);
    CHECK(region.y2 * 64 < 60.001);
    if (region.label == 0) continue;
    ++backgrounds;
    const det::Box box = {region.x1 * 64, region.y1 * 64, region.x2 * 64, region.y2 * 64};
    for (const SeenObject& object : scenes[std::size_t(region.image)].objects)
      CHECK(det::iou(box, object.box) < 1e-5F);
  }
  CHECK(backgrounds == 12);
  const auto again = probed_regions(scenes, kProbedInput, 1);
  CHECK(again.size() == regions.size());
  CHECK(again.back().x1 == regions.back().x1);

  for (int i = 0; i < 500; ++i) scenes[1].objects.push_back(scenes[1].objects.back());
  CHECK(probed_regions(scenes, kProbedInput, 3).size() == kMostProbedObjects);
  const std::vector<Scene> full = {
      {{64, 64, 0, 0, false}, 64, 64, 64, {{{0, 0, 64, 64}, 0, false, {}}}, 0}};
  CHECK(probed_regions(full, kProbedInput, 1).size() == 1);  // no room for background
  CHECK(probed_regions({}, kProbedInput, 1).empty());
}
