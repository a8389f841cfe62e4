#pragma once
// Files that are never half-written, and files read whole.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace atto::spec {

/// Writes to a temporary file beside it, fsyncs, renames and fsyncs the folder, so that a reader
/// sees the old file or the new one. Links stay, the file behind them is replaced; devices and
/// pipes are written to as they are. Throws EnvironmentError with errno's text and the path.
void write_file_atomically(const std::filesystem::path& file, std::string_view contents);

/// Copies a file's bytes, synced; replaces `to`. Throws EnvironmentError with the true reason (a
/// full disk, say) and the path that could not be read or written.
void copy_file(const std::filesystem::path& from, const std::filesystem::path& to);

/// Reads a file's first bytes, or all of it where it has no more. Throws EnvironmentError.
std::string read_start(const std::filesystem::path& file, std::size_t bytes);

/// Reads a whole file; a device, one over `max_bytes` or unreadable throws EnvironmentError.
std::string read_file(const std::filesystem::path& file,
                      std::size_t max_bytes = std::size_t{1} << 32);

}  // namespace atto::spec
