// Sums and products of maps, and the global average.
#include <algorithm>

#include "trainer/backend/cpu/feature.hpp"
#include "trainer/backend/cpu/in_parallel.hpp"

namespace atto::train::cpu {
namespace {

constexpr int kFlushRows = 4096;  ///< float sums are moved into doubles this often

/// Calls body(first row, rows) in pieces.
template <class Body>
void in_pieces(std::ptrdiff_t first, std::ptrdiff_t last, const Body& body) {
  for (; first < last; first += kFlushRows)
    body(first, static_cast<int>(std::min<std::ptrdiff_t>(kFlushRows, last - first)));
}

/// Takes a complete gradient through the batch norm that the map carries.
void blend_in_place(const Pass& pass, Feature& map) {
  const int channels = map.shape.channels;
  const Blend blend = blend_of(map, pass);
  in_parallel(pass.threads, pass.images * map.pixels(),
              [&](int, std::ptrdiff_t from, std::ptrdiff_t to) {
                float* const at = map.gradient + from * channels;
                pass.kernels->blend({at, channels}, {map.raw.data() + from * channels, channels},
                                    static_cast<int>(to - from), channels, blend.by_grad.data(),
                                    blend.by_raw.data(), blend.constant.data(), at, channels);
              });
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
    if (output->norm_layer >= 0) blend_in_place(pass, *output);
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

/// A map times a gate of one pixel an image (squeeze and excite).
class GateStep : public Step {
 public:
  void forward(const Pass& pass) override {
    const int channels = output->shape.channels, pixels = static_cast<int>(output->pixels());
    const bool measures = wants_sums(pass, *output);
    ChannelSums sums(pass.threads, channels);
    in_parallel(pass.threads, pass.images,
                [&](int thread, std::ptrdiff_t first, std::ptrdiff_t last) {
                  Values values(*inputs[0], *inputs[1]);
                  for (std::ptrdiff_t image = first; image < last; ++image) {
                    values.load(pass, image);
                    float* const dst = output->raw.data() + image * pixels * channels;
                    scale_rows(pass, {values.map.data(), channels}, values.gate, dst);
                    if (!measures) continue;
                    pass.kernels->sum({dst, channels}, pixels, channels, sums.first(thread),
                                      sums.second(thread));
                    sums.flush(thread);
                  }
                });
    if (measures) sums.total(output->sums, output->squares);
  }

  void backward(const Pass& pass) override {
    if (output->norm_layer >= 0) blend_in_place(pass, *output);
    Feature &map = *inputs[0], &gate = *inputs[1];
    const int channels = output->shape.channels, pixels = static_cast<int>(output->pixels());
    // In the order in which they are sent below, should both be one map.
    const Arrival to_gate = gate.needs_gradient ? arrive(gate) : Arrival{};
    const Arrival to_map = map.needs_gradient ? arrive(map) : Arrival{};
    ChannelSums map_sums(pass.threads, channels), gate_sums(pass.threads, channels);
    in_parallel(
        pass.threads, pass.images, [&](int thread, std::ptrdiff_t first, std::ptrdiff_t last) {
          Values values(map, gate);
          std::vector<float> gate_slope(values.gate.size());
          for (std::ptrdiff_t image = first; image < last; ++image) {
            values.load(pass, image);
            const Rows slope{output->gradient + image * pixels * channels, channels};
            if (gate.needs_gradient) {
              values.add_products(pass, slope, gate_slope);
              pass.kernels->contribute(contribution(gate, to_gate, {gate_slope.data(), 0}, image, 1,
                                                    0, channels, gate_sums, thread));
              gate_sums.flush(thread);
            }
            if (!map.needs_gradient) continue;
            scale_rows(pass, slope, values.gate, values.map.data());
            pass.kernels->contribute(contribution(map, to_map, {values.map.data(), channels},
                                                  image * pixels, pixels, 0, channels, map_sums,
                                                  thread));
            map_sums.flush(thread);
          }
        });
    if (to_map.is_last) map_sums.total(map.gradient_sums, map.gradient_products);
    if (to_gate.is_last) gate_sums.total(gate.gradient_sums, gate.gradient_products);
  }

 private:
  /// The values of one image: of the map, [pixels, channels], and of its gate, [channels].
  struct Values {
    Values(const Feature& map_from, const Feature& gate_from)
        : from(map_from),
          gates(gate_from),
          map(static_cast<std::size_t>(from.shape.elements())),
          scratch(map.size()),
          gate(static_cast<std::size_t>(padded(from.shape.channels))),
          sums(gate.size()) {}

    void load(const Pass& pass, std::ptrdiff_t image) {
      const int channels = from.shape.channels, pixels = static_cast<int>(from.pixels());
      pass.kernels->activate({from.raw.data() + image * pixels * channels, channels}, pixels,
                             channels, from.affine(), map.data(), channels);
      pass.kernels->activate({gates.raw.data() + image * channels, channels}, 1, channels,
                             gates.affine(), gate.data(), channels);
    }

    /// to[c] = the sum over pixels of slope * value.
    void add_products(const Pass& pass, Rows slope, std::vector<float>& to) {
      const int channels = from.shape.channels;
      std::fill(to.begin(), to.end(), 0.0F);
      Contribution all;
      all.d = slope;
      all.is_first = all.is_last = true;
      all.gradient = scratch.data();
      all.raw = {map.data(), channels};
      all.rows = static_cast<int>(from.pixels());
      all.channels = channels;
      all.affine = {ones_.data(), zeros_.data(), net::Activation::None};
      all.mean = zeros_.data();
      all.sums = sums.data();
      all.products = to.data();
      pass.kernels->contribute(all);
    }

    const Feature &from, &gates;
    std::vector<float> map, scratch, gate, sums;

   private:
    std::vector<float> zeros_ = std::vector<float>(gate.size(), 0.0F),
                       ones_ = std::vector<float>(gate.size(), 1.0F);
  };

  /// dst [pixels, channels] = src * row, channel by channel.
  void scale_rows(const Pass& pass, Rows src, const std::vector<float>& row, float* dst) const {
    const int channels = output->shape.channels;
    const std::vector<float> zeros(row.size(), 0.0F);
    pass.kernels->blend(src, src, static_cast<int>(output->pixels()), channels, row.data(),
                        zeros.data(), zeros.data(), dst, channels);
  }
};

}  // namespace

std::unique_ptr<Step> make_add_step() {
  return std::make_unique<AddStep>();
}
std::unique_ptr<Step> make_gate_step() {
  return std::make_unique<GateStep>();
}
std::unique_ptr<Step> make_global_pool_step() {
  return std::make_unique<GlobalPoolStep>();
}

}  // namespace atto::train::cpu
