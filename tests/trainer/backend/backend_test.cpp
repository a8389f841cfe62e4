// The CPU backend against LibTorch's operators and autograd, on random networks. Gradients are
// compared with those in double precision. Where an activation stands at its kink to the last bit,
// any float arithmetic may fall on the other side and be off by a percent: few networks may be,
// none by more.
#include <algorithm>
#include <cmath>

#include "design_specs/seeds/random.hpp"
#include "prototypes/network/costs.hpp"
#include "tests/trainer/networks.hpp"
#include "tests/trainer/torch_and_catch.hpp"
#include "trainer/backend/loss.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/backend/torch/torch_errors.hpp"
#include "trainer/backend/torch/torch_forward.hpp"

using namespace atto;
using namespace atto::train;

namespace {

struct Sample {
  std::vector<float> images;
  std::vector<std::int32_t> labels;
  Batch batch() const { return {images.data(), static_cast<int>(labels.size()), 0}; }
};

Sample sample_of(const net::Network& network, int count) {
  spec::Random random(7);
  Sample sample;
  for (std::int64_t i = 0; i < count * network.input.elements(); ++i)
    sample.images.push_back(static_cast<float>(random.normal()));
  for (int i = 0; i < count; ++i)
    sample.labels.push_back(
        static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(network.classes))));
  return sample;
}

/// Weights with some size everywhere, so that every gradient matters.
std::vector<float> lively_weights(const net::Network& network, const ParameterLayout& layout) {
  std::vector<float> weights = initial_weights(network, layout, 3);
  spec::Random random(5);
  for (float& w : weights) w += 0.1F * static_cast<float>(random.normal());
  return weights;
}

/// Largest difference, as a share of the norm of `wanted`, slot by slot.
double worst_slot(const ParameterLayout& layout, const std::vector<float>& got,
                  const std::vector<float>& wanted) {
  double all = 0;
  for (float w : wanted) all += double(w) * w;
  double worst = 0;
  for (const Slot& slot : layout.slots) {
    if (!slot.spec.trained) continue;
    double difference = 0, norm = 0;
    for (std::size_t i = slot.offset; i < slot.offset + slot.elements; ++i) {
      difference += std::pow(double(got[i]) - wanted[i], 2);
      norm += double(wanted[i]) * wanted[i];
    }
    worst = std::max(worst, std::sqrt(difference / (norm + 1e-6 * all + 1e-12)));
  }
  return worst;
}

/// The gradients of the mean loss in double precision.
std::vector<float> exact_gradients(const net::Network& network, const ParameterLayout& layout,
                                   std::vector<float> weights, const Sample& sample) {
  std::vector<LayerTensors> tensors(network.layers.size());
  for (const Slot& slot : layout.slots) {
    torch::Tensor own;
    if (slot.spec.trained)
      own = torch::from_blob(weights.data() + slot.offset, slot.spec.shape)
                .to(torch::kDouble)
                .set_requires_grad(true);
    tensors[std::size_t(slot.spec.layer)].push_back(own);
  }
  const net::Shape& in = network.input;
  const auto count = static_cast<std::int64_t>(sample.labels.size());
  const torch::Tensor images = torch::from_blob(const_cast<float*>(sample.images.data()),
                                                {count, in.height, in.width, in.channels})
                                   .permute({0, 3, 1, 2})
                                   .to(torch::kDouble);
  const std::vector<std::int64_t> labels(sample.labels.begin(), sample.labels.end());
  torch::nn::functional::cross_entropy(
      run_network(network, images, tensors, {true, 0}, {0}).at(0).flatten(1), torch::tensor(labels),
      torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(0.1))
      .backward();
  std::vector<float> gradients(layout.trained);
  for (std::size_t i = 0; i < layout.slots.size(); ++i) {
    const Slot& slot = layout.slots[i];
    if (!slot.spec.trained) continue;
    const std::size_t part = i - std::size_t(layout.first_slot[std::size_t(slot.spec.layer)]);
    const torch::Tensor own =
        tensors[std::size_t(slot.spec.layer)][part].grad().to(torch::kFloat).contiguous();
    std::copy_n(own.data_ptr<float>(), slot.elements, gradients.data() + slot.offset);
  }
  return gradients;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::abs(double(a[i]) - b[i]) / (1 + std::abs(b[i])));
  return worst;
}

/// Writes the gradients of the mean loss; returns it.
double both_ways(Backend& backend, const net::Network& network, const std::vector<float>& weights,
                 const Sample& sample, std::vector<float>& gradients) {
  Maps maps = backend.forward(weights.data(), sample.batch());
  const int count = sample.batch().count;
  const double loss = cross_entropy(maps.at(0).data(), sample.labels.data(), count, network.classes,
                                    0.1, maps[0].data());
  backend.backward(maps, gradients.data());
  return loss / count;
}

/// Checks all but the exact gradients; returns how far ours are from those.
double compare(const net::Network& network, int threads) {
  const ParameterLayout layout(network);
  const Sample sample = sample_of(network, 6);
  const BackendSettings settings{Device::Cpu, threads, 8};
  const auto oracle = make_torch_backend(network, layout, settings),
             ours = make_cpu_backend(network, layout, settings);
  const std::vector<float> weights = lively_weights(network, layout);
  std::vector<float> wanted(layout.trained, -1), got(layout.trained, -2);
  const double wanted_loss = both_ways(*oracle, network, weights, sample, wanted);
  const double loss = both_ways(*ours, network, weights, sample, got);
  CHECK(loss == Approx(wanted_loss).epsilon(1e-4));
  const std::vector<float> exact = exact_gradients(network, layout, weights, sample);
  const double error = worst_slot(layout, got, exact);
  CHECK(error < 5e-2);
  CHECK(worst_slot(layout, wanted, exact) < 5e-2);  // LibTorch in float, which CUDA runs
  std::vector<float> wanted_stats = neutral_statistics(layout), stats = wanted_stats;
  oracle->measure_statistics(weights.data(), sample.batch(), 0.7, wanted_stats.data());
  ours->measure_statistics(weights.data(), sample.batch(), 0.7, stats.data());
  CHECK(largest_difference(stats, wanted_stats) < 1e-3);
  const Maps wanted_logits = oracle->infer(weights.data(), wanted_stats.data(), sample.batch()),
             logits = ours->infer(weights.data(), wanted_stats.data(), sample.batch());
  REQUIRE(logits.at(0).size() == sample.labels.size() * std::size_t(network.classes));
  CHECK(largest_difference(logits[0], wanted_logits.at(0)) < 1e-3);
  return error;
}

/// The cosine of the angle between two vectors.
double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += double(a[i]) * b[i];
    aa += double(a[i]) * a[i];
    bb += double(b[i]) * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

/// CUDA against our kernels. It rounds to eight bits of mantissa: sums agree, single numbers do
/// not.
void compare_with_cuda(const net::Network& network) {
  const ParameterLayout layout(network);
  const Sample sample = sample_of(network, 32);
  const auto cuda = make_backend(network, layout, {Device::Cuda, 1, 32}),
             cpu = make_backend(network, layout, {Device::Cpu, 1, 32});
  const std::vector<float> weights = lively_weights(network, layout);
  std::vector<float> wanted(layout.trained, -1), got(layout.trained, -2);
  const double wanted_loss = both_ways(*cpu, network, weights, sample, wanted);
  CHECK(both_ways(*cuda, network, weights, sample, got) == Approx(wanted_loss).epsilon(0.02));
  CHECK(cosine(got, wanted) > 0.99);
  std::vector<float> wanted_stats = neutral_statistics(layout), stats = wanted_stats;
  cpu->measure_statistics(weights.data(), sample.batch(), 0.7, wanted_stats.data());
  cuda->measure_statistics(weights.data(), sample.batch(), 0.7, stats.data());
  if (layout.statistics > 0) CHECK(cosine(stats, wanted_stats) > 0.999);
  const Maps wanted_logits = cpu->infer(weights.data(), wanted_stats.data(), sample.batch()),
             logits = cuda->infer(weights.data(), wanted_stats.data(), sample.batch());
  CHECK(cosine(logits.at(0), wanted_logits.at(0)) > 0.999);
}

}  // namespace

TEST_CASE(
    "our kernels and LibTorch agree on loss, gradients, statistics and logits of random networks") {
  int at_kinks = 0;
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    INFO("seed " << seed);
    const net::Shape input{seed % 2 ? 3 : 1, 11 + static_cast<int>(seed % 5), 12};
    at_kinks +=
        compare(test::random_network(seed, input, 7), 1 + static_cast<int>(seed % 3)) > 1e-3;
  }
  CHECK(at_kinks <= 2);
}

TEST_CASE("what is dropped follows from the seed alone, on every backend, and only in training") {
  test::NetworkBuilder b({3, 6, 7}, 5);
  const int stem = b.unit(0, 8, 3, 1, 1);
  const net::Network network = b.finish(b.add(net::Dropout{0.4}, {stem}));
  const ParameterLayout layout(network);
  const Sample sample = sample_of(network, 6);
  const std::vector<float> weights = lively_weights(network, layout);
  const BackendSettings settings{Device::Cpu, 1, 8};
  const auto torch = make_torch_backend(network, layout, settings),
             ours = make_cpu_backend(network, layout, settings);
  const auto train = [&](Backend& backend, std::uint64_t seed, std::vector<float>& gradients) {
    Batch batch = sample.batch();
    batch.seed = seed;
    Maps maps = backend.forward(weights.data(), batch);
    const Maps made = maps;
    cross_entropy(maps.at(0).data(), sample.labels.data(), batch.count, network.classes, 0.1,
                  maps[0].data());
    backend.backward(maps, gradients.data());
    return made.at(0);
  };
  std::vector<float> first(layout.trained), again(layout.trained), other(layout.trained),
      wanted(layout.trained);
  const std::vector<float> logits = train(*ours, 7, first);
  CHECK(train(*ours, 7, again) == logits);
  CHECK(again == first);
  CHECK(train(*ours, 8, other) != logits);
  CHECK(largest_difference(train(*torch, 7, wanted), logits) < 1e-4);
  CHECK(worst_slot(layout, first, wanted) < 1e-3);
  const std::vector<float> whole = train(*ours, 0, other);
  CHECK(whole != logits);
  std::vector<float> stats = neutral_statistics(layout), kept = stats;
  Batch seeded = sample.batch();
  seeded.seed = 7;
  ours->measure_statistics(weights.data(), sample.batch(), 0.7, stats.data());
  ours->measure_statistics(weights.data(), seeded, 0.7, kept.data());
  CHECK(stats == kept);
  CHECK(ours->infer(weights.data(), stats.data(), seeded) ==
        ours->infer(weights.data(), stats.data(), sample.batch()));
}

TEST_CASE("dropout drops its share and keeps the mean") {
  const torch::Tensor x = torch::ones({4, 10, 50, 50});
  ForwardMode mode;
  mode.seed = 3;
  const torch::Tensor y = apply_layer({"dropout", net::Dropout{0.3}, {0}}, {x}, {}, mode);
  CHECK((y == 0).to(torch::kDouble).mean().item<double>() == Approx(0.3).margin(0.01));
  CHECK(y.mean().item<double>() == Approx(1).margin(0.02));
  CHECK(y.max().item<double>() == Approx(1 / 0.7));
}

TEST_CASE("layer scales begin where they say, and do not decay") {
  test::NetworkBuilder b({3, 6, 7}, 5);
  const net::Network network = b.finish(b.add(net::LayerScale{1e-3}, {b.unit(0, 8, 3, 1, 1)}));
  const ParameterLayout layout(network);
  const std::vector<float> weights = initial_weights(network, layout, 3);
  const std::size_t at = layout.offset(4, 0);
  CHECK(at >= layout.decayed);
  CHECK(weights[at] == 1e-3F);
}

TEST_CASE("our kernels and LibTorch agree on widths around the vector length") {
  for (const int width : {1, 7, 15, 16, 17, 31, 33, 47, 48, 64}) {
    INFO("width " << width);
    CHECK(compare(test::separable_network({3, 9, 10}, 5, width, 3), 1) < 1e-3);
  }
}

TEST_CASE("the parameters of a built network are those that the counting rule counts") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const net::Network network = test::random_network(seed, {3, 16, 16}, 10);
    REQUIRE(static_cast<std::int64_t>(ParameterLayout(network).trained) ==
            net::count_costs(network).params);
  }
}

TEST_CASE("LibTorch's errors leave its room as ours, and as memory that ran out") {
  CHECK_THROWS_WITH(translating([] { torch::zeros({2}).add(torch::zeros({3})); }),
                    Catch::StartsWith("LibTorch: The size of tensor a"));
  CHECK_THROWS_AS(translating([] { torch::zeros({2}).add(torch::zeros({3})); }), InternalError);
  CHECK_THROWS_AS(translating([] { torch::empty({std::int64_t{1} << 60}); }), std::bad_alloc);
  CHECK(translating([] { return 7; }) == 7);
}

TEST_CASE("CUDA in mixed precision and our kernels agree on random networks", "[.cuda]") {
  REQUIRE(has_cuda());
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    compare_with_cuda(test::random_network(seed, {seed % 2 ? 3 : 1, 16, 16}, 7));
  }
  compare_with_cuda(test::separable_network({3, 32, 32}, 10, 64, 3));
}
