// A trained detector gets a file's name only where it finds the objects that LibTorch found.
#include "tests/export/onnx/detectors.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "export/reference/detector_interpreter.hpp"
#include "export/targets/exporting.hpp"
#include "prototypes/detection/metrics/files.hpp"
#include "tests/export/random_weights.hpp"

using namespace atto;
namespace fs = std::filesystem;

namespace {

net::Tensor floats(const std::vector<float>& values, std::vector<std::int64_t> shape) {
  net::Tensor tensor{net::Tensor::Type::F32, std::move(shape),
                     std::vector<std::uint8_t>(values.size() * sizeof(float))};
  std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

/// A folder as training leaves it, whose reference the interpreter makes.
struct TrainedDetector {
  fs::path folder =
      fs::temp_directory_path() / ("atto_detector_export_" + std::to_string(::getpid()));
  net::DetectorParts parts;
  std::int64_t pictures = 0;
  std::map<std::string, std::vector<float>> said;
  std::map<std::string, std::string> metadata;

  explicit TrainedDetector(test::DetectorKind kind) : parts(test::small_detector(kind)) {
    fs::create_directories(folder);
    spec::write_file_atomically(folder / "design.json", test::small_design(kind));
    const net::TensorFile weights = test::random_weights(parts, 1);
    net::write_safetensors(folder / "weights.safetensors", weights);
    for (std::uint64_t seed : {1, 2}) add(weights, test::random_image(parts.trunk.input, seed));
    write_reference();
  }
  ~TrainedDetector() { fs::remove_all(folder); }
  TrainedDetector(const TrainedDetector&) = delete;
  TrainedDetector& operator=(const TrainedDetector&) = delete;

  void add(const net::TensorFile& weights, const std::vector<float>& picture) {
    det::Found found = deploy::DetectorInterpreter(parts, weights).run(picture);
    const auto rows = static_cast<std::size_t>(parts.settings.detections);
    const std::size_t pixels = found.masks.size() / found.objects.size();
    found.objects.resize(rows);
    found.masks.resize(rows * pixels);
    const auto append = [&](const char* name, const std::vector<float>& values) {
      said[name].insert(said[name].end(), values.begin(), values.end());
    };
    append("inputs", picture);
    append("masks", found.masks);
    for (const det::FoundObject& one : found.objects) {
      append("boxes", {one.box.x1, one.box.y1, one.box.x2, one.box.y2});
      append("scores", {one.score});
      append("classes", {static_cast<float>(one.category)});
    }
    ++pictures;
  }

  void write_reference() const {
    const net::Shape& in = parts.trunk.input;
    const std::int64_t rows = parts.settings.detections;
    net::TensorFile file;
    file.metadata = metadata;
    if (said.contains("seen")) file.tensors["seen"] = floats(said.at("seen"), {pictures, 2});
    file.tensors["inputs"] =
        floats(said.at("inputs"), {pictures, in.channels, in.height, in.width});
    file.tensors["boxes"] = floats(said.at("boxes"), {pictures, rows, 4});
    file.tensors["scores"] = floats(said.at("scores"), {pictures, rows});
    file.tensors["classes"] = floats(said.at("classes"), {pictures, rows});
    const auto pixels = double(said.at("masks").size()) / double(pictures * rows);
    const auto side = std::int64_t(std::lround(std::sqrt(pixels)));
    if (side > 0) file.tensors["masks"] = floats(said.at("masks"), {pictures, rows, side, side});
    net::write_safetensors(folder / "reference.safetensors", file);
  }

  deploy::Artefact exported(const char* name,
                            deploy::Precision precision = deploy::Precision::F32) const {
    const deploy::TrainedModel model = deploy::read_trained_design(folder);
    const deploy::Target& target = *deploy::find_target(name);
    const deploy::ImageSet set =
        deploy::read_image_set(folder / "reference.safetensors", *model.detector);
    std::optional<deploy::Int8Model> int8;
    if (precision == deploy::Precision::I8) int8 = target.quantise(model, set);
    return deploy::export_to(target, {model, precision, int8 ? &*int8 : nullptr}, set, folder);
  }

  /// Takes what is found in the first picture for what is in it; in the second there is nothing.
  void write_truth(double shift = 0) {
    const net::Shape& in = parts.trunk.input;
    det::Annotations truth;
    for (int i = 0; i < 2; ++i) truth.pictures.push_back({i + 1, in.height, in.width, ""});
    for (int i = 0; i < parts.trunk.classes; ++i) truth.categories.push_back({i + 1, "c"});
    for (std::size_t i = 0; i < static_cast<std::size_t>(parts.settings.detections); ++i) {
      const float* box = said.at("boxes").data() + 4 * i;
      truth.objects.push_back({0, int(said.at("classes")[i]), {}, {}, 0, false});
      truth.objects.back().box = {box[0] + shift, double{box[1]}, double{box[2] - box[0]},
                                  double{box[3] - box[1]}};
      truth.objects.back().area = truth.objects.back().box.area();
    }
    metadata["truth"] = det::annotations_text(truth);
    said["seen"] = {float(in.height), float(in.width), float(in.height), float(in.width)};
    write_reference();
  }
};

}  // namespace

TEST_CASE("a detector becomes a file, ONNX or of our engine, that finds what LibTorch found") {
  const auto kind = GENERATE(test::DetectorKind::Masks, test::DetectorKind::Boxes);
  const auto [target, box_error, score_error] =
      GENERATE(table<std::string, double, double>({{"onnx", 1e-3, 1e-5}, {"atto", 1e-2, 1e-4}}));
  const TrainedDetector trained(kind);
  const deploy::Artefact made = trained.exported(target.c_str());
  CHECK(made.trouble.empty());
  CHECK(fs::exists(trained.folder / ("model." + target)));
  REQUIRE(made.parity.sets);
  CHECK(made.parity.images == 2);
  CHECK(made.parity.sets->matched == 24);
  CHECK(made.parity.sets->share() == 1);
  CHECK(made.parity.sets->box_error < box_error);
  CHECK(made.parity.sets->score_error < score_error);
  CHECK(made.parity.sets->has_masks == (kind == test::DetectorKind::Masks));
}

TEST_CASE("a quantised detector finds much of what LibTorch found, and is smaller") {
  const TrainedDetector trained(
      GENERATE(test::DetectorKind::Masks, test::DetectorKind::Boxes, test::DetectorKind::Crops));
  const deploy::Artefact floats = trained.exported("atto");
  const deploy::Artefact made = trained.exported("atto", deploy::Precision::I8);
  INFO(made.trouble);
  CHECK(made.file.filename() == "model.int8.atto");
  CHECK(made.bytes * 4 < floats.bytes * 3);
  REQUIRE(made.parity.sets);
  CHECK(made.parity.sets->matched >= 12);
  CHECK(made.parity.sets->box_error > floats.parity.sets->box_error);
}

TEST_CASE("average precision is told of what was run and of LibTorch, where the truth is known") {
  TrainedDetector trained(test::DetectorKind::Boxes);
  CHECK(trained.exported("atto").parity.precisions.empty());
  trained.write_truth();
  const deploy::Artefact made = trained.exported("atto");
  REQUIRE(made.parity.precisions.size() == 1);
  const deploy::ScorePair& pair = made.parity.precisions.front();
  CHECK(pair.score.name == "box_map");
  // Every object is found; what is said of the second picture is wrong.
  CHECK(pair.reference_value > 0.3);
  CHECK(pair.reference_value < 1);
  CHECK(pair.value == Approx(pair.reference_value).margin(0.01));
  SECTION("truth of other pictures than there are is refused") {
    trained.said["seen"][3] = 0;
    trained.write_reference();
    CHECK_THROWS_WITH(trained.exported("atto"), Catch::Contains("/seen: must be sides"));
    trained.metadata["truth"] = R"({"images": [], "categories": [], "annotations": []})";
    trained.write_reference();
    CHECK_THROWS_WITH(trained.exported("atto"), Catch::Contains("must be of 2 pictures; got 0"));
    trained.metadata["truth"] = "{";
    trained.write_reference();
    CHECK_THROWS_WITH(trained.exported("atto"), Catch::Contains("reference.safetensors: truth"));
  }
}

TEST_CASE("a detector's file that finds something else gets no name") {
  TrainedDetector trained(test::DetectorKind::Masks);
  for (float& score : trained.said["scores"]) score *= 0.5F;
  trained.write_reference();
  const deploy::Artefact made = trained.exported("onnx");
  CHECK(made.trouble.find("score error") == 0);
  CHECK_FALSE(fs::exists(trained.folder / "model.onnx"));
}

TEST_CASE("what has no detectors says so before anything is written") {
  TrainedDetector trained(test::DetectorKind::Boxes);
  CHECK_THROWS_WITH(trained.exported("c"), Catch::Contains("the target c has no detectors"));
  CHECK_THROWS_WITH(trained.exported("onnx", deploy::Precision::I8),
                    Catch::Contains("the target onnx has no detectors in int8"));
  SECTION("as do references of other networks") {
    trained.said["classes"].front() = 3;
    trained.write_reference();
    CHECK_THROWS_WITH(trained.exported("onnx"), Catch::Contains("/classes: must be under 3"));
  }
}
