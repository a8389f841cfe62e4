#pragma once
// What a campaign is: spec, prototype and data, as they stand in its ledger. Written once when it
// starts; every process that joins reads the same.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "design_specs/reading/json_file.hpp"
#include "design_specs/requirements/design_spec.hpp"
#include "generator/space/feasible_space.hpp"
#include "prototypes/language/prototype.hpp"
#include "search/ledger/ledger.hpp"
#include "search/strategies/strategy.hpp"

namespace atto::search {

/// What the command line changes in a spec.
struct Overrides {
  std::optional<std::uint64_t> seed;
  std::optional<int> candidates;
  std::optional<std::string> strategy;
};

struct Campaign {
  spec::DesignSpec spec;  ///< overrides applied
  std::string spec_text, spec_name;
  std::string prototype_text, prototype_name;
  std::unique_ptr<net::Prototype> prototype;
  net::TaskInput input;
  std::int64_t train_images = 0;  ///< without the validation split
  std::int64_t validation_images = 0, test_images = 0;
  std::string data;                     ///< what a result depends on: name, size, classes, counts
  spec::DatasetIdentity dataset;        ///< which set that is, for every process that reads it
  std::vector<std::string> data_notes;  ///< what of the data set was passed over, when first read
  EvaluatorKind evaluator = EvaluatorKind::Torch;
  std::string device = "auto";
  std::vector<std::string> earlier_devices;  ///< on which some of its results were trained
  bool is_async = false;
  /// Whether trials of the search probe their modules.
  bool wants_responses = false;
  /// New designs among so many first jobs of a tier get zero-cost scores (replica 0).
  std::int64_t scored_jobs = 0;
  std::vector<std::string> switched_off;  ///< zero-cost scores that a calibration found useless

  int tiers() const { return spec.tiers.empty() ? 1 : static_cast<int>(spec.tiers.size()); }
  const spec::Requirements& require(int tier) const {
    return spec.tiers.empty() ? spec.require : spec.tiers[static_cast<std::size_t>(tier)].require;
  }
  /// "" without tiers.
  std::string tier_name(int tier) const {
    return spec.tiers.empty() ? "" : spec.tiers[static_cast<std::size_t>(tier)].name;
  }
  /// How a trial of a phase is trained: finalists may have their own number of threads.
  spec::TrainingRecipe recipe(train::Phase phase) const {
    return phase == train::Phase::Final ? spec.training.final_recipe() : spec.training.recipe;
  }
  /// Training images of an epoch.
  std::int64_t images(train::Phase phase) const;
  int top_rung() const { return static_cast<int>(spec.search.rungs.size()) - 1; }
  /// The seed of a piece of training: from (campaign, design, phase, replica).
  std::uint64_t trial_seed(const std::string& hash, train::Phase phase, int replica) const;
  /// Everything but design, epoch and replica that a result depends on; equal text, equal results.
  std::string context(train::Phase phase) const;
};

/// Makes a campaign of a spec, which lies where its document's name says, and of what it names.
/// Throws SpecError, or EnvironmentError when the data set is missing (with the fake evaluator the
/// prototype's own input stands in).
Campaign read_campaign(spec::JsonFile written, const Overrides& overrides, EvaluatorKind evaluator,
                       const std::vector<spec::TaskKind>& kinds = spec::task_kinds());

/// Returns what all designs of a campaign are built for; detectors, those that people add as well,
/// are run by the settings of the task and the prototype.
net::TaskInput task_input(const Campaign& campaign, const net::Shape& shape, int classes);

/// Writes a campaign into a new ledger, and reads it back.
void store_campaign(Ledger& ledger, const Campaign& campaign);
Campaign load_campaign(Ledger& ledger);

/// What its coordinator last said of it; New where none has.
CampaignState state_of(Ledger& ledger);
void set_state(Ledger& ledger, CampaignState state);

/// Trains on another device from here on.
void change_device(Ledger& ledger, const std::string& device);

/// A raise of `candidates` in a tier, from a position of its sequence on.
struct Extension {
  int tier = 0;
  std::int64_t position = 0;
  int candidates = 0;
};
std::vector<Extension> read_extensions(Ledger& ledger);
void write_extensions(Ledger& ledger, const std::vector<Extension>& extensions);

/// The number of candidates of a tier, extensions included.
int candidates_of(const Campaign& campaign, const std::vector<Extension>& extensions, int tier);

/// Turns "3,-1,0" into an assignment and back.
std::string assignment_text(const net::Assignment& assignment);
net::Assignment read_assignment(const std::string& text);

/// Builds a design's network at the trained resolution.
net::Realised build_design(const Campaign& campaign, const DesignRow& design);
/// The same, of a detector its trunk.
net::Network build_network(const Campaign& campaign, const DesignRow& design);
/// Returns the design as a file that `atto inspect` and `atto reopen` read.
std::string design_file_text(const Campaign& campaign, const DesignRow& design);

/// Makes the row of a strategy's candidate, which meets every cost requirement, and of a person's
/// design file, whose misses it records per tier. The latter throws SpecError for a file that is no
/// design.
DesignRow machine_design(const gen::Candidate& candidate, const std::string& how);
DesignRow human_design(const Campaign& campaign, spec::JsonFile file);

/// Counts a person's design against requirements; `costs` are its costs at the trained resolution.
std::vector<std::string> misses_of(const Campaign& campaign, const spec::Requirements& require,
                                   const net::Prototype& design, const spec::Costs& costs);

/// Returns the cost requirements of the spec that the design misses in a tier, as text.
std::vector<std::string> cost_misses_of(const DesignRow& design, int tier);

}  // namespace atto::search
