#pragma once
// A model file that is ready to run: immutable, shared by any number of engines and threads.
// Weights are used in place, from the mapping or from the caller's buffer.

#include <cstddef>
#include <memory>
#include <span>
#ifndef __wasm__  // where there are no files
#  include <filesystem>
#endif

#include "export/format/model_file.hpp"

namespace atto::edge {

class Model {
 public:
#ifndef __wasm__
  /// Maps a file. Throws format::ModelError with byte offset and field when it is not a model this
  /// version can run, std::system_error when it cannot be opened.
  static Model open(const std::filesystem::path& file);
#endif
  /// Uses the caller's bytes in place; they must stay, and start at a multiple of 64 bytes.
  static Model view(std::span<const std::byte> bytes);

  const format::Program& program() const;
  /// The weight section.
  std::span<const std::byte> weights() const;
  /// Compares the weight section with its checksum; throws ModelError. Opening does not read it: a
  /// device starts at once, and the command line's tools, which have the time, call this.
  void check_weights() const;

 private:
  struct Contents;
  /// `owner` keeps the bytes; null where the caller does.
  static Model view(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);
  explicit Model(std::shared_ptr<const Contents> contents);
  std::shared_ptr<const Contents> contents_;
};

}  // namespace atto::edge
