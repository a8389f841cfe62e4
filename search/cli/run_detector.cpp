#include "search/cli/run_detector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "export/format/header.hpp"
#include "export/image/picture.hpp"
#include "prototypes/detection/drawing/objects_drawing.hpp"
#include "prototypes/detection/metrics/placed.hpp"
#include "search/cli/model_shown.hpp"
#include "search/cli/path_kind.hpp"
#include "trainer/data/images/image_decoding.hpp"
#include "trainer/data/instances/views.hpp"

namespace atto::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// A file's picture, upright, in the detector's channels.
train::InstancePicture read_picture(const std::string& file, int channels) {
  const train::DecodedImage decoded = train::decode_image(fs::path(file));
  if (!decoded.fault.empty()) throw EnvironmentError(file + ": " + decoded.fault);
  const bool is_sideways = decoded.orientation >= 5;
  train::InstancePicture picture{is_sideways ? decoded.width : decoded.height,
                                 is_sideways ? decoded.height : decoded.width,
                                 channels,
                                 {},
                                 {}};
  picture.pixels.resize(static_cast<std::size_t>(picture.height) *
                        static_cast<std::size_t>(picture.width) *
                        static_cast<std::size_t>(channels));
  image::make_pixels(decoded.picture(), {channels, picture.height, picture.width},
                     picture.pixels.data());
  return picture;
}

train::Normalisation normalisation_of(const format::Program& program) {
  train::Normalisation normalisation;
  std::fill(normalisation.mean.begin(), normalisation.mean.end(), 0.0F);
  std::fill(normalisation.stddev.begin(), normalisation.stddev.end(), 1.0F);
  std::copy(program.mean.begin(), program.mean.end(), normalisation.mean.begin());
  std::copy(program.deviation.begin(), program.deviation.end(), normalisation.stddev.begin());
  return normalisation;
}

/// What the network sees, [channels, height, width].
std::vector<float> planes_of(const train::InstancePicture& picture, const train::View& view,
                             const format::Program& program) {
  const net::Shape input{program.channels, program.height, program.width};
  const auto channels = static_cast<std::size_t>(input.channels);
  std::vector<float> pixels(static_cast<std::size_t>(input.elements())), planes(pixels.size());
  train::write_view(picture, view, input, normalisation_of(program), pixels.data());
  const std::size_t area = pixels.size() / channels;
  for (std::size_t i = 0; i < pixels.size(); ++i)
    planes[i % channels * area + i / channels] = pixels[i];
  return planes;
}

std::string class_name_of(const format::Program& program, int category) {
  return program.classes.empty() ? fmt::format("class {}", category)
                                 : program.classes[static_cast<std::size_t>(category)];
}

/// What the last run found, in the picture's own pixels.
std::vector<det::Detection> in_picture(edge::Detector& detector,
                                       std::span<const edge::Detection> seen,
                                       const train::Scene& scene, double least_score) {
  det::Found found;
  for (const edge::Detection& one : seen)
    if (double{one.score} >= least_score)
      found.objects.push_back(
          {{one.box.x1, one.box.y1, one.box.x2, one.box.y2}, one.category, one.score});
  const auto pixels = static_cast<std::size_t>(detector.mask_side() * detector.mask_side());
  const std::span<const float> masks = detector.masks().first(found.objects.size() * pixels);
  found.masks.assign(masks.begin(), masks.end());
  return det::placed(found, {0, scene.height, scene.width,
                             [&](const det::Box& box) { return scene.in_picture(box); }});
}

Json entry_of(const det::Detection& one, const format::Program& program) {
  Json entry = {{"class", class_name_of(program, one.category)},
                {"category", one.category},
                {"score", one.score},
                {"box", {one.box.x, one.box.y, one.box.width, one.box.height}}};
  if (one.mask)
    entry["mask"] = {{"size", {one.mask->height, one.mask->width}},
                     {"counts", det::compressed(*one.mask)}};
  return entry;
}

std::vector<det::Category> categories_of(const edge::DetectorModel& model) {
  std::vector<det::Category> categories;
  for (int i = 0; i < model.classes(); ++i)
    categories.push_back({i + 1, class_name_of(model.program(), i)});
  return categories;
}

void print(const std::vector<det::Detection>& found, const format::Program& program) {
  for (const det::Detection& one : found)
    fmt::print("  {:>5.1f} %  {}  {:.0f} x {:.0f} at {:.0f}, {:.0f}\n", 100 * one.score,
               class_name_of(program, one.category), one.box.width, one.box.height, one.box.x,
               one.box.y);
}

}  // namespace

bool is_detector_file(const fs::path& file) {
  std::string start(format::kDetectorMagic.size(), '\0');
  std::ifstream stream(file, std::ios::binary);
  return stream.read(start.data(), static_cast<std::streamsize>(start.size())) &&
         start == format::kDetectorMagic;
}

fs::path model_or_detector_of(const fs::path& path, const std::string& command) {
  return kind_of(path) == PathKind::DetectorModel ? path : model_of(path, command);
}

edge::DetectorModel open_detector(const fs::path& file) {
  return of_model_file(file, [&] {
    edge::DetectorModel model = edge::DetectorModel::open(file);
    model.check_weights();
    return model;
  });
}

DetectorRun::DetectorRun(edge::DetectorModel model, const std::string& file, int threads,
                         const DetectorShown& shown)
    : detector_(std::move(model), {threads, {}, {}}), shown_(shown) {
  const format::Program& program = detector_.model().program();
  if (program.channels != 3 && program.channels != 1)
    throw SpecError({{file, "input", "must be an image of 1 or 3 channels to run on files",
                      fmt::format("{}x{}x{}", program.channels, program.height, program.width)}});
  if (shown_.draw.empty()) return;
  std::error_code error;
  fs::create_directories(shown_.draw, error);
  if (error) throw EnvironmentError("cannot make the folder", shown_.draw.string(), error.value());
}

fs::path DetectorRun::drawn_file(const std::string& picture) {
  const std::string name = fs::path(picture).stem().string();
  const int before = names_[name]++;
  return shown_.draw / (before == 0 ? name + ".png" : fmt::format("{}.{}.png", name, before + 1));
}

std::vector<det::Detection> DetectorRun::seen_in(const train::InstancePicture& picture,
                                                 double& ms) {
  const format::Program& program = detector_.model().program();
  const net::Shape input{program.channels, program.height, program.width};
  const train::Scene scene = train::scene_of(picture, train::whole_view(picture, input), input);
  const std::vector<float> planes = planes_of(picture, scene.view, program);
  const auto start = std::chrono::steady_clock::now();
  const auto seen = detector_.run(planes);
  detector_.masks();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  ms = took.count();
  return in_picture(detector_, seen, scene, shown_.least_score);
}

std::string DetectorRun::png_of(const train::InstancePicture& picture,
                                const std::vector<det::Detection>& found) const {
  constexpr int kSeenWell = 512;  // pixels of the longer side
  const int zoom = std::max(1, kSeenWell / std::max(picture.height, picture.width));
  det::Canvas canvas(picture.pixels.data(), picture.height, picture.width, picture.channels, zoom);
  det::draw_objects(canvas, det::drawn(found, categories_of(detector_.model())), zoom);
  return det::png_bytes(canvas);
}

std::string DetectorRun::drawn_png(const train::InstancePicture& picture) {
  double ms = 0;
  return png_of(picture, seen_in(picture, ms));
}

Json DetectorRun::find(const std::string& file) {
  const format::Program& program = detector_.model().program();
  const train::InstancePicture picture = read_picture(file, program.channels);
  double ms = 0;
  const std::vector<det::Detection> found = seen_in(picture, ms);
  Json entry = {{"image", file},
                {"ms", ms},
                {"height", picture.height},
                {"width", picture.width},
                {"detections", Json::array()}};
  for (const det::Detection& one : found) entry["detections"].push_back(entry_of(one, program));
  if (!shown_.is_json) {
    fmt::print("{} ({:.3f} ms): {} object{}\n", file, ms, found.size(),
               found.size() == 1 ? "" : "s");
    print(found, program);
  }
  if (shown_.draw.empty()) return entry;
  const fs::path drawn = drawn_file(file);
  spec::write_file_atomically(drawn, png_of(picture, found));
  entry["drawn"] = drawn.string();
  return entry;
}

}  // namespace atto::cli
