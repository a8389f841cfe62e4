// The loss against LibTorch's.
#include "trainer/backend/loss.hpp"

#include "design_specs/seeds/random.hpp"
#include "tests/trainer/torch_and_catch.hpp"

using namespace atto;
using namespace atto::train;

TEST_CASE("the loss and its gradient are LibTorch's cross-entropy with label smoothing") {
  const double smoothing = GENERATE(0.0, 0.1, 0.5);
  spec::Random random(3);
  std::vector<float> logits(7 * 10), slopes(logits.size());
  for (float& v : logits) v = static_cast<float>(random.normal());
  std::vector<std::int32_t> labels = {0, 9, 3, 3, 5, 1, 2};
  const double loss = cross_entropy(logits.data(), labels.data(), 7, 10, smoothing, slopes.data());
  torch::Tensor x = torch::from_blob(logits.data(), {7, 10}).clone().set_requires_grad(true);
  const torch::Tensor wanted = torch::nn::functional::cross_entropy(
      x, torch::tensor({0, 9, 3, 3, 5, 1, 2}, torch::kLong),
      torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(smoothing));
  wanted.backward();
  CHECK(loss / 7 == Approx(wanted.item<double>()).epsilon(1e-5));
  CHECK(torch::allclose(torch::from_blob(slopes.data(), {7, 10}), x.grad(), 1e-4, 1e-6));
}
