#pragma once
// What is observed of a network's modules: the inquisitor's responses after training, and scores
// that need no training. Plain numbers, so that search and generator know them without LibTorch.

#include <map>
#include <string>

namespace atto::net {

/// How one module of a trained network reacts to a fixed batch of stimuli.
struct ModuleResponses {
  double activation_sparsity = 0;  ///< share of zero outputs, in [0, 1]
  double effective_rank = 0;       ///< of the output's channel covariance, as a share of its width
  double class_separation_gained = 0;  ///< Fisher ratio of the output minus that of the input
  double gradient_norm = 0;  ///< of the loss, root mean square over the module's parameters
  double taylor_saliency_per_param = 0;  ///< |weight * gradient|, summed, over parameters
  double taylor_saliency_per_mac = 0;    ///< the same sum over multiply-adds
};

/// Scores of an untrained module, or of a whole network.
struct ZeroCostScores {
  double log_synflow = 0;   ///< Tanaka et al., arXiv 2006.05467, as a logarithm
  double naswot = 0;        ///< Mellor et al., arXiv 2006.04647
  double expressivity = 0;  ///< entropy of the feature's spectrum
  double trainability = 0;  ///< closeness of the gradient's map to an isometry
};

/// Keyed by the decision path of the module, e.g. "stages[0].modules[2]"; "" is the whole network.
using ResponsesByModule = std::map<std::string, ModuleResponses>;
using ScoresByModule = std::map<std::string, ZeroCostScores>;

}  // namespace atto::net
