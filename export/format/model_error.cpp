#include "export/format/model_error.hpp"

namespace atto::format {

ModelError::ModelError(std::uint64_t offset, std::string_view field, std::string_view rule)
    : std::runtime_error(std::string(field) + " at byte " + std::to_string(offset) + ": " +
                         std::string(rule)),
      offset_(offset),
      field_(field) {}

}  // namespace atto::format
