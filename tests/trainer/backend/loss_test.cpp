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

TEST_CASE("losses of single numbers, and their slopes, are LibTorch's") {
  spec::Random random(5);
  for (int i = 0; i < 200; ++i) {
    const auto got = static_cast<float>(10 * random.normal());
    const auto wanted =
        static_cast<float>(i % 3 == 0 ? got + 0.05 * random.normal() : random.normal());
    const auto share = static_cast<float>(i % 4 == 0 ? 0 : i % 4 == 1 ? 1 : random.uniform());
    torch::Tensor x = torch::full({1}, got, torch::kDouble).set_requires_grad(true);
    const torch::Tensor entropy =
        torch::binary_cross_entropy_with_logits(x, torch::full({1}, share, torch::kDouble));
    entropy.backward();
    const PointLoss binary = binary_cross_entropy(got, share);
    CHECK(binary.value == Approx(entropy.item<double>()).epsilon(1e-9).margin(1e-12));
    CHECK(binary.slope == Approx(x.grad().item<double>()).epsilon(1e-9).margin(1e-12));
    x.mutable_grad() = torch::Tensor();
    const torch::Tensor distance = torch::smooth_l1_loss(
        x, torch::full({1}, wanted, torch::kDouble), at::Reduction::Mean, 1.0 / 9);
    distance.backward();
    const PointLoss smooth = smooth_l1(got, wanted, 1.0 / 9);
    CHECK(smooth.value == Approx(distance.item<double>()).epsilon(1e-9).margin(1e-12));
    CHECK(smooth.slope == Approx(x.grad().item<double>()).epsilon(1e-9).margin(1e-12));
  }
}

TEST_CASE("a loss of a logit beyond all floats is finite") {
  CHECK(binary_cross_entropy(1e30F, 1).value == 0);
  CHECK(binary_cross_entropy(-1e30F, 0).value == 0);
  CHECK(std::isfinite(binary_cross_entropy(1e30F, 0).value));
  CHECK(binary_cross_entropy(-1e30F, 1).slope == -1);
}
