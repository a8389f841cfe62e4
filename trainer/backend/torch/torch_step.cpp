#include "trainer/backend/torch/torch_step.hpp"

#include <torch/autograd.h>
#include <torch/types.h>

#include <algorithm>
#include <cstring>

#include "trainer/backend/cpu/in_parallel.hpp"
#include "trainer/backend/torch/torch_errors.hpp"
#include "trainer/backend/torch/torch_forward.hpp"

namespace atto::train {
namespace {

using namespace cpu;

using torch::Tensor;

class TorchStep : public Step {
 public:
  TorchStep(const net::Layer& layer, int index) : layer_(layer), index_(index) {}

  void forward(const Pass& pass) override {
    translating([&] { run(pass); });
  }
  void backward(const Pass& pass) override {
    translating([&] { go_back(pass); });
  }

 private:
  void run(const Pass& pass) {
    const torch::AutoGradMode records(pass.trains);
    leaves_.clear();
    for (std::size_t i = 0; i < inputs.size(); ++i)
      leaves_.push_back(
          value_of(pass, *inputs[i])
              .set_requires_grad(pass.trains && inputs[i]->needs_gradient && is_read(i)));
    own_ = own_tensors(pass);
    ForwardMode mode;
    mode.seed = pass.seed;
    result_ = apply_layer(layer_, leaves_, own_, mode.of_layer(index_));
    const Tensor flat = result_.detach().permute({0, 2, 3, 1}).contiguous();
    std::memcpy(output->raw.data(), flat.data_ptr<float>(),
                static_cast<std::size_t>(flat.numel()) * sizeof(float));
    if (wants_sums(pass, *output)) add_statistics(pass);
    if (!pass.trains) drop();
  }

  void go_back(const Pass& pass) {
    const net::Shape& s = output->shape;
    const Blend blend = blend_of(*output, pass);
    const Tensor slope = torch::empty({pass.images, s.height, s.width, s.channels});
    pass.kernels->blend({output->gradient, s.channels}, {output->raw.data(), s.channels},
                        static_cast<int>(pass.images * output->pixels()), s.channels,
                        blend.by_grad.data(), blend.by_raw.data(), blend.constant.data(),
                        slope.data_ptr<float>(), s.channels);
    std::vector<Tensor> wanted = own_;
    for (const Tensor& leaf : leaves_)
      if (leaf.requires_grad()) wanted.push_back(leaf);
    if (!wanted.empty()) {
      const auto slopes = torch::autograd::grad({result_}, wanted, {slope.permute({0, 3, 1, 2})});
      std::size_t next = 0;
      for (; next < own_.size(); ++next) write_gradient(pass, next, slopes[next]);
      for (std::size_t i = 0; i < leaves_.size(); ++i)
        if (leaves_[i].requires_grad()) send(pass, *inputs[i], slopes[next++]);
    }
    drop();
  }

  const Slot& slot(const Pass& pass, std::size_t part) const {
    const int first = pass.layout->first_slot[static_cast<std::size_t>(index_)];
    return pass.layout->slots[static_cast<std::size_t>(first) + part];
  }
  /// The layer's weights, where they lie.
  LayerTensors own_tensors(const Pass& pass) const {
    LayerTensors own;
    const int first = pass.layout->first_slot[static_cast<std::size_t>(index_)];
    if (first < 0) return own;
    for (std::size_t i = static_cast<std::size_t>(first);
         i < pass.layout->slots.size() && pass.layout->slots[i].spec.layer == index_; ++i) {
      const Slot& of = pass.layout->slots[i];
      own.push_back(torch::from_blob(const_cast<float*>(pass.weights + of.offset), of.spec.shape)
                        .set_requires_grad(pass.trains));
    }
    return own;
  }
  void write_gradient(const Pass& pass, std::size_t part, const Tensor& slopes) const {
    const Tensor dense = slopes.contiguous();
    std::copy_n(dense.data_ptr<float>(), dense.numel(), pass.gradients + slot(pass, part).offset);
  }

  /// The values of a map as [N, C, H, W] in channels_last order.
  static Tensor value_of(const Pass& pass, const Feature& in) {
    const net::Shape& s = in.shape;
    const Tensor values = torch::empty({pass.images, s.height, s.width, s.channels});
    in_parallel(pass.threads, pass.images, [&](int, std::ptrdiff_t first, std::ptrdiff_t last) {
      const std::ptrdiff_t at = first * in.pixels() * s.channels;
      pass.kernels->activate({in.raw.data() + at, s.channels},
                             static_cast<int>((last - first) * in.pixels()), s.channels,
                             in.affine(), values.data_ptr<float>() + at, s.channels);
    });
    return values.permute({0, 3, 1, 2});
  }

  /// The second input of PoolTo gives a size only.
  bool is_read(std::size_t input) const {
    return input == 0 || !std::holds_alternative<net::PoolTo>(layer_.op);
  }

  void add_statistics(const Pass& pass) const {
    const net::Shape& s = output->shape;
    ChannelSums sums(1, s.channels);
    for (int image = 0; image < pass.images; ++image) {
      pass.kernels->sum({output->raw.data() + image * output->pixels() * s.channels, s.channels},
                        static_cast<int>(output->pixels()), s.channels, sums.first(0),
                        sums.second(0));
      sums.flush(0);
    }
    sums.total(output->sums, output->squares);
  }

  void send(const Pass& pass, Feature& in, const Tensor& slope) const {
    const Arrival arrival = arrive(in);
    const net::Shape& s = in.shape;
    const Tensor dense = slope.permute({0, 2, 3, 1}).contiguous();
    ChannelSums sums(1, s.channels);
    for (int image = 0; image < pass.images; ++image) {
      const std::ptrdiff_t at = image * in.pixels() * s.channels;
      pass.kernels->contribute(contribution(in, arrival, {dense.data_ptr<float>() + at, s.channels},
                                            image * in.pixels(), static_cast<int>(in.pixels()), 0,
                                            s.channels, sums, 0));
      sums.flush(0);
    }
    if (arrival.is_last) sums.total(in.gradient_sums, in.gradient_products);
  }

  void drop() {
    leaves_.clear();
    own_.clear();
    result_ = Tensor();
  }

  const net::Layer layer_;
  const int index_;
  LayerTensors own_;
  std::vector<Tensor> leaves_;
  Tensor result_;
};

}  // namespace

std::unique_ptr<cpu::Step> make_torch_step(const net::Layer& layer, int index) {
  return std::make_unique<TorchStep>(layer, index);
}

}  // namespace atto::train
