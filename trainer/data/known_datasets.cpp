#include "trainer/data/known_datasets.hpp"

namespace atto::train {

// Each in the file of its name; those of CIFAR share one.
const KnownDataset& fashion_mnist();
const KnownDataset& cifar10();
const KnownDataset& cifar100();

std::span<const KnownDataset* const> known_datasets() {
  static const KnownDataset* const kKnown[] = {&fashion_mnist(), &cifar10(), &cifar100()};
  return kKnown;
}

}  // namespace atto::train
