#pragma once
// Tables of others: designs of a prototype that somebody has trained, from rows.

#include <filesystem>
#include <string>

#include "design_specs/reading/json_file.hpp"
#include "search/tables/table_file.hpp"

namespace atto::search {

struct ImportedTable {
  StoredTable stored;
  bool has_seconds = false;  ///< else the costs are shares of a training
  std::size_t rows = 0;
  std::size_t repeated = 0;  ///< rows whose network and seed another row has: left out
};

/// Makes a table of rows, one a design, seed and fidelity. Columns, in any order:
///
/// * a decision's path, or a pattern of paths: its value, as a pin has it; empty where the decision
///   does not exist
/// * "epochs": how long it was trained; all that occur are the table's rungs
/// * a score's name ("top1"): on the images that a search may see; empty = diverged
/// * "test_" and that name, if any: on images that it may not, which regret is then told of
/// * "seed", else rows of one design count up
/// * "cpu_seconds" from the start of the training, else its share of a whole training: a table's
///   cost is counted in trainings then
/// * "params", "macs": must be what we count
///
/// The prototype is named as its document is. `data`: what was trained on, for people. Throws
/// SpecError with every problem of the rows, located.
ImportedTable import_table(const std::filesystem::path& rows, spec::JsonFile prototype,
                           const std::string& data);

}  // namespace atto::search
