#include "trainer/training/evaluation.hpp"

#include <algorithm>
#include <cmath>

#include "trainer/backend/loss.hpp"

namespace atto::train {
namespace {

constexpr std::size_t kRecalibrationImages = 2048;

/// Returns how many classes stand before the label.
int rank_of(const float* logits, int classes, int label) {
  int rank = 0;
  for (int c = 0; c < classes; ++c)
    rank += logits[c] > logits[label] || (logits[c] == logits[label] && c < label);
  return rank;
}

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

Quality judge(Backend& backend, const TrainedWeights& trained, const Dataset& data,
              std::span<const std::int32_t> images, int batch, int threads) {
  const int classes = data.info.classes;
  Quality quality;
  quality.predicted.reserve(images.size());
  std::vector<float> pixels(static_cast<std::size_t>(batch * data.image_bytes()));
  std::vector<std::int32_t> labels;
  for (std::size_t at = 0; at < images.size(); at += static_cast<std::size_t>(batch)) {
    const auto part =
        images.subspan(at, std::min(static_cast<std::size_t>(batch), images.size() - at));
    const int count = static_cast<int>(part.size());
    write_batch(data, part, {}, 0, 0, threads, pixels.data());
    const std::vector<float> logits =
        backend.infer(trained.weights.data(), trained.statistics.data(), {pixels.data(), count})
            .at(0);
    labels.clear();
    for (std::int32_t image : part)
      labels.push_back(data.images.labels[static_cast<std::size_t>(image)]);
    quality.loss += cross_entropy(logits.data(), labels.data(), count, classes, 0, nullptr);
    for (int i = 0; i < count; ++i) {
      const float* const row = logits.data() + std::ptrdiff_t{i} * classes;
      const int label = labels[static_cast<std::size_t>(i)], rank = rank_of(row, classes, label);
      quality.is_finite &=
          std::all_of(row, row + classes, [](float v) { return std::isfinite(v); });
      quality.top1 += rank == 0;
      quality.top5 += rank < 5;
      quality.predicted.push_back(
          static_cast<std::int32_t>(std::max_element(row, row + classes) - row));
    }
  }
  const double count = std::max<double>(1, static_cast<double>(images.size()));
  quality.loss /= count;
  quality.top1 /= count;
  quality.top5 /= count;
  return quality;
}

}  // namespace atto::train
