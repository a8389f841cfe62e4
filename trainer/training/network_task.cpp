#include "trainer/training/network_task.hpp"

#include "design_specs/seeds/random.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/backend/torch/zero_cost.hpp"
#include "trainer/training/probes.hpp"

namespace atto::train {

NetworkTask::NetworkTask(const TaskSetting& setting, std::vector<int> outputs)
    : request_(setting.request),
      data_(setting.data),
      batch_(setting.batch),
      outputs_(std::move(outputs)),
      layout_(request_.network),
      backend_(make_backend(request_.network, layout_,
                            {setting.device, request_.recipe.threads, batch_, outputs_})) {}

Batch NetworkTask::load(const Samples& samples) {
  pixels_.resize(samples.images.size() * static_cast<std::size_t>(data_.image_bytes()));
  write_batch(data_, samples.images, request_.recipe, request_.seed, samples.epoch,
              request_.recipe.threads, pixels_.data());
  return {pixels_.data(), static_cast<int>(samples.images.size()), 0};
}

std::vector<float> NetworkTask::initial_weights() const {
  return train::initial_weights(request_.network, layout_, request_.seed);
}

double NetworkTask::step(const std::vector<float>& weights, std::span<const std::int32_t> images,
                         int epoch, std::vector<float>& gradients) {
  const Samples samples{images, epoch};
  Batch batch = load(samples);
  // An image comes once an epoch: the first one tells a step from all others.
  batch.seed = spec::derive_seed({request_.seed, 0xd20b, static_cast<std::uint64_t>(epoch),
                                  static_cast<std::uint64_t>(images.front())});
  Maps maps = backend_->forward(weights.data(), batch);
  const double sum = loss(maps, samples, &maps);
  backend_->backward(maps, gradients.data());
  return sum / static_cast<double>(images.size());
}

std::vector<float> NetworkTask::statistics(const std::vector<float>& weights,
                                           std::span<const std::int32_t> images) {
  return recalibrated_statistics(*backend_, layout_, weights, data_, images, batch_,
                                 request_.recipe.threads);
}

net::ResponsesByModule NetworkTask::probe(const std::vector<float>& weights,
                                          std::span<const std::int32_t> images) {
  const Samples samples{images, 0};
  const std::vector<LabelledRegion> regions = whole_images(classes_of(images));
  const auto into_slopes = [&](Maps& maps) { loss(maps, samples, &maps); };
  return train::probe(*backend_, request_.network, layout_, weights,
                      {load(samples), regions, outputs_, into_slopes});
}

net::ScoresByModule NetworkTask::score(const std::vector<float>& weights,
                                       std::span<const std::int32_t> images) {
  load({images, 0});
  return zero_cost_scores(request_.network, layout_, weights, pixels_, outputs_);
}

std::vector<std::int32_t> NetworkTask::classes_of(std::span<const std::int32_t>) const {
  return {};
}

}  // namespace atto::train
