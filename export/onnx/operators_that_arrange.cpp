// Operators that only move values. What writes them stands behind what runs them.
#include <algorithm>

#include "design_specs/errors.hpp"
#include "export/onnx/layer_nodes.hpp"
#include "export/onnx/operators.hpp"
#include "export/reference/plain_ops.hpp"

namespace atto::deploy::onnx {
namespace {

Array identity(const NodeArguments& arguments) {
  return arguments.in(0);
}

Array flatten(const NodeArguments& arguments) {
  Array dst = arguments.in(0);
  dst.dims = {dst.dims.at(0), elements_of(std::span(dst.dims).subspan(1))};
  return dst;
}

/// A side of 0 keeps the input's, one of -1 is what is left.
Array reshape(const NodeArguments& arguments) {
  Array dst = arguments.in(0);
  Sides dims = arguments.in(1).wholes;
  for (std::size_t i = 0; i < dims.size(); ++i)
    if (dims[i] == 0) dims[i] = dst.dims.at(i);
  if (const auto left = std::find(dims.begin(), dims.end(), -1); left != dims.end()) {
    *left = 1;
    *left = elements_of(dst.dims) / elements_of(dims);
  }
  if (elements_of(dims) != elements_of(dst.dims))
    throw InternalError(arguments.node.name + ": cannot take this shape");
  dst.dims = dims;
  return dst;
}

/// Writes to `dst`, whose sides are known, source element from(i) at each place i.
template <class From>
void move_values(const Array& src, Array& dst, From&& from) {
  const std::int64_t count = elements_of(dst.dims);
  for (std::int64_t i = 0; i < count; ++i)
    if (src.values.empty())
      dst.wholes.push_back(src.wholes[at(from(i))]);
    else
      dst.values.push_back(src.values[at(from(i))]);
}

Array transpose(const NodeArguments& arguments) {
  const Array& src = arguments.in(0);
  const Sides order = arguments.wholes("perm", {});
  Sides steps(src.dims.size(), 1);
  for (std::size_t i = src.dims.size() - 1; i-- > 0;) steps[i] = steps[i + 1] * src.dims[i + 1];
  Array dst;
  for (const std::int64_t axis : order) dst.dims.push_back(src.dims[at(axis)]);
  move_values(src, dst, [&](std::int64_t rest) {
    std::int64_t from = 0;
    for (std::size_t axis = order.size(); axis-- > 0; rest /= dst.dims[axis])
      from += rest % dst.dims[axis] * steps[at(order[axis])];
    return from;
  });
  return dst;
}

/// An axis that may count from the end.
std::size_t axis_of(std::int64_t axis, const Array& src) {
  return at(axis < 0 ? axis + static_cast<std::int64_t>(src.dims.size()) : axis);
}

/// Places along an axis, in the order of `places`.
Array picked(const Array& src, std::size_t axis, std::span<const std::int64_t> places) {
  const std::int64_t inner = elements_of(std::span(src.dims).subspan(axis + 1));
  const auto count = static_cast<std::int64_t>(places.size());
  Array dst{src.dims, {}, {}};
  dst.dims[axis] = count;
  move_values(src, dst, [&](std::int64_t i) {
    const std::int64_t outer = i / inner / count;
    return (outer * src.dims[axis] + places[at(i / inner % count)]) * inner + i % inner;
  });
  return dst;
}

Array concat(const NodeArguments& arguments) {
  const std::size_t axis = axis_of(arguments.whole("axis", 0), arguments.in(0));
  Array dst{arguments.in(0).dims, {}, {}};
  dst.dims[axis] = 0;
  for (std::size_t i = 0; i < arguments.inputs.size(); ++i)
    dst.dims[axis] += arguments.in(i).dims.at(axis);
  const std::int64_t outer = elements_of(std::span(dst.dims).first(axis));
  for (std::int64_t n = 0; n < outer; ++n)
    for (std::size_t i = 0; i < arguments.inputs.size(); ++i) {
      const Array& src = arguments.in(i);
      const std::int64_t each = elements_of(std::span(src.dims).subspan(axis));
      const auto append = [&](const auto& from, auto& to) {
        if (!from.empty())
          to.insert(to.end(), from.begin() + n * each, from.begin() + (n + 1) * each);
      };
      append(src.values, dst.values);
      append(src.wholes, dst.wholes);
    }
  return dst;
}

/// Of one axis, between places that are inside.
Array slice(const NodeArguments& arguments) {
  const std::size_t axis = axis_of(arguments.in(3).wholes.at(0), arguments.in(0));
  const std::int64_t begin = arguments.in(1).wholes.at(0), end = arguments.in(2).wholes.at(0);
  Sides places;
  for (std::int64_t i = begin; i < end; ++i) places.push_back(i);
  return picked(arguments.in(0), axis, places);
}

Array gather(const NodeArguments& arguments) {
  const Array& src = arguments.in(0);
  return picked(src, axis_of(arguments.whole("axis", 0), src), arguments.in(1).wholes);
}

/// Pads by 0 or by what is nearest.
Array pad(const NodeArguments& arguments) {
  const Array& src = arguments.in(0);
  const Sides& pads = arguments.in(1).wholes;
  const bool is_edge = arguments.text("mode", "constant") == "edge";
  Array dst;
  for (std::size_t i = 0; i < src.dims.size(); ++i)
    dst.dims.push_back(pads.at(i) + src.dims[i] + pads.at(i + src.dims.size()));
  const std::int64_t count = elements_of(dst.dims);
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t from = 0, rest = i, step = 1;
    bool is_inside = true;
    for (std::size_t axis = src.dims.size(); axis-- > 0; rest /= dst.dims[axis]) {
      const std::int64_t place = rest % dst.dims[axis] - pads[axis];
      const std::int64_t nearest = std::clamp<std::int64_t>(place, 0, src.dims[axis] - 1);
      is_inside = is_inside && place == nearest;
      from += nearest * step;
      step *= src.dims[axis];
    }
    const bool is_copied = is_inside || is_edge;
    if (src.values.empty())
      dst.wholes.push_back(is_copied ? src.wholes[at(from)] : 0);
    else
      dst.values.push_back(is_copied ? src.values[at(from)] : 0);
  }
  return dst;
}

/// By a whole factor: nearest neighbour, or linear between the middles of pixels.
Array resize(const NodeArguments& arguments) {
  const Array& src = arguments.in(0);
  const auto factor = static_cast<int>(arguments.in(2).values.at(2));
  const net::Shape in{static_cast<int>(src.dims.at(1)), static_cast<int>(src.dims.at(2)),
                      static_cast<int>(src.dims.at(3))};
  Array dst{{src.dims[0], src.dims[1], src.dims[2] * factor, src.dims[3] * factor}, {}, {}};
  dst.values.resize(at(elements_of(dst.dims)));
  const std::size_t each_in = at(in.elements()), each_out = each_in * at(factor) * at(factor);
  for (std::size_t n = 0; n < at(src.dims[0]); ++n)
    (std::get<std::string>(arguments.node.attributes.at("mode")) == "linear"
         ? plain::upsample_bilinear
         : plain::upsample_nearest)({src.values.data() + n * each_in, each_in}, in, factor,
                                    {dst.values.data() + n * each_out, each_out});
  return dst;
}

constexpr NamedOperator kOperators[] = {
    {"Identity", identity},   {"Flatten", flatten}, {"Reshape", reshape},
    {"Transpose", transpose}, {"Concat", concat},   {"Slice", slice},
    {"Gather", gather},       {"Pad", pad},         {"Resize", resize}};

}  // namespace

std::string write(GraphBuilder& graph, const LayerSite& site, const net::Concat& /*op*/) {
  return graph.add("Concat", site.name, site.inputs, {{"axis", std::int64_t{1}}}, site.claimed);
}

std::string write(GraphBuilder& graph, const LayerSite& site, const net::Slice& op) {
  return graph.add(
      "Slice", site.name,
      {site.inputs[0], graph.integers(site.name + "/starts", {op.begin}),
       graph.integers(site.name + "/ends", {op.end}), graph.integers(site.name + "/axes", {1})},
      {}, site.claimed);
}

std::string write(GraphBuilder& graph, const LayerSite& site, const net::Shuffle& op) {
  const net::Shape& shape = site.out;
  const std::string split = graph.add(
      "Reshape", site.name + "/split",
      {site.inputs[0],
       graph.integers(site.name + "/split.shape",
                      {0, op.groups, shape.channels / op.groups, shape.height, shape.width})});
  const std::string turned =
      graph.add("Transpose", site.name + "/turned", {split}, {{"perm", Sides{0, 2, 1, 3, 4}}});
  return graph.add("Reshape", site.name,
                   {turned, graph.integers(site.name + "/shape",
                                           {0, shape.channels, shape.height, shape.width})},
                   {}, site.claimed);
}

std::string write(GraphBuilder& graph, const LayerSite& site, const net::Upsample& op) {
  const auto factor = static_cast<float>(op.factor);
  const std::vector<float> scales = {1, 1, factor, factor};
  if (op.mode == net::Upsample::Mode::Bilinear)
    return graph.add("Resize", site.name,
                     {site.inputs[0], "", graph.constant(site.name + "/scales", scales, {4})},
                     {{"mode", std::string("linear")},
                      {"coordinate_transformation_mode", std::string("half_pixel")}},
                     site.claimed);
  return graph.add("Resize", site.name,
                   {site.inputs[0], "", graph.constant(site.name + "/scales", scales, {4})},
                   {{"mode", std::string("nearest")},
                    {"coordinate_transformation_mode", std::string("asymmetric")},
                    {"nearest_mode", std::string("floor")}},
                   site.claimed);
}

std::span<const NamedOperator> arrangement_operators() {
  return kOperators;
}

}  // namespace atto::deploy::onnx
