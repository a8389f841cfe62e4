#pragma once
// A prototype whose structure is decided, as a graph of language-level nodes whose widths are still
// expressions. Widths move over it cheaply: resolve() gives the shapes, realise() the network.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prototypes/language/decisions.hpp"
#include "prototypes/network/network.hpp"

namespace atto::net {

/// round(factor * base): base is a number, a width decision's value, or another node's width. With
/// round = 0 the product must be whole; else it is rounded to a multiple of `round`, at least one.
struct WidthExpression {
  static constexpr std::int32_t kClasses = 0;  ///< as a Fixed number: the network's classes
  enum class Base : std::uint8_t { Fixed, Decided, OfNode } base = Base::Fixed;
  std::int32_t index = kClasses;  ///< the number, the decision id, or the node index
  double factor = 1;
  std::int32_t round = 0;
  /// Applied to the base first, by the same rule: a relation to a width that is a relation itself.
  double inner_factor = 1;
  std::int32_t inner_round = 0;

  bool is_of_classes() const { return base == Base::Fixed && index == kClasses; }
  /// Whether it gives as many channels as there are classes, unscaled.
  bool is_classes() const {
    return is_of_classes() && factor == 1 && round <= 1 && inner_factor == 1 && inner_round <= 1;
  }
};

/// Returns round(factor * base) by the rule above, or 0 where the product is not whole, below 1 or
/// over 65536.
std::int32_t related_width(std::int32_t base, double factor, std::int32_t round);

struct Node {
  enum class Kind : std::uint8_t {
    Input,
    Unit,       ///< convolution, maybe with a bias, then maybe batch norm, then activation
    Operation,  ///< Node::op, one operation of the IR as it stands
    SqueezeExcite,
    Slice,
    Activate,
    Dense,
    Add,
    Concat,
    Shortcut,  ///< inputs (chain, module input): joins per `shortcut` where shapes allow
    /// Others averaged to the size of the main input; then all are joined in order: stacked, or
    /// the others projected to the main one's width and added.
    Gather,
    Merge,  ///< inputs (level, the one of half its sides above it): doubles the second and adds
    /// Where a part of a detector begins: hands on its first input, or crops of it. Its inputs are
    /// the levels that the part may be given.
    Border,
  } kind = Kind::Input;
  enum class ShortcutMode : std::uint8_t {
    None,
    Identity,
    Projection
  } shortcut = ShortcutMode::None;
  Op op = InputLayer{};                      ///< of an Operation alone
  Activation activation = Activation::None;  ///< after the unit, the join, or of Activate
  bool norm = true, bias = false;            ///< Unit: batch norm; a bias before it
  bool one_group_per_channel = false;        ///< Unit: depthwise
  bool is_transposed = false;                ///< Unit: a deconv
  Sides kernel = 1, stride = 1;
  std::int32_t groups = 1, dilation = 1;
  Padding padding = Padding::Same;
  std::int32_t reduction = 4, squeezed = 0;   ///< SqueezeExcite: channels inside, if not 0
  Activation gate = Activation::HardSigmoid;  ///< SqueezeExcite
  double slice_begin = 0, slice_end = 1;  ///< Slice: shares of the input's width, whole products
  std::int32_t main_input = 0;            ///< Gather: its number among the inputs
  bool concat = false;                    ///< Gather: stacked along channels, not added
  std::int32_t crop = 0;                  ///< Border: side of the crops; 0 = hands on
  WidthExpression width;                  ///< Unit and Dense
  std::int32_t first_input = 0, input_count = 0;  ///< in Structure::inputs
  std::int32_t place = 0;    ///< index into Prototype's table of places (layer names)
  std::int32_t module = -1;  ///< running number of the module it belongs to, or -1
  std::int32_t level = -1;   ///< of a pyramid, of whose chains every level has its own copy
};

/// A part of a detector: its nodes are those from `first_node` to that of the next part.
struct Part {
  std::int32_t first_node = 0, first_output = 0;  ///< in Structure::nodes, ::output_nodes
};
/// The parts of a detector, in order; the last may be missing.
enum class PartKind : std::uint8_t { Trunk, Proposal, Box, Mask };
inline constexpr std::array<std::string_view, 4> kPartNames = {"trunk", "proposals", "box", "mask"};

/// What a detector's structure knows of how its parts are run.
struct DetectorRun {
  std::int32_t proposals = 0, detections = 0;
  std::int32_t anchors = 1;  ///< of a cell
  std::int32_t cropped_levels = 1;
  bool mask_follows_box = false;
};

struct Structure {
  std::vector<Node> nodes;
  std::vector<std::int32_t> inputs;
  std::vector<std::int32_t> output_nodes;  ///< parallel to the prototype's output names
  /// The output node of every module that the prototype may have; -1 where it does not exist.
  std::vector<std::int32_t> module_nodes;
  std::vector<std::int32_t> ends;  ///< working memory of instantiate()
  std::vector<Part> parts;         ///< of a detector; none of one plain network
  DetectorRun run;                 ///< of a detector
  Shape input;
  int classes = 0;
  void clear() {
    nodes.clear();
    inputs.clear();
    output_nodes.clear();
    module_nodes.clear();
    ends.clear();
    parts.clear();
  }
};

/// What resolve() says of a pyramid whose levels do not fit into each other.
inline constexpr std::string_view kHalving =
    "the levels of a pyramid must halve in side from one to the next";

/// Computes every node's output shape under the assignment (widths must be decided). Returns "" or
/// the rule that is broken (groups that do not divide, a product that is not whole, an add of
/// different shapes, a stride below 1x1, ...) as a static text; `broken_node` then says where.
std::string_view resolve(const Structure& structure, const std::vector<Decision>& decisions,
                         const Assignment& assignment, std::vector<Shape>& shapes,
                         std::int32_t* broken_node = nullptr);

/// How often the layers of a part run, and what lives while they do.
struct PartLoad {
  std::int64_t times = 1;  ///< on inputs of the shape that the structure is resolved for
  /// Of a part that runs on levels of several sizes: pixels of the first, of all, and their number;
  /// 0 for other parts. A layer's map has the sides of its level, or is one pixel.
  std::int64_t first_pixels = 0, all_pixels = 0, levels = 0;
  std::int64_t kept_elements = 0;  ///< of the levels, beside the part's own tensors

  /// Returns the work of all runs for that of one layer, in one run on the first level.
  std::int64_t of(std::int64_t work, const Shape& map) const;
};
PartLoad load_of(const Structure& structure, std::span<const Shape> shapes, PartKind part);

}  // namespace atto::net
