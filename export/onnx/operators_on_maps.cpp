// Convolution, pooling, batch norm and matrix products. What writes them stands behind what runs
// them; graphs write those with weights.
#include <algorithm>

#include "design_specs/errors.hpp"
#include "export/onnx/layer_nodes.hpp"
#include "export/onnx/operators.hpp"
#include "export/reference/plain_ops.hpp"

namespace atto::deploy::onnx {
namespace {

int narrow(std::int64_t value) {
  return static_cast<int>(value);
}

net::Shape shape_of(const Sides& dims) {
  return {narrow(dims.at(1)), dims.size() > 2 ? narrow(dims[2]) : 1,
          dims.size() > 3 ? narrow(dims[3]) : 1};
}

std::span<const float> image(const Array& array, std::int64_t index, std::int64_t elements) {
  return {array.values.data() + index * elements, static_cast<std::size_t>(elements)};
}

/// Makes the output image by image.
template <class Make>
Array by_image(const Array& src, Sides dims, Make&& make) {
  dims[0] = src.dims.at(0);
  Array dst{dims, std::vector<float>(static_cast<std::size_t>(elements_of(dims))), {}};
  const std::int64_t in = elements_of(std::span(src.dims).subspan(1));
  const std::int64_t out = elements_of(std::span(dims).subspan(1));
  for (std::int64_t n = 0; n < dims[0]; ++n)
    make(image(src, n, in),
         std::span<float>(dst.values.data() + n * out, static_cast<std::size_t>(out)));
  return dst;
}

/// The window of a convolution or pooling node, and the sides of what it makes.
struct Sliding {
  plain::Window window;
  net::Shape out;
};

Sliding sliding(const NodeArguments& arguments, const net::Shape& in, int channels, Sides kernel) {
  kernel = arguments.wholes("kernel_shape", kernel);
  const Sides strides = arguments.wholes("strides", {1, 1}),
              dilations = arguments.wholes("dilations", {1, 1}),
              pads = arguments.wholes("pads", {0, 0, 0, 0});
  const auto side = [&](std::size_t axis, int from) {
    return narrow((from + pads[axis] + pads[axis + 2] - dilations[axis] * (kernel[axis] - 1) - 1) /
                      strides[axis] +
                  1);
  };
  return {{narrow(kernel.at(0)), narrow(kernel.at(1)), narrow(strides[0]), narrow(strides[1]),
           narrow(dilations[0]), narrow(dilations[1]), narrow(pads[0]), narrow(pads[1])},
          {channels, side(0, in.height), side(1, in.width)}};
}

Array conv(const NodeArguments& arguments) {
  const Array &src = arguments.in(0), &weights = arguments.in(1);
  const net::Shape in = shape_of(src.dims);
  const Sliding made =
      sliding(arguments, in, narrow(weights.dims.at(0)), {weights.dims.at(2), weights.dims.at(3)});
  const std::span<const float> bias =
      arguments.has(2) ? std::span<const float>(arguments.in(2).values) : std::span<const float>();
  return by_image(src, {0, made.out.channels, made.out.height, made.out.width},
                  [&](std::span<const float> from, std::span<float> to) {
                    plain::conv(from, in, weights.values, bias, narrow(arguments.whole("group", 1)),
                                made.window, made.out, to);
                  });
}

Array pool(const NodeArguments& arguments) {
  const Array& src = arguments.in(0);
  const net::Shape in = shape_of(src.dims);
  const Sliding made = sliding(arguments, in, in.channels, {});
  const bool is_max = arguments.node.op == "MaxPool";
  if (!is_max && arguments.whole("count_include_pad", 0) != 0)
    throw InternalError(arguments.node.name + ": padding is never counted");
  return by_image(src, {0, in.channels, made.out.height, made.out.width},
                  [&](std::span<const float> from, std::span<float> to) {
                    (is_max ? plain::max_pool : plain::average_pool)(from, in, made.window,
                                                                     made.out, to);
                  });
}

Array global_average_pool(const NodeArguments& arguments) {
  const Array& src = arguments.in(0);
  const net::Shape in = shape_of(src.dims), out{in.channels, 1, 1};
  return by_image(src, {0, in.channels, 1, 1},
                  [&](std::span<const float> from, std::span<float> to) {
                    plain::adaptive_average_pool(from, in, out, to);
                  });
}

Array batch_normalization(const NodeArguments& arguments) {
  const Array& src = arguments.in(0);
  const plain::Normalisation norm{arguments.in(1).values, arguments.in(2).values,
                                  arguments.in(3).values, arguments.in(4).values,
                                  arguments.number("epsilon", 1e-5F)};
  const net::Shape in = shape_of(src.dims);
  return by_image(src, src.dims, [&](std::span<const float> from, std::span<float> to) {
    plain::batch_norm(from, in, norm, to);
  });
}

Array softmax(const NodeArguments& arguments) {
  if (arguments.whole("axis", -1) != 1)
    throw InternalError(arguments.node.name + ": axis must be 1");
  const Array& src = arguments.in(0);
  const net::Shape in = shape_of(src.dims);
  return by_image(src, src.dims, [&](std::span<const float> from, std::span<float> to) {
    plain::softmax(from, in, to);
  });
}

/// Transposed convolution whose windows do not meet; weights [I, O, k, k].
Array conv_transpose(const NodeArguments& arguments) {
  const Array &src = arguments.in(0), &weights = arguments.in(1);
  const net::Shape in = shape_of(src.dims);
  const int kernel = narrow(weights.dims.at(2)), outputs = narrow(weights.dims.at(1));
  if (arguments.wholes("strides", {}) != Sides{kernel, kernel})
    throw InternalError(arguments.node.name + ": the stride must be the kernel");
  const std::size_t taps = static_cast<std::size_t>(kernel) * static_cast<std::size_t>(kernel);
  std::vector<float> turned;  // [O, I, k, k]
  for (int o = 0; o < outputs; ++o)
    for (int i = 0; i < in.channels; ++i) {
      const auto first = weights.values.begin() +
                         (std::ptrdiff_t{i} * outputs + o) * static_cast<std::ptrdiff_t>(taps);
      turned.insert(turned.end(), first, first + static_cast<std::ptrdiff_t>(taps));
    }
  const std::vector<float> bias = arguments.has(2) ? arguments.in(2).values : std::vector<float>();
  return by_image(src, {0, outputs, in.height * kernel, in.width * kernel},
                  [&](std::span<const float> from, std::span<float> to) {
                    plain::deconv(from, in, turned, bias, kernel, to);
                  });
}

/// Over the channels, which stay as one.
Array reduce_mean(const NodeArguments& arguments) {
  if (arguments.wholes("axes", {}) != Sides{1})
    throw InternalError(arguments.node.name + ": axes must be 1");
  const Array& src = arguments.in(0);
  const net::Shape in = shape_of(src.dims);
  const std::size_t plane =
      static_cast<std::size_t>(in.height) * static_cast<std::size_t>(in.width);
  return by_image(src, {0, 1, in.height, in.width},
                  [&](std::span<const float> from, std::span<float> to) {
                    for (std::size_t p = 0; p < plane; ++p) {
                      double sum = 0;
                      for (std::size_t i = p; i < from.size(); i += plane) sum += from[i];
                      to[p] = static_cast<float>(sum / in.channels);
                    }
                  });
}

Array gemm(const NodeArguments& arguments) {
  if (arguments.whole("transB", 0) != 1)
    throw InternalError(arguments.node.name + ": transB must be 1");
  const Array &src = arguments.in(0), &weights = arguments.in(1);
  return by_image(src, {0, weights.dims.at(0)},
                  [&](std::span<const float> from, std::span<float> to) {
                    plain::dense(from, weights.values, arguments.in(2).values, to);
                  });
}

/// Products of the last two sides; one operand is a plain matrix, shared by all of the other's.
Array mat_mul(const NodeArguments& arguments) {
  const Array &a = arguments.in(0), &b = arguments.in(1);
  const auto rows = a.dims.end()[-2], inner = a.dims.end()[-1], columns = b.dims.end()[-1];
  const bool shares_left = a.dims.size() == 2;
  Array dst{shares_left ? b.dims : a.dims, {}, {}};
  dst.dims.end()[-2] = rows;
  dst.dims.end()[-1] = columns;
  const std::int64_t matrices = elements_of(dst.dims) / (rows * columns);
  for (std::int64_t m = 0; m < matrices; ++m)
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < columns; ++c) {
        const float* left = a.values.data() + ((shares_left ? 0 : m * rows) + r) * inner;
        const float* right = b.values.data() + (shares_left ? m * inner * columns : 0) + c;
        double sum = 0;
        for (std::int64_t i = 0; i < inner; ++i) sum += double{left[i]} * right[i * columns];
        dst.values.push_back(static_cast<float>(sum));
      }
  return dst;
}

/// [to, from]: the share of every source place in every cell of adaptive average pooling.
std::vector<float> shares(int from, int to, bool is_transposed) {
  std::vector<float> matrix(static_cast<std::size_t>(from) * static_cast<std::size_t>(to));
  for (int cell = 0; cell < to; ++cell) {
    const auto begin = static_cast<int>(std::int64_t{cell} * from / to);
    const auto end = static_cast<int>((std::int64_t{cell + 1} * from + to - 1) / to);
    for (int place = begin; place < end; ++place)
      matrix[static_cast<std::size_t>(is_transposed ? place * to + cell : cell * from + place)] =
          1.0F / static_cast<float>(end - begin);
  }
  return matrix;
}

constexpr NamedOperator kOperators[] = {{"Conv", conv},
                                        {"ConvTranspose", conv_transpose},
                                        {"ReduceMean", reduce_mean},
                                        {"MaxPool", pool},
                                        {"AveragePool", pool},
                                        {"GlobalAveragePool", global_average_pool},
                                        {"BatchNormalization", batch_normalization},
                                        {"Softmax", softmax},
                                        {"Gemm", gemm},
                                        {"MatMul", mat_mul}};

}  // namespace

std::string write(GraphBuilder& graph, const LayerSite& site, const net::Pool& op) {
  std::map<std::string, Attribute> attributes = window_attributes(op, site.from[0]);
  const bool is_max = op.kind == net::Pool::Kind::Max;
  if (!is_max) attributes["count_include_pad"] = std::int64_t{0};
  return graph.add(is_max ? "MaxPool" : "AveragePool", site.name, site.inputs,
                   std::move(attributes), site.claimed);
}

std::string write(GraphBuilder& graph, const LayerSite& site, const net::PoolTo& /*op*/) {
  const net::Shape &from = site.from[0], &to = site.out;
  if (from.height % to.height == 0 && from.width % to.width == 0) {
    const Sides cell = {from.height / to.height, from.width / to.width};
    return graph.add("AveragePool", site.name, {site.inputs[0]},
                     {{"kernel_shape", cell}, {"strides", cell}}, site.claimed);
  }
  const std::string narrow = graph.add(
      "MatMul", site.name + "/columns",
      {site.inputs[0], graph.constant(site.name + "/column_shares",
                                      shares(from.width, to.width, true), {from.width, to.width})});
  return graph.add("MatMul", site.name,
                   {graph.constant(site.name + "/row_shares", shares(from.height, to.height, false),
                                   {to.height, from.height}),
                    narrow},
                   {}, site.claimed);
}

std::string write(GraphBuilder& graph, const LayerSite& site,
                  const net::GlobalAveragePool& /*op*/) {
  return graph.add("GlobalAveragePool", site.name, site.inputs, {}, site.claimed);
}

std::string write(GraphBuilder& graph, const LayerSite& site, const net::Softmax& /*op*/) {
  return graph.add("Softmax", site.name, site.inputs, {{"axis", std::int64_t{1}}}, site.claimed);
}

std::span<const NamedOperator> map_operators() {
  return kOperators;
}

}  // namespace atto::deploy::onnx
