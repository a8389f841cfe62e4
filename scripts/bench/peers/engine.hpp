#pragma once
// Another engine that is linked in, with one network: what ours is compared with.

#include <memory>
#include <vector>

#include "scripts/bench/peers/networks.hpp"

namespace atto::bench {

class PeerEngine {
 public:
  virtual ~PeerEngine() = default;
  virtual void run() = 0;  ///< on the image that it was made with
  virtual std::vector<float> output() const = 0;
};

/// Build one for the first output of a network; `int8` null for float32. They throw
/// std::runtime_error where their engine lacks an operation.
using MakePeer = std::unique_ptr<PeerEngine> (*)(const deploy::FusedNetwork& network,
                                                 const deploy::Quantisation* int8,
                                                 const std::vector<float>& image, int threads);
std::unique_ptr<PeerEngine> make_xnnpack(const deploy::FusedNetwork& network,
                                         const deploy::Quantisation* int8,
                                         const std::vector<float>& image, int threads);
std::unique_ptr<PeerEngine> make_ncnn(const deploy::FusedNetwork& network,
                                      const deploy::Quantisation* int8,
                                      const std::vector<float>& image, int threads);

}  // namespace atto::bench
