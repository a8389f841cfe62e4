// A detector that became one ONNX file finds what it finds in training, in pictures without
// objects, with too many, and with equal ones.
#include "export/onnx/detector_graph.hpp"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <set>

#include "export/onnx/executor.hpp"
#include "export/onnx/model_file.hpp"
#include "export/reference/detector_interpreter.hpp"
#include "prototypes/detection/matched_sets.hpp"
#include "prototypes/detection/rules.hpp"
#include "prototypes/network/identity.hpp"
#include "tests/export/onnx/detectors.hpp"
#include "tests/export/random_weights.hpp"

using namespace atto;
namespace fs = std::filesystem;
namespace onnx = atto::deploy::onnx;

namespace {

using Outputs = std::map<std::string, onnx::Array>;

onnx::Graph read_back(const onnx::Graph& graph) {
  const fs::path file =
      fs::temp_directory_path() / ("atto_onnx_detector_" + std::to_string(::getpid()));
  onnx::write_model(file, graph);
  const onnx::Graph read = onnx::read_model(file);
  fs::remove(file);
  return read;
}

Outputs run(const onnx::Graph& graph, const net::Shape& input, std::vector<float> picture) {
  return onnx::Executor(graph).run(
      {{"input", {{1, input.channels, input.height, input.width}, std::move(picture), {}}}});
}

det::Found found_in(const Outputs& outputs) {
  det::Found found;
  const auto count = static_cast<std::size_t>(outputs.at("count").wholes.at(0));
  const std::vector<float>& boxes = outputs.at("boxes").values;
  for (std::size_t i = 0; i < count; ++i)
    found.objects.push_back({{boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]},
                             static_cast<int>(outputs.at("classes").wholes.at(i)),
                             outputs.at("scores").values.at(i)});
  if (outputs.count("masks") > 0) {
    const onnx::Array& masks = outputs.at("masks");
    found.masks.assign(
        masks.values.begin(),
        masks.values.begin() + static_cast<std::ptrdiff_t>(count) * masks.dims[1] * masks.dims[2]);
  }
  return found;
}

/// In the same order, and nothing behind the count.
void check_same(const Outputs& outputs, const det::Found& wanted, std::size_t most) {
  const det::Found found = found_in(outputs);
  REQUIRE(found.objects.size() == wanted.objects.size());
  CHECK(outputs.at("boxes").dims == std::vector<std::int64_t>{std::int64_t(most), 4});
  double worst = 0;
  for (std::size_t i = 0; i < found.objects.size(); ++i) {
    CAPTURE(i);
    CHECK(found.objects[i].category == wanted.objects[i].category);
    CHECK(found.objects[i].score == Approx(wanted.objects[i].score).margin(1e-5));
    worst = std::max({worst, std::fabs(double{found.objects[i].box.x1} - wanted.objects[i].box.x1),
                      std::fabs(double{found.objects[i].box.y2} - wanted.objects[i].box.y2)});
  }
  CHECK(worst < 1e-3);
  CHECK((wanted.masks.empty() || test::relative_error(found.masks, wanted.masks) < 1e-4));
  CHECK(found.masks.size() == wanted.masks.size());
  for (const char* name : {"boxes", "scores", "masks"}) {
    if (outputs.count(name) == 0) continue;
    const onnx::Array& all = outputs.at(name);
    const std::size_t row = all.values.size() / most;
    CHECK(all.dims[0] == std::int64_t(most));
    CHECK(std::all_of(all.values.begin() + std::ptrdiff_t(row * found.objects.size()),
                      all.values.end(), [](float x) { return x == 0; }));
  }
}

}  // namespace

TEST_CASE("a detector finds the same after it was an ONNX file") {
  std::set<std::string> operators;
  for (const auto kind :
       {test::DetectorKind::Masks, test::DetectorKind::Boxes, test::DetectorKind::Crops}) {
    const net::DetectorParts detector = test::small_detector(kind);
    const auto most = static_cast<std::size_t>(detector.settings.detections);
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      CAPTURE(int(kind), seed);
      const net::TensorFile weights = test::random_weights(detector, seed);
      const onnx::Graph graph = read_back(onnx::detector_graph(detector, weights));
      for (const onnx::Node& node : graph.nodes) operators.insert(node.op);
      const std::vector<float> picture = test::random_image(detector.trunk.input, seed);
      const det::Found wanted = deploy::DetectorInterpreter(detector, weights).run(picture);
      CHECK(wanted.objects.size() == most);  // there are more than fit
      check_same(run(graph, detector.trunk.input, picture), wanted, most);
    }
  }
  CHECK(operators.count("NonMaxSuppression") + operators.count("RoiAlign") == 2);
}

TEST_CASE("a picture in which nothing is found gives rows of 0") {
  for (const auto kind :
       {test::DetectorKind::Masks, test::DetectorKind::Boxes, test::DetectorKind::Crops})
    for (const bool is_nothing_proposed : {false, true}) {
      CAPTURE(int(kind), is_nothing_proposed);
      net::DetectorParts detector = test::small_detector(kind);
      const net::TensorFile weights = test::random_weights(detector, 5);
      std::vector<float> picture = test::random_image(detector.trunk.input, 5);
      if (is_nothing_proposed)
        std::fill(picture.begin(), picture.end(), std::numeric_limits<float>::quiet_NaN());
      else
        detector.settings.score = 1;
      const onnx::Graph graph = read_back(onnx::detector_graph(detector, weights));
      const Outputs outputs = run(graph, detector.trunk.input, picture);
      CHECK(outputs.at("count").wholes == std::vector<std::int64_t>{0});
      check_same(outputs, {}, static_cast<std::size_t>(detector.settings.detections));
    }
}

TEST_CASE("equal scores keep the order that training gives them") {
  for (const auto kind : {test::DetectorKind::Masks, test::DetectorKind::Crops}) {
    net::DetectorParts detector = test::small_detector(kind);
    detector.settings.nms = 0.9;  // so that much is left
    const net::TensorFile weights = test::undecided(detector, test::random_weights(detector, 3));
    const std::vector<float> picture = test::random_image(detector.trunk.input, 3);
    const det::Found wanted = deploy::DetectorInterpreter(detector, weights).run(picture);
    REQUIRE(wanted.objects.size() > 3);
    CHECK(wanted.objects.front().score == wanted.objects.back().score);
    check_same(
        run(read_back(onnx::detector_graph(detector, weights)), detector.trunk.input, picture),
        wanted, static_cast<std::size_t>(detector.settings.detections));
  }
}

TEST_CASE("a detector's ONNX file says what it is") {
  const net::DetectorParts detector = test::small_detector(test::DetectorKind::Masks);
  net::TensorFile weights = test::random_weights(detector, 1);
  weights.metadata = {{"class_names", "a\nb\nc"}};
  const onnx::Graph graph = read_back(onnx::detector_graph(detector, weights));
  CHECK(graph.opset == 16);
  CHECK(graph.metadata.at("class_names") == "a\nb\nc");
  CHECK(graph.metadata.at("structure_hash") == net::hash_text(net::structure_hash(detector)));
  using Type = net::Tensor::Type;
  CHECK(graph.inputs == std::vector<onnx::Value>{{"input", {1, 3, 64, 96}, false, Type::F32}});
  CHECK(graph.outputs == std::vector<onnx::Value>{{"boxes", {12, 4}, false, Type::F32},
                                                  {"scores", {12}, false, Type::F32},
                                                  {"classes", {12}, false, Type::I64},
                                                  {"masks", {12, 12, 12}, false, Type::F32},
                                                  {"count", {1}, false, Type::I64}});
  // Weights have their names, once, though the proposals' stand at every level.
  for (const auto& [name, tensor] : weights.tensors) CHECK(graph.initializers.count(name) == 1);
}
