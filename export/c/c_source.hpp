#pragma once
// A trained network as one C99 file and its header, for devices without an operating system.

#include <cstdint>
#include <string>
#include <vector>

#include "export/c/c_sizes.hpp"
#include "export/lowering/fused_network.hpp"
#include "export/lowering/quantisation.hpp"

namespace atto::deploy::c {

/// What is written.
struct CSubject {
  const FusedNetwork& network;                 ///< fused with Attach::Clamps where there is int8
  const Quantisation* quantisation = nullptr;  ///< null: float32
  std::vector<float> mean, deviation;          ///< of pixels in [0, 1], by channel; or both empty
  std::vector<std::string> classes;            ///< names, or empty
  std::int64_t params = 0, macs = 0;
  std::string file_stem;  ///< of both files: "model.int8"; names begin with its identifier
};

struct CSource {
  std::string header, source;
  CSizes sizes;
};

/// The scale and shift of a channel's pixels: value * scale + shift.
struct PixelScaling {
  std::vector<float> scale, shift;
};
PixelScaling pixel_scaling(const CSubject& subject);

/// Throws SpecError naming the layer and the rule for what C cannot express.
CSource c_source(const CSubject& subject);
/// Returns the sizes of that, without making the text.
CSizes sizes_of(const CSubject& subject);

}  // namespace atto::deploy::c
