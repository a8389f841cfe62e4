// Schedule and update against LibTorch's.
#include "trainer/training/optimiser.hpp"

#include "tests/trainer/networks.hpp"
#include "tests/trainer/torch_and_catch.hpp"

using namespace atto;
using namespace atto::train;
using atto::test::random_floats;

namespace {

torch::Tensor view(std::vector<float>& values) {
  return torch::from_blob(values.data(), {static_cast<std::int64_t>(values.size())});
}

}  // namespace

TEST_CASE(
    "the fused update is torch.optim.SGD with Nesterov momentum and decay on the first weights") {
  spec::TrainingRecipe recipe;
  recipe.weight_decay = 0.01;
  std::vector<float> start = random_floats(1003, 1);
  const std::size_t decayed = 700;
  OptimiserState state{start, std::vector<float>(start.size()), start};
  torch::Tensor with = view(start).slice(0, 0, decayed).clone(),
                without = view(start).slice(0, decayed).clone();
  torch::optim::SGD decaying(
      {with}, torch::optim::SGDOptions(0.1).momentum(0.9).nesterov(true).weight_decay(0.01));
  torch::optim::SGD plain({without}, torch::optim::SGDOptions(0.1).momentum(0.9).nesterov(true));
  std::vector<float> average = start;
  for (int step = 0; step < 20; ++step) {
    std::vector<float> gradients =
        random_floats(start.size(), 100 + static_cast<std::uint64_t>(step));
    with.mutable_grad() = view(gradients).slice(0, 0, decayed).clone();
    without.mutable_grad() = view(gradients).slice(0, decayed).clone();
    torch::NoGradGuard no_gradients;
    decaying.step();
    plain.step();
    update(state, gradients, decayed, recipe, 0.1, step);
    const double keep = std::min(0.995, (1.0 + step) / (10.0 + step));
    for (std::size_t i = 0; i < average.size(); ++i)
      average[i] = static_cast<float>(keep * average[i] + (1 - keep) * state.weights[i]);
  }
  CHECK(torch::allclose(view(state.weights), torch::cat({with, without}), 1e-4, 1e-5));
  CHECK(torch::allclose(view(state.averaged), view(average), 1e-4, 1e-5));
}

TEST_CASE("the learning rate warms up linearly, then falls along a cosine to the horizon") {
  spec::TrainingRecipe recipe;
  recipe.learning_rate = 0.4;
  recipe.final_learning_rate = 0.1;
  recipe.warmup_epochs = 1;
  CHECK(learning_rate_at(recipe, 0, 10, 10) == Approx(0.04));
  CHECK(learning_rate_at(recipe, 9, 10, 10) == Approx(0.4).epsilon(1e-3));
  CHECK(learning_rate_at(recipe, 55, 10, 10) == Approx(0.25));
  CHECK(learning_rate_at(recipe, 100, 10, 10) == Approx(0.1));
  CHECK(learning_rate_at(recipe, 500, 10, 10) == Approx(0.1));
  SECTION("the warm-up takes at most a third of the horizon") {
    CHECK(learning_rate_at(recipe, 4, 10, 1) > learning_rate_at(recipe, 7, 10, 1));
  }
}
