#pragma once
// What is wrong with a model file, and where.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace atto::format {

/// A model file is damaged, hostile or of another version. Exit code 3.
class ModelError : public std::runtime_error {
 public:
  /// `offset` is the byte in the file at which the rule was broken; `field` is like
  /// "steps[3].weights". what() is "FIELD at byte OFFSET: RULE".
  ModelError(std::uint64_t offset, std::string_view field, std::string_view rule);
  std::uint64_t offset() const noexcept { return offset_; }
  const std::string& field() const noexcept { return field_; }

 private:
  std::uint64_t offset_;
  std::string field_;
};

}  // namespace atto::format
