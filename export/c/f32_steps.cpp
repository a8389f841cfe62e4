// Nodes in float32.
#include <fmt/format.h>

#include <limits>

#include "export/c/steps.hpp"

namespace atto::deploy::c {

bool is_depthwise(const FusedConv& conv, const net::Shape& in) {
  return conv.groups > 1 && conv.groups == in.channels;
}

std::uint64_t padded_plane(const FusedConv& conv, const net::Shape& out) {
  const auto side = [](const net::WindowSide& window, int outputs) {
    return static_cast<std::uint64_t>((outputs - 1) * window.stride + window.extent());
  };
  return side(net::rows_of(conv), out.height) * side(net::columns_of(conv), out.width);
}

std::string window_value(const FusedConv& conv, const net::Shape& in, const net::Shape& out) {
  return window_value(in, out, conv.groups, net::rows_of(conv), net::columns_of(conv));
}

namespace {

constexpr float kFar = std::numeric_limits<float>::max();
constexpr std::size_t kLayerBytes = 16;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

std::int64_t plane(const net::Shape& shape) {
  return std::int64_t{shape.height} * shape.width;
}

/// What a clamp keeps; of other activations all, for they follow.
std::pair<float, float> bounds_of(net::Activation kind) {
  if (kind == net::Activation::Relu) return {0, kFar};
  if (kind == net::Activation::Relu6) return {0, 6};
  return {-kFar, kFar};
}

bool is_clamp(net::Activation kind) {
  return kind == net::Activation::None || bounds_of(kind).first == 0;
}

class F32Steps final : public Steps {
 public:
  F32Steps(const FusedNetwork& network, SourceText& text) : network_(network), text_(text) {
    text_.kernel("f32_at");
  }

  Room room(std::size_t index) const override {
    const FusedNode& of = network_.nodes[index];
    Room room{4 * static_cast<std::uint64_t>(of.shape.elements()), 0, {}};
    std::visit(Rooms{network_, of, room}, of.op);
    return room;
  }

  void write(std::size_t index, const TensorPlaces& places) override {
    index_ = index;
    places_ = &places;
    std::visit(*this, node().op);
    if (!is_written_activated()) activate(node().activation);
    if (node().residual < 0) return;
    call("f32_add", "{}, {}, {}, {}", dst(), tensor(node().residual), node().shape.elements(),
         dst());
    activate(node().joined_activation);
  }

  void write_output(int of, std::int64_t first, const TensorPlaces& places) override {
    text_.call(fmt::format("memcpy(outputs + {}, arena + {}, {} * sizeof(float));", first,
                           places.tensors[at(of)], network_.nodes[at(of)].shape.elements()));
  }

  std::string from_pixels(std::span<const float> scale, std::span<const float> shift,
                          const TensorPlaces& places) override {
    const net::Shape& shape = network_.nodes[0].shape;
    return fmt::format("{}(pixels, {}, {}, {}, {}, {});", text_.kernel("f32_pixels"), plane(shape),
                       shape.channels, text_.array("float", scale), text_.array("float", shift),
                       place(places.tensors[0]));
  }
  std::string from_values(const TensorPlaces& places) override {
    return fmt::format("memcpy(arena + {}, image, {} * sizeof(float));", places.tensors[0],
                       network_.nodes[0].shape.elements());
  }

  void operator()(const FusedInput& /*op*/) {}
  void operator()(const FusedConv& op) {
    const std::string window = this->window(window_value(op, shape(0), node().shape));
    const std::string layer = this->layer(op.weights, op.bias);
    if (op.is_transposed)
      call("f32_deconv", "&{}, &{}, {}, {}", window, layer, src(0), dst());
    else
      call(is_depthwise(op, shape(0)) ? "f32_depthwise" : "f32_conv", "&{}, &{}, {}, {}, {}",
           window, layer, src(0), dst(), place(places_->scratch[index_]));
  }
  void operator()(const FusedDense& op) {
    call("f32_dense", "&{}, {}, {}, {}, {}", layer(op.weights, op.bias), shape(0).elements(),
         node().shape.channels, src(0), dst());
  }
  void operator()(const FusedActivate& /*op*/) {
    if (src(0) == dst()) return;
    text_.call(
        fmt::format("memcpy({}, {}, {} * sizeof(float));", dst(), src(0), node().shape.elements()));
  }
  void operator()(const FusedAdd& /*op*/) {
    std::string sum = src(0);
    for (std::size_t i = 1; i < node().inputs.size(); ++i) {
      call("f32_add", "{}, {}, {}, {}", sum, src(i), node().shape.elements(), dst());
      sum = dst();
    }
  }
  void operator()(const FusedMultiply& /*op*/) {
    call("f32_multiply", "{}, {}, {}, {}, {}", src(0), src(1), shape(1).elements(),
         shape(0).elements() / shape(1).elements(), dst());
  }
  void operator()(const FusedChannels& op) {
    std::vector<std::int32_t> places;
    const std::int64_t bytes = 4 * plane(node().shape);
    for (const ChannelSource& source : op.sources)
      places.push_back(static_cast<std::int32_t>(
          static_cast<std::int64_t>(places_->tensors[at(node().inputs[at(source.input)])]) +
          source.channel * bytes));
    call("f32_gather", "arena, {}, {}, {}, {}",
         text_.array("uint32_t", std::span<const std::int32_t>(places)), op.sources.size(),
         plane(node().shape), dst());
  }
  void operator()(const net::Pool& op) {
    call(op.kind == net::Pool::Kind::Max ? "f32_max_pool" : "f32_average_pool", "&{}, {}, {}",
         window(window_value(shape(0), node().shape, 1, net::rows_of(op), net::columns_of(op))),
         src(0), dst());
  }
  void operator()(const net::PoolTo& /*op*/) { pool_to(); }
  void operator()(const net::GlobalAveragePool& /*op*/) { pool_to(); }
  void operator()(const net::Upsample& op) {
    call(op.mode == net::Upsample::Mode::Bilinear ? "f32_bilinear" : "f32_upsample",
         "&{}, {}, {}, {}", shapes_alone(), op.factor, src(0), dst());
  }
  void operator()(const net::LayerNorm& /*op*/) { by_pixel("f32_layer_norm"); }
  void operator()(const net::Softmax& /*op*/) { by_pixel("softmax"); }

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
      room.scratch = 4 * (by_planes ? padded_plane(op, node.shape) : 4 * depth);
      const bool is_residual = node.residual == node.inputs[0];  // read when all is written
      if (by_planes && !is_residual && node.shape.channels == in.channels &&
          plane(node.shape) <= plane(in))
        room.over = {node.inputs[0]};
    }
    void operator()(const FusedActivate& /*op*/) const { room.over = {node.inputs[0]}; }
    void operator()(const FusedAdd& /*op*/) const {
      if (node.inputs.size() == 2) room.over = node.inputs;
    }
    void operator()(const FusedMultiply& /*op*/) const {
      if (node.inputs[0] != node.inputs[1]) room.over = {node.inputs[0]};
    }
    void operator()(const net::LayerNorm& /*op*/) const { room.over = {node.inputs[0]}; }
    void operator()(const net::Softmax& /*op*/) const { room.over = {node.inputs[0]}; }
    template <class Other>
    void operator()(const Other& /*op*/) const {}
  };

  const FusedNode& node() const { return network_.nodes[index_]; }
  const net::Shape& shape(std::size_t i) const {
    return network_.nodes[at(node().inputs[i])].shape;
  }
  std::string place(std::uint64_t offset) const {
    return fmt::format("{}(arena, {})", text_.named("f32_at"), offset);
  }
  std::string tensor(int of) const { return place(places_->tensors[at(of)]); }
  std::string src(std::size_t i) const { return tensor(node().inputs[i]); }
  std::string dst() const { return place(places_->tensors[index_]); }

  template <class... Values>
  void call(const std::string& kernel, const char* arguments, const Values&... values) {
    text_.call(kernel, fmt::format(fmt::runtime(arguments), values...));
  }

  std::string window(const std::string& value) { return text_.window(value); }
  std::string shapes_alone() { return window(window_value(shape(0), node().shape, 1, {}, {})); }

  std::string layer(std::span<const float> weights, std::span<const float> bias) {
    const auto [low, high] = bounds_of(node().activation);
    text_.kernel("f32_layer.h");
    return text_.structure("f32_layer",
                           fmt::format("{{{}, {}, {}, {}}}", text_.array("float", weights),
                                       text_.array("float", bias), literal(low), literal(high)),
                           kLayerBytes);
  }
  /// Clamps of layers with weights are theirs.
  bool is_written_activated() const {
    return (std::holds_alternative<FusedConv>(node().op) ||
            std::holds_alternative<FusedDense>(node().op)) &&
           is_clamp(node().activation);
  }
  void activate(net::Activation kind) {
    if (kind == net::Activation::None) return;
    const auto [low, high] = bounds_of(kind);
    if (is_clamp(kind))
      return call("f32_clamp", "{}, {}, {}, {}", dst(), node().shape.elements(), literal(low),
                  literal(high));
    call("f32_" + std::string(net::kActivationNames[static_cast<std::size_t>(kind)]), "{}, {}",
         dst(), node().shape.elements());
  }
  void pool_to() { call("f32_pool_to", "&{}, {}, {}", shapes_alone(), src(0), dst()); }
  void by_pixel(const std::string& kernel) {
    call(kernel, "{}, {}, {}, {}", src(0), node().shape.channels, plane(node().shape), dst());
  }

  const FusedNetwork& network_;
  SourceText& text_;
  const TensorPlaces* places_ = nullptr;
  std::size_t index_ = 0;
};

}  // namespace

std::unique_ptr<Steps> f32_steps(const FusedNetwork& network, SourceText& text) {
  return std::make_unique<F32Steps>(network, text);
}

}  // namespace atto::deploy::c
