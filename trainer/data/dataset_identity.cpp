#include "trainer/data/dataset_identity.hpp"

#include <fmt/format.h>

#include <fstream>
#include <system_error>

#include "design_specs/errors.hpp"
#include "design_specs/seeds/random.hpp"

namespace atto::train {
namespace fs = std::filesystem;
namespace {

std::string digest_text(std::uint64_t digest) {
  return fmt::format("{:016x}", digest);
}

/// The last 8 bytes of a gzip file: CRC-32 and size of what is inside (RFC 1952).
std::uint64_t gzip_trailer(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::uint64_t trailer = 0;
  in.seekg(-8, std::ios::end);
  for (int i = 0; i < 8; ++i) trailer = trailer << 8 | static_cast<std::uint64_t>(in.get() & 0xFF);
  return in ? trailer : 0;
}

/// Returns what is at `dataset`, a name or a path; nothing when nothing is, or nothing usable.
std::optional<DatasetInfo> look_at(const std::string& dataset, std::optional<int> resolution) {
  try {
    return describe_dataset(dataset, resolution);
  } catch (const EnvironmentError&) {
    return {};
  } catch (const SpecError&) {
    return {};
  }
}

}  // namespace

std::string folder_digest(const ImageFolderListing& listing) {
  std::uint64_t digest = 0;
  for (const std::string& name : listing.classes)
    digest = spec::derive_seed({digest, spec::hash_bytes(name)});
  for (const auto* files : {&listing.train, &listing.validation, &listing.test}) {
    digest = spec::derive_seed({digest, files->size()});
    for (const ImageFile& file : *files)
      digest = spec::derive_seed({digest, spec::hash_bytes(file.path.filename().string()),
                                  static_cast<std::uint64_t>(file.bytes),
                                  static_cast<std::uint64_t>(file.label)});
  }
  return digest_text(digest);
}

std::string files_digest(std::string_view name, const fs::path& folder,
                         std::span<const std::string_view> files) {
  std::uint64_t digest = spec::hash_bytes(name);
  for (const std::string_view file : files) {
    std::error_code error;
    const auto bytes = fs::file_size(folder / file, error);
    digest = spec::derive_seed({digest, spec::hash_bytes(file),
                                file.ends_with(".gz") ? gzip_trailer(folder / file)
                                : error               ? 0
                                                      : std::uint64_t{bytes}});
  }
  return digest_text(digest);
}

spec::DatasetIdentity identity_of(const DatasetInfo& info) {
  return {info.name, info.folder, info.digest, info.classes};
}

std::string identity_text(const spec::DatasetIdentity& identity) {
  std::string text = identity.name + " (";
  if (identity.classes > 0) text += fmt::format("{} classes, ", identity.classes);
  text += identity.digest.empty() ? "no digest" : "digest " + identity.digest;
  if (!identity.place.empty()) text += ", " + identity.place.string();
  return text + ")";
}

DatasetInfo find_dataset(const spec::DatasetIdentity& identity, std::optional<int> resolution) {
  const std::string place = identity.place.string();
  if (identity.digest.empty())
    return describe_dataset(place.empty() ? identity.name : place, resolution);
  std::optional<DatasetInfo> other;
  for (const std::string& where : {place, identity.name}) {
    std::optional<DatasetInfo> found;
    if (!where.empty()) found = look_at(where, resolution);
    if (found && found->digest == identity.digest) return *found;
    if (found && !other) other = std::move(found);
  }
  if (!other)
    throw EnvironmentError("data set " + identity_text(identity) + ": is neither there nor in " +
                           searched_places());
  throw EnvironmentError("data set " + identity_text(identity) +
                         ": was changed or replaced; here is " +
                         identity_text(identity_of(*other)));
}

}  // namespace atto::train
