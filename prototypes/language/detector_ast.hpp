#pragma once
// "detector" as the reader makes it: what stands in place of a head. Internal to the language.

#include <cstdint>
#include <optional>
#include <vector>

#include "design_specs/requirements/detector_settings.hpp"
#include "prototypes/language/chain_ast.hpp"

namespace atto::net {

/// Levels made of stages: each is brought to one width, added to the level above it, smoothed. The
/// chains are decided once and built for every level.
struct PyramidModel {
  Width channels;
  Item lateral, smooth;
  std::int32_t extra = 0;  ///< levels above the coarsest stage, each half the one before
  std::int32_t merge_place = 0, extra_place = 0;
};

/// What looks at crops of a side: a chain, or a stage that left the trunk.
struct CropModel {
  Number crop{7};
  Item tower;
  std::int32_t stage = -1;
  std::int32_t place = 0;
};

struct BoxModel : CropModel {
  std::int32_t pool_place = 0, scores_place = 0, deltas_place = 0;
};

struct MaskModel : CropModel {
  bool follows_box = false;       ///< reads the result of the box tower, has no crop
  Choice<std::size_t> enlarge;    ///< index into kEnlargeNames
  std::optional<Width> channels;  ///< of the deconv; absent: as many as enter it
  Choice<Activation> activation;  ///< behind the deconv
  std::int32_t enlarge_place = 0, logits_place = 0;
};

struct DetectorModel {
  std::vector<std::int32_t> from;  ///< stages that are levels, finest first
  std::int32_t trunk_stages = 0;   ///< the later ones are the box tower
  std::optional<PyramidModel> pyramid;
  Item proposals;
  std::int32_t proposals_place = 0, objectness_place = 0, deltas_place = 0;
  BoxModel box;
  std::optional<MaskModel> mask;
  spec::DetectorSettings settings;

  std::size_t levels() const {
    return from.size() + static_cast<std::size_t>(pyramid ? pyramid->extra : 0);
  }
};

}  // namespace atto::net
