// Operators that only move values. What writes them stands behind what runs them.
#include <algorithm>

#include "design_specs/errors.hpp"
#include "export/onnx/layer_nodes.hpp"
#include "export/onnx/operators.hpp"
#include "export/reference/plain_ops.hpp"

namespace atto::deploy::onnx {
namespace {

using Sides = std::vector<std::int64_t>;

std::size_t at(std::int64_t index) {
  return static_cast<std::size_t>(index);
}

Array identity(const NodeArguments& arguments) {
  return arguments.in(0);
}

Array flatten(const NodeArguments& arguments) {
  Array dst = arguments.in(0);
  dst.dims = {dst.dims.at(0), elements_of(std::span(dst.dims).subspan(1))};
  return dst;
}

/// A side of 0 keeps the input's.
Array reshape(const NodeArguments& arguments) {
  Array dst = arguments.in(0);
  Sides dims = arguments.in(1).wholes;
  for (std::size_t i = 0; i < dims.size(); ++i)
    if (dims[i] == 0) dims[i] = dst.dims.at(i);
  if (elements_of(dims) != elements_of(dst.dims))
    throw InternalError(arguments.node.name + ": cannot take this shape");
  dst.dims = dims;
  return dst;
}

Array transpose(const NodeArguments& arguments) {
  const Array& src = arguments.in(0);
  const Sides order = arguments.wholes("perm", {});
  Sides steps(src.dims.size(), 1);
  for (std::size_t i = src.dims.size() - 1; i-- > 0;) steps[i] = steps[i + 1] * src.dims[i + 1];
  Array dst;
  for (const std::int64_t axis : order) dst.dims.push_back(src.dims[at(axis)]);
  dst.values.resize(src.values.size());
  for (std::size_t i = 0; i < dst.values.size(); ++i) {
    std::int64_t rest = static_cast<std::int64_t>(i), from = 0;
    for (std::size_t axis = order.size(); axis-- > 0; rest /= dst.dims[axis])
      from += rest % dst.dims[axis] * steps[at(order[axis])];
    dst.values[i] = src.values[at(from)];
  }
  return dst;
}

Array concat(const NodeArguments& arguments) {
  if (arguments.whole("axis", 0) != 1)
    throw InternalError(arguments.node.name + ": axis must be 1");
  Array dst{arguments.in(0).dims, {}, {}};
  dst.dims[1] = 0;
  for (std::size_t i = 0; i < arguments.inputs.size(); ++i)
    dst.dims[1] += arguments.in(i).dims.at(1);
  for (std::int64_t n = 0; n < dst.dims[0]; ++n)
    for (std::size_t i = 0; i < arguments.inputs.size(); ++i) {
      const Array& src = arguments.in(i);
      const std::int64_t each = elements_of(std::span(src.dims).subspan(1));
      dst.values.insert(dst.values.end(), src.values.begin() + n * each,
                        src.values.begin() + (n + 1) * each);
    }
  return dst;
}

Array slice(const NodeArguments& arguments) {
  if (arguments.in(3).wholes != Sides{1})
    throw InternalError(arguments.node.name + ": axes must be 1");
  const Array& src = arguments.in(0);
  const std::int64_t begin = arguments.in(1).wholes.at(0), end = arguments.in(2).wholes.at(0);
  const std::int64_t plane = elements_of(std::span(src.dims).subspan(2));
  Array dst{src.dims, {}, {}};
  dst.dims[1] = end - begin;
  for (std::int64_t n = 0; n < src.dims[0]; ++n) {
    const auto first = src.values.begin() + n * src.dims[1] * plane;
    dst.values.insert(dst.values.end(), first + begin * plane, first + end * plane);
  }
  return dst;
}

/// Places along axis 1.
Array gather(const NodeArguments& arguments) {
  if (arguments.whole("axis", 0) != 1)
    throw InternalError(arguments.node.name + ": axis must be 1");
  const Array& src = arguments.in(0);
  const Sides& places = arguments.in(1).wholes;
  const std::int64_t plane = elements_of(std::span(src.dims).subspan(2));
  Array dst{src.dims, {}, {}};
  dst.dims[1] = static_cast<std::int64_t>(places.size());
  for (std::int64_t n = 0; n < src.dims[0]; ++n)
    for (const std::int64_t place : places) {
      const auto first = src.values.begin() + (n * src.dims[1] + place) * plane;
      dst.values.insert(dst.values.end(), first, first + plane);
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
    {"Identity", identity}, {"Flatten", flatten}, {"Reshape", reshape}, {"Transpose", transpose},
    {"Concat", concat},     {"Slice", slice},     {"Gather", gather},   {"Resize", resize}};

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
