// Any bytes as annotations: those, which are read again from what is written of them, or one
// SpecError. And as results for a truth of two pictures.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "design_specs/errors.hpp"
#include "prototypes/detection/metrics/average_precision.hpp"
#include "prototypes/detection/metrics/files.hpp"

namespace {

using namespace atto;

void read_as_annotations(std::string_view text) {
  // Large masks are legal, and only slow.
  constexpr std::int64_t kMostPixels = 1 << 16;
  try {
    const det::Annotations all = det::read_annotations(text, "fuzz.json");
    for (const det::Picture& picture : all.pictures)
      if (std::int64_t{picture.height} * picture.width > kMostPixels) return;
    for (const det::Annotation& object : all.objects)
      if (object.mask && !det::fault_of(*object.mask).empty()) std::abort();
    if (det::read_annotations(det::annotations_text(all), "again.json").objects.size() !=
        all.objects.size())
      std::abort();
    (void)det::coco_scores(all, {}, det::Overlap::Boxes);
  } catch (const SpecError&) {
  }
}

void read_as_results(std::string_view text) {
  static const det::Annotations kTruth = {{{1, 96, 128, ""}, {2, 96, 128, ""}},
                                          {{1, "a"}, {2, "b"}},
                                          {{0, 0, {1, 2, 30, 40}, {}, 9, false}}};
  try {
    const auto found = det::read_results(text, "fuzz.json", kTruth);
    (void)det::coco_scores(kTruth, found, det::Overlap::Boxes);
  } catch (const SpecError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_as_annotations(text);
  read_as_results(text);
  return 0;
}
