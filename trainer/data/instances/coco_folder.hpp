#pragma once
// Folders of pictures with annotations in COCO's format.

#include <memory>

#include "trainer/data/instances/instance_set.hpp"

namespace atto::train {

/// Opens FOLDER/annotations/instances_SPLIT*.json, pictures in SPLIT*/, images/SPLIT*/ or images/;
/// or FOLDER/instances_SPLIT.json, pictures in images/. SPLIT: train, val, test. Without val a
/// tenth of the training pictures is kept for validation, chosen by ids; without test val is the
/// test split, and without both another tenth. Throws EnvironmentError: no train, two files of a
/// split, other categories than train's; SpecError: a fault in a file.
std::unique_ptr<InstanceSet> open_coco_folder(const std::string& name,
                                              const std::filesystem::path& folder,
                                              bool is_by_path = false);

}  // namespace atto::train
