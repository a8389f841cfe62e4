#pragma once
// What atto compare is handed: trained designs, each with its trainings.

#include <string>
#include <vector>

#include "design_specs/requirements/task_kind.hpp"
#include "prototypes/detection/metrics/match_record.hpp"
#include "prototypes/language/trained_model.hpp"
#include "trainer/cli/kept_result.hpp"
#include "trainer/comparison/paired_accuracy.hpp"

namespace atto::cli {

/// A design: trainings that are to be judged, kept results of those that were, and, once they are
/// judged, what each says of the same images.
struct Contestant {
  std::string name, design_hash;
  std::vector<net::TrainedModel> trainings;
  std::vector<KeptResult> results;
  std::int64_t params = 0, macs = 0;
  train::RightBySeed right;                 ///< of classifiers
  std::vector<det::MatchRecord> matches{};  ///< of detectors, one a seed
};

/// Reads what people name: campaigns (their winners), folders of trainings, weights, kept results.
/// Trainings of one design are one contestant. `data`: the set that all are judged on, empty = that
/// of each training. Throws SpecError, EnvironmentError.
std::vector<Contestant> read_contestants(const std::vector<std::string>& sources,
                                         const std::string& data);

}  // namespace atto::cli
