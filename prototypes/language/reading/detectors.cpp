#include "prototypes/language/reading/detectors.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "design_specs/requirements/keys.hpp"
#include "prototypes/language/keys.hpp"
#include "prototypes/language/limits.hpp"

namespace atto::net {

using spec::Kind;
using spec::Problems;
using Setting = ChainReader::Setting;

void DetectorReader::read(const Cursor& network, const Cursor& at) {
  if (!problems_.expect_object(at, kDetectorKeys)) return;
  if (const auto description = Problems::member(at, "description")) problems_.text(*description);
  for (const char* key : {"head", "outputs"})
    if (const auto stray = Problems::member(network, key))
      problems_.add(*stray,
                    fmt::format(R"(a "detector" stands in place of "{}": write one of them)", key),
                    "");
  const Where where = Where{}.key("detector");
  levels(at);
  chains_.set_module_width(detector_.pyramid || detector_.from.empty());
  if (const auto written = problems_.required(at, "proposals")) proposals(where, *written);
  if (const auto written = problems_.required(at, "box")) box(where, *written);
  if (const auto written = Problems::member(at, "mask")) mask(where, *written);
  const std::string widthless = chains_.take_widthless();
  if (!widthless.empty())
    problems_.add(
        at,
        fmt::format(R"(missing key "channels", the width of {}: no pyramid says it)", widthless),
        "");
  chains_.set_module_width(true);
  check_trunk(at);
  if (const auto written = Problems::member(at, "settings")) settings(*written);
  model_.detector = std::move(detector_);
}

/// Returns the number of a stage that is named.
std::optional<std::int32_t> DetectorReader::stage(const Cursor& at) {
  const auto name = problems_.text(at);
  if (!name) return std::nullopt;
  std::vector<std::string_view> names;
  for (const Stage& stage : model_.stages) names.push_back(stage.name);
  const auto found = std::find(names.begin(), names.end(), *name);
  if (found != names.end()) return static_cast<std::int32_t>(found - names.begin());
  const std::string_view near = spec::nearest_name(*name, names);
  problems_.add(at, near.empty() ? "must name a stage"
                                 : fmt::format("no such stage; did you mean \"{}\"?", near));
  return std::nullopt;
}

void DetectorReader::levels(const Cursor& at) {
  const auto written = Problems::member(at, "pyramid");
  const auto features = Problems::member(at, "features");
  if (written.has_value() == features.has_value()) {
    problems_.add(
        at, R"(must have either "pyramid", made of several stages, or "features", one stage)", "");
  } else if (written) {
    pyramid(Where{}.key("detector").key("pyramid"), *written);
  } else if (const auto number = stage(*features)) {
    detector_.from = {*number};
  }
}

void DetectorReader::pyramid(const Where& where, const Cursor& at) {
  PyramidModel& pyramid = detector_.pyramid.emplace();
  if (!problems_.expect_object(at, kPyramidKeys)) return;
  if (const auto stages = problems_.required(at, "from")) from(*stages);
  if (const auto channels = problems_.required(at, "channels"))
    if (auto read = chains_.width(where.key("channels"), *channels, Setting::Stage))
      pyramid.channels = std::move(*read);
  if (const auto lateral = problems_.required(at, "lateral"))
    pyramid.lateral = chain(where.key("lateral"), *lateral);
  if (const auto smooth = Problems::member(at, "smooth"))
    pyramid.smooth = chain(where.key("smooth"), *smooth);
  if (const auto extra = Problems::member(at, "extra"))
    pyramid.extra =
        static_cast<std::int32_t>(problems_.integer(*extra, 0, kMaxExtraLevels).value_or(0));
  pyramid.merge_place = place(where, "merge", at);
  pyramid.extra_place = place(where, "extra", at);
}

void DetectorReader::from(const Cursor& at) {
  if (at->kind != Kind::Array || at->items.empty()) {
    problems_.add(at, "must be a list of stages, the finest first");
    return;
  }
  for (std::size_t i = 0; i < at->items.size(); ++i) {
    const auto number = stage(at.at(i));
    if (!number) return detector_.from.clear();
    if (!detector_.from.empty() && *number <= detector_.from.back())
      problems_.add(at.at(i), "must come after the stage before it: the finest stands first");
    detector_.from.push_back(*number);
  }
}

Item DetectorReader::chain(const Where& where, const Cursor& at) {
  return chains_.chain(where, at, Setting::Detector).value_or(Item{});
}

void DetectorReader::crop(const Where& where, const Cursor& at, CropModel& model) {
  if (const auto side = Problems::member(at, "crop"))
    model.crop = holes_.number(where.key("crop"), *side, 1, kMaxCrop).value_or(model.crop);
  model.place = holes_.add_place(where, at);
}

void DetectorReader::proposals(const Where& detector, const Cursor& at) {
  const Where where = detector.key("proposals");
  if (!problems_.expect_object(at, kProposalsKeys)) return;
  if (const auto tower = problems_.required(at, "tower"))
    detector_.proposals = chain(where.key("tower"), *tower);
  detector_.proposals_place = holes_.add_place(where, at);
  detector_.objectness_place = place(where, "objectness", at);
  detector_.deltas_place = place(where, "deltas", at);
}

void DetectorReader::box(const Where& detector, const Cursor& at) {
  const Where where = detector.key("box");
  BoxModel& box = detector_.box;
  if (!problems_.expect_object(at, kBoxKeys)) return;
  crop(where, at, box);
  if (const auto tower = problems_.required(at, "tower")) {
    if ((*tower)->kind == Kind::String && !(*tower)->string.starts_with('$'))
      box_stage(*tower);
    else
      box.tower = chain(where.key("tower"), *tower);
  }
  box.pool_place = place(where, "average", at);
  box.scores_place = place(where, "scores", at);
  box.deltas_place = place(where, "deltas", at);
}

/// The stage behind the features looks at crops of them, and is no part of the trunk.
void DetectorReader::box_stage(const Cursor& tower) {
  const auto number = stage(tower);
  if (!number) return;
  detector_.box.stage = *number;
  if (detector_.pyramid) {
    problems_.add(tower, R"(a stage looks at crops of "features"; a pyramid's need a chain)");
  } else if (detector_.from.size() == 1 && *number != detector_.from.front() + 1) {
    problems_.add(
        tower, fmt::format(R"(must be the stage behind "{}", the features)",
                           model_.stages[static_cast<std::size_t>(detector_.from.front())].name));
  } else {
    const Stage& stage = model_.stages[static_cast<std::size_t>(*number)];
    for (std::int32_t s = 0; s < stage.slot_count; ++s)
      if (reads_earlier(model_.slots[static_cast<std::size_t>(stage.first_slot + s)].module,
                        stage.first_slot)) {
        problems_.add(tower, R"(looks at crops: its modules must not read "from" before it)");
        return;
      }
  }
}

bool DetectorReader::reads_earlier(const Module& module, std::int32_t first_slot) const {
  const auto is_earlier = [&](Source source) { return source != kPrevious && source < first_slot; };
  const auto& options = module.body.from.options;
  return std::any_of(module.alternatives.begin(), module.alternatives.end(),
                     [&](const Module& other) { return reads_earlier(other, first_slot); }) ||
         std::any_of(options.begin(), options.end(), [&](const Sources& sources) {
           return std::any_of(sources.maps.begin(), sources.maps.end(), is_earlier);
         });
}

void DetectorReader::mask(const Where& detector, const Cursor& at) {
  const Where where = detector.key("mask");
  MaskModel& mask = detector_.mask.emplace();
  mask.crop.literal = 14;
  if (!problems_.expect_object(at, kMaskKeys)) return;
  crop(where, at, mask);
  if (const auto tower = problems_.required(at, "tower"))
    mask_tower(where.key("tower"), *tower, Problems::member(at, "crop").has_value());
  mask.enlarge.options = {0};
  if (const auto enlarge = Problems::member(at, "enlarge"))
    if (auto read = holes_.word(where.key("enlarge"), *enlarge, kEnlargeNames))
      mask.enlarge = std::move(*read);
  if (const auto channels = Problems::member(at, "channels"))
    mask.channels = chains_.width(where.key("channels"), *channels, Setting::Detector);
  mask.activation = chains_.default_activation();
  mask.enlarge_place = place(where, "enlarge", at);
  mask.logits_place = place(where, "logits", at);
}

void DetectorReader::mask_tower(const Where& where, const Cursor& tower, bool has_crop) {
  MaskModel& mask = *detector_.mask;
  mask.follows_box = tower->kind == Kind::String && !tower->string.starts_with('$');
  if (!mask.follows_box)
    mask.tower = chain(where, tower);
  else if (tower->string != "box")
    problems_.add(tower, R"(must be a chain, or "box", whose tower it goes on from)");
  else if (has_crop)
    problems_.add(tower, R"(goes on from the box tower, which has the "crop")", "");
}

/// Every stage is a level, leads to one, or looks at crops.
void DetectorReader::check_trunk(const Cursor& at) {
  if (detector_.from.empty()) return;
  const std::int32_t last = std::max(detector_.from.back(), detector_.box.stage);
  detector_.trunk_stages = detector_.from.back() + 1;
  if (last + 1 < static_cast<std::int32_t>(model_.stages.size()))
    problems_.add(at,
                  fmt::format(R"(nothing reads stage "{}")",
                              model_.stages[static_cast<std::size_t>(last + 1)].name),
                  "");
}

void DetectorReader::settings(const Cursor& at) {
  if (!problems_.expect_object(at, spec::kDetectorSettingsKeys)) return;
  detector_.settings = spec::read_stated_settings(problems_, at).over({});
  const auto& sizes = detector_.settings.anchors.sizes;
  if (!sizes.empty() && !detector_.from.empty() && sizes.size() != detector_.levels())
    problems_.add(
        *Problems::member(*Problems::member(at, "anchors"), "sizes"),
        fmt::format("must be one entry a level, of which there are {}", detector_.levels()));
}

}  // namespace atto::net
