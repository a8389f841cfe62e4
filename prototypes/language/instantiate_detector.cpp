#include "prototypes/language/instantiate_detector.hpp"

#include <array>

#include "prototypes/language/keys.hpp"

namespace atto::net {
namespace {

WidthExpression fixed(std::int32_t channels) {
  WidthExpression width;
  width.index = channels;
  return width;
}

WidthExpression same_as(std::int32_t node) {
  WidthExpression width;
  width.base = WidthExpression::Base::OfNode;
  width.index = node;
  return width;
}

class DetectorBuilder {
 public:
  DetectorBuilder(const DetectorModel& model, StructureSource& source, Structure& out)
      : model_(model), source_(source), out_(out), classes_(out.classes + 1) {}

  void build() {
    DetectorRun& run = out_.run;
    run.cropped_levels = static_cast<std::int32_t>(model_.from.size());
    run.mask_follows_box = model_.mask && model_.mask->follows_box;
    out_.parts.push_back({});
    trunk();
    proposals();
    box();
    if (model_.mask) mask(*model_.mask);
  }

 private:
  std::int32_t append(const Node& node, std::int32_t input) {
    return source_.append_node(node, std::span(&input, 1));
  }
  void begin_part() {
    out_.parts.push_back({static_cast<std::int32_t>(out_.nodes.size()),
                          static_cast<std::int32_t>(out_.output_nodes.size())});
  }
  std::int32_t border(std::int32_t place, std::span<const std::int32_t> inputs,
                      std::int32_t crop = 0) {
    begin_part();
    Node node;
    node.kind = Node::Kind::Border;
    node.place = place;
    node.crop = crop;
    return source_.append_node(node, inputs);
  }
  std::span<const std::int32_t> cropped() const {
    return std::span(levels_).first(static_cast<std::size_t>(out_.run.cropped_levels));
  }
  /// A last layer: a 1x1 convolution, or a dense layer, with a bias and without an activation.
  void result(std::int32_t place, std::int32_t input, std::int32_t channels, bool is_dense) {
    Node node;
    node.kind = is_dense ? Node::Kind::Dense : Node::Kind::Unit;
    node.norm = false;
    node.bias = true;
    node.place = place;
    node.width = fixed(channels);
    out_.output_nodes.push_back(append(node, input));
  }

  void trunk() {
    std::vector<std::int32_t> ends;
    std::int32_t current = source_.stem();
    for (std::int32_t s = 0; s < model_.trunk_stages; ++s)
      ends.push_back(current = source_.append_stage(s, current));
    levels_.clear();
    for (const std::int32_t stage : model_.from)
      levels_.push_back(ends[static_cast<std::size_t>(stage)]);
    width_ = same_as(levels_.back());
    if (model_.pyramid) pyramid(*model_.pyramid);
    out_.output_nodes.insert(out_.output_nodes.end(), levels_.begin(), levels_.end());
  }
  /// From the coarsest level down, then those above it.
  void pyramid(const PyramidModel& pyramid) {
    width_ = source_.width_of(pyramid.channels, levels_.back(), width_);
    std::int32_t merged = -1;
    for (std::size_t l = levels_.size(); l-- > 0;) {
      source_.set_level(static_cast<std::int32_t>(l));
      const std::int32_t lateral = source_.append_chain(pyramid.lateral, levels_[l], width_);
      Node merge;
      merge.kind = Node::Kind::Merge;
      merge.place = pyramid.merge_place;
      merged = merged < 0 ? lateral : source_.append_node(merge, std::array{lateral, merged});
      levels_[l] = source_.append_chain(pyramid.smooth, merged, width_);
    }
    for (std::int32_t e = 0; e < pyramid.extra; ++e) {
      source_.set_level(static_cast<std::int32_t>(levels_.size()));
      Node halve;
      halve.kind = Node::Kind::Operation;
      halve.op = Pool{Pool::Kind::Max, 1, 2};
      halve.stride = 2;
      halve.place = pyramid.extra_place;
      levels_.push_back(append(halve, levels_.back()));
    }
    source_.set_level(-1);
  }

  void proposals() {
    const std::int32_t level = border(model_.proposals_place, levels_);
    const std::int32_t end = source_.append_chain(model_.proposals, level, width_);
    const int anchors = out_.run.anchors;
    result(model_.objectness_place, end, anchors, false);
    result(model_.deltas_place, end, 4 * anchors, false);
  }

  std::int32_t pooled(std::int32_t place, std::int32_t input) {
    Node node;
    node.kind = Node::Kind::Operation;
    node.op = GlobalAveragePool{};
    node.place = place;
    return append(node, input);
  }
  void box() {
    const BoxModel& box = model_.box;
    const std::int32_t crop = border(box.place, cropped(), source_.decided().value(box.crop));
    const bool is_stage = box.stage >= 0;
    const std::int32_t end = is_stage ? source_.append_stage(box.stage, crop)
                                      : source_.append_chain(box.tower, crop, width_);
    const std::int32_t judged = is_stage ? pooled(box.pool_place, end) : end;
    result(box.scores_place, judged, classes_, true);
    result(box.deltas_place, judged, 4 * classes_, true);
    if (out_.run.mask_follows_box) out_.output_nodes.push_back(end);
  }

  void mask(const MaskModel& mask) {
    const std::int32_t read = out_.output_nodes.back();
    const std::int32_t input =
        mask.follows_box ? border(mask.place, std::span(&read, 1))
                         : border(mask.place, cropped(), source_.decided().value(mask.crop));
    const std::int32_t end = source_.append_chain(mask.tower, input, width_);
    result(mask.logits_place, enlarged(mask, end), classes_, false);
  }
  /// Twice as large: by a transposed convolution, or by pixels as they are.
  std::int32_t enlarged(const MaskModel& mask, std::int32_t end) {
    const Decided& decided = source_.decided();
    Node node;
    node.place = mask.enlarge_place;
    if (kEnlargeNames[decided.option(mask.enlarge)] == "upsample") {
      node.kind = Node::Kind::Operation;
      node.op = Upsample{};
      return append(node, end);
    }
    node.kind = Node::Kind::Unit;
    node.is_transposed = true;
    node.kernel = 2;
    node.norm = false;
    node.bias = true;
    node.activation = decided.option(mask.activation);
    node.width = mask.channels ? source_.width_of(*mask.channels, end, width_) : same_as(end);
    return append(node, end);
  }

  const DetectorModel& model_;
  StructureSource& source_;
  Structure& out_;
  std::int32_t classes_;  ///< and the background
  std::vector<std::int32_t> levels_;
  WidthExpression width_;
};

}  // namespace

void build_detector(const DetectorModel& model, StructureSource& source, Structure& out) {
  DetectorBuilder(model, source, out).build();
}

}  // namespace atto::net
