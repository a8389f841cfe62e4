#pragma once
// The numbers of several networks in one flat buffer, so that optimiser, average and files see one
// network's.

#include <span>
#include <vector>

#include "trainer/backend/parameters.hpp"

namespace atto::train {

class JointLayout {
 public:
  /// The parts' weights that decay stand first, part by part, then all others. Tensors are named as
  /// the parts name them; their layers are the parts', and mean nothing in the whole.
  explicit JointLayout(std::vector<const ParameterLayout*> parts);

  const ParameterLayout& whole() const { return whole_; }

  /// Copies a part's numbers out of the whole's.
  void take(std::size_t part, std::span<const float> weights, std::vector<float>& to) const;
  void take_statistics(std::size_t part, std::span<const float> statistics,
                       std::vector<float>& to) const;
  /// Copies a part's numbers into the whole's.
  void put(std::size_t part, std::span<const float> from, std::span<float> weights) const;
  void put_statistics(std::size_t part, std::span<const float> from,
                      std::span<float> statistics) const;
  /// Adds a part's gradients to the whole's.
  void add(std::size_t part, std::span<const float> from, std::span<float> gradients) const;

 private:
  /// Where a part's numbers begin.
  struct Place {
    std::size_t decayed = 0, others = 0, statistics = 0;
  };
  std::vector<const ParameterLayout*> parts_;
  std::vector<Place> places_;
  ParameterLayout whole_;
};

}  // namespace atto::train
