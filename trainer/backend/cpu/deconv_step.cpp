// Transposed convolution whose windows do not meet. A row of input pixels makes `kernel` rows of
// the output, in each of which a pixel's kernel x channels numbers lie side by side: for each tap
// down a plain product of matrices, and nothing is gathered.
#include <algorithm>

#include "trainer/backend/cpu/feature.hpp"
#include "trainer/backend/cpu/in_parallel.hpp"

namespace atto::train::cpu {
namespace {

/// Scratch memory of one thread, for a row of input pixels.
struct Scratch {
  Buffer values;                     ///< [in width, in channels]: activated input
  Buffer value_slopes;               ///< their gradient
  Buffer slopes;                     ///< [in width, run padded]: gradient of one row of the output
  std::vector<float> weight_slopes;  ///< [kernel, in channels, run padded]
};

class DeconvStep : public Step {
 public:
  DeconvStep(const ConvGeometry& geometry, int threads)
      : g_(geometry),
        kernel_(g_.rows.kernel),
        run_(kernel_ * g_.out.channels),
        pitch_(padded(run_)),
        back_pitch_(padded(g_.in.channels)) {
    const auto width = static_cast<std::size_t>(g_.in.width);
    for (int t = 0; t < threads; ++t) {
      Scratch s;
      s.values = Buffer(width * static_cast<std::size_t>(g_.in.channels));
      s.value_slopes = Buffer(width * static_cast<std::size_t>(g_.in.channels));
      s.slopes = Buffer(width * static_cast<std::size_t>(pitch_));
      std::fill_n(s.slopes.data(), s.slopes.size(), 0.0F);
      scratch_.push_back(std::move(s));
    }
  }

  void forward(const Pass& pass) override {
    pack(pass);
    const bool measures = wants_sums(pass, *output);
    ChannelSums sums(pass.threads, g_.out.channels);
    in_parallel(
        pass.threads, pass.images, [&](int thread, std::ptrdiff_t first, std::ptrdiff_t last) {
          for (std::ptrdiff_t row = first * g_.in.height; row < last * g_.in.height; ++row) {
            forward_row(pass, scratch_[static_cast<std::size_t>(thread)], row);
            if (!measures) continue;
            pass.kernels->sum({output_row(output->raw.data(), row, 0), g_.out.channels},
                              kernel_ * g_.out.width, g_.out.channels, sums.first(thread),
                              sums.second(thread));
            sums.flush(thread);
          }
        });
    if (measures) sums.total(output->sums, output->squares);
  }

  void backward(const Pass& pass) override {
    Feature& in = *inputs[0];
    const Blend blend = blend_of(*output, pass);
    const Arrival arrival = in.needs_gradient ? arrive(in) : Arrival{};
    ChannelSums sums(pass.threads, g_.in.channels);
    for (Scratch& s : scratch_) s.weight_slopes.assign(place(kernel_, 0, 0), 0.0F);
    in_parallel(
        pass.threads, pass.images, [&](int thread, std::ptrdiff_t first, std::ptrdiff_t last) {
          Scratch& s = scratch_[static_cast<std::size_t>(thread)];
          for (std::ptrdiff_t row = first * g_.in.height; row < last * g_.in.height; ++row) {
            backward_row(pass, blend, s, row);
            if (!in.needs_gradient) continue;
            pass.kernels->contribute(
                contribution(in, arrival, {s.value_slopes.data(), g_.in.channels},
                             row * g_.in.width, g_.in.width, 0, g_.in.channels, sums, thread));
            sums.flush(thread);
          }
        });
    if (arrival.is_last) sums.total(in.gradient_sums, in.gradient_products);
    unpack_slopes(pass);
  }

 private:
  /// The output's row that a tap makes of a row of the batch's input pixels.
  float* output_row(float* map, std::ptrdiff_t row, int tap) const {
    return map + (row * kernel_ + tap) * g_.out.width * g_.out.channels;
  }

  /// Where a number of packed weights, and of their slopes, lies.
  std::size_t place(int tap, int i, int column) const {
    return (static_cast<std::size_t>(tap) * static_cast<std::size_t>(g_.in.channels) +
            static_cast<std::size_t>(i)) *
               static_cast<std::size_t>(pitch_) +
           static_cast<std::size_t>(column);
  }

  /// Weights [i][o][ky][kx] to [ky][i][(kx, o) padded] and [ky][(kx, o)][i padded].
  void pack(const Pass& pass) {
    const float* weights = pass.weights + pass.layout->offset(g_.layer, 0);
    packed_.assign(place(kernel_, 0, 0), 0.0F);
    packed_back_.assign(pass.trains ? static_cast<std::size_t>(kernel_ * run_) *
                                          static_cast<std::size_t>(back_pitch_)
                                    : 0,
                        0.0F);
    for_weights([&](int i, int tap, int column) {
      const float weight = *weights++;
      packed_[place(tap, i, column)] = weight;
      if (pass.trains)
        packed_back_[(static_cast<std::size_t>(tap * run_) + static_cast<std::size_t>(column)) *
                         static_cast<std::size_t>(back_pitch_) +
                     static_cast<std::size_t>(i)] = weight;
    });
  }

  void unpack_slopes(const Pass& pass) {
    std::vector<float>& sum = scratch_[0].weight_slopes;
    for (std::size_t t = 1; t < static_cast<std::size_t>(pass.threads); ++t)
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += scratch_[t].weight_slopes[i];
    float* to = pass.gradients + pass.layout->offset(g_.layer, 0);
    for_weights([&](int i, int tap, int column) { *to++ = sum[place(tap, i, column)]; });
    if (!g_.has_bias) return;
    float* const bias = pass.gradients + pass.layout->offset(g_.layer, 1);
    for (std::size_t c = 0; c < output->gradient_sums.size(); ++c)
      bias[c] = static_cast<float>(output->gradient_sums[c]);
  }

  /// Calls body(input channel, tap down, column) in the order of the weights.
  template <class Body>
  void for_weights(const Body& body) const {
    for (int i = 0; i < g_.in.channels; ++i)
      for (int o = 0; o < g_.out.channels; ++o)
        for (int ky = 0; ky < kernel_; ++ky)
          for (int kx = 0; kx < kernel_; ++kx) body(i, ky, kx * g_.out.channels + o);
  }

  void load_row(const Pass& pass, Scratch& s, std::ptrdiff_t row) const {
    const int channels = g_.in.channels;
    pass.kernels->activate({inputs[0]->raw.data() + row * g_.in.width * channels, channels},
                           g_.in.width, channels, inputs[0]->affine(), s.values.data(), channels);
  }

  void forward_row(const Pass& pass, Scratch& s, std::ptrdiff_t row) const {
    load_row(pass, s, row);
    for (int tap = 0; tap < kernel_; ++tap)
      pass.kernels->multiply({g_.in.width, run_, g_.in.channels, s.values.data(), g_.in.channels, 1,
                              packed_.data() + place(tap, 0, 0), pitch_,
                              output_row(output->raw.data(), row, tap), run_});
  }

  void backward_row(const Pass& pass, const Blend& blend, Scratch& s, std::ptrdiff_t row) const {
    const int channels = g_.out.channels;
    load_row(pass, s, row);
    for (int tap = 0; tap < kernel_; ++tap) {
      for (int kx = 0; kx < kernel_; ++kx)
        pass.kernels->blend({output_row(output->gradient, row, tap) + kx * channels, run_},
                            {output_row(output->raw.data(), row, tap) + kx * channels, run_},
                            g_.in.width, channels, blend.by_grad.data(), blend.by_raw.data(),
                            blend.constant.data(), s.slopes.data() + kx * channels, pitch_);
      pass.kernels->multiply({g_.in.channels, run_, g_.in.width, s.values.data(), 1, g_.in.channels,
                              s.slopes.data(), pitch_, s.weight_slopes.data() + place(tap, 0, 0),
                              pitch_, true});
      if (inputs[0]->needs_gradient)
        pass.kernels->multiply({g_.in.width, g_.in.channels, run_, s.slopes.data(), pitch_, 1,
                                packed_back_.data() + std::ptrdiff_t{tap} * run_ * back_pitch_,
                                back_pitch_, s.value_slopes.data(), g_.in.channels, tap > 0});
    }
  }

  const ConvGeometry g_;
  const int kernel_;
  const int run_;  ///< numbers that a pixel makes in one row of the output
  const int pitch_, back_pitch_;
  std::vector<Scratch> scratch_;  ///< one a thread
  std::vector<float> packed_, packed_back_;
};

}  // namespace

std::unique_ptr<Step> make_deconv_step(const ConvGeometry& geometry, int threads) {
  return std::make_unique<DeconvStep>(geometry, threads);
}

}  // namespace atto::train::cpu
