#include "trainer/backend/joint_layout.hpp"

#include <algorithm>

namespace atto::train {
namespace {

ParameterLayout empty_layout() {
  net::Network network;
  network.input = {1, 1, 1};
  network.layers = {{"input", net::InputLayer{}, {}}};
  ParameterLayout layout(network);
  layout.first_slot.clear();
  return layout;
}

}  // namespace

JointLayout::JointLayout(std::vector<const ParameterLayout*> parts)
    : parts_(std::move(parts)), places_(parts_.size()), whole_(empty_layout()) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    places_[i].decayed = whole_.decayed;
    whole_.decayed += parts_[i]->decayed;
  }
  whole_.trained = whole_.decayed;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const ParameterLayout& part = *parts_[i];
    places_[i].others = whole_.trained;
    places_[i].statistics = whole_.statistics;
    whole_.trained += part.trained - part.decayed;
    whole_.statistics += part.statistics;
    for (Slot slot : part.slots) {
      if (!slot.spec.trained)
        slot.offset += places_[i].statistics;
      else if (slot.offset < part.decayed)
        slot.offset += places_[i].decayed;
      else
        slot.offset += places_[i].others - part.decayed;
      whole_.slots.push_back(std::move(slot));
    }
  }
}

void JointLayout::take(std::size_t part, std::span<const float> weights,
                       std::vector<float>& to) const {
  const ParameterLayout& own = *parts_[part];
  to.resize(own.trained);
  std::copy_n(weights.data() + places_[part].decayed, own.decayed, to.data());
  std::copy_n(weights.data() + places_[part].others, own.trained - own.decayed,
              to.data() + own.decayed);
}

void JointLayout::take_statistics(std::size_t part, std::span<const float> statistics,
                                  std::vector<float>& to) const {
  to.resize(parts_[part]->statistics);
  std::copy_n(statistics.data() + places_[part].statistics, to.size(), to.data());
}

void JointLayout::put(std::size_t part, std::span<const float> from,
                      std::span<float> weights) const {
  const ParameterLayout& own = *parts_[part];
  std::copy_n(from.data(), own.decayed, weights.data() + places_[part].decayed);
  std::copy_n(from.data() + own.decayed, own.trained - own.decayed,
              weights.data() + places_[part].others);
}

void JointLayout::put_statistics(std::size_t part, std::span<const float> from,
                                 std::span<float> statistics) const {
  std::copy(from.begin(), from.end(), statistics.data() + places_[part].statistics);
}

void JointLayout::add(std::size_t part, std::span<const float> from,
                      std::span<float> gradients) const {
  const std::size_t decayed = parts_[part]->decayed;
  for (std::size_t i = 0; i < from.size(); ++i)
    gradients[i < decayed ? places_[part].decayed + i : places_[part].others + i - decayed] +=
        from[i];
}

}  // namespace atto::train
