#pragma once
// An evaluator that trains nothing: results are a pure function of (design, epoch, seed), over a
// landscape that strategies can learn. It scores any task, by what the task says of its scores. It
// keeps checkpoints and reports progress as the real one does, so that the search is tested with
// it: kills, resumes, divergence and 10,000 trials in seconds.

#include <cstdint>

#include "trainer/evaluator.hpp"

namespace atto::train {

struct FakeSettings {
  double seconds_per_epoch = 0;       ///< slept in slices of 20 ms with a progress call after each
  double diverging_share = 1.0 / 32;  ///< of designs, chosen by their hash
  bool writes_checkpoints = true;  ///< `fake.checkpoint` in the request's folder, after every epoch
};

/// Thread-safe: evaluate() keeps no state.
class FakeEvaluator : public Evaluator {
 public:
  explicit FakeEvaluator(FakeSettings settings = {}) : settings_(settings) {}
  TrialResult evaluate(const TrialRequest& request, const Progress& progress) override;
  std::string environment() const override;

 private:
  FakeSettings settings_;
};

/// Returns how good the landscape finds a network trained for ever, without noise, from 0 to 1:
/// rises with parameters and multiply-adds at falling rates, has an optimal depth near 16
/// convolutions, and favours shortcuts and a share of 5x5 kernels.
double fake_quality(const net::Network& network);

}  // namespace atto::train
