#include "export/tflite/options_file.hpp"

#include "design_specs/errors.hpp"

namespace atto::deploy::tflite {
namespace {

using Kind = wire::BuiltinOptions;
using Added = std::pair<Kind, flatbuffers::Offset<void>>;

wire::Padding padding_of(const Options& options) {
  return options.is_same ? wire::Padding::SAME : wire::Padding::VALID;
}

wire::ActivationFunctionType code_of(net::Activation activation) {
  return activation == net::Activation::Relu    ? wire::ActivationFunctionType::RELU
         : activation == net::Activation::Relu6 ? wire::ActivationFunctionType::RELU6
                                                : wire::ActivationFunctionType::NONE;
}

net::Activation activation_of(wire::ActivationFunctionType code) {
  return code == wire::ActivationFunctionType::RELU    ? net::Activation::Relu
         : code == wire::ActivationFunctionType::RELU6 ? net::Activation::Relu6
                                                       : net::Activation::None;
}

void expect(bool holds) {
  if (!holds) throw InternalError("a .tflite file has options that we do not write");
}

template <class From>
void read_clamp(const From& from, Options& to) {
  to.activation = activation_of(from.fused_activation_function());
}
template <class From>
void read_slide(const From& from, Options& to) {
  to.is_same = from.padding() == wire::Padding::SAME;
  to.stride = {from.stride_h(), from.stride_w()};
}
template <class From>
void read_convolution(const From& from, Options& to) {
  read_slide(from, to);
  read_clamp(from, to);
  to.dilation = from.dilation_h_factor();
  expect(from.dilation_w_factor() == to.dilation);
}

}  // namespace

// Two tables, an operator a case.
Added add_options(flatbuffers::FlatBufferBuilder& to, const Graph& graph, const Operator& one) {
  const Options& of = one.options;
  const wire::Padding padding = padding_of(of);
  const auto clamp = code_of(of.activation);
  const int down = of.stride.height, across = of.stride.width;
  switch (one.op) {
    case Op::Conv:
      return {Kind::Conv2DOptions,
              wire::CreateConv2DOptions(to, padding, across, down, clamp, of.dilation, of.dilation)
                  .Union()};
    case Op::DepthwiseConv:
      return {Kind::DepthwiseConv2DOptions,
              wire::CreateDepthwiseConv2DOptions(to, padding, across, down, of.depth_multiplier,
                                                 clamp, of.dilation, of.dilation)
                  .Union()};
    case Op::TransposeConv:
      return {Kind::TransposeConvOptions,
              wire::CreateTransposeConvOptions(to, padding, across, down).Union()};
    case Op::AveragePool:
    case Op::MaxPool:
      return {Kind::Pool2DOptions, wire::CreatePool2DOptions(to, padding, across, down,
                                                             of.kernel.width, of.kernel.height)
                                       .Union()};
    case Op::FullyConnected:
      return {Kind::FullyConnectedOptions, wire::CreateFullyConnectedOptions(to, clamp).Union()};
    case Op::Softmax:
      return {Kind::SoftmaxOptions, wire::CreateSoftmaxOptions(to, 1).Union()};
    case Op::Concatenation:
      return {Kind::ConcatenationOptions, wire::CreateConcatenationOptions(to, of.axis).Union()};
    case Op::Add:
      return {Kind::AddOptions, wire::CreateAddOptions(to, clamp).Union()};
    case Op::Sub:
      return {Kind::SubOptions, wire::CreateSubOptions(to, clamp).Union()};
    case Op::Mul:
      return {Kind::MulOptions, wire::CreateMulOptions(to, clamp).Union()};
    case Op::ResizeBilinear:
      return {Kind::ResizeBilinearOptions,
              wire::CreateResizeBilinearOptions(to, false, true).Union()};
    case Op::ResizeNearest:
      return {Kind::ResizeNearestNeighborOptions,
              wire::CreateResizeNearestNeighborOptions(to, false, true).Union()};
    case Op::Reshape:
      return {Kind::ReshapeOptions,
              wire::CreateReshapeOptions(
                  to, to.CreateVector(graph.tensors[static_cast<std::size_t>(one.output)].dims))
                  .Union()};
    case Op::Gather:
      return {Kind::GatherOptions, wire::CreateGatherOptions(to, of.axis).Union()};
    case Op::Mean:
      return {Kind::ReducerOptions, wire::CreateReducerOptions(to, true).Union()};
    case Op::LeakyRelu:
      return {Kind::LeakyReluOptions, wire::CreateLeakyReluOptions(to, of.alpha).Union()};
    case Op::Gelu:
      return {Kind::GeluOptions, wire::CreateGeluOptions(to, false).Union()};
    default:
      return {Kind::NONE, 0};
  }
}

Options read_options(const wire::Operator& from) {
  Options to;
  switch (from.builtin_options_type()) {
    case Kind::Conv2DOptions:
      read_convolution(*from.builtin_options_as_Conv2DOptions(), to);
      break;
    case Kind::DepthwiseConv2DOptions:
      read_convolution(*from.builtin_options_as_DepthwiseConv2DOptions(), to);
      to.depth_multiplier = from.builtin_options_as_DepthwiseConv2DOptions()->depth_multiplier();
      break;
    case Kind::TransposeConvOptions:
      read_slide(*from.builtin_options_as_TransposeConvOptions(), to);
      break;
    case Kind::Pool2DOptions: {
      const wire::Pool2DOptions& pool = *from.builtin_options_as_Pool2DOptions();
      read_slide(pool, to);
      to.kernel = {pool.filter_height(), pool.filter_width()};
      break;
    }
    case Kind::FullyConnectedOptions:
      read_clamp(*from.builtin_options_as_FullyConnectedOptions(), to);
      break;
    case Kind::SoftmaxOptions:
      expect(from.builtin_options_as_SoftmaxOptions()->beta() == 1);
      break;
    case Kind::ConcatenationOptions:
      to.axis = from.builtin_options_as_ConcatenationOptions()->axis();
      break;
    case Kind::AddOptions:
      read_clamp(*from.builtin_options_as_AddOptions(), to);
      break;
    case Kind::SubOptions:
      read_clamp(*from.builtin_options_as_SubOptions(), to);
      break;
    case Kind::MulOptions:
      read_clamp(*from.builtin_options_as_MulOptions(), to);
      break;
    case Kind::ResizeBilinearOptions:
      expect(from.builtin_options_as_ResizeBilinearOptions()->half_pixel_centers());
      break;
    case Kind::ResizeNearestNeighborOptions:
      expect(from.builtin_options_as_ResizeNearestNeighborOptions()->half_pixel_centers());
      break;
    case Kind::GatherOptions:
      to.axis = from.builtin_options_as_GatherOptions()->axis();
      break;
    case Kind::ReducerOptions:
      expect(from.builtin_options_as_ReducerOptions()->keep_dims());
      break;
    case Kind::LeakyReluOptions:
      to.alpha = from.builtin_options_as_LeakyReluOptions()->alpha();
      break;
    case Kind::GeluOptions:
      expect(!from.builtin_options_as_GeluOptions()->approximate());
      break;
    case Kind::ReshapeOptions:
    case Kind::NONE:
      break;
  }
  return to;
}

int version_of(const Graph& graph, const Operator& one) {
  const bool is_int8 =
      graph.tensors[static_cast<std::size_t>(one.inputs.back())].element == Element::I8 ||
      graph.tensors[static_cast<std::size_t>(one.output)].element == Element::I8;
  switch (one.op) {
    case Op::Conv:
    case Op::DepthwiseConv:
      return is_int8 ? 3 : one.op == Op::DepthwiseConv && one.options.dilation > 1 ? 2 : 1;
    case Op::TransposeConv:
      return 3;  // with a bias
    case Op::ResizeBilinear:
    case Op::ResizeNearest:
      return 3;  // with half-pixel centres
    case Op::Quantize:
      return graph.tensors[static_cast<std::size_t>(one.inputs[0])].element == Element::I8 ? 2 : 1;
    case Op::Dequantize:
      return 2;
    case Op::Gelu:
    case Op::HardSwish:
    case Op::Reshape:
    case Op::Rsqrt:
    case Op::FullyConnected:
      return 1;
    default:
      return is_int8 ? 2 : 1;
  }
}

}  // namespace atto::deploy::tflite
