#include "trainer/backend/torch/torch_backend.hpp"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <malloc.h>
#include <torch/autograd.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/version.h>

#include <optional>
#include <utility>

#include "trainer/backend/cpu/cpu_backend.hpp"
#include "trainer/backend/torch/torch_errors.hpp"
#include "trainer/backend/torch/torch_forward.hpp"
#include "trainer/backend/torch/torch_step.hpp"

namespace atto::train {
namespace {

using torch::Tensor;

/// Mixed precision while it lives; nothing on the CPU.
class Autocast {
 public:
  explicit Autocast(bool on) : on_(on) {
    if (!on_) return;
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
    at::autocast::set_autocast_dtype(at::kCUDA, at::kBFloat16);
    at::autocast::set_autocast_enabled(at::kCUDA, true);
#else
    at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
    at::autocast::set_enabled(true);
#endif
  }
  ~Autocast() {
    if (!on_) return;
    at::autocast::clear_cache();
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
    at::autocast::set_autocast_enabled(at::kCUDA, false);
#else
    at::autocast::set_enabled(false);
#endif
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool on_;
};

class TorchBackend : public Backend {
 public:
  TorchBackend(const net::Network& network, const ParameterLayout& layout,
               const BackendSettings& settings)
      : network_(network),
        layout_(layout),
        settings_(settings),
        device_(settings.device == Device::Cuda ? torch::kCUDA : torch::kCPU) {}

  Maps forward(const float* weights, const Batch& batch, Watch* watch) override {
    return translating([&] { return go_forward(weights, batch, watch); });
  }

  void backward(const Maps& slopes, float* gradients, float* image_slopes) override {
    translating([&] { go_back(slopes, gradients, image_slopes); });
  }

  void measure_statistics(const float* weights, const Batch& batch, double share,
                          float* statistics) override {
    translating([&] {
      torch::NoGradGuard no_gradients;
      const Tensor running = upload(statistics, layout_.statistics).clone();
      run(cut(upload(weights, layout_.trained), running), images_of(batch), {true, share, 0});
      const Tensor host = running.to(torch::kCPU).contiguous();
      std::copy_n(host.data_ptr<float>(), layout_.statistics, statistics);
    });
  }

  Maps infer(const float* weights, const float* statistics, const Batch& batch) override {
    return translating([&] {
      torch::NoGradGuard no_gradients;
      return to_maps(
          run(cut(upload(weights, layout_.trained), upload(statistics, layout_.statistics)),
              images_of(batch), {false, 0, 0}));
    });
  }

 private:
  /// What a backward pass needs.
  struct Pass {
    Tensor slopes;  ///< of all weights
    Tensor images;
    std::vector<Tensor> outputs;
  };

  Maps go_forward(const float* weights, const Batch& batch, Watch* watch) {
    Pass pass;
    pass.slopes = torch::zeros({static_cast<std::int64_t>(layout_.trained)}, device_);
    std::vector<LayerTensors> leaves = cut(upload(weights, layout_.trained), Tensor());
    const std::vector<LayerTensors> into = cut(pass.slopes, Tensor());
    for (std::size_t i = 0; i < leaves.size(); ++i)
      for (std::size_t j = 0; j < leaves[i].size(); ++j) {
        if (!leaves[i][j].defined()) continue;
        leaves[i][j] = leaves[i][j].detach().set_requires_grad(true);
        leaves[i][j].mutable_grad() = into[i][j];
      }
    pass.images = images_of(batch).set_requires_grad(settings_.gives_image_slopes);
    std::vector<Tensor> kept;
    pass.outputs = run(leaves, pass.images, {true, 0, batch.seed}, watch ? &kept : nullptr);
    if (watch) {
      std::vector<Tensor> seen;
      for (int layer : watch->layers) seen.push_back(kept[static_cast<std::size_t>(layer)]);
      watch->maps = to_maps(seen);
    }
    Maps maps = to_maps(pass.outputs);
    pass_ = std::move(pass);
    return maps;
  }

  void go_back(const Maps& slopes, float* gradients, float* image_slopes) {
    if (!pass_) throw InternalError("there must be a forward pass to go back from");
    const Pass pass = *std::exchange(pass_, std::nullopt);
    std::vector<Tensor> from, by;
    for (std::size_t i = 0; i < pass.outputs.size(); ++i) {
      const Tensor& out = pass.outputs[i];
      if (!out.requires_grad()) continue;
      from.push_back(out);
      by.push_back(torch::from_blob(const_cast<float*>(slopes.at(i).data()),
                                    {out.size(0), out.size(2), out.size(3), out.size(1)})
                       .permute({0, 3, 1, 2})
                       .to(device_));
    }
    if (!from.empty()) torch::autograd::backward(from, by);
    const Tensor result = pass.slopes.to(torch::kCPU);
    std::copy_n(result.data_ptr<float>(), layout_.trained, gradients);
    if (!image_slopes) return;
    if (!settings_.gives_image_slopes)
      throw InternalError("a backend must be made for slopes by the images");
    const std::vector<float> map = to_map(pass.images.grad());
    std::copy(map.begin(), map.end(), image_slopes);
  }

  static std::vector<float> to_map(const Tensor& values) {
    const Tensor host =
        values.detach().to(torch::kCPU, torch::kFloat32).permute({0, 2, 3, 1}).contiguous();
    return {host.data_ptr<float>(), host.data_ptr<float>() + host.numel()};
  }

  static Maps to_maps(const std::vector<Tensor>& outputs) {
    Maps maps;
    for (const Tensor& out : outputs) maps.push_back(to_map(out));
    return maps;
  }

  /// On the CPU a view of the host's buffer.
  Tensor upload(const float* values, std::size_t count) const {
    return torch::from_blob(const_cast<float*>(values), {static_cast<std::int64_t>(count)})
        .to(device_);
  }

  /// Cuts the flat buffers into the layers' tensors.
  std::vector<LayerTensors> cut(const Tensor& weights, const Tensor& statistics) const {
    std::vector<LayerTensors> tensors(network_.layers.size());
    for (const Slot& slot : layout_.slots) {
      const Tensor& from = slot.spec.trained ? weights : statistics;
      LayerTensors& own = tensors[static_cast<std::size_t>(slot.spec.layer)];
      if (!from.defined()) {
        own.emplace_back();
        continue;
      }
      own.push_back(from.narrow(0, static_cast<std::int64_t>(slot.offset),
                                static_cast<std::int64_t>(slot.elements))
                        .view(slot.spec.shape));
    }
    return tensors;
  }

  Tensor images_of(const Batch& batch) const {
    const net::Shape& in = network_.input;
    // [N, H, W, C] seen as [N, C, H, W] is channels_last, which is the fast layout.
    return torch::from_blob(const_cast<float*>(batch.images),
                            {batch.count, in.height, in.width, in.channels})
        .to(device_)
        .permute({0, 3, 1, 2})
        .detach();
  }

  std::vector<Tensor> run(const std::vector<LayerTensors>& tensors, const Tensor& images,
                          const ForwardMode& mode, std::vector<Tensor>* kept = nullptr) {
    pass_.reset();
    const Autocast mixed(device_ == torch::kCUDA);
    std::vector<Tensor> outputs =
        run_network(network_, images, tensors, mode, settings_.outputs, kept);
    for (Tensor& out : outputs) out = out.to(torch::kFloat32);
    return outputs;
  }

  const net::Network network_;
  const ParameterLayout layout_;
  const BackendSettings settings_;
  const torch::Device device_;
  std::optional<Pass> pass_;  ///< that backward() can go back from
};

}  // namespace

std::unique_ptr<Backend> make_torch_backend(const net::Network& network,
                                            const ParameterLayout& layout,
                                            const BackendSettings& settings) {
  return std::make_unique<TorchBackend>(network, layout, settings);
}

std::unique_ptr<Backend> make_cpu_backend(const net::Network& network,
                                          const ParameterLayout& layout,
                                          const BackendSettings& settings) {
  return cpu::make_backend(network, layout, settings, make_torch_step);
}

std::unique_ptr<Backend> make_backend(const net::Network& network, const ParameterLayout& layout,
                                      const BackendSettings& settings) {
  if (settings.device == Device::Cuda) return make_torch_backend(network, layout, settings);
  return make_cpu_backend(network, layout, settings);
}

bool has_cuda() {
  return torch::cuda::is_available();
}

std::string torch_environment() {
  return "torch=" TORCH_VERSION "\nmkldnn=" + std::string(at::hasMKLDNN() ? "yes" : "no") +
         "\nopenmp=" + std::string(at::hasOpenMP() ? "yes" : "no") + "\n";
}

void prepare_process(int threads) {
  // Activations of a batch are tens of megabytes: by default each is mapped, faulted in and
  // unmapped anew.
  constexpr int kKeep = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kKeep);
  mallopt(M_TRIM_THRESHOLD, kKeep);
  at::set_num_threads(threads);
  // Weights that stopped moving leave numbers so small that arithmetic on them is slow.
  at::globalContext().setFlushDenormal(true);
}

}  // namespace atto::train
