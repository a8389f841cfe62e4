#pragma once
// A small legal program that tests bend, and file bytes as the loader wants them.

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "export/format/model_file.hpp"

namespace atto::test {

/// image 3x8x8 -> ImageConv -> grouped Conv -> Depthwise+Pointwise with a residual -> Gather ->
/// MaxPool -> Multiply -> AverageTo -> Conv (dense) -> Softmax in place.
format::ModelFile sample_model();

/// Bytes at a 64-byte aligned address, with nothing readable behind the last one.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::span<const std::byte> bytes);
  std::span<const std::byte> get() const { return {data_.get(), size_}; }

 private:
  std::shared_ptr<std::byte> data_;
  std::size_t size_ = 0;
};

/// Writes the right checksum into a file's header.
void repair_checksum(std::vector<std::byte>& file);

}  // namespace atto::test
