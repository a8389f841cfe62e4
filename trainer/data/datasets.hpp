#pragma once
// Where data sets are and what they hold, without reading their pixels: what `atto data` lists, and
// what the search needs to override a prototype's input size and classes.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "design_specs/requirements/design_spec.hpp"
#include "prototypes/network/network.hpp"

namespace atto::train {

struct DatasetInfo;
struct Images;

/// How a data set becomes pixels and labels in memory.
struct DatasetFormat {
  /// Appends the delivered training images, then the test images, and shrinks the counts of `info`
  /// by files that had to be left out. Throws EnvironmentError naming the file.
  void (*read)(DatasetInfo& info, Images& images) = nullptr;
  /// Null, or another count than there are classes: they are called by their numbers.
  std::vector<std::string> (*class_names)(const DatasetInfo& info) = nullptr;
  /// Pictures that people put there: networks may see them in grey (1 channel) or in colour (3),
  /// and the name does not tell what they are.
  bool is_picture_folder = false;
};

/// What a data set holds at a resolution.
struct DatasetInfo {
  std::string name;
  DatasetFormat format{};
  std::filesystem::path folder;  ///< absolute; empty for the synthetic one
  int channels = 0, height = 0, width = 0, classes = 0;
  std::int64_t train_images = 0;       ///< as delivered: what is trained on, and validation
  std::int64_t validation_images = 0;  ///< of train_images, never trained on
  std::int64_t test_images = 0;
  /// Of an image folder with val/ beside test/: the last ones of train_images, which are val/. Else
  /// 0, and validation is carved.
  std::int64_t own_validation = 0;
  std::vector<std::string> notes;  ///< what was passed over, a sentence for people each
  std::string digest{};            ///< of names, sizes and classes: equal sets, equal digests
  bool is_by_path = false;         ///< found as a path, not by a name on the search path
  net::Shape input() const { return {channels, height, width}; }
};

struct DatasetLocation {
  std::string name;
  std::filesystem::path path;                            ///< empty when not found
  std::string trouble;                                   ///< why what is there cannot be used
  std::string how_to_get;                                ///< one line for people
  int classes = 0, channels = 0, height = 0, width = 0;  ///< 0 where not known before it is found
  std::vector<std::string> notes;                        ///< as DatasetInfo's
};

/// Returns the folders searched for data, in order: each part of $ATTO_DATA (colon-separated),
/// ./data,
/// ~/.local/share/attoforge, /usr/local/share/datasets, /usr/share/datasets.
std::vector<std::filesystem::path> dataset_search_path();

/// Returns them as text, for messages.
std::string searched_places();

/// Returns the data sets known by name, and every folder with train/ on the search path.
std::vector<DatasetLocation> locate_datasets();

/// Describes a data set: a known name (fashion_mnist, cifar10, cifar100, synthetic), the name of an
/// image folder on the search path, or the path of any of these. `synthetic` takes numbers:
/// "synthetic:classes=10,size=32,channels=3,train=2000,test=500". A resolution asks for squares of
/// that side, to which images are resized. A relative path, or a name that the search path does not
/// have, is looked up in `base` (empty = the working directory). Throws EnvironmentError: not found
/// (with the places that were searched and how to get it), or a file of the wrong size; SpecError:
/// a class that leaves nothing for validation, or whose name cannot be recorded.
DatasetInfo describe_dataset(const std::string& dataset, std::optional<int> resolution = {},
                             const std::filesystem::path& base = {});
DatasetInfo describe_dataset(const spec::Task& task);

/// Returns the data set with images of another size; an image folder's also in grey (1) or colour
/// (3), as pictures are made for any network.
DatasetInfo in_shape(DatasetInfo info, const net::Shape& shape);

/// Returns how many of a class's training images go to validation: a tenth, over all classes at
/// most 5,000, and one at least of a class that has two.
std::int64_t validation_share(std::int64_t class_images, std::int64_t train_images);

/// Throws SpecError, located, where a spec asks for fewer images than there are classes.
void check_image_counts(const spec::DesignSpec& spec, const DatasetInfo& info);

}  // namespace atto::train
