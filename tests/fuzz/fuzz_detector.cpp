// Any bytes as a detector's file: one ModelError, or a detector that finds or finds nothing.
#include <cstdint>
#include <vector>

#include "export/runtime/detector.hpp"
#include "tests/fuzz/handed_over.hpp"
#include "tests/fuzz/legal_programs.hpp"

using namespace atto;

namespace {

/// Mends the checksums of the container and of the models in it, as far as they can be found.
void repair(std::span<std::byte> file) {
  fuzz::repair(file);
  format::changed(format::decode_detector(file), [&](std::uint64_t at, const std::string&) {
    fuzz::repair(file.subspan(at));
    return 0;
  });
}

/// Whether the parts, as often as the settings run them, are small.
bool is_small(const edge::DetectorModel& model) {
  const format::DetectorSettings& settings = model.parts().settings;
  const double regions = double(settings.proposals) + double(settings.detections);
  double bytes =
      64 * regions * (model.classes() + 1) + 4 * regions * model.mask_side() * model.mask_side();
  double work = bytes;
  format::changed(model.parts(), [&](const edge::Model& part, const std::string& name) {
    const format::Program& program = part.program();
    const bool is_of_crops = name.starts_with("box") || name.starts_with("mask");
    bytes += fuzz::bytes_of(program) +
             64 * double(settings.anchors.size()) * program.height * program.width;
    work += fuzz::work_of(program) * (is_of_crops ? regions : 1);
    return 0;
  });
  return bytes <= 4 * fuzz::kMaxBytes && work <= 4 * fuzz::kMaxWork;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Copy copy(data, size);
  if (copy.bytes().empty()) return 0;
  try {
    repair(copy.bytes());
    const edge::DetectorModel model = edge::DetectorModel::view(copy.bytes());
    if (!is_small(model)) return 0;
    const format::Program& program = model.program();
    const std::vector<float> picture(static_cast<std::size_t>(program.channels) *
                                         static_cast<std::size_t>(program.height) *
                                         static_cast<std::size_t>(program.width),
                                     0.5F);
    edge::Detector detector(model, fuzz::options_for(size));
    detector.run(picture);
    detector.masks();
  } catch (const format::ModelError&) {
  }
  return 0;
}
