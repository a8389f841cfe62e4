#pragma once
// What the classes of a detector's modules are told apart by: crops of the objects in the pictures
// that probe it.

#include <span>
#include <vector>

#include "trainer/data/instances/views.hpp"
#include "trainer/training/probes.hpp"

namespace atto::train {

/// Of one batch of stimuli; beyond, objects at equal distances in the list are taken.
inline constexpr std::size_t kMostProbedObjects = 128;

/// Returns the box of each object, labelled by its category; crowds are left out. Where there is
/// one class alone, objects are told from background: for each, a box of its size at random that
/// overlaps neither object nor crowd, where one is found in 32 draws, labelled 1. A function of its
/// arguments: all designs are probed with the same.
std::vector<LabelledRegion> probed_regions(std::span<const Scene> scenes, const net::Shape& input,
                                           int classes);

}  // namespace atto::train
