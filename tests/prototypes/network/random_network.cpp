#include "tests/prototypes/network/random_network.hpp"

#include <algorithm>
#include <optional>

#include "design_specs/seeds/random.hpp"
#include "prototypes/network/windows.hpp"

namespace atto::net {
namespace {

class Grower {
 public:
  Grower(std::uint64_t seed, int times) : random_(seed) {
    network_.name = "random";
    network_.input = {pick(1, 4), times * pick(5, 20), times * pick(5, 20)};
    network_.classes = pick(2, 12);
    network_.layers.push_back({"input", InputLayer{}, {}});
    shapes_.push_back(network_.input);
  }

  Network grow(int layers) {
    while (static_cast<int>(network_.layers.size()) < layers) add_something();
    const int last = static_cast<int>(network_.layers.size()) - 1;
    const int pooled = add(GlobalAveragePool{}, {last}, {shape(last).channels, 1, 1});
    const int logits = add(Dense{}, {pooled}, {network_.classes, 1, 1});
    network_.outputs = {{"head", logits}};
    if (random_.below(2) == 0) network_.outputs.push_back({"early", any()});
    if (random_.below(2) == 0) add(Softmax{}, {logits}, {network_.classes, 1, 1});
    return network_;
  }

 private:
  int pick(int low, int high) {
    return low + static_cast<int>(random_.below(static_cast<std::uint64_t>(high - low + 1)));
  }
  int any() { return pick(0, static_cast<int>(network_.layers.size()) - 1); }
  /// Mostly the newest layer, so that networks become deep.
  int source() {
    return random_.below(4) == 0 ? any() : static_cast<int>(network_.layers.size()) - 1;
  }
  const Shape& shape(int layer) const { return shapes_[static_cast<std::size_t>(layer)]; }

  int add(Op op, std::vector<int> inputs, Shape out) {
    const int index = static_cast<int>(network_.layers.size());
    network_.layers.push_back({"layer" + std::to_string(index), op, std::move(inputs)});
    shapes_.push_back(out);
    return index;
  }

  /// Returns another layer of the same height and width (and channels), if the dice find one.
  std::optional<int> mate(int layer, bool same_channels) {
    for (int tries = 0; tries < 8; ++tries) {
      const int other = any();
      const Shape &a = shape(layer), &b = shape(other);
      if (a.height == b.height && a.width == b.width &&
          (!same_channels || a.channels == b.channels))
        return other;
    }
    return std::nullopt;
  }

  /// One group, one for every channel, or some number between.
  int pick_groups(int channels) {
    std::vector<int> fitting;
    for (int groups = 2; groups < channels; ++groups)
      if (channels % groups == 0) fitting.push_back(groups);
    const auto kind = random_.below(4);
    if (kind == 0) return channels;
    if (kind == 1 && !fitting.empty())
      return fitting[static_cast<std::size_t>(pick(0, static_cast<int>(fitting.size()) - 1))];
    return 1;
  }

  void add_conv(int from) {
    const Shape in = shape(from);
    const int groups = pick_groups(in.channels);
    const int stride = in.height > 2 && in.width > 2 ? pick(1, 2) : 1;
    const int out = groups * pick(1, groups > 4 ? 2 : 6);
    const bool bias = random_.below(3) == 0;
    Conv op{out, 2 * pick(0, 2) + 1, stride, groups, pick(1, 2), bias};
    if (random_.below(3) == 0) vary(op, in);
    const int conv =
        add(op, {from}, {out, rows_of(op).output(in.height), columns_of(op).output(in.width)});
    if (random_.below(3) != 0) add(BatchNorm{}, {conv}, shape(conv));
  }

  /// Makes a window one of any sides, strides and padding that fit the map.
  template <class Windowed>
  void vary(Windowed& op, const Shape& in) {
    op.kernel = {pick(1, 6), pick(1, 6)};
    op.stride = {pick(1, std::min(3, in.height)), pick(1, std::min(3, in.width))};
    const bool fits = rows_of(op).extent() <= in.height && columns_of(op).extent() <= in.width;
    if (fits && random_.below(2) == 0) op.padding = Padding::Valid;
  }

  void add_joined(int from) {
    const auto same = mate(from, true), close = mate(from, false);
    const Shape in = shape(from);
    if (random_.below(2) == 0 && same)
      add(Add{}, {from, *same}, in);
    else if (close && in.channels + shape(*close).channels < 64)
      add(Concat{}, {from, *close}, {in.channels + shape(*close).channels, in.height, in.width});
  }

  void add_gate(int from) {
    const Shape in = shape(from);
    const int pooled = add(GlobalAveragePool{}, {from}, {in.channels, 1, 1});
    const int gate = add(Activate{Activation::HardSigmoid}, {pooled}, {in.channels, 1, 1});
    add(Multiply{}, {from, gate}, in);
  }

  void add_pool(int from) {
    const Shape in = shape(from);
    const int stride = in.height > 2 && in.width > 2 ? 2 : 1;
    const auto kind = random_.below(2) == 0 ? Pool::Kind::Max : Pool::Kind::Average;
    Pool op{kind, stride == 2 ? pick(2, 3) : 3, stride};
    if (random_.below(2) == 0) vary(op, in);
    add(op, {from}, {in.channels, rows_of(op).output(in.height), columns_of(op).output(in.width)});
  }

  void add_pool_to(int from) {
    const int to = any();
    const Shape &in = shape(from), &out = shape(to);
    if (out.height <= in.height && out.width <= in.width)
      add(PoolTo{}, {from, to}, {in.channels, out.height, out.width});
  }

  void add_enlarged(int from) {
    const Shape in = shape(from);
    if (in.height >= 12) return;
    const int factor = pick(2, 3), out = pick(1, 20);
    const auto kind = random_.below(3);
    if (kind == 0) {
      const bool bias = random_.below(2) == 0;
      const int deconv =
          add(Deconv{out, factor, bias}, {from}, {out, factor * in.height, factor * in.width});
      if (random_.below(2) == 0) add(BatchNorm{}, {deconv}, shape(deconv));
    } else {
      const auto mode = kind == 1 ? Upsample::Mode::Nearest : Upsample::Mode::Bilinear;
      add(Upsample{factor, mode}, {from}, {in.channels, factor * in.height, factor * in.width});
    }
  }

  /// Alone, and as a term of a sum.
  void add_zero(int from) {
    const Shape in = shape(from);
    const int stride = in.height > 2 && in.width > 2 ? pick(1, 2) : 1;
    const Pool pool{Pool::Kind::Max, 1, stride};
    const int zero =
        add(Zero{stride}, {from},
            {in.channels, rows_of(pool).output(in.height), columns_of(pool).output(in.width)});
    if (const auto same = mate(zero, true); same && random_.below(2) == 0)
      add(Add{}, {zero, *same}, shape(zero));
  }

  void add_normalised(int from) {
    const Op ops[] = {BatchNorm{}, LayerNorm{}, LayerScale{}, Dropout{}};
    add(ops[random_.below(4)], {from}, shape(from));
  }

  void add_rearranged(int from) {
    const Shape in = shape(from);
    if (in.channels % 2 == 0 && random_.below(2) == 0) {
      add(Shuffle{2}, {from}, in);
    } else if (in.channels > 1) {
      const int end = pick(1, in.channels), begin = pick(0, end - 1);
      add(Slice{begin, end}, {from}, {end - begin, in.height, in.width});
    }
  }

  void add_something() {
    const int from = source();
    const Shape in = shape(from);
    switch (random_.below(10)) {
      case 0:
        add_joined(from);
        break;
      case 1:
        add_gate(from);
        break;
      case 2:
        add_pool(from);
        break;
      case 3:
        add_pool_to(from);
        break;
      case 4:
        add_rearranged(from);
        break;
      case 5:
        add(Activate{static_cast<Activation>(pick(1, 9))}, {from}, in);
        break;
      case 6:
        add_enlarged(from);
        break;
      case 7:
        add_normalised(from);
        break;
      case 8:
        add_zero(from);
        break;
      default:
        add_conv(from);
    }
  }

  spec::Random random_;
  Network network_;
  std::vector<Shape> shapes_;
};

}  // namespace

Network random_network(std::uint64_t seed, int layers, int times) {
  return Grower(seed, times).grow(layers);
}

}  // namespace atto::net
