#include "prototypes/language/structure.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "prototypes/language/limits.hpp"
#include "prototypes/network/shapes.hpp"

namespace atto::net {
namespace {

constexpr double kWholeTolerance = 1e-6;
constexpr std::string_view kKept = "";
constexpr std::string_view kOneWidth = "the levels of a pyramid must have one width";
constexpr std::string_view kNoWidth = "a width must come out as a whole number from 1 to 65536";

/// Returns a product that must be whole, or -1.
std::int64_t whole(double product) {
  const double nearest = std::nearbyint(product);
  if (std::abs(product - nearest) > kWholeTolerance) return -1;
  return static_cast<std::int64_t>(nearest);
}

/// Computes one node's shape; each rule is a static text.
class Resolution {
 public:
  Resolution(const Structure& structure, const std::vector<Decision>& decisions,
             const Assignment& assignment, std::vector<Shape>& shapes)
      : structure_(structure), decisions_(decisions), assignment_(assignment), shapes_(shapes) {}

  std::string_view resolve(const Node& node, Shape& out) const {
    switch (node.kind) {
      case Node::Kind::Input:
        out = structure_.input;
        return kKept;
      case Node::Kind::Unit:
        return unit(node, out);
      case Node::Kind::Operation:
        return infer(node.op, node, out);
      case Node::Kind::Dense:
        return dense(node, out);
      case Node::Kind::Slice:
        return slice(node, out);
      case Node::Kind::Add:
        return infer(net::Add{}, node, out);
      case Node::Kind::Concat:
        return infer(net::Concat{}, node, out);
      case Node::Kind::Shortcut:
        return shortcut(node, out);
      case Node::Kind::Gather:
        return gather(node, out);
      case Node::Kind::Merge:
        return merge(node, out);
      case Node::Kind::Border:
        return border(node, out);
      case Node::Kind::SqueezeExcite:
      case Node::Kind::Activate:
        out = in(node, 0);
        return node.stride == Sides(1) ? kKept : "no operator here can take the module's stride";
    }
    return kKept;
  }

 private:
  std::span<const std::int32_t> inputs(const Node& node) const {
    return std::span(structure_.inputs)
        .subspan(static_cast<std::size_t>(node.first_input),
                 static_cast<std::size_t>(node.input_count));
  }
  const Shape& in(const Node& node, std::size_t i) const {
    return shapes_[static_cast<std::size_t>(inputs(node)[i])];
  }
  std::string_view infer(const Op& op, const Node& node, Shape& out) const {
    return infer_shape(op, {shapes_, inputs(node)}, structure_.classes, out);
  }

  /// Returns the width, or 0 where the relation gives none.
  std::int32_t width(const WidthExpression& width) const {
    std::int32_t base = width.is_of_classes() ? structure_.classes : width.index;
    if (width.base == WidthExpression::Base::Decided) {
      const auto id = static_cast<std::size_t>(width.index);
      base = decisions_[id].values[static_cast<std::size_t>(assignment_[id])];
    } else if (width.base == WidthExpression::Base::OfNode) {
      base = shapes_[static_cast<std::size_t>(width.index)].channels;
    }
    if (width.inner_factor != 1 || width.inner_round != 0)
      base = related_width(base, width.inner_factor, width.inner_round);
    return related_width(base, width.factor, width.round);
  }

  std::string_view unit(const Node& node, Shape& out) const {
    const std::int32_t from = in(node, 0).channels;
    const std::int32_t channels = node.one_group_per_channel ? from : width(node.width);
    if (channels <= 0) return kNoWidth;
    if (node.is_transposed) return infer(Deconv{channels, node.kernel.height}, node, out);
    const std::int32_t groups = node.one_group_per_channel ? from : node.groups;
    return infer_shape(
        Conv{channels, node.kernel, node.stride, groups, node.dilation, false, node.padding},
        {shapes_, inputs(node)}, out);
  }
  std::string_view dense(const Node& node, Shape& out) const {
    const std::int32_t features = width(node.width);
    return features <= 0 ? kNoWidth : infer(Dense{features}, node, out);
  }
  std::string_view slice(const Node& node, Shape& out) const {
    const std::int64_t begin = whole(node.slice_begin * in(node, 0).channels);
    const std::int64_t end = whole(node.slice_end * in(node, 0).channels);
    if (begin < 0 || end < 0) return "the split must give whole widths";
    return infer(Slice{static_cast<int>(begin), static_cast<int>(end)}, node, out);
  }
  std::string_view shortcut(const Node& node, Shape& out) const {
    out = in(node, 0);
    if (node.shortcut != Node::ShortcutMode::Projection || in(node, 1) == out) return kKept;
    Shape projected;
    const std::string_view broken = infer_shape(Conv{out.channels, 1, node.stride},
                                                {shapes_, inputs(node).subspan(1)}, projected);
    if (!broken.empty()) return broken;
    return projected == out ? kKept : "the shortcut's map must be as large as the chain's";
  }
  std::string_view gather(const Node& node, Shape& out) const {
    const auto main = inputs(node)[static_cast<std::size_t>(node.main_input)];
    std::array<Shape, kMaxSources> sized;
    std::array<std::int32_t, kMaxSources> order;
    const std::size_t count = inputs(node).size();
    for (std::size_t i = 0; i < count; ++i) {
      const std::int32_t both[] = {inputs(node)[i], main};
      const std::string_view broken =
          infer_shape(PoolTo{}, {shapes_, both}, structure_.classes, sized[i]);
      if (!broken.empty()) return broken;
      order[i] = static_cast<std::int32_t>(i);
    }
    out = shapes_[static_cast<std::size_t>(main)];
    if (!node.concat) return kKept;
    return infer_shape(net::Concat{}, {sized, std::span(order).first(count)}, 0, out);
  }

  std::string_view merge(const Node& node, Shape& out) const {
    out = in(node, 0);
    const Shape& above = in(node, 1);
    if (out.height != 2 * above.height || out.width != 2 * above.width) return kHalving;
    return out.channels == above.channels ? kKept : kOneWidth;
  }
  std::string_view border(const Node& node, Shape& out) const {
    out = in(node, 0);
    if (node.crop > 0) out.height = out.width = node.crop;
    for (std::int32_t i = 1; i < node.input_count; ++i)
      if (in(node, static_cast<std::size_t>(i)).channels != out.channels) return kOneWidth;
    return kKept;
  }

  const Structure& structure_;
  const std::vector<Decision>& decisions_;
  const Assignment& assignment_;
  std::vector<Shape>& shapes_;
};

/// The same weights run on levels of several sizes: what they make must have the level's sides.
std::string_view check_proposal(const Structure& structure, const std::vector<Shape>& shapes,
                                std::int32_t node) {
  const auto first = structure.parts[1].first_node, end = structure.parts[2].first_node;
  if (node < first || node >= end) return kKept;
  const Shape &level = shapes[static_cast<std::size_t>(first)],
              &map = shapes[static_cast<std::size_t>(node)];
  if (map.height == level.height && map.width == level.width) return kKept;
  const auto outputs = std::span(structure.output_nodes)
                           .subspan(static_cast<std::size_t>(structure.parts[1].first_output), 2);
  const bool is_result = node == outputs[0] || node == outputs[1];
  const bool is_dense = structure.nodes[static_cast<std::size_t>(node)].kind == Node::Kind::Dense;
  return map.height == 1 && map.width == 1 && !is_result && !is_dense
             ? kKept
             : "proposals must keep the sides of their level";
}

std::int64_t pixels_of(const Shape& shape) {
  return std::int64_t{shape.height} * shape.width;
}

}  // namespace

std::int64_t PartLoad::of(std::int64_t work, const Shape& map) const {
  const auto times_of = [](std::int64_t amount, std::int64_t runs) {
    std::int64_t product = 0;
    return __builtin_mul_overflow(amount, runs, &product) ? std::numeric_limits<std::int64_t>::max()
                                                          : product;
  };
  if (levels == 0) return times_of(work, times);
  if (pixels_of(map) != first_pixels) return times_of(work, levels);
  return times_of(work / first_pixels, all_pixels);  // every pixel is as much work
}

PartLoad load_of(const Structure& structure, std::span<const Shape> shapes, PartKind part) {
  PartLoad load;
  if (part == PartKind::Trunk) return load;
  const DetectorRun& run = structure.run;
  const Part& proposal = structure.parts[1];
  const Node& border = structure.nodes[static_cast<std::size_t>(proposal.first_node)];
  for (std::int32_t i = 0; i < border.input_count; ++i) {
    const auto at = static_cast<std::size_t>(border.first_input + i);
    const Shape& level = shapes[static_cast<std::size_t>(structure.inputs[at])];
    load.kept_elements += level.elements();
    if (part == PartKind::Proposal) load.all_pixels += pixels_of(level);
  }
  if (part == PartKind::Proposal) {
    const Shape& first = shapes[static_cast<std::size_t>(proposal.first_node)];
    load.first_pixels = pixels_of(first);
    load.levels = border.input_count;
    load.kept_elements -= first.elements();  // which is what the part reads
  } else if (part == PartKind::Box) {
    load.times = run.proposals + (run.mask_follows_box ? run.detections : 0);
  } else {
    load.times = run.detections;
  }
  return load;
}

std::int32_t related_width(std::int32_t base, double factor, std::int32_t round) {
  std::int64_t width = base;
  if (factor != 1 || round > 1) {
    const double product = factor * static_cast<double>(base);
    if (round == 0) {
      width = whole(product);
    } else {
      width = static_cast<std::int64_t>(std::floor(product / round + 0.5)) * round;
      if (width < round) width = round;
    }
  }
  return width < 1 || width > kMaxChannels ? 0 : static_cast<std::int32_t>(width);
}

std::string_view resolve(const Structure& structure, const std::vector<Decision>& decisions,
                         const Assignment& assignment, std::vector<Shape>& shapes,
                         std::int32_t* broken_node) {
  shapes.resize(structure.nodes.size());
  const Resolution resolution(structure, decisions, assignment, shapes);
  for (std::size_t i = 0; i < structure.nodes.size(); ++i) {
    std::string_view broken = resolution.resolve(structure.nodes[i], shapes[i]);
    if (broken.empty() && !structure.parts.empty())
      broken = check_proposal(structure, shapes, static_cast<std::int32_t>(i));
    if (broken.empty()) continue;
    if (broken_node != nullptr) *broken_node = static_cast<std::int32_t>(i);
    return broken;
  }
  return {};
}

}  // namespace atto::net
