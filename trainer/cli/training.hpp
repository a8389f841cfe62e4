#pragma once
// One training as people order it, and what they keep of it. For atto train, of a design and of a
// list.

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "design_specs/requirements/design_spec.hpp"
#include "prototypes/network/costs.hpp"
#include "search/ledger/file_lock.hpp"
#include "trainer/data/datasets.hpp"
#include "trainer/evaluator.hpp"

namespace atto::cli {

/// Locked while a training runs, in its folder.
inline constexpr const char* kLockName = "training.lock";

struct TrainingOrder {
  std::filesystem::path folder;          ///< empty: runs/train-NAME-sSEED
  std::optional<spec::DesignSpec> spec;  ///< task and recipe; absent: the defaults
  std::string data;                      ///< in place of the spec's data set; empty = that one
  std::filesystem::path data_base{};     ///< where a relative `data` begins; empty = working folder
  std::optional<int> epochs, resolution, threads;
  std::optional<int> rung;  ///< as the spec's search trains, up to this rung
  std::uint64_t seed = 1;
  std::filesystem::path from{};  ///< weights to begin with, or a folder with them; empty = none
};

/// Builds the design's network, and looks for the data set, which it describes in `info`. Throws
/// SpecError, EnvironmentError.
train::TrialRequest request_of(const TrainingOrder& order, spec::Document design,
                               train::DatasetInfo& info);

/// Returns the costs of what is trained: of a network, or of a detector's parts together.
net::Costs costs_of(const train::TrialRequest& request);

/// Returns what stays of a training: network, costs, recipe, seed, scores, curve, CPU and its
/// seconds, and under "training" what tells it from every other one.
nlohmann::ordered_json json_of(const train::TrialRequest& request,
                               const train::TrialResult& result);

/// "begins with 97.1 % of its weights; new: head.dense.weight, head.dense.bias"
std::string start_text(const train::TrialRequest& request);

/// Makes the folder, puts the design's text there and locks it. Throws SpecError where it holds
/// another training or a campaign, or is being trained into; with `force` the files of another
/// training go first, those that were made of its weights among them.
std::unique_ptr<search::FileLock> take_folder(const train::TrialRequest& request,
                                              const std::string& design, bool force);

/// "top-1 65.20 %"
std::string told(const spec::Score& score, double value);

}  // namespace atto::cli
