#include "trainer/backend/cpu/cpu_backend.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "design_specs/errors.hpp"

namespace atto::train::cpu {
namespace {

constexpr double kEpsilon = 1e-5;

/// Fixed memory, steps in order, and back.
class CpuBackend : public Backend {
 public:
  CpuBackend(const net::Network& network, const ParameterLayout& layout,
             const BackendSettings& settings, const StepMaker& other_step)
      : network_(network),
        layout_(layout),
        plan_(make_plan(network_, settings, other_step)),
        kernels_(best_kernels()),
        threads_(settings.threads) {}

  Maps forward(const float* weights, const Batch& batch, Watch* watch) override {
    const Pass pass{&kernels_, &layout_, weights, nullptr,   batch.count,
                    threads_,  true,     true,    batch.seed};
    run(pass, batch, nullptr);
    if (watch) {
      watch->maps.clear();
      for (int layer : watch->layers) watch->maps.push_back(output_of(layer, pass));
    }
    pass_ = pass;
    return read_outputs(pass);
  }

  void backward(const Maps& slopes, float* gradients, float* image_slopes) override {
    if (!pass_) throw InternalError("there must be a forward pass to go back from");
    Pass pass = *std::exchange(pass_, std::nullopt);
    pass.gradients = gradients;
    // Layers that the outputs do not need keep a gradient of 0.
    std::fill_n(gradients, layout_.trained, 0.0F);
    for (const auto& feature : plan_.features) feature->arrived = 0;
    for (std::size_t i = 0; i < plan_.outputs.size(); ++i)
      start_backward(pass, *plan_.outputs[i], slopes.at(i));
    for (std::size_t i = plan_.steps.size(); i-- > 0;) plan_.steps[i]->backward(pass);
    if (image_slopes) write_image_slopes(pass, image_slopes);
  }

  void measure_statistics(const float* weights, const Batch& batch, double share,
                          float* statistics) override {
    run({&kernels_, &layout_, weights, nullptr, batch.count, threads_, true, false, 0}, batch,
        nullptr);
    for (const auto& feature : plan_.features) {
      if (feature->norm_layer < 0) continue;
      float* const mean = statistics + layout_.offset(feature->norm_layer, 2);
      float* const variance = statistics + layout_.offset(feature->norm_layer, 3);
      const double count =
          static_cast<double>(batch.count) * static_cast<double>(feature->pixels());
      const double unbiased = count / std::max(1.0, count - 1);
      for (std::size_t c = 0; c < feature->mean.size(); ++c) {
        const double deviation = feature->deviation[c];
        const double own = (1 / (deviation * deviation) - kEpsilon) * unbiased;
        mean[c] += static_cast<float>(share * (feature->mean[c] - mean[c]));
        variance[c] += static_cast<float>(share * (std::max(0.0, own) - variance[c]));
      }
    }
  }

  Maps infer(const float* weights, const float* statistics, const Batch& batch) override {
    const Pass pass{&kernels_, &layout_, weights, nullptr, batch.count, threads_, false, false, 0};
    run(pass, batch, statistics);
    return read_outputs(pass);
  }

 private:
  /// A map carries a convolution's output, and that of the norm and activation that it absorbed.
  std::vector<float> output_of(int layer, const Pass& pass) const {
    const Feature& map = *plan_.of_layer[static_cast<std::size_t>(layer)];
    const net::Op& op = network_.layers[static_cast<std::size_t>(layer)].op;
    const int channels = map.shape.channels;
    const std::vector<float> ones(map.scale.size(), 1.0F), zeros(map.scale.size(), 0.0F);
    Affine affine = map.affine();
    const bool is_activation = std::holds_alternative<net::Activate>(op);
    if (!is_activation) affine.act = net::Activation::None;
    const bool is_before_norm =
        map.norm_layer >= 0 && !is_activation && !std::holds_alternative<net::BatchNorm>(op);
    if (is_before_norm) affine.scale = ones.data(), affine.shift = zeros.data();
    std::vector<float> values(static_cast<std::size_t>(pass.images * map.shape.elements()));
    kernels_.activate({map.raw.data(), channels}, static_cast<int>(pass.images * map.pixels()),
                      channels, affine, values.data(), channels);
    return values;
  }

  void run(const Pass& pass, const Batch& batch, const float* statistics) {
    pass_.reset();
    const auto pixels =
        static_cast<std::size_t>(network_.input.elements()) * static_cast<std::size_t>(batch.count);
    if (pixels > plan_.input->raw.size())
      throw InternalError("a batch must not have more images than the backend was made for");
    std::memcpy(plan_.input->raw.data(), batch.images, pixels * sizeof(float));
    for (const auto& step : plan_.steps) {
      step->forward(pass);
      Feature& out = *step->output;
      if (out.bias_layer >= 0)
        std::copy_n(pass.weights + layout_.offset(out.bias_layer, 1), out.shift.size(),
                    out.shift.data());
      if (out.norm_layer >= 0) normalise(pass, out, statistics);
    }
  }

  /// Sets scale and shift from the batch's sums, or from running statistics where they are given.
  void normalise(const Pass& pass, Feature& out, const float* statistics) const {
    const float* const gamma = pass.weights + layout_.offset(out.norm_layer, 0);
    const float* const beta = pass.weights + layout_.offset(out.norm_layer, 1);
    const double count = static_cast<double>(pass.images) * static_cast<double>(out.pixels());
    for (std::size_t c = 0; c < out.scale.size(); ++c) {
      double mean = 0, variance = 0;
      if (statistics) {
        mean = statistics[layout_.offset(out.norm_layer, 2) + c];
        variance = statistics[layout_.offset(out.norm_layer, 3) + c];
      } else {
        mean = out.sums[c] / count;
        variance = std::max(0.0, out.squares[c] / count - mean * mean);
      }
      const double deviation = 1 / std::sqrt(variance + kEpsilon);
      out.mean[c] = static_cast<float>(mean);
      out.deviation[c] = static_cast<float>(deviation);
      out.scale[c] = static_cast<float>(gamma[c] * deviation);
      out.shift[c] = static_cast<float>(beta[c] - mean * gamma[c] * deviation);
    }
  }

  Maps read_outputs(const Pass& pass) const {
    Maps maps;
    for (const Feature* out : plan_.outputs) {
      const int channels = out->shape.channels;
      std::vector<float>& map =
          maps.emplace_back(static_cast<std::size_t>(pass.images * out->shape.elements()));
      kernels_.activate({out->raw.data(), channels}, static_cast<int>(pass.images * out->pixels()),
                        channels, out->affine(), map.data(), channels);
    }
    return maps;
  }

  /// Sends the loss's gradient to an output.
  void start_backward(const Pass& pass, Feature& out, const std::vector<float>& slopes) {
    if (!out.needs_gradient) return;
    const int channels = out.shape.channels;
    const Arrival arrival = arrive(out);
    ChannelSums sums(1, channels);
    kernels_.contribute(contribution(out, arrival, {slopes.data(), channels}, 0,
                                     static_cast<int>(pass.images * out.pixels()), 0, channels,
                                     sums, 0));
    sums.flush(0);
    sums.total(out.gradient_sums, out.gradient_products);
  }

  void write_image_slopes(const Pass& pass, float* slopes) const {
    const Feature& input = *plan_.input;
    if (!input.needs_gradient)
      throw InternalError("a backend must be made for slopes by the images");
    std::copy_n(input.gradient, pass.images * input.shape.elements(), slopes);
  }

  const net::Network network_;
  const ParameterLayout layout_;
  Plan plan_;
  const Kernels& kernels_;
  const int threads_;
  std::optional<Pass> pass_;  ///< that backward() can go back from
};

}  // namespace

std::unique_ptr<Backend> make_backend(const net::Network& network, const ParameterLayout& layout,
                                      const BackendSettings& settings,
                                      const StepMaker& other_step) {
  return std::make_unique<CpuBackend>(network, layout, settings, other_step);
}

}  // namespace atto::train::cpu
