#include "trainer/backend/torch/torch_backend.hpp"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <malloc.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/version.h>

#include "trainer/backend/cpu/cpu_backend.hpp"
#include "trainer/backend/loss.hpp"
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
        device_(settings.device == Device::Cuda ? torch::kCUDA : torch::kCPU) {}

  double forward_backward(const float* weights, const Batch& batch, double smoothing,
                          float* gradients) override {
    return translating([&] { return both_ways(weights, batch, smoothing, gradients, nullptr); });
  }

  double respond(const float* weights, const Batch& batch, double smoothing, float* gradients,
                 std::span<const int> layers, std::vector<std::vector<float>>& outputs) override {
    std::vector<Tensor> kept;
    const double loss =
        translating([&] { return both_ways(weights, batch, smoothing, gradients, &kept); });
    outputs.clear();
    for (int layer : layers) {
      const Tensor host = kept[static_cast<std::size_t>(layer)]
                              .detach()
                              .to(torch::kCPU, torch::kFloat32)
                              .permute({0, 2, 3, 1})
                              .contiguous();
      outputs.emplace_back(host.data_ptr<float>(), host.data_ptr<float>() + host.numel());
    }
    return loss;
  }

  void measure_statistics(const float* weights, const Batch& batch, double share,
                          float* statistics) override {
    translating([&] {
      torch::NoGradGuard no_gradients;
      const Tensor running = upload(statistics, layout_.statistics).clone();
      run(cut(upload(weights, layout_.trained), running), batch, {true, share});
      const Tensor host = running.to(torch::kCPU).contiguous();
      std::copy_n(host.data_ptr<float>(), layout_.statistics, statistics);
    });
  }

  void infer(const float* weights, const float* statistics, const Batch& batch,
             float* logits) override {
    translating([&] {
      torch::NoGradGuard no_gradients;
      const Tensor out =
          run(cut(upload(weights, layout_.trained), upload(statistics, layout_.statistics)), batch,
              {false, 0})
              .to(torch::kCPU)
              .contiguous();
      std::copy_n(out.data_ptr<float>(), out.numel(), logits);
    });
  }

 private:
  double both_ways(const float* weights, const Batch& batch, double smoothing, float* gradients,
                   std::vector<Tensor>* kept) {
    const Tensor slopes = torch::zeros({static_cast<std::int64_t>(layout_.trained)}, device_);
    std::vector<LayerTensors> leaves = cut(upload(weights, layout_.trained), Tensor());
    const std::vector<LayerTensors> into = cut(slopes, Tensor());
    for (std::size_t i = 0; i < leaves.size(); ++i)
      for (std::size_t j = 0; j < leaves[i].size(); ++j) {
        if (!leaves[i][j].defined()) continue;
        leaves[i][j] = leaves[i][j].detach().set_requires_grad(true);
        leaves[i][j].mutable_grad() = into[i][j];
      }
    const Tensor logits = run(leaves, batch, {true, 0}, kept);
    const Tensor host = logits.detach().to(torch::kCPU).contiguous();
    Tensor slope = torch::empty_like(host);
    const double loss = cross_entropy(host.data_ptr<float>(), batch.labels, batch.count,
                                      network_.classes, smoothing, slope.data_ptr<float>());
    logits.backward(slope.to(device_));
    const Tensor result = slopes.to(torch::kCPU);
    std::copy_n(result.data_ptr<float>(), layout_.trained, gradients);
    return loss / batch.count;
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

  Tensor run(const std::vector<LayerTensors>& tensors, const Batch& batch, const ForwardMode& mode,
             std::vector<Tensor>* kept = nullptr) const {
    const net::Shape& in = network_.input;
    // [N, H, W, C] seen as [N, C, H, W] is channels_last, which is the fast layout.
    const Tensor images = torch::from_blob(const_cast<float*>(batch.images),
                                           {batch.count, in.height, in.width, in.channels})
                              .to(device_)
                              .permute({0, 3, 1, 2});
    const Autocast mixed(device_ == torch::kCUDA);
    return run_network(network_, images, tensors, mode, kept).to(torch::kFloat32);
  }

  const net::Network network_;
  const ParameterLayout layout_;
  const torch::Device device_;
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
