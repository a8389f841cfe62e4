#pragma once
// The networks that Google's interpreters are asked to run.

#include <functional>
#include <string>
#include <vector>

#include "prototypes/network/network.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::test {

/// A network, its weights, and images [channels][height][width] one behind the other.
struct Subject {
  std::string name;
  net::Network network;
  net::TensorFile weights;
  std::vector<float> images;
  int count = 0;
};

using Visit = std::function<void(const Subject& subject)>;

/// The delivered winner and its images, a softmax, random networks.
void visit_subjects(const Visit& visit);
/// A network of every shipped prototype, of random weights.
void visit_prototypes(const Visit& visit);

}  // namespace atto::test
