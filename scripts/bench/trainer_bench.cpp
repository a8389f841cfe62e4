// Images per second of our training step on the separable network of
// scripts/bench/trainer_reference.py: one line a round, "ours IMAGES_PER_SECOND". Reads a line
// before each round, so that another process can take turns with it; ends with the input.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "design_specs/requirements/recipe.hpp"
#include "tests/trainer/networks.hpp"
#include "trainer/backend/loss.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/data/datasets.hpp"
#include "trainer/training/optimiser.hpp"
#include "trainer/training/training_run.hpp"

using namespace atto;
using namespace atto::train;

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: trainer_bench WIDTH BLOCKS THREADS [cpu|torch] [SIDE]\n");
    return 2;
  }
  const int width = std::atoi(argv[1]), blocks = std::atoi(argv[2]), threads = std::atoi(argv[3]);
  const bool is_torch = argc > 4 && std::string(argv[4]) == "torch";
  const int side = argc > 5 ? std::atoi(argv[5]) : 32;
  constexpr int kBatch = 128, kSteps = 4;
  prepare_process(threads);
  const net::Network network = test::separable_network({3, side, side}, 10, width, blocks);
  const ParameterLayout layout(network);
  const BackendSettings settings{Device::Cpu, threads, kBatch};
  const auto backend = is_torch ? make_torch_backend(network, layout, settings)
                                : make_cpu_backend(network, layout, settings);
  const Dataset data =
      load_dataset(describe_dataset("synthetic:train=600,test=10,size=" + std::to_string(side)));
  std::vector<float> images(static_cast<std::size_t>(kBatch * network.input.elements()));
  std::vector<std::int32_t> labels(kBatch);
  OptimiserState state{initial_weights(network, layout, 1), std::vector<float>(layout.trained), {}};
  state.averaged = state.weights;
  std::vector<float> gradients(layout.trained);
  // All of a training step: augmented images, forward, backward, update with averaging.
  const auto step = [&](int index) {
    const std::vector<std::int32_t> order = epoch_order(data.train, 1, index + 1);
    const auto batch = std::span(order).first(kBatch);
    write_batch(data, batch, {}, 1, index + 1, threads, images.data());
    for (std::size_t i = 0; i < kBatch; ++i)
      labels[i] = data.images.labels[static_cast<std::size_t>(batch[i])];
    Maps maps = backend->forward(state.weights.data(), {images.data(), kBatch});
    cross_entropy(maps[0].data(), labels.data(), kBatch, network.classes, 0.1, maps[0].data());
    backend->backward(maps, gradients.data());
    update(state, gradients, layout.decayed, {}, 0.05, index);
  };
  step(0);
  for (std::string line; std::getline(std::cin, line);) {
    const double started = wall_seconds(), cpu = process_cpu_seconds();
    for (int i = 0; i < kSteps; ++i) step(i);
    std::printf("ours %.1f images/s, %.1f a CPU second\n",
                kBatch * kSteps / (wall_seconds() - started),
                kBatch * kSteps / (process_cpu_seconds() - cpu));
    std::fflush(stdout);
  }
}
