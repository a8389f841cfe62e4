#pragma once
// What a step of a detector's training is about: some anchors and some regions, each standing for
// an object or for none. Drawn from seeds; once drawn, the loss is a function of weights alone.

#include <cstdint>
#include <span>
#include <vector>

#include "prototypes/detection/coding.hpp"
#include "trainer/data/instances/views.hpp"

namespace atto::train {

/// How many are drawn of a picture: a half of the anchors and a quarter of the regions stand for
/// objects, at most. Ren et al. (NIPS 2015) draw 256 anchors of a large picture; ours are small.
inline constexpr int kSampledAnchors = 64, kSampledRegions = 64, kMostMasks = 16;

struct AnchorSample {
  int image = 0, level = 0;
  int anchor = 0;  ///< of the level
  bool is_object = false;
  det::Delta delta;  ///< to the object
};

struct RegionSample {
  int image = 0;
  det::Box box;
  int label = 0;     ///< 0 = background, category + 1
  int object = -1;   ///< of the scene; -1: none
  det::Delta delta;  ///< to the object
};

/// Samples of a step; images rise.
struct DrawnSamples {
  std::vector<AnchorSample> anchors;
  std::vector<RegionSample> regions;
  std::vector<int> masked;  ///< which regions a mask is learnt of
};

/// Draws anchors of one picture: those that overlap an object by 0.7, or it most of all, stand for
/// it; those that overlap all by less than 0.3 are background.
void draw_anchors(const std::vector<std::vector<det::Box>>& levels, const Scene& scene, int image,
                  std::uint64_t seed, std::vector<AnchorSample>& to);

/// Draws regions of one picture among proposals and its objects, and which of them get masks.
/// Those that overlap an object by 0.5 stand for it.
void draw_regions(std::span<const det::Box> proposals, const Scene& scene, int image,
                  std::uint64_t seed, DrawnSamples& to);

}  // namespace atto::train
