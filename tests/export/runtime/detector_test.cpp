// The engine's detectors against the plain interpreter, at every level that this CPU has; and their
// files.
#include "export/runtime/detector.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "export/format/header.hpp"
#include "export/lowering/passes.hpp"
#include "export/quantisation/quantise_detector.hpp"
#include "export/runtime/c_api/atto/detect.h"
#include "prototypes/detection/matched_sets.hpp"
#include "prototypes/detection/rules.hpp"
#include "tests/export/onnx/detectors.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/export/runtime/detector_case.hpp"
#include "tests/export/runtime/runtime_networks.hpp"
#include "tests/rounds.hpp"
#include "tests/trainer/detectors.hpp"

namespace atto::edge {
namespace {

using Bytes = std::vector<std::byte>;
using test::DetectorCase;
using test::found_by;
using test::MaskInput;

constexpr int kClasses = 3;
constexpr MaskInput kMaskInputs[] = {MaskInput::None, MaskInput::OwnCrops, MaskInput::BoxFeatures};

/// Of pyramids, and of a stage that runs on crops.
net::DetectorParts detector_of(std::size_t index) {
  if (index == std::size(kMaskInputs)) return test::small_detector(test::DetectorKind::Crops);
  return test::tiny_detector(kClasses, kMaskInputs[index]);
}
constexpr std::size_t kDetectors = std::size(kMaskInputs) + 1;

/// A tiny one in floats.
struct Case : DetectorCase {
  explicit Case(MaskInput mask) : DetectorCase(test::tiny_detector(kClasses, mask)) {}
};

std::vector<float> picture(std::uint64_t seed) {
  return test::random_image({3, 64, 64}, seed);
}

std::optional<format::ModelError> error_of(const Bytes& file) {
  const test::AlignedBytes aligned(file);
  try {
    (void)DetectorModel::view(aligned.get());
    return std::nullopt;
  } catch (const format::ModelError& error) {
    return error;
  }
}

/// Writes the right checksum of the detector's own header and metadata.
void repair(Bytes& file) {
  std::uint64_t words[2];
  std::memcpy(words, file.data() + 16, sizeof words);
  if (words[0] > file.size() || words[1] > file.size() - words[0]) return;
  const std::span<const std::byte> all(file);
  const std::uint64_t sum =
      format::checksum(all.subspan(words[0], words[1]), format::checksum(all.first(48)));
  std::memcpy(file.data() + 48, &sum, sizeof sum);
}

}  // namespace

TEST_CASE("a detector finds what its parts say, at every level and by several threads") {
  const std::size_t index = GENERATE(range(std::size_t{0}, kDetectors));
  const bool is_int8 = GENERATE(false, true);
  const DetectorCase of(detector_of(index), is_int8);
  const deploy::DetectorInterpreter oracle = of.oracle();
  std::vector<det::Found> wanted;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) wanted.push_back(oracle.run(of.picture(seed)));
  CHECK(wanted[0].objects.size() > 5);
  for (const Level level : available_levels())
    for (const int threads : {1, 3}) {
      INFO(level_name(level) << ", " << threads << " threads, detector " << index << ", int8 "
                             << is_int8);
      Detector detector(of.model(), test::backwards(level, threads));
      det::MatchedSets sets;
      for (std::uint64_t seed = 1; seed <= 3; ++seed)
        sets.add(found_by(detector, of.picture(seed)), wanted[seed - 1],
                 det::finding_rule(of.parts.settings));
      INFO(det::misses(sets));
      CHECK(det::misses(sets).empty());
      CHECK(sets.box_error < 0.01);
      CHECK(sets.has_masks == of.parts.mask.has_value());
      CHECK(of.parts.mask.has_value() == (detector.mask_side() > 0));
    }
}

TEST_CASE("a detector with threads of its own finds the same, int8 to the bit, run after run") {
  const bool is_int8 = GENERATE(false, true);
  const DetectorCase of(detector_of(GENERATE(range(std::size_t{0}, kDetectors))), is_int8);
  Detector one(of.model());
  EngineOptions options;
  options.threads = 2;
  Detector two(of.model(), options);
  const auto is_same = [](const det::FoundObject& a, const det::FoundObject& b) {
    return a.box.x1 == b.box.x1 && a.box.y1 == b.box.y1 && a.box.x2 == b.box.x2 &&
           a.box.y2 == b.box.y2 && a.category == b.category && a.score == b.score;
  };
  for (int i = 0; i < 3; ++i) {
    const det::Found first = found_by(one, of.picture(1)), second = found_by(two, of.picture(1));
    REQUIRE(first.objects.size() == second.objects.size());
    det::MatchedSets sets;
    sets.add(second, first, det::finding_rule(of.parts.settings));
    CHECK(det::misses(sets).empty());
    if (!is_int8) continue;
    CHECK(std::equal(first.objects.begin(), first.objects.end(), second.objects.begin(), is_same));
    CHECK((first.masks == second.masks));
  }
}

TEST_CASE("pictures of a detector allocate nothing") {
  const DetectorCase of(detector_of(GENERATE(range(std::size_t{0}, kDetectors))),
                        GENERATE(false, true));
  EngineOptions options;
  for (options.threads = 1; options.threads <= 2; ++options.threads) {
    Detector detector(of.model(), options);
    const std::vector<float> first = of.picture(1), second = of.picture(2);
    const std::size_t before = test::allocations();
    detector.run(first);
    detector.masks();
    detector.run(second);
    detector.masks();
    const PartTimes times = detector.time(first);
    CHECK(test::allocations() == before);
    CHECK(times.trunk_ms > 0);
    CHECK(times.all_ms() > times.proposals_ms + times.box_ms);
    CHECK(detector.masks().empty());
  }
}

TEST_CASE("a quantised detector has its last layers in floats, and few bytes") {
  const DetectorCase of(detector_of(GENERATE(range(std::size_t{1}, kDetectors))), true);
  const DetectorModel model = of.model();
  format::changed(model.parts(), [](const Model& part, const std::string& name) {
    INFO(name);
    CHECK(part.program().precision == (name.ends_with(".last") ? "fp32" : "int8"));
    return 0;
  });
  CHECK(model.parts().box.last);
  CHECK(model.parts().mask->last);
  for (const auto& level : model.parts().proposals) CHECK(level.last);
  CHECK(model.weight_bytes() * 3 < DetectorCase(of.parts).model().weight_bytes() * 2);
  CHECK(model.macs() == net::count_costs(of.parts).macs);
}

TEST_CASE("a detector that finds nothing sure is quantised by what is least unlikely") {
  net::DetectorParts parts = test::tiny_detector(kClasses);
  parts.settings.score = 1;
  const DetectorCase of(parts, true);
  CHECK(of.pieces.contains("mask"));
  const std::vector<float> none(3 * 64 * 64, std::nanf(""));
  CHECK_THROWS_WITH(
      deploy::quantise(parts, of.weights, none, deploy::interpreted(parts, of.weights)),
      Catch::Contains("int8 needs"));
}

TEST_CASE("a picture in which nothing is said, and one of no numbers, find nothing") {
  net::DetectorParts parts = test::tiny_detector(kClasses);
  parts.settings.score = 1;
  const DetectorCase of(parts);
  Detector detector(of.model());
  CHECK(detector.run(picture(1)).empty());
  CHECK(detector.masks().empty());
  const std::vector<float> none(3 * 64 * 64, std::nanf(""));
  CHECK(detector.run(none).empty());
}

TEST_CASE("a detector's file holds the weights of its proposal network once") {
  const Case of(MaskInput::OwnCrops);
  const DetectorModel model = of.model();
  std::int64_t params = 0;
  for (const net::PartCosts& part : net::part_costs(of.parts)) params += part.once.params;
  CHECK(model.weight_bytes() < static_cast<std::size_t>(params) * 4 * 3 / 2);
  const auto& proposals = model.parts().proposals;
  // The third level's map is too small for Winograd's weights.
  CHECK(proposals[0].body.weights().data() == proposals[1].body.weights().data());
  CHECK(model.macs() == net::count_costs(of.parts).macs);
  CHECK(model.classes() == kClasses);
  CHECK(model.mask_side() == 14);
  CHECK(model.program().classes == std::vector<std::string>{"a", "b", "c"});
  model.check_weights();
}

TEST_CASE("C finds what C++ finds, and refuses what does not fit") {
  const Case of(MaskInput::OwnCrops);
  Detector oracle(of.model());
  const std::vector<float> image = picture(1);
  const det::Found wanted = found_by(oracle, image);
  atto_detector* detector = nullptr;
  char message[200];
  REQUIRE(atto_detector_view(of.aligned.get().data(), of.file.size(), nullptr, &detector,
                             {message, sizeof message}) == ATTO_OK);
  atto_detector_info info;
  REQUIRE(atto_detector_describe(detector, &info) == ATTO_OK);
  CHECK((info.channels == 3 && info.height == 64 && info.width == 64));
  CHECK((info.classes == kClasses && info.detections == 20 && info.mask_side == 14));
  std::vector<atto_detection> found(20);
  std::int32_t count = 0;
  REQUIRE(atto_edge_detect_floats(detector, image.data(), image.size(), found.data(), 20, &count) ==
          ATTO_OK);
  REQUIRE(count == std::int32_t(wanted.objects.size()));
  for (std::size_t i = 0; i < wanted.objects.size(); ++i) {
    CHECK(found[i].x1 == wanted.objects[i].box.x1);
    CHECK(found[i].score == wanted.objects[i].score);
    CHECK(found[i].category == wanted.objects[i].category);
  }
  std::vector<float> masks(wanted.masks.size());
  CHECK(atto_edge_masks(detector, masks.data(), count) == ATTO_OK);
  CHECK(masks == wanted.masks);
  CHECK(atto_edge_masks(detector, masks.data(), count + 1) == ATTO_INVALID_ARGUMENT);
  CHECK(atto_edge_detect_floats(detector, image.data(), image.size() - 1, found.data(), 20,
                                &count) == ATTO_INVALID_ARGUMENT);
  const std::vector<std::uint8_t> pixels(64 * 64 * 3, 7);
  CHECK(atto_edge_detect(detector, pixels.data(), pixels.size(), found.data(), 2, &count) ==
        ATTO_OK);
  CHECK(count <= 2);
  atto_detector_close(detector);
}

TEST_CASE("a network's file is no detector's, and the other way round") {
  const Case of(MaskInput::None);
  CHECK(std::string(error_of(format::encode(test::sample_model()))->what()) ==
        "magic at byte 0: this is one network, not a detector");
  try {
    (void)Model::view(of.aligned.get());
    FAIL("accepted");
  } catch (const format::ModelError& error) {
    CHECK(std::string(error.what()) == "magic at byte 0: this is a detector, not one network");
  }
}

TEST_CASE("errors of a detector's file say of which part they are, and where") {
  const Case of(MaskInput::OwnCrops);
  const auto places = format::decode_detector(of.aligned.get());
  Bytes file = of.file;
  file[places.box.body + 8] = std::byte{99};
  const auto error = error_of(file);
  REQUIRE(error);
  CHECK(error->field() == "box: version");
  CHECK(error->offset() == places.box.body + 8);
  SECTION("weights are compared with their checksum on demand") {
    Bytes damaged = of.file;
    damaged.back() ^= std::byte{1};
    const test::AlignedBytes aligned(damaged);
    CHECK_THROWS_AS(DetectorModel::view(aligned.get()).check_weights(), format::ModelError);
  }
}

TEST_CASE("settings that do not fit the networks are refused") {
  const Case of(MaskInput::OwnCrops);
  auto models = format::changed(
      deploy::pieces_of(of.parts, false), [&](const deploy::Piece& piece, const std::string&) {
        return deploy::lower(
            deploy::fuse(piece.network, deploy::weights_of(piece.network, of.weights)), {});
      });
  REQUIRE(!error_of(format::encode(models)));
  const auto field = [&](auto change) {
    auto changed = models;
    change(changed);
    const auto error = error_of(format::encode(changed));
    return error ? error->field() : "accepted";
  };
  CHECK(field([](auto& d) { d.settings.anchors.pop_back(); }) == "anchors");
  CHECK(field([](auto& d) { d.settings.anchors.clear(); }) == "anchors");
  CHECK(field([](auto& d) { d.settings.anchors[1].width = -1; }) == "anchors");
  CHECK(field([](auto& d) { d.settings.anchors[1].height = std::nanf(""); }) == "anchors");
  CHECK(field([](auto& d) {
          d.settings.anchors.insert(d.settings.anchors.end(), 3, {1, 1});
        }) == "proposals[0].objectness");
  CHECK(field([](auto& d) { d.settings.cropped_levels = 4; }) == "cropped_levels");
  CHECK(field([](auto& d) { d.settings.cropped_levels = 0; }) == "cropped_levels");
  CHECK(field([](auto& d) { d.settings.proposals = 0; }) == "most_proposals");
  CHECK(field([](auto& d) { d.settings.detections = 1 << 30; }) == "most_detections");
  CHECK(field([](auto& d) { d.settings.score = std::nanf(""); }) == "score");
  CHECK(field([](auto& d) { d.settings.nms = 2; }) == "nms");
  CHECK(field([](auto& d) { d.settings.mask_follows_box = true; }) == "box");
  CHECK(field([](auto& d) { d.proposals.pop_back(); }) == "proposals");
  CHECK(field([](auto& d) { std::swap(d.proposals[0], d.proposals[1]); }) == "proposals[0]");
  CHECK(field([](auto& d) { d.box = d.proposals[0]; }) == "box");
  CHECK(field([](auto& d) { d.mask = d.box; }) == "mask");
  CHECK(field([](auto& d) { d.trunk.last = d.trunk.body; }) == "trunk.last");
  CHECK(field([](auto& d) { d.box.last = d.box.body; }) == "box.last");
  CHECK(field([](auto& d) { d.trunk.body.program.classes = {"a"}; }) == "classes");
}

TEST_CASE("a detector's file that is cut, or of which bits are turned, is an error or runs") {
  const DetectorCase of(test::tiny_detector(kClasses), GENERATE(false, true));
  for (std::size_t size = 0; size < of.file.size(); size += size < 4096 ? 61 : 2039) {
    INFO(size);
    CHECK(error_of(Bytes(of.file.begin(), of.file.begin() + std::ptrdiff_t(size))));
  }
  std::uint64_t metadata[2];
  std::memcpy(metadata, of.file.data() + 16, sizeof metadata);
  const std::size_t end = (metadata[0] + metadata[1]) * 8;
  const auto step = std::size_t(test::rounds(1, 5));
  int refused = 0, accepted = 0;
  for (std::size_t bit = 0; bit < end; bit += step) {
    Bytes file = of.file;
    file[bit / 8] ^= std::byte(1 << bit % 8);
    CHECK((bit / 8 >= 56 && bit / 8 < 64) != error_of(file).has_value());
    repair(file);
    const test::AlignedBytes aligned(file);
    try {
      Detector detector(DetectorModel::view(aligned.get()));
      detector.run(picture(1));
      detector.masks();
      ++accepted;
    } catch (const format::ModelError&) {
      ++refused;
    } catch (const std::bad_alloc&) {
      ++refused;
    }
  }
  CHECK(refused > 0);
  CHECK(accepted > 0);
}

}  // namespace atto::edge
