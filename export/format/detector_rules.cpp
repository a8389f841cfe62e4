#include <cmath>

#include "export/format/detector_file.hpp"

namespace atto::format {
namespace {

using Programs = NetworkOf<const Program*>;

struct Size {
  std::int32_t channels, height, width;
  bool operator==(const Size&) const = default;
};
Size input_of(const Program& program) {
  return {program.channels, program.height, program.width};
}
Size output_of(const Program& program, std::size_t index) {
  const Tensor& tensor = program.tensors[program.outputs[index].tensor];
  return {tensor.channels, tensor.height, tensor.width};
}
std::string text(const Size& size) {
  return std::to_string(size.channels) + "x" + std::to_string(size.height) + "x" +
         std::to_string(size.width);
}

class Rules {
 public:
  Rules(const DetectorOf<const Program*>& detector, const Refuse& refuse)
      : of_(detector), refuse_(refuse) {}

  void check() const {
    check_settings();
    check_levels();
    const Size level = output_of(*of_.trunk.body, 0);
    const Size crop = input_of(*of_.box.body);
    check_network(of_.box, "box", crop);
    check_crop("box", crop, level.channels);
    const Size scores = size_of(of_.box, "box", kScores);
    if (scores.channels < 2) refuse_("box.scores", "must be of the background and a class");
    expect("box.scores", scores, {scores.channels, 1, 1});
    if (scores.channels > (1 << 24)) refuse_("box.scores", "must be of fewer classes");
    expect("box.deltas", size_of(of_.box, "box", kDeltas), {4 * scores.channels, 1, 1});
    const std::size_t names = of_.trunk.body->classes.size();
    if (names != 0 && names != static_cast<std::size_t>(scores.channels) - 1)
      refuse_("classes", "must be as many as the box network scores");
    if (of_.mask) check_mask(level.channels, scores.channels);
    if (!of_.mask && of_.settings.mask_follows_box)
      refuse_("mask_follows_box", "must not be set without a mask network");
  }

 private:
  void check_settings() const {
    const DetectorSettings& s = of_.settings;
    const auto is_share = [](float value) { return value >= 0 && value <= 1; };
    const auto is_count = [](std::int32_t value) { return value >= 1 && value <= kMostRegions; };
    if (!is_share(s.score)) refuse_("score", "must be in [0, 1]");
    if (!is_share(s.nms)) refuse_("nms", "must be in [0, 1]");
    if (!is_count(s.proposals)) refuse_("most_proposals", "must be 1 to 2^20");
    if (!is_count(s.detections)) refuse_("most_detections", "must be 1 to 2^20");
    const std::size_t levels = of_.trunk.body->outputs.size();
    if (levels < 1 || levels > kMostLevels) refuse_("trunk", "must have 1 to 16 levels");
    if (of_.proposals.size() != levels) refuse_("proposals", "must be one for each level");
    if (s.cropped_levels < 1 || static_cast<std::size_t>(s.cropped_levels) > levels)
      refuse_("cropped_levels", "must be 1 to the number of levels");
    if (s.anchors.empty() || s.anchors.size() % levels != 0)
      refuse_("anchors", "must be as many for every level");
    for (const Extent& anchor : s.anchors)
      if (!(anchor.width > 0 && anchor.width <= kLargestAnchor && anchor.height > 0 &&
            anchor.height <= kLargestAnchor))
        refuse_("anchors", "must have sides above 0 and at most 2^20");
  }

  void check_levels() const {
    const Program& trunk = *of_.trunk.body;
    if (of_.trunk.last) refuse_("trunk.last", "must not be there");
    const auto shapes =
        static_cast<std::int32_t>(of_.settings.anchors.size() / of_.proposals.size());
    for (std::size_t i = 0; i < of_.proposals.size(); ++i) {
      const std::string name = "proposals[" + std::to_string(i) + "]";
      const Size level = output_of(trunk, i);
      if (level.channels != output_of(trunk, 0).channels)
        refuse_("trunk", "must have levels of as many channels");
      check_network(of_.proposals[i], name, level);
      expect(name + ".objectness", size_of(of_.proposals[i], name, kObjectness),
             {shapes, level.height, level.width});
      expect(name + ".deltas", size_of(of_.proposals[i], name, kDeltas),
             {4 * shapes, level.height, level.width});
    }
  }

  void check_mask(std::int32_t channels, std::int32_t classes) const {
    const Size input = input_of(*of_.mask->body);
    if (of_.settings.mask_follows_box)
      expect("mask", input, size_of(of_.box, "box", kFeatures));
    else
      check_crop("mask", input, channels);
    check_network(*of_.mask, "mask", input);
    const Size masks = size_of(*of_.mask, "mask", kMasks);
    expect("mask.masks", masks, {classes, masks.height, masks.height});
  }

  /// The body takes an input, the last layers what the body gives.
  void check_network(const Programs& network, const std::string& name, const Size& input) const {
    expect(name, input_of(*network.body), input);
    if (network.body->outputs.empty()) refuse_(name, "must have an output");
    if (network.last) expect(name + ".last", input_of(**network.last), output_of(*network.body, 0));
  }
  void check_crop(const std::string& name, const Size& crop, std::int32_t channels) const {
    expect(name, crop, {channels, crop.height, crop.height});
    if (crop.height > kMostCropSide) refuse_(name, "must take crops of at most 64 pixels a side");
  }
  Size size_of(const Programs& network, const std::string& name, const char* output) const {
    const std::optional<OutputPlace> place = find_output(network, output);
    if (!place) refuse_(name, "must have an output \"" + std::string(output) + "\"");
    return output_of(place->is_last ? **network.last : *network.body, place->index);
  }
  void expect(const std::string& name, const Size& got, const Size& wanted) const {
    if (got != wanted) refuse_(name, "must be of " + text(wanted) + "; got " + text(got));
  }

  static constexpr float kLargestAnchor = 1 << 20;
  const DetectorOf<const Program*>& of_;
  const Refuse& refuse_;
};

}  // namespace

std::optional<OutputPlace> find_output(const Programs& network, std::string_view name) {
  const auto find = [&](const Program& program, bool is_last) -> std::optional<OutputPlace> {
    for (std::size_t i = 0; i < program.outputs.size(); ++i)
      if (program.outputs[i].name == name) return OutputPlace{is_last, i};
    return std::nullopt;
  };
  if (network.last)
    if (const auto place = find(**network.last, true)) return place;
  return find(*network.body, false);
}

void check_detector(const DetectorOf<const Program*>& detector, const Refuse& refuse) {
  Rules(detector, refuse).check();
}

}  // namespace atto::format
