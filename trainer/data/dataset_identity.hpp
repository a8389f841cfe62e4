#pragma once
// Whether a data set is the one that something was made of: digests, and finding a set again.

#include <optional>
#include <span>
#include <string>

#include "design_specs/requirements/dataset_identity.hpp"
#include "trainer/data/datasets.hpp"
#include "trainer/data/image_listing.hpp"

namespace atto::train {

/// Returns a digest of an image folder's class names and of its files' names, sizes and classes:
/// neither where it lies nor when it was written.
std::string folder_digest(const ImageFolderListing& listing);

/// Returns a digest of what tells a known set's files apart without unpacking them: their sizes,
/// and for gzip files the checksum of their content. Files that are missing count as empty.
std::string files_digest(std::string_view name, const std::filesystem::path& folder,
                         std::span<const std::string_view> files);

spec::DatasetIdentity identity_of(const DatasetInfo& info);

/// Returns "sep (3 classes, digest 0123456789abcdef, /data/sep)".
std::string identity_text(const spec::DatasetIdentity& identity);

/// Finds the recorded set again, where it was or by its name: the digest decides. Without a digest
/// (older files) the name does. Throws EnvironmentError: not found, or what is there is another set
/// (naming both).
DatasetInfo find_dataset(const spec::DatasetIdentity& identity, std::optional<int> resolution = {});

}  // namespace atto::train
