#pragma once
// A table of trained designs as one safetensors file, and its making from a ledger.

#include <filesystem>
#include <string>
#include <vector>

#include "search/campaign/campaign.hpp"
#include "search/tables/simulation.hpp"

namespace atto::search {

/// A table and what it was made with.
struct StoredTable {
  Table table;
  std::string spec_text, prototype_text;
  net::TaskInput input;
  std::string data;         ///< as Campaign::data
  std::string environment;  ///< of the workers, "key=value" lines
  /// Mean training loss by run (designs in the table's order, then seeds) and epoch; or nothing.
  std::vector<std::vector<double>> losses;
};

/// Gathers the designs whose first `seeds` runs are all done; further runs come along. A run that
/// diverged holds `diverged` results from its end on.
StoredTable gather_table(Ledger& ledger, const Campaign& campaign, int seeds);

/// Writes the table: results, costs, losses, responses and scores as float32. Throws
/// EnvironmentError.
void write_table(const std::filesystem::path& file, const StoredTable& stored);
/// Reads a table; throws SpecError for a file that is none.
StoredTable read_table(const std::filesystem::path& file);

/// Keeps the first `count` designs (by hash).
void cut_table(StoredTable& stored, std::size_t count);

}  // namespace atto::search
