#include "search/ledger/sqlite/network_disks.hpp"

#include <fmt/format.h>
#include <sys/vfs.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

#include "design_specs/errors.hpp"

namespace atto::search {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNetwork[] = {
    "nfs",    "nfs4",      "cifs",         "smb",  "smb2",   "smb3",     "smbfs",
    "ncpfs",  "afs",       "auristorfs",   "coda", "ceph",   "lustre",   "gpfs",
    "mmfs",   "beegfs",    "beegfs_nodev", "9p",   "v9fs",   "virtiofs", "vboxsf",
    "vmhgfs", "prl_fs",    "gfs",          "gfs2", "ocfs2",  "orangefs", "pvfs2",
    "panfs",  "glusterfs", "davfs",        "acfs", "wekafs", "quobyte",  "moosefs"};

// Over a disk of this machine.
constexpr std::string_view kLocalInUserSpace[] = {
    "fuseblk",       "fuse.fuse-overlayfs", "fuse.overlayfs",  "fuse.bindfs",
    "fuse.ntfs-3g",  "fuse.ntfs",           "fuse.exfat",      "fuse.ext2",
    "fuse.fuse2fs",  "fuse.fuse-ext2",      "fuse.encfs",      "fuse.gocryptfs",
    "fuse.cryfs",    "fuse.mergerfs",       "fuse.unionfs",    "fuse.unionfs-fuse",
    "fuse.zfs-fuse", "fuse.lxcfs",          "fuse.squashfuse", "fuse.portal"};

struct Magic {
  unsigned long number;
  const char* type;
};
// From statfs(2) and linux/magic.h: where mountinfo cannot be read.
constexpr Magic kMagics[] = {{0x6969, "nfs"},        {0xff534d42, "cifs"},   {0xfe534d42, "smb2"},
                             {0x517b, "smb"},        {0x5346414f, "afs"},    {0x00c36400, "ceph"},
                             {0x0bd00bd0, "lustre"}, {0x01021997, "9p"},     {0x47504653, "gpfs"},
                             {0x19830326, "beegfs"}, {0x73757245, "coda"},   {0x7461636f, "ocfs2"},
                             {0x01161970, "gfs2"},   {0x786f4256, "vboxsf"}, {0x65735546, "fuse"}};

template <std::size_t kCount>
bool is_one_of(std::string_view type, const std::string_view (&types)[kCount]) {
  return std::find(std::begin(types), std::end(types), type) != std::end(types);
}

/// mountinfo writes blanks, tabs, ends of lines and backslashes as \ooo.
std::string unescaped(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_code = text[i] == '\\' && i + 3 < text.size();
    plain += is_code ? static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8)) : text[i];
    if (is_code) i += 3;
  }
  return plain;
}

bool lies_in(const fs::path& path, const fs::path& folder) {
  const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

std::string type_by_magic(const fs::path& folder) {
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0)
    throw EnvironmentError("cannot examine the run folder", folder.string(), errno);
  for (const Magic& magic : kMagics)
    if (static_cast<unsigned long>(static_cast<unsigned>(info.f_type)) == magic.number)
      return magic.type;
  return "";
}

std::string type_by_mount(const fs::path& folder) {
  std::ifstream in("/proc/self/mountinfo");
  std::ostringstream text;
  text << in.rdbuf();
  std::error_code error;
  const fs::path place = fs::canonical(folder, error);
  return error ? "" : mount_type(text.str(), place);
}

}  // namespace

bool is_network_disk(std::string_view type) {
  if (is_one_of(type, kNetwork)) return true;
  return type.starts_with("fuse") && type != "fusectl" && !is_one_of(type, kLocalInUserSpace);
}

std::string mount_type(std::string_view mountinfo, const fs::path& path) {
  // ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS
  std::istringstream lines{std::string(mountinfo)};
  std::string found;
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word, point, type;
    for (int i = 0; i < 5; ++i) words >> point;
    while (words >> word && word != "-") {
    }
    if (!(words >> type)) continue;
    const std::string folder = unescaped(point);
    // Of mounts at one place the last covers the others.
    if (!lies_in(path, folder) || folder.size() < longest) continue;
    longest = folder.size();
    found = type;
  }
  return found;
}

void refuse_network_disk(const fs::path& folder) {
  const std::string magic = type_by_magic(folder), mount = type_by_mount(folder);
  const std::string& type =
      mount.empty() || (is_network_disk(magic) && magic != "fuse") ? magic : mount;
  if (is_network_disk(type))
    throw EnvironmentError(
        fmt::format("the run folder is on a network file system ({}), whose locks SQLite cannot "
                    "trust: {}; choose a folder on a local disk with --out",
                    type, folder.string()));
}

}  // namespace atto::search
