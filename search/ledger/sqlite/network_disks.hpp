#pragma once
// Which file systems other machines write to as well: SQLite cannot trust their locks, nor that two
// machines see one write-ahead log.

#include <filesystem>
#include <string>
#include <string_view>

namespace atto::search {

/// Whether a file system of this type, as /proc/self/mountinfo names it ("ext4", "nfs4",
/// "fuse.glusterfs"), may lie on another machine. Of those in user space, only the known local ones
/// do not.
bool is_network_disk(std::string_view type);

/// Returns the type of the mount that holds a path without links, by the text of mountinfo; ""
/// where no line does.
std::string mount_type(std::string_view mountinfo, const std::filesystem::path& path);

/// Throws EnvironmentError when the folder lies on a network file system.
void refuse_network_disk(const std::filesystem::path& folder);

}  // namespace atto::search
