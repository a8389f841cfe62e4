#pragma once
// Paths that files name, relative to where they lie.

#include <filesystem>

namespace atto::spec {

/// Returns a path without "." and "..", unless that would lead elsewhere: ".." behind a symbolic
/// link is the parent of what it points to.
std::filesystem::path plain_path(const std::filesystem::path& path);

}  // namespace atto::spec
