// Sums of maps, and the global average.
#include <algorithm>

#include "trainer/torch/cpu/feature.hpp"

namespace atto::train::cpu {
namespace {

constexpr int kFlushRows = 4096;  ///< float sums are moved into doubles this often

/// Calls body(first row, rows) in pieces.
template <class Body>
void in_pieces(std::ptrdiff_t first, std::ptrdiff_t last, const Body& body) {
  for (; first < last; first += kFlushRows)
    body(first, static_cast<int>(std::min<std::ptrdiff_t>(kFlushRows, last - first)));
}

class AddStep : public Step {
 public:
  void forward(const Pass& pass) override {
    const int channels = output->shape.channels;
    const bool measures = wants_sums(pass, *output);
    ChannelSums sums(pass.threads, channels);
    in_parallel(pass.threads, pass.images * output->pixels(),
                [&](int thread, std::ptrdiff_t from, std::ptrdiff_t to) {
                  in_pieces(from, to, [&](std::ptrdiff_t at, int rows) {
                    float* const dst = output->raw.data() + at * channels;
                    for (std::size_t i = 0; i < inputs.size(); ++i)
                      (i == 0 ? pass.kernels->activate : pass.kernels->add_activated)(
                          {inputs[i]->raw.data() + at * channels, channels}, rows, channels,
                          inputs[i]->affine(), dst, channels);
                    if (!measures) return;
                    pass.kernels->sum({dst, channels}, rows, channels, sums.first(thread),
                                      sums.second(thread));
                    sums.flush(thread);
                  });
                });
    if (measures) sums.total(output->sums, output->squares);
  }

  void backward(const Pass& pass) override {
    const int channels = output->shape.channels;
    if (output->norm_layer >= 0) blend_in_place(pass);
    for (Feature* in : inputs) {
      if (!in->needs_gradient) continue;
      const Arrival arrival = arrive(*in);
      ChannelSums sums(pass.threads, channels);
      in_parallel(pass.threads, pass.images * in->pixels(),
                  [&](int thread, std::ptrdiff_t from, std::ptrdiff_t to) {
                    in_pieces(from, to, [&](std::ptrdiff_t at, int rows) {
                      pass.kernels->contribute(
                          contribution(*in, arrival, {output->gradient + at * channels, channels},
                                       at, rows, 0, channels, sums, thread));
                      sums.flush(thread);
                    });
                  });
      if (arrival.is_last) sums.total(in->gradient_sums, in->gradient_products);
    }
  }

 private:
  /// Takes the gradient through the batch norm that follows the sum.
  void blend_in_place(const Pass& pass) {
    const int channels = output->shape.channels;
    const Blend blend = blend_of(*output, pass);
    in_parallel(pass.threads, pass.images * output->pixels(),
                [&](int, std::ptrdiff_t from, std::ptrdiff_t to) {
                  float* const at = output->gradient + from * channels;
                  pass.kernels->blend({at, channels},
                                      {output->raw.data() + from * channels, channels},
                                      static_cast<int>(to - from), channels, blend.by_grad.data(),
                                      blend.by_raw.data(), blend.constant.data(), at, channels);
                });
  }
};

class GlobalPoolStep : public Step {
 public:
  void forward(const Pass& pass) override {
    const Feature& in = *inputs[0];
    const int channels = in.shape.channels, pixels = static_cast<int>(in.pixels());
    const float share = 1.0F / static_cast<float>(pixels);
    in_parallel(pass.threads, pass.images, [&](int, std::ptrdiff_t first, std::ptrdiff_t last) {
      std::vector<float> values(static_cast<std::size_t>(pixels * channels));
      std::vector<float> sums(static_cast<std::size_t>(channels)), squares(sums.size());
      for (std::ptrdiff_t image = first; image < last; ++image) {
        pass.kernels->activate({in.raw.data() + image * pixels * channels, channels}, pixels,
                               channels, in.affine(), values.data(), channels);
        std::fill(sums.begin(), sums.end(), 0.0F);
        pass.kernels->sum({values.data(), channels}, pixels, channels, sums.data(), squares.data());
        for (int c = 0; c < channels; ++c)
          output->raw.data()[image * channels + c] = sums[static_cast<std::size_t>(c)] * share;
      }
    });
  }

  void backward(const Pass& pass) override {
    Feature& in = *inputs[0];
    if (!in.needs_gradient) return;
    const int channels = in.shape.channels, pixels = static_cast<int>(in.pixels());
    const float share = 1.0F / static_cast<float>(pixels);
    const Arrival arrival = arrive(in);
    ChannelSums sums(pass.threads, channels);
    in_parallel(
        pass.threads, pass.images, [&](int thread, std::ptrdiff_t first, std::ptrdiff_t last) {
          std::vector<float> slope(static_cast<std::size_t>(channels));
          for (std::ptrdiff_t image = first; image < last; ++image) {
            for (int c = 0; c < channels; ++c)
              slope[static_cast<std::size_t>(c)] = output->gradient[image * channels + c] * share;
            pass.kernels->contribute(contribution(in, arrival, {slope.data(), 0}, image * pixels,
                                                  pixels, 0, channels, sums, thread));
            sums.flush(thread);
          }
        });
    if (arrival.is_last) sums.total(in.gradient_sums, in.gradient_products);
  }
};

}  // namespace

std::unique_ptr<Step> make_add_step() {
  return std::make_unique<AddStep>();
}
std::unique_ptr<Step> make_global_pool_step() {
  return std::make_unique<GlobalPoolStep>();
}

}  // namespace atto::train::cpu
