#pragma once
// Large JSON files whose bulk is lists of records: one record is in memory at a time.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "design_specs/reading/problems.hpp"

namespace atto::spec {

/// What a file may have. A record is an item of the root, where that is an array, or of an array
/// that is a member of the root; the bounds of a record also hold for what stands between two.
struct RecordLimits {
  std::size_t bytes = std::size_t{1} << 30;
  std::size_t record_bytes = std::size_t{1} << 22;
  std::size_t record_values = std::size_t{1} << 18;
};

/// What is done with a record. `list`: the key of its array, "" of the root.
using TakeRecord = std::function<void(std::string_view list, const Cursor& record)>;

/// Reads a text as parse_json() does, but for its size, and hands on each record as it ends, with
/// its path. Returns what is no record: the lists are empty. Throws SpecError with the first syntax
/// error or broken limit alone; and what `take` throws.
Document parse_records(std::string_view text, std::string name, const TakeRecord& take,
                       const RecordLimits& limits = {});

}  // namespace atto::spec
