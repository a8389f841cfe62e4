#include "search/ledger/sqlite/network_disks.hpp"

#include <catch2/catch.hpp>

using namespace atto::search;

TEST_CASE("File systems that other machines write to are told by their type") {
  for (const char* type : {"nfs",
                           "nfs4",
                           "cifs",
                           "smb3",
                           "afs",
                           "ceph",
                           "lustre",
                           "gpfs",
                           "beegfs",
                           "9p",
                           "virtiofs",
                           "ocfs2",
                           "gfs2",
                           "fuse.glusterfs",
                           "fuse.sshfs",
                           "fuse.ceph-fuse",
                           "fuse.ceph",
                           "fuse.s3fs",
                           "fuse.rclone",
                           "fuse.gcsfuse",
                           "fuse.juicefs",
                           "fuse.cvmfs",
                           "fuse.lustre",
                           "fuse.mfs",
                           "fuse.nobody-knows",
                           "fuse"}) {
    INFO(type);
    CHECK(is_network_disk(type));
  }
  for (const char* type : {"ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "f2fs", "bcachefs",
                           "ramfs", "fuseblk", "fuse.fuse-overlayfs", "fuse.bindfs",
                           "fuse.gocryptfs", "ecryptfs", "exfat", "vfat", "fusectl", ""}) {
    INFO(type);
    CHECK_FALSE(is_network_disk(type));
  }
}

TEST_CASE("A folder lies on the mount with the longest path, and on the last one there") {
  const char* mounts =
      "1 0 8:1 / / rw,relatime - ext4 /dev/root rw\n"
      "2 1 0:5 / /home rw shared:1 master:2 - nfs4 server:/home rw,vers=4.2\n"
      "3 2 0:6 / /home/ann/my\\040runs rw - fuse.glusterfs g:/vol rw\n"
      "4 1 0:7 / /mnt rw - fuse.sshfs host: rw\n"
      "5 1 0:8 / /mnt rw - xfs /dev/sdb rw\n"
      "6 1 0:9 / /homely rw - tmpfs none rw\n"
      "a line of another kind\n";
  CHECK(mount_type(mounts, "/") == "ext4");
  CHECK(mount_type(mounts, "/var/runs") == "ext4");
  CHECK(mount_type(mounts, "/home/ann") == "nfs4");
  CHECK(mount_type(mounts, "/home") == "nfs4");
  CHECK(mount_type(mounts, "/home/ann/my runs/r1") == "fuse.glusterfs");
  CHECK(mount_type(mounts, "/home/ann/my") == "nfs4");
  CHECK(mount_type(mounts, "/homely/x") == "tmpfs");
  CHECK(mount_type(mounts, "/mnt/x") == "xfs");
  CHECK(mount_type("", "/x").empty());
}

TEST_CASE("The folder of a test is local") {
  CHECK_NOTHROW(refuse_network_disk(std::filesystem::temp_directory_path()));
  CHECK_THROWS(refuse_network_disk("/nowhere/at/all"));
}
