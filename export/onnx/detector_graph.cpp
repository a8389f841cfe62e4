// Between the networks there are as many rows as objects, but one at least: no operator ever sees
// an empty tensor but those that select. Crops of every level are taken by one RoiAlign, of a sheet
// on which the levels stand one below the other.

#include "export/onnx/detector_graph.hpp"

#include <algorithm>
#include <cmath>

#include "design_specs/errors.hpp"
#include "export/onnx/glue_nodes.hpp"
#include "export/onnx/network_graph.hpp"
#include "prototypes/detection/roi_align.hpp"
#include "prototypes/detection/rules.hpp"
#include "prototypes/network/identity.hpp"
#include "prototypes/network/shapes.hpp"

namespace atto::deploy::onnx {
namespace {

using Wholes = GlueNodes::Wholes;

constexpr std::int64_t kInt64 = 7;  // as TensorProto has it

class DetectorWriter {
 public:
  DetectorWriter(const net::DetectorParts& detector, const net::TensorFile& weights)
      : detector_(detector),
        weights_(weights),
        input_(detector.trunk.input),
        picture_{static_cast<float>(input_.height), static_cast<float>(input_.width)},
        levels_(net::level_shapes(detector)),
        graph_(detector.trunk.name, {kBoxes, kScores, kClasses, kMasks, kCount}, kDetectorOpset),
        glue_(graph_, picture_) {}

  Graph write() {
    const std::string picture =
        graph_.input({"input", {1, input_.channels, input_.height, input_.width}, false});
    PartSite site{picture, {}};
    for (const net::Output& level : detector_.trunk.outputs) site.outputs.push_back(level.name);
    const std::vector<std::string> maps = write_part(graph_, detector_.trunk, weights_, site);
    const Selected proposed = propose(maps);
    make_sheet(maps);
    Selected found = judge(proposed);
    write_outputs(found);
    return graph_.finish(describe(detector_.trunk.name, net::count_costs(detector_),
                                  net::structure_hash(detector_), weights_));
  }

 private:
  /// The best of a level, [n, 4] and [n].
  Candidates best_of_level(std::size_t level, const std::string& map, std::int64_t most) {
    const net::Shape& shape = levels_[level];
    const std::string name = "proposals/level[" + std::to_string(level) + "]";
    net::Network there = detector_.proposal;
    there.input = shape;
    const std::vector<std::string> said = write_part(
        graph_, there, weights_, {map, {net::kObjectnessOutput, net::kDeltasOutput}, "/" + name});
    const auto by_cell = [&](const char* part, const std::string& of, const Wholes& sides) {
      return glue_.reshape(name + part, glue_.transpose(name + part + "/cells", of, {0, 2, 3, 1}),
                           sides);
    };
    const std::string logits = by_cell("/logits", said[0], {-1});
    const std::string deltas = by_cell("/deltas", said[1], {-1, 4});
    const auto is_number = [&](const char* part, const std::string& of) {
      return glue_.add("LessOrEqual", name + part,
                       {glue_.add("Abs", name + part + "/abs", {of}), graph_.number(-kNever)});
    };
    const std::string scores =
        glue_.add("Where", name + "/scores",
                  {is_number("/is_finite", logits), logits, graph_.number(kNever)});
    const std::string places =
        graph_.add_second("TopK", name + "/best", {scores, glue_.whole(name + "/most", most)},
                          {{"axis", std::int64_t{0}}});
    const std::vector<det::Box> anchors = det::anchors(
        det::anchor_level(detector_.settings.anchors, level, picture_, shape.height, shape.width));
    std::vector<float> corners;
    for (const det::Box& box : anchors)
      corners.insert(corners.end(), {box.x1, box.y1, box.x2, box.y2});
    const std::string from =
        glue_.gather(name + "/anchors",
                     graph_.constant(name + "/all_anchors", corners,
                                     {static_cast<std::int64_t>(anchors.size()), 4}),
                     places);
    Candidates best;
    best.boxes = glue_.decode(name + "/boxes", glue_.gather(name + "/best_deltas", deltas, places),
                              from, {});
    const std::string best_scores = glue_.gather(name + "/best_scores", scores, places);
    const std::string is_some =
        glue_.add("Greater", name + "/is_some", {best_scores, graph_.number(kSome)});
    best.scores = glue_.valid_scores(name + "/valid_scores", {best.boxes, best_scores}, is_some);
    return best;
  }

  Selected propose(const std::vector<std::string>& maps) {
    const det::ProposalRule rule = det::proposal_rule(detector_.settings);
    std::vector<std::int64_t> counts;
    for (const net::Shape& level : levels_)
      counts.push_back(std::min<std::int64_t>(
          static_cast<std::int64_t>(rule.a_level),
          level.height * std::int64_t{level.width} * detector_.settings.anchors.shapes_a_cell()));
    const std::int64_t most = *std::max_element(counts.begin(), counts.end());
    std::vector<std::string> boxes, scores;
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      Candidates best = best_of_level(i, maps[i], counts[i]);
      const std::string name = "proposals/level[" + std::to_string(i) + "]";
      if (const std::int64_t missing = most - counts[i]; missing > 0) {
        const auto filled = static_cast<std::size_t>(missing);
        best.boxes = glue_.concat(
            name + "/filled_boxes",
            {best.boxes,
             graph_.constant(name + "/no_boxes", std::vector<float>(4 * filled), {missing, 4})},
            0);
        best.scores = glue_.concat(
            name + "/filled_scores",
            {best.scores,
             graph_.constant(name + "/no_scores", std::vector<float>(filled, kNever), {missing})},
            0);
      }
      boxes.push_back(best.boxes);
      scores.push_back(best.scores);
    }
    const auto levels = static_cast<std::int64_t>(levels_.size());
    const Candidates all{glue_.concat("proposals/all_boxes", boxes, 0),
                         glue_.concat("proposals/all_scores", scores, 0)};
    const Groups groups{{glue_.reshape("proposals/boxes_by_level", all.boxes, {levels, -1, 4}),
                         glue_.reshape("proposals/scores_by_level", all.scores, {levels, -1})},
                        all,
                        most,
                        1};
    return glue_.select("proposals", groups, static_cast<std::int64_t>(rule.most), rule.nms);
  }

  /// Levels that crops are taken of, one below the other; around each a pixel like its border's,
  /// which is what RoIAlign sees beyond it.
  void make_sheet(const std::vector<std::string>& maps) {
    const std::size_t cropped = detector_.cropped_levels;
    if (cropped == 1) {
      sheet_ = maps.front();
      return;
    }
    std::vector<std::string> parts;
    std::vector<float> scales, moves;
    float top = 1;
    for (std::size_t i = 0; i < cropped; ++i) {
      const net::Shape& level = levels_[i];
      const std::string name = "crops/level[" + std::to_string(i) + "]";
      parts.push_back(glue_.add(
          "Pad", name, {maps[i], graph_.integers(name + ".pads", {0, 0, 1, 1, 0, 0, 1, 1})},
          {{"mode", std::string("edge")}}));
      if (const int right = levels_.front().width - level.width; right > 0)
        parts.back() = glue_.add(
            "Pad", name + "/wide",
            {parts.back(), graph_.integers(name + "/wide.pads", {0, 0, 0, 0, 0, 0, 0, right})},
            {{"mode", std::string("constant")}});
      scales.push_back(static_cast<float>(level.height) / picture_.height);
      moves.insert(moves.end(), {1, top, 1, top});
      top += static_cast<float>(level.height + 2);
    }
    const auto count = static_cast<std::int64_t>(cropped);
    sheet_ = glue_.concat("crops/sheet", parts, 2);
    scales_ = graph_.constant("crops/scales", scales, {count});
    moves_ = graph_.constant("crops/moves", moves, {count, 4});
    std::vector<float> least;
    for (std::size_t i = 1; i < cropped; ++i) least.push_back(least_side(i));
    least_sides_ = graph_.constant("crops/least_sides", least, {count - 1});
  }

  /// The least side of a square box that is cropped from this level or a later one.
  float least_side(std::size_t level) const {
    const det::LevelRule rule =
        det::level_rule(picture_, levels_.front().height, detector_.cropped_levels);
    const auto is_there = [&](float side) {
      return det::level_of({0, 0, side, side}, rule) - rule.lowest >= static_cast<int>(level);
    };
    float below = 0, least = rule.size * std::ldexp(1.0F, 1 + rule.highest - rule.level);
    while (std::nextafter(below, least) < least) {
      const float middle = below + (least - below) / 2;
      (is_there(middle) ? least : below) = middle;
    }
    return least;
  }

  /// [k, channels, side, side]
  std::string crops(const std::string& name, const Selected& of, int side) {
    std::string boxes = of.boxes;
    float scale = static_cast<float>(levels_.front().height) / picture_.height;
    if (detector_.cropped_levels > 1) {
      const std::string sides = glue_.sides_of(name + "/sides", boxes);
      const std::string area = glue_.add("Mul", name + "/area",
                                         {glue_.slice(name + "/width", sides, 1, 0, 1),
                                          glue_.slice(name + "/height", sides, 1, 1, 2)});
      const std::string is_above =
          glue_.add("GreaterOrEqual", name + "/is_above",
                    {glue_.add("Sqrt", name + "/side", {area}), least_sides_});
      const std::string level =
          glue_.add("ReduceSum", name + "/level",
                    {glue_.add("Cast", name + "/levels", {is_above}, {{"to", kInt64}}),
                     glue_.whole(name + "/level.axes", 1)},
                    {{"keepdims", std::int64_t{0}}});
      const std::string scales =
          glue_.reshape(name + "/scale", glue_.gather(name + "/scales", scales_, level), {-1, 1});
      boxes = glue_.add("Add", name + "/on_sheet",
                        {glue_.add("Mul", name + "/scaled", {boxes, scales}),
                         glue_.gather(name + "/moves", moves_, level)});
      scale = 1;
    }
    const std::string first =
        glue_.add("Mul", name + "/picture", {of.places, glue_.whole(name + "/zero", 0)});
    return glue_.add("RoiAlign", name, {sheet_, boxes, first},
                     {{"output_height", std::int64_t{side}},
                      {"output_width", std::int64_t{side}},
                      {"sampling_ratio", std::int64_t{det::CropRule{}.samples}},
                      {"spatial_scale", scale},
                      {"mode", std::string("avg")},
                      {"coordinate_transformation_mode", std::string("half_pixel")}});
  }

  Selected judge(const Selected& proposed) {
    const det::FindingRule rule = det::finding_rule(detector_.settings);
    const std::int64_t classes = detector_.trunk.classes;
    const std::vector<std::string> said =
        write_part(graph_, detector_.box, weights_,
                   {crops("box/crops", proposed, detector_.box.input.height),
                    {net::kScoresOutput, net::kDeltasOutput}});
    const std::string shares = glue_.add(
        "Softmax", "objects/shares", {glue_.reshape("objects/logits", said[0], {-1, classes + 1})},
        {{"axis", std::int64_t{1}}});
    const std::string by_class = glue_.slice("objects/class_shares", shares, 1, 1, classes + 1);
    const std::string deltas = glue_.slice(
        "objects/class_deltas", glue_.reshape("objects/deltas", said[1], {-1, classes + 1, 4}), 1,
        1, classes + 1);
    const std::string boxes =
        glue_.decode("objects/class_boxes", deltas,
                     glue_.reshape("objects/from", proposed.boxes, {-1, 1, 4}), det::kBoxWeights);
    const std::string is_likely =
        glue_.add("GreaterOrEqual", "objects/is_likely", {by_class, graph_.number(rule.score)});
    const std::string scores =
        glue_.valid_scores("objects/class_scores", {boxes, by_class}, is_likely);
    const Candidates all{glue_.reshape("objects/all_boxes", boxes, {-1, 4}),
                         glue_.reshape("objects/all_scores", scores, {-1})};
    const Groups groups{{glue_.transpose("objects/boxes_by_class", boxes, {1, 0, 2}),
                         glue_.transpose("objects/scores_by_class", scores, {1, 0})},
                        all,
                        1,
                        classes};
    return glue_.select("objects", groups, static_cast<std::int64_t>(rule.most), rule.nms);
  }

  /// [k, m, m] in [0, 1], of each object's own class.
  std::string masks_of(const Selected& found, const std::string& categories) {
    std::string from;
    if (detector_.mask_follows_box)
      from = write_part(graph_, detector_.box, weights_,
                        {crops("mask/crops", found, detector_.box.input.height),
                         {net::kFeaturesOutput},
                         "/of_masks"})
                 .front();
    else
      from = crops("mask/crops", found, detector_.mask->input.height);
    const std::string logits =
        write_part(graph_, *detector_.mask, weights_, {from, {net::kMasksOutput}}).front();
    const std::string labels = glue_.reshape(
        "objects/label_rows",
        glue_.add("Add", "objects/labels", {categories, glue_.whole("objects/background", 1)}),
        {-1, 1});
    return glue_.add("Sigmoid", "objects/masks",
                     {glue_.add("GatherND", "objects/mask_logits", {logits, labels},
                                {{"batch_dims", std::int64_t{1}}})});
  }

  /// Of rows [k, sides...] those that are said, and as many of 0 as fill up.
  void write_rows(const char* name, const std::string& rows, const Selected& found,
                  const Wholes& sides, net::Tensor::Type type) {
    const std::string part = std::string("outputs/") + name;
    Wholes is_shape(sides.size() + 1, 1), before(sides.size() + 1, 0), after(sides.size(), 0);
    is_shape.front() = -1;
    const bool is_float = type == net::Tensor::Type::F32;
    const std::string said =
        glue_.add("Where", part + "/said",
                  {glue_.reshape(part + "/is_said", found.is_said, is_shape), rows,
                   is_float ? graph_.number(0) : glue_.whole(part + "/zero", 0)});
    std::vector<std::string> pads = {graph_.integers(part + ".before", before), missing_};
    if (!after.empty()) pads.push_back(graph_.integers(part + ".after", after));
    graph_.add("Pad", part, {said, glue_.concat(part + ".pads", pads, 0)},
               {{"mode", std::string("constant")}}, name);
    Wholes shape = {detector_.settings.detections};
    shape.insert(shape.end(), sides.begin(), sides.end());
    graph_.output({name, shape, false, type});
  }

  void write_outputs(const Selected& found) {
    using Type = net::Tensor::Type;
    const std::string categories =
        glue_.add("Mod", "objects/classes",
                  {found.places, glue_.whole("objects/class_count", detector_.trunk.classes)});
    missing_ = glue_.add("Sub", "outputs/missing",
                         {glue_.whole("outputs/rows", detector_.settings.detections),
                          glue_.add("Shape", "outputs/found", {found.scores})});
    write_rows(kBoxes, found.boxes, found, {4}, Type::F32);
    write_rows(kScores, found.scores, found, {}, Type::F32);
    write_rows(kClasses, categories, found, {}, Type::I64);
    if (detector_.mask) {
      const std::vector<net::Shape> shapes = net::infer_shapes(*detector_.mask);
      const net::Shape& shape =
          shapes.at(static_cast<std::size_t>(detector_.mask->outputs.front().layer));
      write_rows(kMasks, masks_of(found, categories), found, {shape.height, shape.width},
                 Type::F32);
    }
    graph_.add("Identity", kCount, {found.count}, {}, kCount);
    graph_.output({kCount, {1}, false, Type::I64});
  }

  const net::DetectorParts& detector_;
  const net::TensorFile& weights_;
  const net::Shape input_;
  const det::PictureSize picture_;
  const std::vector<net::Shape> levels_;
  GraphBuilder graph_;
  GlueNodes glue_;
  std::string sheet_, scales_, moves_, least_sides_, missing_;
};

}  // namespace

Graph detector_graph(const net::DetectorParts& detector, const net::TensorFile& weights) {
  if (detector.settings.anchors.are_fitted())
    throw InternalError(detector.trunk.name + ": the anchors must be stated");
  return DetectorWriter(detector, weights).write();
}

}  // namespace atto::deploy::onnx
