#include "tests/trainer/networks.hpp"

#include "design_specs/seeds/random.hpp"
#include "prototypes/network/shapes.hpp"

namespace atto::test {

using net::Activation;

NetworkBuilder::NetworkBuilder(net::Shape input, int classes) {
  network.name = "test";
  network.input = input;
  network.classes = classes;
  add(net::InputLayer{}, {});
}

int NetworkBuilder::add(net::Op op, std::vector<int> inputs) {
  const int index = static_cast<int>(network.layers.size());
  network.layers.push_back({"layer" + std::to_string(index), op, std::move(inputs)});
  return index;
}

int NetworkBuilder::unit(int from, int channels, int kernel, int stride, int groups,
                         Activation activation) {
  int at = add(net::Conv{channels, kernel, stride, groups, 1, false}, {from});
  at = add(net::BatchNorm{}, {at});
  return activation == Activation::None ? at : add(net::Activate{activation}, {at});
}

int NetworkBuilder::separable(int from, int channels_in, int channels, int stride, int kernel) {
  const int depthwise = unit(from, channels_in, kernel, stride, channels_in);
  return unit(depthwise, channels, 1, 1, 1);
}

net::Network NetworkBuilder::finish(int from) {
  const int pooled = add(net::GlobalAveragePool{}, {from});
  network.outputs = {{"head", add(net::Dense{0}, {pooled})}};
  return network;
}

net::Network small_network(net::Shape input, int classes) {
  NetworkBuilder b(input, classes);
  int at = b.unit(0, 16, 3, 2, 1);
  at = b.separable(at, 16, 32, 1);
  at = b.separable(at, 32, 48, 2);
  return b.finish(at);
}

net::Network network_of_modules(net::Shape input, int classes) {
  NetworkBuilder b(input, classes);
  const int stem = b.unit(0, 8, 3, 2, 1);
  const int first = b.separable(stem, 8, 16, 1), second = b.separable(first, 16, 24, 2);
  net::Network network = b.finish(second);
  for (int i = 0; i < static_cast<int>(network.layers.size()); ++i) {
    std::string& name = network.layers[static_cast<std::size_t>(i)].name;
    if (i > stem && i <= first) name = "stages[0].modules[0]." + name;
    if (i > first && i <= second) name = "stages[0].modules[1]." + name;
  }
  return network;
}

net::Network separable_network(net::Shape input, int classes, int width, int blocks) {
  NetworkBuilder b(input, classes);
  int at = b.unit(0, width, 3, 1, 1);
  for (int i = 0; i < blocks; ++i) at = b.separable(at, width, width, i % 3 == 2 ? 2 : 1);
  return b.finish(at);
}

namespace {

net::Sides sides(spec::Random& random, std::uint64_t most) {
  const int height = 1 + static_cast<int>(random.below(most));
  return {height, 1 + static_cast<int>(random.below(most))};
}
net::Padding padding(spec::Random& random) {
  return random.below(2) == 0 ? net::Padding::Same : net::Padding::Valid;
}

/// One random piece on top of `from`; knows the width there.
int random_piece(NetworkBuilder& b, spec::Random& random, int from, int& width) {
  const auto activation = static_cast<Activation>(random.below(net::kActivationNames.size()));
  const int kernels[] = {1, 3, 5, 7};
  const int kernel = kernels[random.below(4)];
  const int wider = 4 * static_cast<int>(1 + random.below(8));
  const int stride = random.below(4) == 0 ? 2 : 1;
  switch (random.below(20)) {
    case 0:
      width = wider;
      return b.unit(from, wider, kernel, stride, 1, activation);
    case 1:
      return b.unit(from, width, kernel, stride, width, activation);
    case 2:
      return b.unit(from, width, 3, stride, 4, activation);
    case 3: {
      const int branch =
          b.unit(b.unit(from, width, 1, 1, 1, activation), width, 3, 1, width, Activation::None);
      const int sum = b.add(net::Add{}, {from, branch});
      return b.add(net::Activate{activation}, {sum});
    }
    case 4: {
      const int low = b.add(net::Slice{0, width / 2}, {from}),
                high = b.add(net::Slice{width / 2, width}, {from});
      const int joined = b.add(net::Concat{}, {low, b.unit(high, width / 2, 3, 1, 1, activation)});
      return b.add(net::Shuffle{2}, {joined});
    }
    case 5:
      return b.add(
          net::Pool{random.below(2) ? net::Pool::Kind::Max : net::Pool::Kind::Average, 2, 2},
          {from});
    case 6:
      return b.add(
          net::Pool{random.below(2) ? net::Pool::Kind::Max : net::Pool::Kind::Average, 3, stride},
          {from});
    case 7: {
      int gate = b.add(net::GlobalAveragePool{}, {from});
      gate = b.add(net::Activate{activation}, {b.add(net::Conv{4, 1, 1, 1, 1, true}, {gate})});
      gate = b.add(net::Activate{Activation::HardSigmoid},
                   {b.add(net::Conv{width, 1, 1, 1, 1, true}, {gate})});
      return b.add(net::Multiply{}, {from, gate});
    }
    case 8: {
      const int down = b.unit(from, width, 3, 2, width, activation);
      return b.add(net::Add{}, {down, b.add(net::PoolTo{}, {from, down})});
    }
    case 9: {
      const int conv = b.add(net::Conv{width, 3, 1, 1, 2, true}, {from});
      return b.add(net::Activate{activation}, {conv});
    }
    case 10:
      return b.add(net::BatchNorm{}, {from});
    case 11:
      return b.add(net::LayerNorm{}, {from});
    case 12: {
      const int deconv = b.add(net::Deconv{wider, 2, random.below(2) == 0}, {from});
      width = wider;
      return b.add(net::Activate{activation}, {b.add(net::BatchNorm{}, {deconv})});
    }
    case 13:
      return b.add(net::Upsample{2, random.below(2) == 0 ? net::Upsample::Mode::Nearest
                                                         : net::Upsample::Mode::Bilinear},
                   {from});
    case 14: {
      const int scaled =
          b.add(net::LayerScale{0.5}, {b.unit(from, width, 3, 1, width, activation)});
      return b.add(net::Add{}, {from, scaled});
    }
    case 15:  // a convolution, grouped or depthwise too, of any window
    case 16: {
      const int groups[] = {1, 4, width};
      net::Conv conv{width, sides(random, 6), sides(random, 3), groups[random.below(3)]};
      conv.dilation = 1 + static_cast<int>(random.below(2));
      conv.padding = padding(random);
      return b.add(net::Activate{activation}, {b.add(net::BatchNorm{}, {b.add(conv, {from})})});
    }
    case 17:
      return b.add(net::Pool{random.below(2) ? net::Pool::Kind::Max : net::Pool::Kind::Average,
                             sides(random, 5), sides(random, 3), padding(random)},
                   {from});
    case 18: {
      const int zero = b.add(net::Zero{stride}, {from});
      const int down = b.unit(from, width, 3, stride, width, activation);
      return b.add(net::Add{}, {zero, down});
    }
    default: {
      // Two readers of one sum, one of them before its activation.
      const int sum = b.add(net::Add{}, {from, b.unit(from, width, 1, 1, 1, Activation::None)});
      return b.add(net::Add{}, {sum, b.add(net::Activate{activation}, {sum})});
    }
  }
}

}  // namespace

net::Network random_network(std::uint64_t seed, net::Shape input, int classes) {
  spec::Random random(seed);
  NetworkBuilder b(input, classes);
  int width = 4 * static_cast<int>(1 + random.below(8));
  int at = b.unit(0, width, 3, 1, 1);
  const auto pieces = 2 + random.below(4);
  for (std::uint64_t i = 0; i < pieces; ++i) {
    NetworkBuilder tried = b;
    int tried_width = width;
    const int next = random_piece(tried, random, at, tried_width);
    net::Network whole = NetworkBuilder(tried).finish(next);
    if (!net::malformed(whole).empty()) continue;
    b = std::move(tried);
    at = next;
    width = tried_width;
  }
  if (random.below(4) == 0) {
    b.network.outputs = {{"head", b.add(net::Dense{0}, {at})}};
    return b.network;
  }
  return b.finish(at);
}

std::vector<float> random_floats(std::size_t count, std::uint64_t seed) {
  spec::Random random(seed);
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(random.normal());
  return values;
}

}  // namespace atto::test
