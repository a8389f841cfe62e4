#include "prototypes/language/structure.hpp"

#include <cmath>
#include <limits>

#include "prototypes/network/shapes.hpp"

namespace atto::net {
namespace {

constexpr double kWholeTolerance = 1e-6;
constexpr std::string_view kKept = "";

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
      case Node::Kind::Pool:
        return pool(node, out);
      case Node::Kind::GlobalPool:
        out = {in(node, 0).channels, 1, 1};
        return kKept;
      case Node::Kind::Dense:
        return dense(node, out);
      case Node::Kind::Slice:
        return slice(node, out);
      case Node::Kind::Upsample:
        return upsample(node, out);
      case Node::Kind::Add:
        return add(node, out);
      case Node::Kind::Concat:
        return concat(node, out);
      case Node::Kind::Shortcut:
        return shortcut(node, out);
      case Node::Kind::Gather:
        return gather(node, out);
      case Node::Kind::SqueezeExcite:
      case Node::Kind::Shuffle:
      case Node::Kind::Activate:
      case Node::Kind::Softmax:
        return same(node, out);
    }
    return kKept;
  }

 private:
  const Shape& in(const Node& node, std::int32_t i) const {
    const auto input = structure_.inputs[static_cast<std::size_t>(node.first_input + i)];
    return shapes_[static_cast<std::size_t>(input)];
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

  static std::string_view stride(const Node& node, const Shape& from, int channels, Shape& out) {
    if (node.stride > from.height || node.stride > from.width)
      return "the stride takes the map below 1x1";
    out = {channels, strided_side(from.height, node.stride), strided_side(from.width, node.stride)};
    return out.elements() > kMaxElements ? "a map has at most 2^30 elements" : kKept;
  }

  std::string_view unit(const Node& node, Shape& out) const {
    const Shape& from = in(node, 0);
    const std::int32_t channels = node.one_group_per_channel ? from.channels : width(node.width);
    if (channels <= 0) return "a width must come out as a whole number from 1 to 65536";
    if (!node.one_group_per_channel && from.channels % node.groups != 0)
      return "groups must divide the input width";
    if (!node.one_group_per_channel && channels % node.groups != 0)
      return "groups must divide the output width";
    return stride(node, from, channels, out);
  }
  std::string_view pool(const Node& node, Shape& out) const {
    if (node.kernel % 2 == 0 && node.stride != node.kernel)
      return "an even kernel needs an equal stride";
    return stride(node, in(node, 0), in(node, 0).channels, out);
  }
  std::string_view dense(const Node& node, Shape& out) const {
    const std::int32_t features = width(node.width);
    out = {features, 1, 1};
    return features <= 0 ? "a width must come out as a whole number from 1 to 65536" : kKept;
  }
  std::string_view slice(const Node& node, Shape& out) const {
    const Shape& from = in(node, 0);
    const std::int64_t begin = whole(node.slice_begin * from.channels);
    const std::int64_t end = whole(node.slice_end * from.channels);
    if (begin < 0 || end < 0) return "the split must give whole widths";
    if (end <= begin || end > from.channels) return "the split must give every branch a width";
    out = {static_cast<int>(end - begin), from.height, from.width};
    return kKept;
  }
  std::string_view upsample(const Node& node, Shape& out) const {
    const Shape& from = in(node, 0);
    const std::int64_t height = std::int64_t{from.height} * node.factor;
    const std::int64_t wide = std::int64_t{from.width} * node.factor;
    if (height > kMaxSide || wide > kMaxSide) return "a map's sides are at most 65536";
    out = {from.channels, static_cast<int>(height), static_cast<int>(wide)};
    return out.elements() > kMaxElements ? "a map has at most 2^30 elements" : kKept;
  }
  std::string_view same(const Node& node, Shape& out) const {
    out = in(node, 0);
    if (node.kind == Node::Kind::Shuffle && out.channels % node.groups != 0)
      return "groups must divide the width that is shuffled";
    if (node.stride != 1) return "no operator here can take the module's stride";
    return kKept;
  }
  std::string_view add(const Node& node, Shape& out) const {
    out = in(node, 0);
    for (std::int32_t i = 1; i < node.input_count; ++i) {
      if (in(node, i).channels != out.channels)
        return "branches that are added must be equally wide";
      if (!(in(node, i) == out)) return "branches that are joined must have maps of one size";
    }
    return kKept;
  }
  std::string_view concat(const Node& node, Shape& out) const {
    out = in(node, 0);
    std::int64_t channels = out.channels;
    for (std::int32_t i = 1; i < node.input_count; ++i) {
      const Shape& other = in(node, i);
      if (other.height != out.height || other.width != out.width)
        return "branches that are joined must have maps of one size";
      channels += other.channels;
    }
    if (channels > kMaxChannels) return "a tensor has at most 65536 channels";
    out.channels = static_cast<int>(channels);
    return out.elements() > kMaxElements ? "a map has at most 2^30 elements" : kKept;
  }
  std::string_view shortcut(const Node& node, Shape& out) const {
    out = in(node, 0);
    const Shape& from = in(node, 1);
    if (node.shortcut != Node::ShortcutMode::Projection || from == out) return kKept;
    Shape projected;
    const std::string_view broken = stride(node, from, out.channels, projected);
    if (!broken.empty()) return broken;
    return projected == out ? kKept : "the shortcut's map must be as large as the chain's";
  }
  std::string_view gather(const Node& node, Shape& out) const {
    out = in(node, 0);
    for (std::int32_t i = 1; i < node.input_count; ++i)
      if (in(node, i).height < out.height || in(node, i).width < out.width)
        return "an earlier map must be no smaller than the one that it joins";
    return kKept;
  }

  const Structure& structure_;
  const std::vector<Decision>& decisions_;
  const Assignment& assignment_;
  std::vector<Shape>& shapes_;
};

}  // namespace

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
    const std::string_view broken = resolution.resolve(structure.nodes[i], shapes[i]);
    if (broken.empty()) continue;
    if (broken_node != nullptr) *broken_node = static_cast<std::int32_t>(i);
    return broken;
  }
  return {};
}

}  // namespace atto::net
