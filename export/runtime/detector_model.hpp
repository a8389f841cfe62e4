#pragma once
// A detector's file that is ready to run: immutable, shared by any number of detectors and threads.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "export/format/detector_file.hpp"
#include "export/runtime/model.hpp"

namespace atto::edge {

class DetectorModel {
 public:
  /// Maps a file. Throws as Model::open(); fields begin with the part's name: "box.last: steps[3]".
  static DetectorModel open(const std::filesystem::path& file);
  /// Uses the caller's bytes in place; they must stay, and start at a multiple of 64 bytes.
  static DetectorModel view(std::span<const std::byte> bytes);

  const format::DetectorOf<Model>& parts() const { return contents_->parts; }
  /// Of the trunk: the picture's size, how it is normalised, the names of classes.
  const format::Program& program() const { return parts().trunk.body.program(); }
  int classes() const { return contents_->classes; }
  int mask_side() const { return contents_->mask_side; }  ///< 0: boxes only
  /// Bytes of all weights, and multiply-adds of a picture with as many proposals and detections as
  /// the settings allow.
  std::size_t weight_bytes() const { return contents_->weight_bytes; }
  std::int64_t macs() const { return contents_->macs; }
  /// As Model::check_weights(), of all parts.
  void check_weights() const;

 private:
  struct Contents {
    std::shared_ptr<const void> owner;
    format::DetectorOf<Model> parts;
    int classes = 0, mask_side = 0;
    std::size_t weight_bytes = 0;
    std::int64_t macs = 0;
  };
  static DetectorModel view(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);
  explicit DetectorModel(std::shared_ptr<const Contents> contents)
      : contents_(std::move(contents)) {}
  std::shared_ptr<const Contents> contents_;
};

}  // namespace atto::edge
