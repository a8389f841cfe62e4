// A network as layers of ncnn, in float32. Blobs have one reader: what several read is split.
#include <datareader.h>
#include <fmt/format.h>
#include <net.h>

#include <cstring>
#include <stdexcept>
#include <string>

#include "prototypes/network/windows.hpp"
#include "scripts/bench/peers/engine.hpp"

namespace atto::bench {
namespace {

using net::Activation;

/// What load_param_mem and load_model read.
class Description {
 public:
  explicit Description(const deploy::FusedNetwork& network)
      : network_(network), readers_(deploy::count_readers(network)), taken_(readers_.size()) {
    for (std::size_t i = 0; i < network.nodes.size(); ++i) {
      index_ = i;
      std::visit(*this, node().op);
      if (readers_[i] > 1) split();
    }
  }

  std::string text() const { return fmt::format("7767517\n{} {}\n{}", layers_, blobs_, lines_); }
  const std::vector<float>& weights() const { return weights_; }
  std::string output() { return blob_of(network_.outputs.at(0).layer); }

  void operator()(const deploy::FusedInput& /*op*/) { layer("Input", 0, made(), ""); }
  void operator()(const deploy::FusedConv& op) {
    if (op.is_transposed) refuse("a deconv");
    require_square(op);
    const int kernel = op.kernel.height;
    const std::string of_groups = op.groups > 1 ? fmt::format(" 7={}", op.groups) : "";
    add_weighted(op.groups > 1 ? "ConvolutionDepthWise" : "Convolution",
                 fmt::format("0={} 1={} 2={} 3={} 4={} 5=1 6={}{}", node().shape.channels, kernel,
                             op.dilation, op.stride.height, net::rows_of(op).before(),
                             op.weights.size(), of_groups),
                 op.weights, op.bias);
  }
  void operator()(const deploy::FusedDense& op) {
    add_weighted("InnerProduct",
                 fmt::format("0={} 1=1 2={}", node().shape.channels, op.weights.size()), op.weights,
                 op.bias);
  }
  void operator()(const deploy::FusedActivate& /*op*/) { end_activated(blob_of(node().inputs[0])); }
  void operator()(const deploy::FusedAdd& /*op*/) { combine(0); }
  void operator()(const deploy::FusedMultiply& /*op*/) { combine(2); }
  void operator()(const net::Pool& op) {
    if (op.kind != net::Pool::Kind::Max) refuse("a local average");
    require_square(op);
    layer("Pooling", 1, made(),
          fmt::format("0=0 1={} 2={} 3={} 5=1", op.kernel.height, op.stride.height,
                      net::rows_of(op).before()));
  }
  void operator()(const net::GlobalAveragePool& /*op*/) {
    const std::string flat = made() + "_flat";
    layer("Pooling", 1, flat, "0=1 4=1");
    from(flat, "Reshape", fmt::format("0=1 1=1 2={}", node().shape.channels));
  }
  void operator()(const deploy::FusedChannels& /*op*/) { refuse("moved channels"); }
  template <class Other>
  void operator()(const Other& /*op*/) {
    refuse(std::string(Other::kIdentity.name));
  }

 private:
  const deploy::FusedNode& node() const { return network_.nodes[index_]; }
  /// Only square windows, padded alike on all sides or cut at the border, are compared.
  template <class Windowed>
  void require_square(const Windowed& op) const {
    const bool is_even = op.kernel.height % 2 == 0;
    if (!op.kernel.is_square() || !op.stride.is_square() || op.padding != net::Padding::Same ||
        (is_even && op.kernel != op.stride))
      refuse("such a window");
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw std::runtime_error(node().name + ": no " + what + " for ncnn");
  }

  std::string made() const { return fmt::format("b{}", index_); }
  /// The blob that the next reader of a node takes.
  std::string blob_of(int index) {
    const auto i = static_cast<std::size_t>(index);
    return readers_[i] > 1 ? fmt::format("b{}_{}", i, taken_[i]++) : fmt::format("b{}", i);
  }

  void line(const std::string& type, const std::string& inputs, int input_count,
            const std::string& outputs, int output_count, const std::string& params) {
    lines_ += fmt::format("{} l{} {} {}{} {} {}\n", type, layers_++, input_count, output_count,
                          inputs, outputs, params);
    blobs_ += output_count;
  }
  /// A layer that reads the first `count` inputs of the node.
  void layer(const std::string& type, int count, const std::string& output,
             const std::string& params) {
    std::string inputs;
    for (int i = 0; i < count; ++i)
      inputs += " " + blob_of(node().inputs[static_cast<std::size_t>(i)]);
    line(type, inputs, count, output, 1, params);
  }
  /// A layer that makes the node's blob of another.
  void from(const std::string& blob, const std::string& type, const std::string& params) {
    line(type, " " + blob, 1, made(), 1, params);
  }
  void split() {
    const int readers = readers_[index_];
    std::string outputs;
    for (int i = 0; i < readers; ++i)
      outputs += fmt::format("{}b{}_{}", i > 0 ? " " : "", index_, i);
    line("Split", " " + made(), 1, outputs, readers, "");
  }
  void combine(int operation) {
    if (node().inputs.size() != 2) refuse("a sum of more than two");
    const std::string result = begin_activated();
    layer("BinaryOp", 2, result, fmt::format("0={}", operation));
    end_activated(result);
  }

  /// As parameters of the layer before it; an array's key is -23300 less its number.
  std::string own_activation() const {
    switch (node().activation) {
      case Activation::Relu:
        return " 9=1";
      case Activation::Relu6:
        return " 9=3 -23310=2,0.0,6.0";
      case Activation::Sigmoid:
        return " 9=4";
      case Activation::HardSwish:
        return " 9=6 -23310=2,1.6666667e-1,0.5";
      default:
        return "";
    }
  }
  std::string begin_activated() const {
    return node().activation == Activation::None ? made() : made() + "_before";
  }
  void end_activated(const std::string& before) {
    switch (node().activation) {
      case Activation::None:
        if (before != made()) from(before, "Noop", "");
        return;
      case Activation::Relu:
        return from(before, "ReLU", "");
      case Activation::Relu6:
        return from(before, "Clip", "0=0.0 1=6.0");
      case Activation::Sigmoid:
        return from(before, "Sigmoid", "");
      case Activation::HardSigmoid:
        return from(before, "HardSigmoid", "0=1.6666667e-1 1=0.5");
      case Activation::HardSwish:
        return from(before, "HardSwish", "0=1.6666667e-1 1=0.5");
      case Activation::Swish:
        return from(before, "Swish", "");
      default:
        refuse("such an activation");
    }
  }

  /// A layer with weights (a word that says float32, the weights, the biases), and its activation
  /// where it takes it.
  void add_weighted(const std::string& type, const std::string& params,
                    const std::vector<float>& weights, const std::vector<float>& bias) {
    const std::string activation = own_activation();
    const std::string result = activation.empty() ? begin_activated() : made();
    layer(type, 1, result, params + activation);
    if (activation.empty()) end_activated(result);
    weights_.push_back(0);
    weights_.insert(weights_.end(), weights.begin(), weights.end());
    weights_.insert(weights_.end(), bias.begin(), bias.end());
  }

  const deploy::FusedNetwork& network_;
  std::vector<int> readers_, taken_;
  std::size_t index_ = 0;
  int layers_ = 0, blobs_ = 0;
  std::string lines_;
  std::vector<float> weights_;
};

class Ncnn final : public PeerEngine {
 public:
  Ncnn(const deploy::FusedNetwork& network, const std::vector<float>& image, int threads) {
    net_.opt.num_threads = threads;
    net_.opt.use_fp16_packed = net_.opt.use_fp16_storage = net_.opt.use_fp16_arithmetic = false;
    net_.opt.use_bf16_storage = false;
    Description description(network);
    output_ = description.output();
    weights_ = description.weights();
    if (net_.load_param_mem(description.text().c_str()) != 0)
      throw std::runtime_error("ncnn refuses the network");
    const auto* bytes = reinterpret_cast<const unsigned char*>(weights_.data());
    ncnn::DataReaderFromMemory reader(bytes);
    if (net_.load_model(reader) != 0) throw std::runtime_error("ncnn refuses the weights");
    const net::Shape& shape = network.nodes[0].shape;
    input_.create(shape.width, shape.height, shape.channels);
    const auto area =
        static_cast<std::size_t>(shape.width) * static_cast<std::size_t>(shape.height);
    for (int c = 0; c < shape.channels; ++c)
      std::memcpy(input_.channel(c), image.data() + static_cast<std::size_t>(c) * area,
                  area * sizeof(float));
  }
  void run() override {
    ncnn::Extractor extractor = net_.create_extractor();
    if (extractor.input("b0", input_) != 0 || extractor.extract(output_.c_str(), result_) != 0)
      throw std::runtime_error("ncnn refuses to run");
  }
  std::vector<float> output() const override {
    const ncnn::Mat flat = result_.reshape(result_.w * result_.h * result_.c);
    const float* values = flat;
    return {values, values + flat.w};
  }

 private:
  std::vector<float> weights_;  // which the network may read in place
  ncnn::Net net_;
  ncnn::Mat input_, result_;
  std::string output_;
};

}  // namespace

std::unique_ptr<PeerEngine> make_ncnn(const deploy::FusedNetwork& network,
                                      const deploy::Quantisation* int8,
                                      const std::vector<float>& image, int threads) {
  if (int8 != nullptr) throw std::runtime_error("int8 is not made for ncnn here");
  return std::make_unique<Ncnn>(network, image, threads);
}

}  // namespace atto::bench
