// The C API's detectors: apart from the rest, so that only programs that use them carry them.
#include <algorithm>
#include <cmath>
#include <vector>

#include "export/image/picture.hpp"
#include "export/runtime/c_api/atto/detect.h"
#include "export/runtime/c_api/guarded.hpp"
#include "export/runtime/c_api/handles.hpp"
#include "export/runtime/detector.hpp"

struct atto_detector {
  atto::edge::Detector detector;
};

namespace {

using atto::edge::Detector;
using atto::edge::DetectorModel;

atto::edge::EngineOptions options_of(const atto_engine_options* options) {
  return options == nullptr ? atto::edge::EngineOptions{} : atto::edge::plain(*options);
}

const atto::format::Program& program_of(const atto_detector* detector) {
  return detector->detector.model().program();
}

std::size_t values_of(const atto::format::Program& program) {
  return static_cast<std::size_t>(program.channels) * static_cast<std::size_t>(program.height) *
         static_cast<std::size_t>(program.width);
}

/// Runs `run` where the arguments are right, and hands on what it finds.
template <class Run>
atto_status detect(atto_detector* detector, const void* picture, std::size_t count,
                   atto_detection* to, std::int32_t capacity, std::int32_t* found,
                   const Run& run) noexcept {
  if (detector == nullptr || picture == nullptr || found == nullptr || capacity < 0 ||
      (to == nullptr && capacity > 0) || count != values_of(program_of(detector)))
    return ATTO_INVALID_ARGUMENT;
  const auto all = run(detector->detector);
  *found = static_cast<std::int32_t>(std::min(all.size(), static_cast<std::size_t>(capacity)));
  for (std::int32_t i = 0; i < *found; ++i) {
    const atto::edge::Detection& one = all[static_cast<std::size_t>(i)];
    to[i] = {one.box.x1, one.box.y1, one.box.x2, one.box.y2, one.score, one.category};
  }
  return ATTO_OK;
}

int scaled(int side, double scale, int most) {
  return static_cast<int>(std::clamp(std::lround(side * scale), 1L, static_cast<long>(most)));
}

/// The upper left corner holds the picture, the rest the mean.
void make_fitted(const atto::image::Picture& picture, const atto::format::Program& program,
                 std::uint8_t* dst, atto_fit* fit) {
  const bool is_sideways = picture.orientation >= 5;
  const int height = is_sideways ? picture.width : picture.height;
  const int width = is_sideways ? picture.height : picture.width;
  const double scale = std::min(static_cast<double>(program.height) / height,
                                static_cast<double>(program.width) / width);
  const int down = scaled(height, scale, program.height);
  const int across = scaled(width, scale, program.width);
  const auto channels = static_cast<std::size_t>(program.channels);
  const std::size_t row = static_cast<std::size_t>(across) * channels;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(down) * row);
  atto::image::make_pixels(picture, {program.channels, down, across}, pixels.data());
  for (std::size_t i = 0; i < values_of(program); ++i) {
    const float mean = program.mean.empty() ? 0 : program.mean[i % channels];
    dst[i] = static_cast<std::uint8_t>(std::lround(std::clamp(mean, 0.0F, 1.0F) * 255));
  }
  for (std::size_t y = 0; y < static_cast<std::size_t>(down); ++y)
    std::copy_n(pixels.data() + y * row, row,
                dst + y * static_cast<std::size_t>(program.width) * channels);
  if (fit != nullptr)
    *fit = {static_cast<float>(width) / static_cast<float>(across),
            static_cast<float>(height) / static_cast<float>(down)};
}

}  // namespace

atto_status atto_detector_open(const char* path, const atto_engine_options* options,
                               atto_detector** detector, atto_text message) noexcept {
  if (path == nullptr) return ATTO_INVALID_ARGUMENT;
  return atto::edge::open(detector, message,
                          [&] { return Detector(DetectorModel::open(path), options_of(options)); });
}

atto_status atto_detector_view(const void* bytes, size_t size, const atto_engine_options* options,
                               atto_detector** detector, atto_text message) noexcept {
  if (bytes == nullptr) return ATTO_INVALID_ARGUMENT;
  return atto::edge::open(detector, message, [&] {
    return Detector(DetectorModel::view({static_cast<const std::byte*>(bytes), size}),
                    options_of(options));
  });
}

atto_status atto_detector_check_weights(const atto_detector* detector, atto_text message) noexcept {
  if (detector == nullptr) return ATTO_INVALID_ARGUMENT;
  return atto::edge::guarded(message, [&] {
    detector->detector.model().check_weights();
    return ATTO_OK;
  });
}

void atto_detector_close(atto_detector* detector) noexcept {
  delete detector;
}

atto_status atto_detector_describe(const atto_detector* detector,
                                   atto_detector_info* info) noexcept {
  if (detector == nullptr || info == nullptr) return ATTO_INVALID_ARGUMENT;
  const DetectorModel& model = detector->detector.model();
  const atto::format::Program& program = model.program();
  *info = {program.channels,
           program.height,
           program.width,
           model.classes(),
           model.parts().settings.detections,
           model.mask_side(),
           model.macs(),
           model.weight_bytes(),
           detector->detector.working_bytes()};
  return ATTO_OK;
}

atto_status atto_detector_class_name(const atto_detector* detector, std::int32_t category,
                                     atto_text name) noexcept {
  if (detector == nullptr || category < 0 || category >= detector->detector.model().classes())
    return ATTO_INVALID_ARGUMENT;
  const std::vector<std::string>& names = program_of(detector).classes;
  atto::edge::put(name, names.empty() ? "" : names[static_cast<std::size_t>(category)]);
  return names.empty() ? ATTO_NOT_IN_MODEL : ATTO_OK;
}

atto_status atto_image_to_detector_pixels(const atto_image* image, const atto_detector* detector,
                                          uint8_t* pixels, size_t count, atto_fit* fit) noexcept {
  if (image == nullptr || detector == nullptr || pixels == nullptr ||
      !atto::edge::is_valid(*image) || count != values_of(program_of(detector)) ||
      (program_of(detector).channels != 1 && program_of(detector).channels != 3))
    return ATTO_INVALID_ARGUMENT;
  return atto::edge::guarded({nullptr, 0}, [&] {
    make_fitted({image->pixels, image->height, image->width,
                 static_cast<atto::image::Format>(image->format), image->orientation},
                program_of(detector), pixels, fit);
    return ATTO_OK;
  });
}

atto_status atto_edge_detect(atto_detector* detector, const uint8_t* pixels, size_t count,
                             atto_detection* detections, std::int32_t capacity,
                             std::int32_t* found) noexcept {
  return detect(detector, pixels, count, detections, capacity, found, [&](Detector& by) {
    return by.run_pixels({pixels, count});
  });
}

atto_status atto_edge_detect_floats(atto_detector* detector, const float* picture, size_t count,
                                    atto_detection* detections, std::int32_t capacity,
                                    std::int32_t* found) noexcept {
  return detect(detector, picture, count, detections, capacity, found, [&](Detector& by) {
    return by.run({picture, count});
  });
}

atto_status atto_edge_masks(atto_detector* detector, float* masks, std::int32_t count) noexcept {
  if (detector == nullptr || count < 0 || (masks == nullptr && count > 0))
    return ATTO_INVALID_ARGUMENT;
  const int side = detector->detector.mask_side();
  if (side == 0) return ATTO_NOT_IN_MODEL;
  const std::span<const float> all = detector->detector.masks();
  const std::size_t floats =
      static_cast<std::size_t>(count) * static_cast<std::size_t>(side * side);
  if (floats > all.size()) return ATTO_INVALID_ARGUMENT;
  std::copy_n(all.begin(), floats, masks);
  return ATTO_OK;
}
