#pragma once
// Image folders without their pixels: which files are images of which class and split, what was
// passed over, and the shape that networks are to have.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "export/image/picture.hpp"

namespace atto::train {

/// One picture of an image folder.
struct ImageFile {
  std::filesystem::path path;
  std::int64_t bytes = 0;     ///< 0 where it cannot be reached, as a link to nothing
  std::int64_t modified = 0;  ///< file clock ticks
  int label = 0;
};

struct ImageFolderListing {
  std::vector<std::string>
      classes;  ///< folders of train/ that hold images, sorted; the index is the label
  /// `validation` only where val/ stands beside test/; else it is to be carved from `train`.
  std::vector<ImageFile> train, validation, test;
  std::vector<std::string> notes;  ///< what was passed over, a sentence each
};

/// Says whether `folder` has train/.
bool is_image_folder(const std::filesystem::path& folder);

/// Lists SPLIT/CLASS/* of the splits train, val and test: files named .jpg, .jpeg or .png (any
/// case), by class and path. Hidden entries and folders without images are passed over. The test
/// split is test/; without it val/; without both a tenth of each class of train/, at least one
/// image where it has three, chosen by file names. Throws EnvironmentError: no class, a class of
/// val/ or test/ that train/ lacks, a folder that cannot be listed, no test image.
ImageFolderListing list_image_folder(const std::filesystem::path& folder);

/// Returns the size that all images share when they stand upright, else a square of the first
/// one's shorter side; one channel where all are grey, else three. Unreadable images do not count;
/// height 0 where none is readable. A resolution asks for a square of that side.
image::PixelShape shape_of(const ImageFolderListing& listing, std::optional<int> resolution);

}  // namespace atto::train
