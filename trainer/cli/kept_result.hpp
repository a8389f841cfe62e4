#pragma once
// The file that stays of a training, read again: enough to compare it without its weights or
// images.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "design_specs/reading/json.hpp"
#include "prototypes/detection/metrics/match_record.hpp"

namespace atto::cli {

struct KeptResult {
  std::string file;             ///< that it was read from
  std::string network;          ///< name of the design
  std::string design_hash;      ///< 16 hex digits
  std::string dataset, digest;  ///< name, and digest of the listing
  std::int64_t params = 0, macs = 0;
  std::vector<std::uint8_t> test_right;          ///< image by image, 1 where it was got right
  std::optional<det::MatchRecord> test_matches;  ///< of a detector, in place of the former
};

/// Reads what json_of() made. Throws SpecError with what is missing or wrong, and for a training
/// that did not finish.
KeptResult read_kept_result(const spec::Document& document);

/// Returns "100:8c1..." for values of 0 and 1: their number, and 4 a hex digit, the first the
/// highest bit.
std::string bits_text(const std::vector<std::uint8_t>& bits);

/// Reads bits_text(). Throws std::invalid_argument where the text is none.
std::vector<std::uint8_t> read_bits(const std::string& text);

/// {"pictures": 8, "objects": [...], "boxes": [...], "masks": [...]}, a text a class
/// (match_text.hpp); masks where they were judged.
nlohmann::ordered_json matches_json(const det::MatchRecord& record);

}  // namespace atto::cli
