// Nodes in whole numbers, by the rule of lowering/quantisation.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "design_specs/errors.hpp"
#include "export/c/steps.hpp"
#include "export/lowering/pack_int8.hpp"

namespace atto::deploy::c {
namespace {

constexpr float kFar = std::numeric_limits<float>::max();
/// Kernels read words: so many weights may lie behind the last.
constexpr std::size_t kBehindWeights = 3;
/// What the trick of kernel_rounded() holds, with room for a residual.
constexpr double kRoundable = 1 << 21;

/// Pixels that a convolution takes together: their columns are in scratch memory, and weights are
/// made ready for all of them at once.
std::uint64_t tile_of(std::uint64_t depth, const net::Shape& out) {
  const auto pixels =
      static_cast<std::uint64_t>(out.height) * static_cast<std::uint64_t>(out.width);
  const std::uint64_t most = std::clamp<std::uint64_t>(10240 / depth, 4, 40);
  const std::uint64_t tiles = (pixels + most - 1) / most;
  return ((pixels + tiles - 1) / tiles + 3) / 4 * 4;
}
/// As the kernel's comment says; both ways to compute it fit.
std::uint64_t conv_scratch(std::uint64_t depth, const net::Shape& out) {
  const std::uint64_t rounded = (depth + 3) / 4 * 4;
  return rounded * (2 * tile_of(depth, out) + 10) + 16;
}
std::uint64_t depthwise_scratch(const FusedConv& conv, const net::Shape& out) {
  const net::WindowSide rows = net::rows_of(conv), columns = net::columns_of(conv);
  const int height = (out.height - 1) * rows.stride + rows.extent();
  const int width = ((out.width - 1) * columns.stride + columns.extent() + 1) / 2 * 2;
  return static_cast<std::uint64_t>(4 * std::max(out.width, 64) + 16) +
         2 * static_cast<std::uint64_t>(height) * static_cast<std::uint64_t>(width);
}
/// Whether a convolution is a dense layer: of one pixel.
bool is_dense(const FusedConv& conv, const net::Shape& in, const net::Shape& out) {
  return !conv.is_transposed && conv.groups == 1 && conv.kernel == net::Sides(1) &&
         in.height * in.width == 1 && out.height * out.width == 1;
}

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

std::int64_t plane(const net::Shape& shape) {
  return std::int64_t{shape.height} * shape.width;
}

/// The byte that a bound becomes: rounding keeps order, so that bytes may be clamped instead.
int byte_of(float bound, int zero_point) {
  return static_cast<int>(
      std::clamp(std::nearbyint(bound) + static_cast<float>(zero_point), 0.0F, 255.0F));
}

/// The value of a kernel_i8_to.
std::string to_value(net::Activation activation, const TensorQuantisation& to) {
  const ClampBounds bounds = clamp_bounds(activation, to.scale);
  return fmt::format("{{{}, {}, {}}}", to.zero_point, byte_of(bounds.low, to.zero_point),
                     byte_of(bounds.high, to.zero_point));
}

class I8Steps final : public Steps {
 public:
  I8Steps(const FusedNetwork& network, const Quantisation& quantisation, SourceText& text)
      : network_(network), quantisation_(quantisation), text_(text) {}

  Room room(std::size_t index) const override {
    const FusedNode& of = network_.nodes[index];
    Room room{static_cast<std::uint64_t>(of.shape.elements()), 0, {}};
    std::visit(Rooms{network_, of, room}, of.op);
    return room;
  }

  void write(std::size_t index, const TensorPlaces& places) override {
    index_ = index;
    places_ = &places;
    std::visit(*this, node().op);
  }

  void write_output(int of, std::int64_t first, const TensorPlaces& places) override {
    const FusedNode& made = network_.nodes[at(of)];
    const bool is_softmax = std::holds_alternative<net::Softmax>(made.op);
    const auto from = at(is_softmax ? made.inputs[0] : of);
    const TensorQuantisation& parameters = quantisation_.tensors[from];
    call("i8_outputs", "arena + {}, {}, {}, {}, outputs + {}", places.tensors[from],
         made.shape.elements(), parameters.zero_point, literal(parameters.scale), first);
    if (is_softmax)
      call("softmax", "outputs + {0}, {1}, {2}, outputs + {0}", first, made.shape.channels,
           plane(made.shape));
  }

  std::string from_pixels(std::span<const float> scale, std::span<const float> shift,
                          const TensorPlaces& places) override {
    const net::Shape& shape = network_.nodes[0].shape;
    std::vector<std::uint8_t> tables;
    for (std::size_t c = 0; c < scale.size(); ++c)
      for (int pixel = 0; pixel < 256; ++pixel) {
        const float value = static_cast<float>(pixel) * scale[c] + shift[c];
        tables.push_back(static_cast<std::uint8_t>(
            byte_of(value / quantisation_.tensors[0].scale, quantisation_.tensors[0].zero_point)));
      }
    return fmt::format("{}(pixels, {}, {}, {}, arena + {});", text_.kernel("i8_pixels"),
                       plane(shape), shape.channels,
                       text_.array("uint8_t", std::span<const std::uint8_t>(tables)),
                       places.tensors[0]);
  }
  std::string from_values(const TensorPlaces& places) override {
    const std::string function = text_.kernel("i8_values");
    const TensorQuantisation& to = quantisation_.tensors[0];
    return fmt::format("{}(image, {}, {}, &{}, arena + {});", function,
                       network_.nodes[0].shape.elements(), literal(to.scale),
                       structure("i8_to", to_value(net::Activation::None, to), 12),
                       places.tensors[0]);
  }

  void operator()(const FusedInput& /*op*/) {}
  void operator()(const FusedConv& op) {
    if (is_dense(op, shape(0), node().shape)) return dense();
    const std::string window = this->window(window_value(op, shape(0), node().shape));
    const std::string layer = this->layer();
    if (op.is_transposed)
      return call("i8_deconv", "&{}, &{}, {}, {}", window, layer, src(0), dst());
    const std::string scratch = place(places_->scratch[index_]);
    if (is_depthwise(op, shape(0)))
      return call("i8_depthwise", "&{}, &{}, {}, {}, {}, {}", window, layer, src(0), residual(),
                  dst(), scratch);
    const std::uint64_t depth = op.weights.size() / op.bias.size();
    call("i8_conv", "&{}, &{}, {}, {}, {}, {}, {}", window, layer, src(0), residual(), dst(),
         tile_of(depth, node().shape), scratch);
  }
  void operator()(const FusedDense& /*op*/) { dense(); }
  void operator()(const FusedActivate& /*op*/) {
    const auto table = int8_table(node().activation, from(0), to());
    call("i8_table", "{}, {}, {}, {}", src(0), node().shape.elements(),
         text_.array("uint8_t", std::span<const std::uint8_t>(table)), dst());
  }
  void operator()(const FusedAdd& /*op*/) {
    text_.kernel("i8_add");
    std::vector<std::string> terms;
    for (std::size_t i = 0; i < node().inputs.size(); ++i)
      terms.push_back(fmt::format("{{{}, {}, {}}}", places_->tensors[at(node().inputs[i])],
                                  from(i).zero_point, factor(from(i).scale, 1)));
    call("i8_add", "arena, {}, {}, {}, &{}, {}", text_.array("i8_term", terms, 12), terms.size(),
         node().shape.elements(), structure("i8_to", to_value(node().activation, to()), 12), dst());
  }
  void operator()(const FusedMultiply& /*op*/) {
    text_.kernel("i8_multiply");
    const float most = 255.0F * 255.0F * multiplier(from(0).scale, from(1).scale, to().scale);
    const bool is_simple = takes_all(node().activation) && most < kRoundable;
    const std::string scaling = fmt::format(
        "{{{}, {}, {}, {}, {}}}", from(0).zero_point, from(1).zero_point,
        factor(from(0).scale, from(1).scale), to_value(node().activation, to()), is_simple ? 1 : 0);
    call("i8_multiply", "&{}, {}, {}, {}, {}, {}", structure("i8_scaling", scaling, 28), src(0),
         src(1), shape(1).elements(), shape(0).elements() / shape(1).elements(), dst());
  }
  void operator()(const FusedChannels& op) {
    text_.kernel("i8_gather");
    std::vector<std::uint8_t> tables;
    std::vector<int> table_of;  // by input
    for (std::size_t i = 0; i < node().inputs.size(); ++i) {
      // One that changes nothing is there all the same: the file's size must not depend on weights.
      const bool is_same = from(i).scale == to().scale && from(i).zero_point == to().zero_point;
      table_of.push_back(is_same ? -1 : static_cast<int>(i));
      for (int q = 0; q < 256; ++q)
        tables.push_back(static_cast<std::uint8_t>(byte_of(
            static_cast<float>(q - from(i).zero_point) * multiplier(from(i).scale, 1, to().scale),
            to().zero_point)));
    }
    std::vector<std::string> planes;
    for (const ChannelSource& source : op.sources)
      planes.push_back(fmt::format(
          "{{{}, {}}}",
          static_cast<std::int64_t>(places_->tensors[at(node().inputs[at(source.input)])]) +
              source.channel * plane(node().shape),
          table_of[at(source.input)]));
    call("i8_gather", "arena, {}, {}, {}, {}, {}", text_.array("i8_plane", planes, 8),
         planes.size(), plane(node().shape),
         text_.array("uint8_t", std::span<const std::uint8_t>(tables)), dst());
  }
  void operator()(const net::Pool& op) {
    const std::string value =
        window_value(shape(0), node().shape, 1, net::rows_of(op), net::columns_of(op));
    if (op.kind == net::Pool::Kind::Max)
      call("i8_max_pool", "&{}, {}, {}", window(value), src(0), dst());
    else
      call("i8_average_pool", "&{}, &{}, {}, {}", window(value), mean(), src(0), dst());
  }
  void operator()(const net::PoolTo& /*op*/) { pool_to(); }
  void operator()(const net::GlobalAveragePool& /*op*/) { pool_to(); }
  void operator()(const net::Upsample& op) {
    if (op.mode == net::Upsample::Mode::Nearest)
      return call("i8_upsample", "&{}, {}, {}, {}", shapes_alone(), op.factor, src(0), dst());
    call("i8_bilinear", "&{}, {}, &{}, {}, {}", shapes_alone(), op.factor,
         structure("i8_to", to_value(net::Activation::None, to()), 12), src(0), dst());
  }
  void operator()(const net::LayerNorm& /*op*/) {
    text_.kernel("i8_layer_norm");
    const double count = node().shape.channels;
    const double epsilon = 1e-6 * (count / from(0).scale) * (count / from(0).scale);
    const std::string norm =
        fmt::format("{{{}, {}, {}, {}}}", from(0).zero_point, literal(epsilon),
                    literal(double{to().scale}), to_value(net::Activation::None, to()));
    call("i8_layer_norm", "&{}, {}, {}, {}, {}", structure("i8_norm", norm, 40), src(0),
         node().shape.channels, plane(node().shape), dst());
  }
  void operator()(const net::Softmax& /*op*/) {}  // an output of the network, which makes it

 private:
  /// What a node asks for beside its tensor.
  struct Rooms {
    const FusedNetwork& network;
    const FusedNode& node;
    Room& room;

    void operator()(const FusedConv& op) const {
      const net::Shape& in = network.nodes[at(node.inputs[0])].shape;
      if (op.is_transposed) return;
      const std::uint64_t depth = op.weights.size() / static_cast<std::size_t>(node.shape.channels);
      const bool by_planes = is_depthwise(op, in);
      if (is_dense(op, in, node.shape)) return over_residual();
      room.scratch =
          by_planes ? depthwise_scratch(op, node.shape) : conv_scratch(depth, node.shape);
      if (by_planes && node.shape.channels == in.channels && plane(node.shape) <= plane(in))
        room.over.push_back(node.inputs[0]);
      over_residual();
    }
    void operator()(const FusedDense& /*op*/) const { over_residual(); }
    void operator()(const FusedActivate& /*op*/) const { room.over = {node.inputs[0]}; }
    void operator()(const FusedAdd& /*op*/) const { room.over = node.inputs; }
    void operator()(const FusedMultiply& /*op*/) const {
      if (node.inputs[0] != node.inputs[1]) room.over = {node.inputs[0]};
    }
    void operator()(const net::LayerNorm& /*op*/) const { room.over = {node.inputs[0]}; }
    void operator()(const net::Softmax& /*op*/) const { room.bytes = 0; }
    template <class Other>
    void operator()(const Other& /*op*/) const {}

    void over_residual() const {
      if (node.residual >= 0 && node.residual != node.inputs[0]) room.over.push_back(node.residual);
    }
  };

  const FusedNode& node() const { return network_.nodes[index_]; }
  const net::Shape& shape(std::size_t i) const {
    return network_.nodes[at(node().inputs[i])].shape;
  }
  const TensorQuantisation& to() const { return quantisation_.tensors[index_]; }
  const TensorQuantisation& from(std::size_t i) const {
    return quantisation_.tensors[at(node().inputs[i])];
  }
  static std::string place(std::uint64_t offset) { return fmt::format("arena + {}", offset); }
  std::string tensor(int of) const { return place(places_->tensors[at(of)]); }
  std::string src(std::size_t i) const { return tensor(node().inputs[i]); }
  std::string dst() const { return place(places_->tensors[index_]); }
  std::string residual() const { return node().residual < 0 ? "NULL" : tensor(node().residual); }

  template <class... Values>
  void call(const std::string& kernel, const char* arguments, const Values&... values) {
    text_.call(kernel, fmt::format(fmt::runtime(arguments), values...));
  }

  /// A factor of the arithmetic, as C.
  std::string factor(float scale, float other) const {
    return literal(finite(multiplier(scale, other, to().scale)));
  }
  float finite(float value) const {
    if (!std::isfinite(value))
      throw SpecError(
          {{network_.name, node().name, "int8 needs scales whose ratio is finite", ""}});
    return value;
  }

  std::string structure(const char* type, const std::string& value, std::size_t bytes) {
    return text_.structure(type, value, bytes);
  }
  std::string window(const std::string& value) { return text_.window(value); }
  std::string shapes_alone() { return window(window_value(shape(0), node().shape, 1, {}, {})); }

  void dense() {
    call("i8_dense", "&{}, {}, {}, {}, {}, {}", layer(), shape(0).elements(), node().shape.channels,
         src(0), residual(), dst());
  }
  std::string mean() {
    text_.kernel("i8_mean.h");
    return structure("i8_mean",
                     fmt::format("{{{}, {}, {}}}", from(0).zero_point, factor(from(0).scale, 1),
                                 to_value(net::Activation::None, to())),
                     20);
  }
  void pool_to() { call("i8_pool_to", "&{}, &{}, {}, {}", shapes_alone(), mean(), src(0), dst()); }

  /// The biases of a layer, and how large its sums can become.
  struct Biases {
    std::vector<std::int32_t> values;
    std::vector<double> largest;
  };
  /// With the share of the input's zero point; a deconv's without.
  Biases biases() const {
    const WeightQuantisation& of = quantisation_.weights[index_];
    const std::size_t each = of.weights.size() / of.bias.size();
    const auto* conv = std::get_if<FusedConv>(&node().op);
    const bool is_transposed = conv != nullptr && conv->is_transposed;
    Biases made;
    for (std::size_t o = 0; o < of.bias.size(); ++o) {
      std::int64_t sum = 0, size = 0;
      for (std::size_t i = 0; i < each; ++i) {
        sum += of.weights[o * each + i];
        size += std::abs(int{of.weights[o * each + i]});
      }
      const std::int64_t bias = of.bias[o] - (is_transposed ? 0 : from(0).zero_point * sum);
      const std::int64_t largest = std::abs(bias) + 255 * size;
      if (largest > std::numeric_limits<std::int32_t>::max())
        throw SpecError(
            {{network_.name, node().name, "int8 needs sums that stay inside of 32 bits", ""}});
      made.values.push_back(static_cast<std::int32_t>(bias));
      made.largest.push_back(static_cast<double>(largest));
    }
    return made;
  }

  /// Whether a clamp leaves all bytes.
  bool takes_all(net::Activation activation) const {
    const ClampBounds bounds = clamp_bounds(activation, to().scale);
    return byte_of(bounds.low, to().zero_point) == 0 &&
           byte_of(bounds.high, to().zero_point) == 255;
  }

  /// Whether kernels need no clamp but that of bytes; see i8_layer.h.
  bool is_simple(const std::vector<double>& largest, const std::vector<float>& factors) const {
    const bool joins = node().residual >= 0;
    if (!takes_all(joins ? node().joined_activation : node().activation)) return false;
    if (joins && node().activation != net::Activation::None) return false;
    double added = 0;
    if (joins)
      added = 255.0 * multiplier(quantisation_.tensors[at(node().residual)].scale, 1, to().scale);
    for (std::size_t o = 0; o < largest.size(); ++o)
      if (!(largest[o] * factors[o] + added < kRoundable)) return false;
    return true;
  }

  std::string join() {
    if (node().residual < 0) return "NULL";
    const ClampBounds bounds = clamp_bounds(node().activation, to().scale);
    const TensorQuantisation& other = quantisation_.tensors[at(node().residual)];
    return "&" + structure("i8_join",
                           fmt::format("{{{}, {}, {}, {}}}", literal(std::max(bounds.low, -kFar)),
                                       literal(std::min(bounds.high, kFar)), factor(other.scale, 1),
                                       other.zero_point),
                           16);
  }

  std::string layer() {
    text_.kernel("i8_layer.h");
    const WeightQuantisation& of = quantisation_.weights[index_];
    std::vector<std::int8_t> weights = of.weights;
    weights.resize(weights.size() + kBehindWeights);
    std::vector<float> factors;
    for (const float scale : of.scales)
      factors.push_back(finite(multiplier(from(0).scale, scale, to().scale)));
    const Biases biases = this->biases();
    const std::string value = fmt::format(
        "{{{}, {}, {}, {}, {}, {}, {}}}",
        text_.array("int8_t", std::span<const std::int8_t>(weights)),
        text_.array("int32_t", std::span<const std::int32_t>(biases.values)),
        text_.array("float", std::span<const float>(factors)), from(0).zero_point,
        to_value(node().residual < 0 ? node().activation : node().joined_activation, to()), join(),
        is_simple(biases.largest, factors) ? 1 : 0);
    return structure("i8_layer", value, 36);
  }

  const FusedNetwork& network_;
  const Quantisation& quantisation_;
  SourceText& text_;
  const TensorPlaces* places_ = nullptr;
  std::size_t index_ = 0;
};

}  // namespace

std::unique_ptr<Steps> i8_steps(const FusedNetwork& network, const Quantisation& quantisation,
                                SourceText& text) {
  return std::make_unique<I8Steps>(network, quantisation, text);
}

}  // namespace atto::deploy::c
