// Convolution and dense layers as products of matrices: a stripe of output pixels is gathered into
// rows of kernel_height * kernel_width * channels numbers, small enough to stay in cache, and
// multiplied.
#include <algorithm>
#include <cstring>

#include "trainer/backend/cpu/feature.hpp"
#include "trainer/backend/cpu/in_parallel.hpp"

namespace atto::train::cpu {
namespace {

__attribute__((target_clones("avx512f", "avx2", "default"))) void add_run(
    float* __restrict to, const float* __restrict from, int count) {
  for (int i = 0; i < count; ++i) to[i] += from[i];
}

/// Scratch memory of one thread.
struct Scratch {
  Buffer columns;        ///< [stripe, depth]: gathered input
  Buffer column_slopes;  ///< [stripe, depth padded]: their gradient
  Buffer slopes;         ///< [stripe, group's outputs padded]: gradient of the raw output
  Buffer planes;         ///< [chunk, padded height, padded width, channels]: activated input
  Buffer plane_slopes;   ///< as planes
  std::vector<float> weight_slopes;  ///< [groups, depth, group's outputs padded]
};

class ConvStep : public Step {
 public:
  ConvStep(const ConvGeometry& geometry, int threads)
      : g_(geometry),
        group_in_(g_.in.channels / g_.groups),
        group_out_(g_.out.channels / g_.groups),
        depth_(g_.rows.kernel * g_.columns.kernel * group_in_),
        pad_y_(g_.rows.before()),
        pad_x_(g_.columns.before()),
        plane_height_(pad_y_ + g_.in.height + g_.rows.after(g_.in.height)),
        plane_width_(pad_x_ + g_.in.width + g_.columns.after(g_.in.width)),
        is_direct_(g_.rows.kernel == 1 && g_.columns.kernel == 1 && g_.rows.stride == 1 &&
                   g_.columns.stride == 1),
        pixels_(g_.out.height * g_.out.width),
        chunk_(std::max(1, kStripe / pixels_)),
        stripe_(std::clamp(kColumnFloats / depth_ / 12 * 12, 24, kStripe)) {
    const auto stripe = static_cast<std::size_t>(stripe_);
    const auto plane = is_direct_ ? 0 : static_cast<std::size_t>(chunk_) * plane_floats();
    for (int t = 0; t < threads; ++t) {
      Scratch s;
      s.columns = Buffer(stripe * static_cast<std::size_t>(is_direct_ ? g_.in.channels : depth_));
      s.column_slopes =
          Buffer(stripe * static_cast<std::size_t>(is_direct_ ? g_.in.channels : padded(depth_)));
      s.slopes = Buffer(stripe * static_cast<std::size_t>(padded(group_out_)) + kLanes);
      std::fill_n(s.slopes.data(), s.slopes.size(), 0.0F);
      s.planes = Buffer(plane);
      s.plane_slopes = Buffer(plane);
      std::fill_n(s.planes.data(), plane, 0.0F);
      scratch_.push_back(std::move(s));
    }
  }

  void forward(const Pass& pass) override {
    pack(pass);
    ChannelSums sums(pass.threads, g_.out.channels);
    in_parallel(pass.threads, chunks(pass),
                [&](int thread, std::ptrdiff_t first, std::ptrdiff_t last) {
                  for (std::ptrdiff_t chunk = first; chunk < last; ++chunk) {
                    load_planes(pass, thread, chunk);
                    for_stripes(pass, chunk, [&](std::ptrdiff_t at, int rows) {
                      forward_stripe(pass, thread, chunk, at, rows, sums);
                    });
                    if (wants_sums(pass, *output)) sums.flush(thread);
                  }
                });
    if (wants_sums(pass, *output)) sums.total(output->sums, output->squares);
  }

  void backward(const Pass& pass) override {
    Feature& in = *inputs[0];
    const Blend blend = blend_of(*output, pass);
    const Arrival arrival = in.needs_gradient ? arrive(in) : Arrival{};
    ChannelSums sums(pass.threads, g_.in.channels);
    for (Scratch& s : scratch_)
      s.weight_slopes.assign(static_cast<std::size_t>(g_.groups * depth_ * padded(group_out_)),
                             0.0F);
    in_parallel(pass.threads, chunks(pass),
                [&](int thread, std::ptrdiff_t first, std::ptrdiff_t last) {
                  Scratch& s = scratch_[static_cast<std::size_t>(thread)];
                  for (std::ptrdiff_t chunk = first; chunk < last; ++chunk) {
                    load_planes(pass, thread, chunk);
                    if (in.needs_gradient)
                      std::fill_n(s.plane_slopes.data(), s.plane_slopes.size(), 0.0F);
                    for_stripes(pass, chunk, [&](std::ptrdiff_t at, int rows) {
                      backward_stripe(pass, blend, arrival, thread, chunk, at, rows, sums);
                    });
                    if (in.needs_gradient && !is_direct_)
                      send_planes(pass, arrival, thread, chunk, sums);
                    sums.flush(thread);
                  }
                });
    if (arrival.is_last) sums.total(in.gradient_sums, in.gradient_products);
    unpack_slopes(pass);
  }

 private:
  static constexpr int kStripe = 192;  ///< output pixels; more bring nothing
  static constexpr int kColumnFloats =
      24 * 1024;  ///< gathered rows stay in the second cache beside weights

  std::size_t plane_floats() const {
    return static_cast<std::size_t>(plane_height_) *
           static_cast<std::size_t>(plane_width_ * g_.in.channels);
  }
  std::ptrdiff_t chunks(const Pass& pass) const { return (pass.images + chunk_ - 1) / chunk_; }
  int chunk_images(const Pass& pass, std::ptrdiff_t chunk) const {
    return static_cast<int>(std::min<std::ptrdiff_t>(chunk_, pass.images - chunk * chunk_));
  }
  /// Calls body(first pixel of the batch, rows).
  template <class Body>
  void for_stripes(const Pass& pass, std::ptrdiff_t chunk, const Body& body) const {
    const std::ptrdiff_t first = chunk * chunk_ * pixels_;
    const std::ptrdiff_t last = first + std::ptrdiff_t{chunk_images(pass, chunk)} * pixels_;
    for (std::ptrdiff_t at = first; at < last; at += stripe_)
      body(at, static_cast<int>(std::min<std::ptrdiff_t>(stripe_, last - at)));
  }

  /// Weights [o][i][ky][kx] to [group][depth][o padded] and [group][o][depth padded], depth = (ky,
  /// kx, i).
  void pack(const Pass& pass) {
    const float* weights = pass.weights + pass.layout->offset(g_.layer, 0);
    const int out_pitch = padded(group_out_), depth_pitch = padded(depth_);
    const int taps = g_.rows.kernel * g_.columns.kernel;
    packed_.assign(static_cast<std::size_t>(g_.groups * depth_ * out_pitch), 0.0F);
    packed_back_.assign(
        pass.trains ? static_cast<std::size_t>(g_.groups * group_out_ * depth_pitch) : 0, 0.0F);
    for (int group = 0; group < g_.groups; ++group)
      for (int o = 0; o < group_out_; ++o)
        for (int i = 0; i < group_in_; ++i)
          for (int tap = 0; tap < taps; ++tap) {
            const float weight = *weights++;
            const std::ptrdiff_t k = std::ptrdiff_t{tap} * group_in_ + i;
            packed_[static_cast<std::size_t>((std::ptrdiff_t{group} * depth_ + k) * out_pitch +
                                             o)] = weight;
            if (pass.trains)
              packed_back_[static_cast<std::size_t>(
                  (std::ptrdiff_t{group} * group_out_ + o) * depth_pitch + k)] = weight;
          }
  }

  void unpack_slopes(const Pass& pass) {
    std::vector<float>& sum = scratch_[0].weight_slopes;
    for (std::size_t t = 1; t < static_cast<std::size_t>(pass.threads); ++t)
      add_run(sum.data(), scratch_[t].weight_slopes.data(), static_cast<int>(sum.size()));
    float* to = pass.gradients + pass.layout->offset(g_.layer, 0);
    const int out_pitch = padded(group_out_), taps = g_.rows.kernel * g_.columns.kernel;
    for (int group = 0; group < g_.groups; ++group)
      for (int o = 0; o < group_out_; ++o)
        for (int i = 0; i < group_in_; ++i)
          for (int tap = 0; tap < taps; ++tap)
            *to++ = sum[static_cast<std::size_t>(
                (std::ptrdiff_t{group} * depth_ + std::ptrdiff_t{tap} * group_in_ + i) * out_pitch +
                o)];
    if (!g_.has_bias) return;
    float* const bias = pass.gradients + pass.layout->offset(g_.layer, 1);
    for (std::size_t c = 0; c < output->gradient_sums.size(); ++c)
      bias[c] = static_cast<float>(output->gradient_sums[c]);
  }

  /// Writes the chunk's activated images into the middle of the thread's planes.
  void load_planes(const Pass& pass, int thread, std::ptrdiff_t chunk) {
    if (is_direct_) return;
    const Feature& in = *inputs[0];
    const int channels = g_.in.channels;
    for (int i = 0; i < chunk_images(pass, chunk); ++i) {
      const float* const src = in.raw.data() + (chunk * chunk_ + i) * in.pixels() * channels;
      float* const dst = scratch_[static_cast<std::size_t>(thread)].planes.data() +
                         static_cast<std::size_t>(i) * plane_floats();
      for (int y = 0; y < g_.in.height; ++y)
        pass.kernels->activate(
            {src + std::ptrdiff_t{y} * g_.in.width * channels, channels}, g_.in.width, channels,
            in.affine(), dst + ((y + pad_y_) * std::ptrdiff_t{plane_width_} + pad_x_) * channels,
            channels);
    }
  }

  /// Calls body(plane offset of the row's first tap, row) for the stripe's pixels.
  template <class Body>
  void for_pixels(std::ptrdiff_t chunk, std::ptrdiff_t at, int rows, const Body& body) const {
    const std::ptrdiff_t local = at - chunk * chunk_ * pixels_;
    for (int row = 0; row < rows; ++row) {
      const std::ptrdiff_t image = (local + row) / pixels_, pixel = (local + row) % pixels_;
      const std::ptrdiff_t y = pixel / g_.out.width * g_.rows.stride,
                           x = pixel % g_.out.width * g_.columns.stride;
      body(image * static_cast<std::ptrdiff_t>(plane_floats()) +
               (y * plane_width_ + x) * g_.in.channels,
           row);
    }
  }

  /// Calls body(plane offset, column, count) for the runs of numbers that a pixel's row is made of.
  template <class Body>
  void for_runs(int group, const Body& body) const {
    const bool joins = g_.groups == 1 && g_.rows.dilation == 1;
    const int steps = joins ? 1 : g_.columns.kernel,
              run = joins ? g_.columns.kernel * group_in_ : group_in_;
    for (int ky = 0, column = 0; ky < g_.rows.kernel; ++ky)
      for (int kx = 0; kx < steps; ++kx, column += run)
        body((std::ptrdiff_t{ky} * g_.rows.dilation * plane_width_ +
              std::ptrdiff_t{kx} * g_.rows.dilation) *
                     g_.in.channels +
                 group * group_in_,
             column, run);
  }

  /// Fills `columns`. Direct: all channels of the stripe; else one group's rows.
  void gather(const Pass& pass, Scratch& s, std::ptrdiff_t chunk, std::ptrdiff_t at, int rows,
              int group) const {
    const Feature& in = *inputs[0];
    const int channels = g_.in.channels;
    if (is_direct_) {
      if (group == 0)
        pass.kernels->activate({in.raw.data() + at * channels, channels}, rows, channels,
                               in.affine(), s.columns.data(), channels);
      return;
    }
    for_pixels(chunk, at, rows, [&](std::ptrdiff_t offset, int row) {
      const float* const plane = s.planes.data() + offset;
      float* const to = s.columns.data() + std::ptrdiff_t{row} * depth_;
      for_runs(group, [&](std::ptrdiff_t from, int column, int run) {
        std::memcpy(to + column, plane + from, static_cast<std::size_t>(run) * sizeof(float));
      });
    });
  }

  /// The rows of a map that the next stripe will read.
  Ahead next_rows(const Pass& pass, const float* map, int channels, std::ptrdiff_t first) const {
    const std::ptrdiff_t left = pass.images * std::ptrdiff_t{pixels_} - first;
    if (left <= 0) return {};
    return {map + first * channels,
            static_cast<int>(std::min<std::ptrdiff_t>(stripe_, left) * channels / kLanes)};
  }

  const float* group_columns(const Scratch& s, int group) const {
    return s.columns.data() + (is_direct_ ? group * group_in_ : 0);
  }
  std::ptrdiff_t column_pitch() const { return is_direct_ ? g_.in.channels : depth_; }

  void forward_stripe(const Pass& pass, int thread, std::ptrdiff_t chunk, std::ptrdiff_t at,
                      int rows, ChannelSums& sums) {
    Scratch& s = scratch_[static_cast<std::size_t>(thread)];
    const int channels = g_.out.channels, out_pitch = padded(group_out_);
    float* const dst = output->raw.data() + at * channels;
    const bool measures = wants_sums(pass, *output);
    // Column sums go in whole blocks, which would overlap between groups of other widths.
    const bool sums_with_product = measures && (g_.groups == 1 || group_out_ % kLanes == 0);
    for (int group = 0; group < g_.groups; ++group) {
      gather(pass, s, chunk, at, rows, group);
      Product product{rows,
                      group_out_,
                      depth_,
                      group_columns(s, group),
                      column_pitch(),
                      1,
                      packed_.data() + std::ptrdiff_t{group} * depth_ * out_pitch,
                      out_pitch,
                      dst + group * group_out_,
                      channels};
      product.streams = output->streams() && group_out_ % kLanes == 0;
      if (is_direct_ && group == 0)
        product.ahead[0] = next_rows(pass, inputs[0]->raw.data(), g_.in.channels, at + rows);
      if (sums_with_product) {
        product.sums = sums.first(thread) + group * group_out_;
        product.squares = sums.second(thread) + group * group_out_;
      }
      pass.kernels->multiply(product);
    }
    if (measures && !sums_with_product)
      pass.kernels->sum({dst, channels}, rows, channels, sums.first(thread), sums.second(thread));
  }

  void backward_stripe(const Pass& pass, const Blend& blend, Arrival arrival, int thread,
                       std::ptrdiff_t chunk, std::ptrdiff_t at, int rows, ChannelSums& sums) {
    Scratch& s = scratch_[static_cast<std::size_t>(thread)];
    Feature& in = *inputs[0];
    const int out_channels = g_.out.channels, out_pitch = padded(group_out_),
              depth_pitch = padded(depth_);
    for (int group = 0; group < g_.groups; ++group) {
      const int first = group * group_out_;
      pass.kernels->blend({output->gradient + at * out_channels + first, out_channels},
                          {output->raw.data() + at * out_channels + first, out_channels}, rows,
                          group_out_, blend.by_grad.data() + first, blend.by_raw.data() + first,
                          blend.constant.data() + first, s.slopes.data(), out_pitch);
      gather(pass, s, chunk, at, rows, group);
      Product by_weight{depth_,
                        group_out_,
                        rows,
                        group_columns(s, group),
                        1,
                        column_pitch(),
                        s.slopes.data(),
                        out_pitch,
                        s.weight_slopes.data() + std::ptrdiff_t{group} * depth_ * out_pitch,
                        out_pitch,
                        true};
      if (group == 0) {
        by_weight.ahead[0] = next_rows(pass, output->gradient, out_channels, at + rows);
        by_weight.ahead[1] = next_rows(pass, output->raw.data(), out_channels, at + rows);
      }
      pass.kernels->multiply(by_weight);
      if (!in.needs_gradient) continue;
      Product by_input{rows,
                       depth_,
                       group_out_,
                       s.slopes.data(),
                       out_pitch,
                       1,
                       packed_back_.data() + std::ptrdiff_t{group} * group_out_ * depth_pitch,
                       depth_pitch,
                       s.column_slopes.data() + (is_direct_ ? group * group_in_ : 0),
                       is_direct_ ? g_.in.channels : depth_pitch};
      if (is_direct_ && group == 0)
        by_input.ahead[0] = next_rows(pass, in.raw.data(), g_.in.channels, at + rows);
      pass.kernels->multiply(by_input);
      if (!is_direct_) scatter(s, chunk, at, rows, group);
    }
    if (is_direct_ && in.needs_gradient)
      pass.kernels->contribute(contribution(in, arrival, {s.column_slopes.data(), g_.in.channels},
                                            at, rows, 0, g_.in.channels, sums, thread));
  }

  void scatter(Scratch& s, std::ptrdiff_t chunk, std::ptrdiff_t at, int rows, int group) const {
    const int depth_pitch = padded(depth_);
    for_pixels(chunk, at, rows, [&](std::ptrdiff_t offset, int row) {
      float* const plane = s.plane_slopes.data() + offset;
      const float* const from = s.column_slopes.data() + std::ptrdiff_t{row} * depth_pitch;
      for_runs(group, [&](std::ptrdiff_t to, int column, int run) {
        add_run(plane + to, from + column, run);
      });
    });
  }

  /// Sends the middle of the planes' gradients to the input.
  void send_planes(const Pass& pass, Arrival arrival, int thread, std::ptrdiff_t chunk,
                   ChannelSums& sums) {
    Scratch& s = scratch_[static_cast<std::size_t>(thread)];
    Feature& in = *inputs[0];
    const int channels = g_.in.channels;
    for (int i = 0; i < chunk_images(pass, chunk); ++i)
      for (int y = 0; y < g_.in.height; ++y) {
        const std::ptrdiff_t first =
            (chunk * chunk_ + i) * in.pixels() + std::ptrdiff_t{y} * g_.in.width;
        const float* const d = s.plane_slopes.data() +
                               static_cast<std::size_t>(i) * plane_floats() +
                               ((y + pad_y_) * std::ptrdiff_t{plane_width_} + pad_x_) * channels;
        pass.kernels->contribute(contribution(in, arrival, {d, channels}, first, g_.in.width, 0,
                                              channels, sums, thread));
      }
  }

  const ConvGeometry g_;
  const int group_in_, group_out_, depth_, pad_y_, pad_x_, plane_height_, plane_width_;
  const bool is_direct_;
  const int pixels_, chunk_, stripe_;
  std::vector<Scratch> scratch_;  ///< one a thread
  std::vector<float> packed_, packed_back_;
};

}  // namespace

std::unique_ptr<Step> make_conv_step(const ConvGeometry& geometry, int threads) {
  return std::make_unique<ConvStep>(geometry, threads);
}

}  // namespace atto::train::cpu
