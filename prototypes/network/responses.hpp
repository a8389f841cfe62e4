#pragma once
// What is observed of a network's modules: the inquisitor's responses after training, and scores
// that need no training. Plain numbers, so that search and generator know them without LibTorch.

#include <array>
#include <map>
#include <string>
#include <string_view>

namespace atto::net {

/// How one module of a trained network reacts to a fixed batch of stimuli.
struct ModuleResponses {
  double activation_sparsity = 0;  ///< share of outputs that are not positive, in [0, 1]
  double effective_rank = 0;       ///< of the output's channel covariance, as a share of its width
  double class_separation_gained = 0;  ///< Fisher ratio of the output minus that of the input
  double gradient_norm = 0;  ///< of the loss, root mean square over the module's parameters
  double taylor_saliency_per_param = 0;  ///< |weight * gradient|, summed, over parameters
  double taylor_saliency_per_mac = 0;    ///< the same sum over multiply-adds

  friend bool operator==(const ModuleResponses&, const ModuleResponses&) = default;
};

inline constexpr std::array<std::string_view, 6> kResponseNames = {
    "activation_sparsity",       "effective_rank",
    "class_separation_gained",   "gradient_norm",
    "taylor_saliency_per_param", "taylor_saliency_per_mac"};

/// Scores of an untrained module, or of a whole network.
struct ZeroCostScores {
  double log_synflow = 0;   ///< Tanaka et al., arXiv 2006.05467, with logarithms (FreeREA)
  double naswot = 0;        ///< Mellor et al., arXiv 2006.04647
  double expressivity = 0;  ///< entropy of the feature's spectrum (AZ-NAS, arXiv 2403.19232)
  double trainability = 0;  ///< closeness of the gradient's map to an isometry (AZ-NAS)

  friend bool operator==(const ZeroCostScores&, const ZeroCostScores&) = default;
};

inline constexpr std::array<std::string_view, 4> kScoreNames = {"log_synflow", "naswot",
                                                                "expressivity", "trainability"};

/// The fields as a row, in the order of kResponseNames or kScoreNames, and back.
inline std::array<double, 6> values_of(const ModuleResponses& r) {
  return {r.activation_sparsity,       r.effective_rank,
          r.class_separation_gained,   r.gradient_norm,
          r.taylor_saliency_per_param, r.taylor_saliency_per_mac};
}
inline ModuleResponses responses_from(const std::array<double, 6>& v) {
  return {v[0], v[1], v[2], v[3], v[4], v[5]};
}
inline std::array<double, 4> values_of(const ZeroCostScores& s) {
  return {s.log_synflow, s.naswot, s.expressivity, s.trainability};
}
inline ZeroCostScores scores_from(const std::array<double, 4>& v) {
  return {v[0], v[1], v[2], v[3]};
}

/// Keyed by the decision path of the module, e.g. "stages[0].modules[2]"; "" is the whole network.
using ResponsesByModule = std::map<std::string, ModuleResponses>;
using ScoresByModule = std::map<std::string, ZeroCostScores>;

}  // namespace atto::net
