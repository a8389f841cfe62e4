#include "trainer/training/evaluation.hpp"

#include <algorithm>

namespace atto::train {
namespace {

constexpr std::size_t kRecalibrationImages = 2048;

}  // namespace

std::vector<float> recalibrated_statistics(Backend& backend, const ParameterLayout& layout,
                                           const std::vector<float>& weights, const Dataset& data,
                                           std::span<const std::int32_t> images, int batch,
                                           int threads) {
  std::vector<float> statistics = neutral_statistics(layout);
  if (layout.statistics == 0) return statistics;
  const auto size = std::min(static_cast<std::size_t>(batch), images.size());
  const std::size_t rounds =
      std::max<std::size_t>(1, std::min(kRecalibrationImages, images.size() / 4) / size);
  std::vector<float> pixels(size * static_cast<std::size_t>(data.image_bytes()));
  // Evenly spaced images: neighbours in a data set may be of one class.
  const std::size_t stride = images.size() / (rounds * size);
  std::vector<std::int32_t> chosen(size);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < size; ++i) chosen[i] = images[(i * rounds + round) * stride];
    write_batch(data, chosen, {}, 0, 0, threads, pixels.data());
    backend.measure_statistics(weights.data(), {pixels.data(), static_cast<int>(size)},
                               1.0 / static_cast<double>(round + 1), statistics.data());
  }
  return statistics;
}

void infer_images(Backend& backend, const TrainedWeights& trained, const Dataset& data,
                  std::span<const std::int32_t> images, int batch, int threads,
                  const OutputVisitor& visit) {
  std::vector<float> pixels(static_cast<std::size_t>(batch * data.image_bytes()));
  for (std::size_t at = 0; at < images.size(); at += static_cast<std::size_t>(batch)) {
    const auto part =
        images.subspan(at, std::min(static_cast<std::size_t>(batch), images.size() - at));
    write_batch(data, part, {}, 0, 0, threads, pixels.data());
    visit(backend.infer(trained.weights.data(), trained.statistics.data(),
                        {pixels.data(), static_cast<int>(part.size())}),
          part);
  }
}

}  // namespace atto::train
